"""A run's result, written page by page beside what stands, and made to stand at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, delete, select

from gateway.services.reconciliation import bulk
from gateway.services.reconciliation.content import Prepared
from gateway.services.reconciliation.model import FlowName, GroupRow, Run
from gateway.services.reconciliation.reading import Reading
from gateway.services.reconciliation.rules import Found, next_run
from gateway.services.reconciliation.tables import CHANGES, FOREVER, GROUPS, MEMBERS, SUGGESTIONS
from gateway.services.reconciliation.turns import Turn
from gateway.store.rows import Value
from wallet.ids import new_ids
from wallet.reconciliation import Suggestion

_GROUP = (
    "id", "flow", "run_id", "decision_id", "sealed_on", "verdict", "rule", "broken", "difference_minor", "asset",
    "first_on", "last_on", "content", "digest", "made", "ended",
)  # fmt: skip
MEMBERS_AT_ONCE = 5000
"""Rows by name of one statement: a group may have very many."""
MINOR_MAX = 2**63 - 1
_MEMBER = ("group_id", "side", "row_id")
_CHANGE = ("run_id", "number", "kind", "side", "row_id", "group_id", "was_id")
_SUGGESTION = ("run_id", "place", "score", "reasons", "keys")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where groups come from, and from which generation on they stand."""

    flow: FlowName
    run_id: str
    decision_id: str
    sealed_on: date
    made: int


class Writing(Reading):
    """Writes."""

    async def _tidied(self, turn: Turn) -> None:
        """Nothing of an attempt that died is left: its groups never stood, and what they were to replace stands on."""
        flow = turn.flow.value
        written = select(GROUPS.c.id).where(GROUPS.c.flow == flow, GROUPS.c.made > turn.generation).limit(bulk.CHUNK)
        while rows := await self._store.read(written):
            ids = [row.id for row in rows]

            def forget(tx: Connection, ids: list[str] = ids) -> None:
                turn.held(tx)
                bulk.forget(tx, ids)

            await self._store.write(forget)
        ending = (GROUPS.c.flow == flow) & (GROUPS.c.ended > turn.generation) & (GROUPS.c.ended < FOREVER)
        meant = select(GROUPS.c.id).where(ending).limit(bulk.CHUNK)
        while rows := await self._store.read(meant):
            await self._end(turn, [row.id for row in rows], FOREVER)

    async def _stage(self, turn: Turn, run: Run, fresh: Sequence[Prepared], gone: Sequence[str]) -> list[str]:
        """Write what is new and mark what goes; none of it shows. The ids of what is new."""
        generation = next_run(turn.generation)
        origin = Origin(run.flow, run.id, "", run.on, generation)
        ids: list[str] = []
        for some in bulk.chunks(fresh):
            pairs = list(zip(new_ids("rcg", self._clock, len(some)), some, strict=True))
            ids += [id_ for id_, _ in pairs]

            def put(tx: Connection, pairs: Sequence[tuple[str, Prepared]] = pairs) -> None:
                turn.held(tx)
                put_groups(tx, origin, pairs)

            await self._store.write(put)
        for names in bulk.chunks(gone):
            await self._end(turn, names, generation)
        return ids

    async def _end(self, turn: Turn, ids: Sequence[str], generation: int) -> None:
        def work(tx: Connection) -> None:
            turn.held(tx)
            bulk.end(tx, ids, generation)

        await self._store.write(work)

    async def _explain(self, turn: Turn, run: Run, found: Sequence[Found], ids: Sequence[str]) -> None:
        """Write what is different, anew if an attempt before this one has begun to."""

        def forget(tx: Connection) -> None:
            turn.held(tx)
            tx.execute(delete(CHANGES).where(CHANGES.c.run_id == run.id))
            tx.execute(delete(SUGGESTIONS).where(SUGGESTIONS.c.run_id == run.id))

        await self._store.write(forget)
        for some in bulk.chunks(list(enumerate(found, 1))):
            rows: list[tuple[Value, ...]] = [
                (
                    run.id, number, one.kind.value, one.about[0].value, one.about[1],
                    "" if one.place is None else ids[one.place], one.was_id,
                )
                for number, one in some
            ]  # fmt: skip

            def put(tx: Connection, rows: Sequence[tuple[Value, ...]] = rows) -> None:
                turn.held(tx)
                bulk.put(tx, CHANGES, _CHANGE, rows)

            await self._store.write(put)

    async def _suggest(self, turn: Turn, run: Run, suggestions: Sequence[Suggestion]) -> None:
        rows: list[tuple[Value, ...]] = [
            (
                run.id, place, one.score, bulk.json_of([reason.value for reason in one.reasons]),
                bulk.json_of([[row.side.value, row.id] for row in one.rows]),
            )
            for place, one in enumerate(suggestions, 1)
        ]  # fmt: skip

        def put(tx: Connection) -> None:
            turn.held(tx)
            bulk.put(tx, SUGGESTIONS, _SUGGESTION, rows)

        await self._store.write(put)

    async def _gone(self, ids: Sequence[str]) -> list[GroupRow]:
        """Groups that a result has no more, to say what became of them."""
        found: list[GroupRow] = []
        for some in bulk.chunks(ids):
            found += await self._groups(select(GROUPS).where(GROUPS.c.id.in_(some)))
        return found


def put_groups(tx: Connection, origin: Origin, pairs: Sequence[tuple[str, Prepared]]) -> None:
    """Insert groups under these ids, with their rows by name."""
    flow, day = origin.flow.value, origin.sealed_on.isoformat()
    groups = (
        (
            id_, flow, origin.run_id, origin.decision_id, day, one.group.verdict.value, one.group.rule.value,
            one.group.broken.value if one.group.broken else "", _held(one.group.difference_minor), one.asset,
            one.first_on.isoformat(), one.last_on.isoformat(), one.content, one.digest, origin.made, FOREVER,
        )
        for id_, one in pairs
    )  # fmt: skip
    bulk.put(tx, GROUPS, _GROUP, groups)
    members = [(id_, row.side.value, row.id) for id_, one in pairs for row in one.rows]
    for some in bulk.chunks(members, MEMBERS_AT_ONCE):
        bulk.put(tx, MEMBERS, _MEMBER, some)


def _held(minor: int) -> int:
    """The most that the column holds stands for more; the rows say it exactly."""
    return max(-MINOR_MAX, min(minor, MINOR_MAX))
