"""Runs, groups and decisions as they are stored: what staff and pages read."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, select

from gateway.services.reconciliation.content import rows_of
from gateway.services.reconciliation.model import (
    Change,
    ChangeKind,
    Decision,
    FlowName,
    GroupRow,
    Key,
    Run,
    RunState,
    SuggestionRow,
    Totals,
    What,
)
from gateway.services.reconciliation.ports import BreakTaker, Parts, Sealed, Source
from gateway.services.reconciliation.rules import explains, read_sums
from gateway.services.reconciliation.tables import (
    CHANGES,
    DECISIONS,
    FLOWS,
    GROUPS,
    MEMBERS,
    OPEN,
    RUNS,
    SAID,
    SUGGESTIONS,
)
from wallet.reconciliation import BreakType, Reason, Rule, Side, Terms, Verdict

PAGE = 1000
FEW = 50
DIGITS_MAX = 19
KEYS_AT_ONCE = 400
"""Rows asked for by name in one question."""
STANDING = (RunState.MATCHED.value, RunState.DONE.value)
UNFINISHED = (RunState.READING.value, RunState.MATCHED.value)
Condition = ColumnElement[bool]


class Book:
    """What every verb has at hand, and the lists."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._store = parts.store
        self._clock = parts.clock
        self._taker: BreakTaker | None = None
        self._sealed: Sealed | None = None
        self._more: dict[tuple[FlowName, Side], list[Source]] = {}

    def tells(self, taker: BreakTaker) -> None:
        """Say who looks after open groups."""
        self._taker = taker

    def closed_by(self, sealed: Sealed) -> None:
        """Say who closes days; until then none is closed."""
        self._sealed = sealed

    def also_reads(self, flow: FlowName, side: Side, source: Source) -> None:
        """One more source of a book: what breaks have posted is theirs to tell in flows that are not about the bank."""
        self._more.setdefault((flow, side), []).append(source)

    def _sources(self, flow: FlowName, side: Side) -> Sequence[Source]:
        return [*self._parts.flows[flow].sources.get(side, ()), *self._more.get((flow, side), ())]

    @property
    def flows(self) -> tuple[FlowName, ...]:
        """Those that are reconciled."""
        return tuple(self._parts.flows)

    def terms(self, flow: FlowName) -> Terms:
        """What a flow allows, and which books have a say."""
        return self._parts.flows[flow].terms

    async def runs(self, *, flow: FlowName | None = None, limit: int, before: str = "") -> list[Run]:
        """Runs, newest first, of ids before that one."""
        query = select(RUNS).order_by(RUNS.c.id.desc()).limit(limit)
        if flow is not None:
            query = query.where(RUNS.c.flow == flow.value)
        if before:
            query = query.where(RUNS.c.id < before)
        return [run_of(row) for row in await self._store.read(query)]

    async def run_by_id(self, run_id: str) -> Run | None:
        """The run with this id."""
        rows = await self._store.read(select(RUNS).where(RUNS.c.id == run_id))
        return run_of(rows[0]) if rows else None

    async def standing(self, flow: FlowName) -> Run | None:
        """The run whose result stands."""
        return await self._newest(flow, STANDING)

    async def groups(
        self,
        flow: FlowName,
        *,
        verdict: Verdict | None = None,
        rule: Rule | None = None,
        open: bool = False,  # noqa: A002 - the word of the page
        limit: int,
        after: str = "",
    ) -> list[GroupRow]:
        """The standing result in order of ids, from after that one; `open` leaves out what is matched."""
        which = (GROUPS.c.flow == flow.value) & (GROUPS.c.id > after)
        which &= _stands(await self._generation(flow))
        if open or verdict not in {None, Verdict.MATCHED}:
            which &= OPEN
        if verdict is not None:
            which &= GROUPS.c.verdict == verdict.value
        if rule is not None:
            which &= GROUPS.c.rule == rule.value
        return await self._groups(select(GROUPS).where(which).order_by(GROUPS.c.id).limit(limit))

    async def group(self, group_id: str) -> GroupRow | None:
        """The group with this id, whether it stands or not; None too for one that never stood."""
        query = select(GROUPS, FLOWS.c.generation).join(FLOWS, FLOWS.c.flow == GROUPS.c.flow)
        found = await self._groups(query.where(GROUPS.c.id == group_id, GROUPS.c.made <= FLOWS.c.generation))
        return found[0] if found else None

    async def group_of(self, flow: FlowName, key: Key) -> GroupRow | None:
        """Where a row stands."""
        found = await self._groups_of(flow, await self._generation(flow), [key])
        return found[0] if found else None

    async def known(self, flow: FlowName, side: Side, ids: Collection[str]) -> set[str]:
        """Those of these rows that stand in a group."""
        generation = await self._generation(flow)
        found: set[str] = set()
        wanted = sorted(ids)
        for begin in range(0, len(wanted), PAGE):
            named = MEMBERS.c.row_id.in_(wanted[begin : begin + PAGE]) & (MEMBERS.c.side == side.value)
            query = select(MEMBERS.c.row_id).join(GROUPS, GROUPS.c.id == MEMBERS.c.group_id)
            rows = await self._store.read(query.where(named, GROUPS.c.flow == flow.value, _stands(generation)))
            found.update(row.row_id for row in rows)
        return found

    async def decisions(self, group_id: str) -> list[Decision]:
        """What was said of any of a group's rows, oldest first."""
        group = await self.group(group_id)
        return await self._decisions_of(group.flow, group.keys) if group else []

    async def last_linked(self, flow: FlowName, staff_id: str) -> GroupRow | None:
        """What this person has linked last, as far as it stands."""
        mine = (DECISIONS.c.flow == flow.value) & (DECISIONS.c.staff_id == staff_id)
        query = select(DECISIONS).where(mine).order_by(DECISIONS.c.number.desc()).limit(PAGE)
        for row in await self._store.read(query):
            one = decision_of(row)
            if one.what is not What.LINKED:
                continue
            group = await self.group_of(flow, one.keys[0])
            if group is not None and group.rule is Rule.DECIDED and set(one.keys) <= set(group.keys):
                return group
        return None

    async def suggestions(self, flow: FlowName, *, limit: int) -> list[SuggestionRow]:
        """What the standing run suggests, best first, as far as all of it is still open."""
        return await self._suggested_now(flow, limit=limit)

    async def _suggested_now(
        self, flow: FlowName, *, limit: int, of: Collection[Key] = (), fit: Callable[[SuggestionRow], bool] = bool
    ) -> list[SuggestionRow]:
        """Those that have one of these rows, if any are named, and fit."""
        run = await self.standing(flow)
        if run is None:
            return []
        query = select(SUGGESTIONS).where(SUGGESTIONS.c.run_id == run.id).order_by(SUGGESTIONS.c.place)
        kept: list[SuggestionRow] = []
        generation = await self._generation(flow)
        for row in await self._store.read(query):
            keys = keys_of(row.keys)
            if of and not any(key in of for key in keys):
                continue
            groups = await self._groups_of(flow, generation, keys)
            named = {key for group in groups for key in group.keys}
            if len(groups) > 1 and named == set(keys) and all(group.verdict is not Verdict.MATCHED for group in groups):
                rows = tuple(one for group in groups for one in group.rows)
                reasons = tuple(Reason(name) for name in row.reasons)
                ids = tuple(group.id for group in groups)
                one = SuggestionRow(f"{run.id}:{row.place}", rows, row.score, reasons, ids)
                kept += [one] if fit(one) else []
            if len(kept) == limit:
                break
        return kept

    async def explained(self, flow: FlowName, keys: Collection[Key]) -> bool:
        """Whether a suggestion that is as good as an explanation (see `rules.explains`) has one of these rows."""
        wanted = frozenset(keys)
        other = Side.BANK if Side.BANK in self.terms(flow).sides else Side.RAIL

        def fit(one: SuggestionRow) -> bool:
            return explains(one.reasons, one.rows, other)

        return bool(await self._suggested_now(flow, limit=1, of=wanted, fit=fit))

    async def changes(self, run_id: str, *, limit: int, after: str = "") -> list[Change]:
        """What a run found different, from after that one."""
        number = after.rpartition(":")[2]
        place = int(number) if number.isdecimal() and len(number) < DIGITS_MAX else 0
        query = select(CHANGES).where(CHANGES.c.run_id == run_id, CHANGES.c.number > place)
        rows = await self._store.read(query.order_by(CHANGES.c.number).limit(limit))
        return [change_of(row) for row in rows]

    async def totals(self, flow: FlowName) -> Totals:
        """What stands."""
        rows = await self._store.read(select(FLOWS.c.totals).where(FLOWS.c.flow == flow.value))
        groups, lines = read_sums(rows[0].totals if rows else {})
        at_work = await self._newest(flow, (RunState.READING.value,))
        return Totals(flow, await self.standing(flow), groups, lines, at_work)

    async def _newest(self, flow: FlowName, states: Sequence[str]) -> Run | None:
        mine = (RUNS.c.flow == flow.value) & RUNS.c.state.in_(states)
        rows = await self._store.read(select(RUNS).where(mine).order_by(RUNS.c.id.desc()).limit(1))
        return run_of(rows[0]) if rows else None

    async def _generation(self, flow: FlowName) -> int:
        rows = await self._store.read(select(FLOWS.c.generation).where(FLOWS.c.flow == flow.value))
        return int(rows[0].generation) if rows else 0

    async def _groups(self, query: Select[Any]) -> list[GroupRow]:
        rows = await self._store.read(query)
        # Reading what is in a thousand groups takes a while.
        return await asyncio.to_thread(lambda: list(map(group_of, rows))) if len(rows) > FEW else [*map(group_of, rows)]

    async def _groups_of(self, flow: FlowName, generation: int, keys: Collection[Key]) -> list[GroupRow]:
        """The standing groups of these rows, each once, in order of ids."""
        found: dict[str, GroupRow] = {}
        for named in _named(MEMBERS, keys):
            ids = select(MEMBERS.c.group_id).where(named)
            mine = (GROUPS.c.flow == flow.value) & _stands(generation) & GROUPS.c.id.in_(ids)
            found.update((one.id, one) for one in await self._groups(select(GROUPS).where(mine)))
        return [found[name] for name in sorted(found)]

    async def _sealed_on(self, group_id: str) -> date:
        """Under which day a group is sealed."""
        rows = await self._store.read(select(GROUPS.c.sealed_on).where(GROUPS.c.id == group_id))
        day: date = rows[0].sealed_on
        return day

    async def _open_pages(self, flow: FlowName) -> AsyncIterator[list[GroupRow]]:
        """All that is open, in pages."""
        after = ""
        while page := await self.groups(flow, open=True, limit=PAGE, after=after):
            yield page
            after = page[-1].id

    async def _decisions_of(self, flow: FlowName, keys: Collection[Key]) -> list[Decision]:
        found: dict[int, Decision] = {}
        for named in _named(SAID, keys):
            ids = select(SAID.c.decision_id).where(named)
            query = select(DECISIONS).where(DECISIONS.c.flow == flow.value, DECISIONS.c.id.in_(ids))
            found.update((row.number, decision_of(row)) for row in await self._store.read(query))
        return [found[number] for number in sorted(found)]

    async def _all_decisions(self, flow: FlowName) -> list[Decision]:
        """Everything that staff have said of a flow, oldest first."""
        found: list[Decision] = []
        number = 0
        query = select(DECISIONS).where(DECISIONS.c.flow == flow.value).order_by(DECISIONS.c.number).limit(PAGE)
        while page := await self._store.read(query.where(DECISIONS.c.number > number)):
            found += map(decision_of, page)
            number = page[-1].number
        return found

    async def count_open(self) -> Mapping[FlowName, Totals]:
        """What stands in each flow; for the metrics."""
        return {flow: await self.totals(flow) for flow in self.flows}


def _stands(generation: int) -> Condition:
    return and_(GROUPS.c.made <= generation, GROUPS.c.ended > generation)


def _named(table: Any, keys: Collection[Key]) -> Iterator[Condition]:  # noqa: ANN401 - one of two tables
    """Those of these rows, some at a time."""
    for side in Side:
        ids = sorted(id_ for of, id_ in keys if of is side)
        for begin in range(0, len(ids), KEYS_AT_ONCE):
            yield and_(table.c.side == side.value, table.c.row_id.in_(ids[begin : begin + KEYS_AT_ONCE]))


def run_of(row: Row[Any]) -> Run:
    """The run in a row."""
    return Run(
        id=row.id,
        flow=FlowName(row.flow),
        first=row.first_on,
        through=row.through_on,
        on=row.sealed_on,
        state=RunState(row.state),
        staff_id=row.staff_id,
        started_at=row.started_at,
        finished_at=row.finished_at,
        position=row.position,
        lines={Side(side): count for side, count in row.lines.items()},
        groups={Verdict(verdict): count for verdict, count in row.groups.items()},
        changes=row.changes,
        reason=row.reason,
    )


def group_of(row: Row[Any]) -> GroupRow:
    """The group in a row."""
    generation = row._mapping.get("generation")  # noqa: SLF001 - public
    return GroupRow(
        id=row.id,
        flow=FlowName(row.flow),
        rows=rows_of(row.content),
        verdict=Verdict(row.verdict),
        rule=Rule(row.rule),
        broken=BreakType(row.broken) if row.broken else None,
        difference_minor=row.difference_minor,
        asset=row.asset,
        run_id=row.run_id,
        since=row.first_on,
        stands=generation is None or row.ended > generation,
    )


def change_of(row: Row[Any]) -> Change:
    """The change in a row."""
    name = f"{row.run_id}:{row.number}"
    return Change(name, row.run_id, ChangeKind(row.kind), Side(row.side), row.row_id, row.group_id, row.was_id)


def decision_of(row: Row[Any]) -> Decision:
    """The decision in a row."""
    return Decision(
        id=row.id,
        flow=FlowName(row.flow),
        what=What(row.what),
        keys=keys_of(row.keys),
        staff_id=row.staff_id,
        reason=row.reason,
        at=row.at,
        on=row.sealed_on,
        run_id=row.run_id,
    )


def keys_of(stored: Sequence[Sequence[str]]) -> tuple[Key, ...]:
    """Rows by name out of JSON."""
    return tuple((Side(side), row_id) for side, row_id in stored)
