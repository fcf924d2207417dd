"""A run: every book is read, matched and written; it may die anywhere, and is done over."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, select, update

from gateway.errors import BadInput, Conflict, Fault, NotFound
from gateway.observe import log
from gateway.services.reconciliation.content import Prepared, prepared
from gateway.services.reconciliation.model import Decision, FlowName, GroupRow, Key, Run, RunState
from gateway.services.reconciliation.reading import Books, Live, Told, untold
from gateway.services.reconciliation.rounds import ROUNDS
from gateway.services.reconciliation.rules import (
    Found,
    Sums,
    added,
    concerning,
    explained,
    in_force,
    next_run,
    read_sums,
)
from gateway.services.reconciliation.tables import RUNS
from gateway.services.reconciliation.turns import Turn, change, is_owned, locked
from gateway.services.reconciliation.writing import Writing
from wallet.errors import WalletFault
from wallet.ids import new_id_after
from wallet.reconciliation import Row, Side, Suggestion, Terms, Verdict, match

SUGGESTED_MAX = 200
SUGGESTED_OF = 5000
"""Open groups that are looked through for suggestions, oldest days first."""
_READING, _MATCHED = RunState.READING.value, RunState.MATCHED.value
_LOG = log(service="reconciliation")


@dataclass(frozen=True, slots=True)
class Result:
    """What was found: groups that are new, ids of those that go, all sums, and what is open, oldest days first."""

    fresh: Sequence[Prepared]
    gone: Sequence[str]
    sums: Sums
    standing: Sequence[Prepared]


class Running(Writing):
    """Starts and drives runs."""

    async def due_day(self) -> date:
        """Through which day a run goes if nobody says: the last one that is over, or what the bank has closed since."""
        today = self._today()
        over = today - timedelta(days=1)
        watches = self._parts.watches.values()
        told = [day for watch in watches if (day := (await watch.evidence()).through) is not None and day <= today]
        return max([over, *told])

    async def start(self, flow: FlowName, through: date, staff_id: str = "") -> Run:
        """Ask for a run; one that was asked for and not begun, or that died, makes room for it.

        What stands of later days is read as well, so a run never goes less far than the one before it.

        Raises:
            BadInput: The day is closed, or has not come yet: whatever is read up to it would not be read again.
            Conflict: Another process works on the flow.
        """
        first = await self.open_from()
        if through < first:
            raise BadInput(f"{through} is closed")
        if through > self._today():
            raise BadInput(f"{through} has not come yet")
        standing = await self.standing(flow)
        last = max(through, standing.through) if standing else through
        watch = self._parts.watches.get(flow)
        mark = (await watch.evidence()).mark if watch else ""
        now = self._clock.now()
        newest = next(iter(await self.runs(flow=flow, limit=1)), None)
        id_ = new_id_after(newest.id if newest else "", "rcn", self._clock)
        day = min(last, self._today())
        run = Run(id_, flow, first, last, day, RunState.READING, staff_id, now, None, 0, {}, {}, 0, "")

        def work(tx: Connection) -> None:
            if is_owned(locked(tx, flow), now):
                raise Conflict(f"another process reconciles {flow.value}")
            if tx.execute(select(RUNS.c.id).where(RUNS.c.flow == flow.value, RUNS.c.id >= run.id)).first():
                raise Conflict(f"another run of {flow.value} was asked for in this moment")
            waiting = (RUNS.c.flow == flow.value) & (RUNS.c.state == _READING)
            stopped = {"state": RunState.STOPPED.value, "finished_at": now, "reason": f"superseded by {run.id}"}
            tx.execute(update(RUNS).where(waiting).values(**stopped))
            tx.execute(RUNS.insert().values(**_values(run), mark=mark))

        await self._store.write(work)
        return run

    async def reconcile(self, flow: FlowName, through: date, staff_id: str = "", progress: Told = untold) -> Run:
        """Start a run and drive it.

        Raises:
            BadInput, Conflict: As of `start` and `run`.
        """
        run = await self.start(flow, through, staff_id)
        return await self.run(run.id, progress)

    async def run(self, run_id: str, progress: Told | None = None) -> Run:
        """Drive a run to its end; one that is over stays as it is. `progress` hears how many rows were read.

        Raises:
            NotFound: There is no such run.
            Conflict: Another process drives it, or has taken it over.
        """
        run = await self._known(run_id)
        if run.state in {RunState.DONE, RunState.STOPPED}:
            return run
        async with self._turn(run.flow) as turn:
            run = await self._known(run_id)
            try:
                with ROUNDS.none():
                    await self._driven(turn, run, progress or untold)
            except Conflict:
                raise
            except (Fault, WalletFault) as fault:
                await self._stop(turn, run, str(fault)[:200])
                raise
        return await self._known(run_id)

    async def _known(self, run_id: str) -> Run:
        run = await self.run_by_id(run_id)
        if run is None:
            raise NotFound(f"no run {run_id}")
        return run

    async def _driven(self, turn: Turn, run: Run, told: Told) -> None:
        if run.state is RunState.READING:
            run = await self._matched(turn, run, told)
        if run.state is not RunState.MATCHED:
            return
        if self._taker is not None:
            await self._taker.take(run.id, run.flow.value, self._open_pages(run.flow))
        now = self._clock.now()

        def work(tx: Connection) -> None:
            turn.held(tx)
            mine = (RUNS.c.flow == run.flow.value) & (RUNS.c.state == _MATCHED) & (RUNS.c.id <= run.id)
            tx.execute(update(RUNS).where(mine).values(state=RunState.DONE.value, finished_at=now))

        await self._store.write(work)
        self._parts.metrics.recon_runs.labels(run.flow.value, RunState.DONE.value).inc()
        counts = {verdict.value: count for verdict, count in run.groups.items()}
        _LOG.info("recon_done", run_id=run.id, flow=run.flow.value, changes=run.changes, **counts)

    async def _matched(self, turn: Turn, run: Run, told: Told) -> Run:
        """Read, match, write, and let it stand."""
        if run.through < await self.open_from():
            # Closed since it was asked for.
            return await self._closed(turn, run)
        position = await self._parts.log.position()
        books = await self._read(run, told)
        await self._hold(turn)
        await self._tidied(turn)
        live = await self._live(turn, books)
        for side, id_ in await self._settled(turn, books.first):
            books.rows[side].pop(id_, None)
        books.add(await self._again(run.flow, live.outside))
        told(books.count)
        said = await self._all_decisions(run.flow)
        result = await asyncio.to_thread(_found, books, self.terms(run.flow), said, live)
        suggestions = await asyncio.to_thread(self._suggested, run.flow, result.standing)
        gone = await self._gone(result.gone)
        changes = await asyncio.to_thread(_explained, gone, result.fresh)
        ids = await self._stage(turn, run, result.fresh, result.gone)
        await self._explain(turn, run, changes, ids)
        await self._suggest(turn, run, suggestions)
        groups, _ = read_sums(result.sums)
        done = replace(
            run, first=books.first, state=RunState.MATCHED, position=position, changes=len(changes), groups=groups,
            lines={side: len(rows) for side, rows in books.rows.items()},
        )  # fmt: skip
        if await self.open_from() != books.first:
            # Closed since it was read: what is signed for must not be replaced.
            return await self._closed(turn, run)
        await self._store.write(lambda tx: _published(tx, turn, done, result.sums))
        return done

    async def _closed(self, turn: Turn, run: Run) -> Run:
        await self._stop(turn, run, "a day of it was closed meanwhile")
        return replace(run, state=RunState.STOPPED)

    def _suggested(self, flow: FlowName, standing: Sequence[Prepared]) -> Sequence[Suggestion]:
        if self._parts.suggester is None:
            return ()
        about = [one.group for one in standing[:SUGGESTED_OF]]
        return self._parts.suggester(about, self.terms(flow), limit=SUGGESTED_MAX)

    async def _stop(self, turn: Turn, run: Run, reason: str) -> None:
        """It comes to nothing; one whose result stands already is finished by whoever comes next."""
        waiting = (RUNS.c.id == run.id) & (RUNS.c.state == _READING)
        values = {"state": RunState.STOPPED.value, "finished_at": self._clock.now(), "reason": reason}

        def work(tx: Connection) -> int:
            turn.held(tx)
            return tx.execute(update(RUNS).where(waiting).values(**values)).rowcount

        if await self._store.write(work):
            _LOG.warning("recon_stopped", run_id=run.id, flow=run.flow.value)
            self._parts.metrics.recon_runs.labels(run.flow.value, RunState.STOPPED.value).inc()

    def _today(self) -> date:
        return self._day_of(self._clock.now())

    def _day_of(self, at: datetime) -> date:
        return at.astimezone(self._parts.zone).date()

    async def _unfinished(self, flow: FlowName) -> Run | None:
        return await self._newest(flow, (_READING, _MATCHED))

    async def _last_mark(self, flow: FlowName) -> str | None:
        """What the other side had sent when the newest run began that came to something; None before the first."""
        mine = (RUNS.c.flow == flow.value) & (RUNS.c.state != RunState.STOPPED.value)
        query = select(RUNS.c.mark).where(mine).order_by(RUNS.c.id.desc()).limit(1)
        rows = await self._store.read(query)
        return str(rows[0].mark) if rows else None


def _found(books: Books, terms: Terms, said: Sequence[Decision], live: Live) -> Result:
    """Match everything; in a thread, since it takes its time."""
    decided = in_force(said)
    keys: dict[Key, Row] = {(side, id_): row for side, rows in books.rows.items() for id_, row in rows.items()}
    ledger, rail, bank = (list(books.rows[side].values()) for side in (Side.LEDGER, Side.RAIL, Side.BANK))
    fresh: list[Prepared] = []
    sums: Sums = {}
    still = dict(live.ids)
    standing: list[Prepared] = []
    for group in match(terms, ledger, rail, bank, concerning(decided, keys)):
        one = prepared(group)
        if one.first_on > books.through and not any((row.side, row.id) in live.after for row in one.rows):
            # Of the days after: they are looked at when their time has come.
            continue
        added(sums, group.verdict, one.rows)
        if still.pop(one.digest, None) is None:
            fresh.append(one)
        if group.verdict is not Verdict.MATCHED:
            standing.append(one)
    standing.sort(key=lambda one: (one.first_on, one.rows[0].id))
    return Result(fresh, list(still.values()), sums, standing)


def _explained(gone: Sequence[GroupRow], fresh: Sequence[Prepared]) -> list[Found]:
    return list(explained(gone, fresh))


def _published(tx: Connection, turn: Turn, run: Run, sums: Sums) -> None:
    """From now on the run's result stands."""
    assert turn.held(tx).generation == turn.generation, "what stands is held while a run is written"
    generation = next_run(turn.generation)
    change(tx, turn, generation=generation, run_id=run.id, totals=sums, held=False)
    tx.execute(update(RUNS).where(RUNS.c.id == run.id).values(**_values(run)))
    turn.generation = generation


def _values(run: Run) -> dict[str, object]:
    return {
        "id": run.id, "flow": run.flow.value, "first_on": run.first, "through_on": run.through, "sealed_on": run.on,
        "state": run.state.value, "staff_id": run.staff_id, "started_at": run.started_at,
        "finished_at": run.finished_at, "position": run.position,
        "lines": {side.value: count for side, count in run.lines.items()},
        "groups": {verdict.value: count for verdict, count in run.groups.items()}, "changes": run.changes,
        "reason": run.reason,
    }  # fmt: skip
