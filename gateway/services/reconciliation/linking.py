"""What staff say of rows: each time a new row, and what stands follows at once."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, insert, update

from gateway.services.reconciliation import bulk
from gateway.services.reconciliation.content import Prepared, prepared
from gateway.services.reconciliation.model import (
    BEGINNING,
    Decision,
    FlowName,
    GroupRow,
    Key,
    LinkOutcome,
    LinkResult,
    What,
)
from gateway.services.reconciliation.rules import Sums, added, concerning, in_force
from gateway.services.reconciliation.running import Running
from gateway.services.reconciliation.tables import DECISIONS, FLOWS, SAID
from gateway.services.reconciliation.turns import is_owned, locked
from gateway.services.reconciliation.writing import Origin, put_groups
from gateway.services.remarks import words
from wallet.ids import new_id, new_ids
from wallet.reconciliation import Row, Rule, Side, Verdict, match

ADDED_MAX = 20_000
"""Rows that one link puts to the largest of its groups: however large that is, what is booked for it fits in."""
REASON_MAX = 200
TRIES = 5


@dataclass(frozen=True, slots=True)
class _Answer:
    """What is to be done: groups that go, and rows of which others are made; or why nothing is."""

    outcome: LinkOutcome
    groups: Sequence[GroupRow] = ()
    rows: Sequence[Row] = ()
    keys: Collection[Key] = ()
    group_id: str = ""


Ask = Callable[[int], Awaitable[_Answer]]
"""What is to be done about what stands in a generation."""


class Linking(Running):
    """Links and parts."""

    async def link(self, flow: FlowName, keys: Collection[Key], staff_id: str, reason: str) -> LinkResult:
        """Whole open groups belong together, whatever rules find. A row that no run has read is read in its book."""
        wanted = frozenset(keys)
        if no := _refused(wanted, reason):
            return LinkResult(no)
        return await self._said(flow, What.LINKED, staff_id, reason, lambda now: self._to_link(flow, now, wanted))

    async def unlink(self, group_id: str, staff_id: str, reason: str) -> LinkResult:
        """A matched or linked group falls apart, and no rule may put its rows together again."""
        group = await self.group(group_id)
        if not words(reason):
            return LinkResult(LinkOutcome.REASON)
        if group is None or not group.stands:
            return LinkResult(LinkOutcome.UNKNOWN)
        flow, key = group.flow, group.keys[0]
        return await self._said(flow, What.UNLINKED, staff_id, reason, lambda now: self._to_part(flow, now, key))

    async def part(self, flow: FlowName, key: Key, staff_id: str, reason: str) -> LinkResult:
        """What staff have linked this row with is linked no longer; rules may say what they like of it."""
        if not words(reason):
            return LinkResult(LinkOutcome.REASON)
        linked = [one for one in in_force(await self._decisions_of(flow, [key])) if one.together and key in one.rows]
        if not linked:
            return LinkResult(LinkOutcome.UNKNOWN)

        async def answer(generation: int) -> _Answer:
            found = await self._to_part(flow, generation, key)
            # A link that no run has used yet has no group of its own.
            unused = found.outcome in {LinkOutcome.UNKNOWN, LinkOutcome.NOT_LINKED}
            return _Answer(LinkOutcome.UNLINKED, keys=[key]) if unused else replace(found, keys=[key])

        return await self._said(flow, What.PARTED, staff_id, reason, answer)

    async def _to_link(self, flow: FlowName, generation: int, wanted: frozenset[Key]) -> _Answer:
        groups = await self._groups_of(flow, generation, wanted)
        matched = [group for group in groups if group.verdict is Verdict.MATCHED]
        if matched:
            if len(groups) == 1 and wanted <= set(groups[0].keys):
                return _Answer(LinkOutcome.ALREADY, group_id=groups[0].id)
            return _Answer(LinkOutcome.OPEN_ONLY)
        keys = {key for group in groups for key in group.keys} | wanted
        if len(keys) - max((len(group.rows) for group in groups), default=0) > ADDED_MAX:
            return _Answer(LinkOutcome.TOO_MANY)
        rows = await self._again(flow, keys)
        if not wanted <= {(row.side, row.id) for row in rows}:
            return _Answer(LinkOutcome.UNKNOWN)
        return _Answer(LinkOutcome.LINKED, groups, rows, {(row.side, row.id) for row in rows})

    async def _to_part(self, flow: FlowName, generation: int, key: Key) -> _Answer:
        groups = await self._groups_of(flow, generation, [key])
        if not groups:
            return _Answer(LinkOutcome.UNKNOWN)
        group = groups[0]
        if group.verdict is not Verdict.MATCHED and group.rule is not Rule.DECIDED:
            return _Answer(LinkOutcome.NOT_LINKED)
        if group.verdict is Verdict.MATCHED and await self._is_sealed(group):
            return _Answer(LinkOutcome.SEALED)
        rows = await self._again(flow, group.keys)
        return _Answer(LinkOutcome.UNLINKED, [group], rows, group.keys)

    async def _is_sealed(self, group: GroupRow) -> bool:
        first = await self.open_from()
        return first > BEGINNING and (await self._sealed_on(group.id)) < first

    async def _said(self, flow: FlowName, what: What, staff_id: str, reason: str, ask: Ask) -> LinkResult:
        """Store what was said with what follows; looked at again if something else was said meanwhile."""
        for _ in range(TRIES):
            generation = await self._generation(flow)
            answer = await ask(generation)
            if not answer.keys:
                return LinkResult(answer.outcome, answer.group_id)
            now = self._clock.now()
            run = await self.standing(flow)
            said = Decision(
                new_id("rcd", self._clock), flow, what, tuple(sorted(answer.keys)), staff_id,
                words(reason)[:REASON_MAX], now, self._today(), run.id if run else "",
            )  # fmt: skip
            known = await self._decisions_of(flow, {(row.side, row.id) for row in answer.rows} | set(answer.keys))
            fresh = await asyncio.to_thread(self._follows, flow, answer.rows, [*known, said])
            result = await self._store.write(self._saying(said, generation, answer, fresh))
            if result is not None:
                return result
        return LinkResult(LinkOutcome.BUSY)

    def _follows(self, flow: FlowName, rows: Sequence[Row], said: Sequence[Decision]) -> list[Prepared]:
        """The groups of these rows, after all that was said."""
        ledger, rail, bank = ([row for row in rows if row.side is side] for side in (Side.LEDGER, Side.RAIL, Side.BANK))
        decided = concerning(in_force(said), frozenset((row.side, row.id) for row in rows))
        return [prepared(group) for group in match(self.terms(flow), ledger, rail, bank, decided)]

    def _saying(
        self, said: Decision, generation: int, answer: _Answer, fresh: Sequence[Prepared]
    ) -> Callable[[Connection], LinkResult | None]:
        """The unit; None where what stands is another by now."""
        ids = new_ids("rcg", self._clock, len(fresh))
        keys = set(said.keys)
        named = (({(row.side, row.id) for row in one.rows}, id_) for id_, one in zip(ids, fresh, strict=True))
        mine = next((id_ for rows, id_ in named if keys <= rows), "")
        agrees = all(one.group.verdict is Verdict.MATCHED for one in fresh)
        outcome = answer.outcome
        if outcome is LinkOutcome.LINKED and not agrees:
            outcome = LinkOutcome.DIFFERS

        def work(tx: Connection) -> LinkResult | None:
            row = locked(tx, said.flow)
            if row.held and is_owned(row, said.at):
                return LinkResult(LinkOutcome.BUSY)
            if row.generation != generation:
                return None
            _keep(tx, said, row.decisions + 1)
            sums: Sums = {name: list(values) for name, values in row.totals.items()}
            for group in answer.groups:
                added(sums, group.verdict, group.rows, -1)
            for one in fresh:
                added(sums, one.group.verdict, one.rows)
            bulk.end(tx, [group.id for group in answer.groups], generation + 1)
            origin = Origin(said.flow, said.run_id, said.id, said.on, generation + 1)
            put_groups(tx, origin, list(zip(ids, fresh, strict=True)))
            values: dict[str, object] = {"generation": generation + 1, "decisions": row.decisions + 1, "totals": sums}
            if row.held:
                # Who held it is dead; if not, it writes nothing more.
                values |= {"owner": "", "owner_until": None, "held": False}
            tx.execute(update(FLOWS).where(FLOWS.c.flow == said.flow.value).values(**values))
            return LinkResult(outcome, mine if outcome is not LinkOutcome.UNLINKED else "")

        return work


def _refused(keys: Collection[Key], reason: str) -> LinkOutcome | None:
    if not words(reason):
        return LinkOutcome.REASON
    return LinkOutcome.TOO_FEW if len(keys) < 2 else None


def _keep(tx: Connection, said: Decision, number: int) -> None:
    keys = [[side.value, id_] for side, id_ in said.keys]
    tx.execute(
        insert(DECISIONS).values(
            id=said.id,
            flow=said.flow.value,
            number=number,
            what=said.what.value,
            keys=keys,
            staff_id=said.staff_id,
            reason=said.reason,
            at=said.at,
            sealed_on=said.on,
            run_id=said.run_id,
        )
    )
    bulk.put(tx, SAID, ("decision_id", "side", "row_id"), ((said.id, side, id_) for side, id_ in keys))
