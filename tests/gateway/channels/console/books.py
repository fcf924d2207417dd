"""Reconciliation for the console's tests: runs, groups and what staff say of them, in memory."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, timedelta

from gateway.errors import Conflict
from gateway.services.reconciliation import (
    BEGINNING,
    Change,
    ChangeKind,
    Decision,
    FlowName,
    GroupRow,
    Key,
    LinkOutcome,
    LinkResult,
    Run,
    RunState,
    SuggestionRow,
    TotalLine,
    Totals,
    What,
)
from wallet.clock import Clock
from wallet.ids import new_id
from wallet.reconciliation import BreakType, Reason, Row, Rule, Side, Terms, Verdict

DAY = date(2026, 11, 22)
TWO = frozenset({Side.LEDGER, Side.RAIL})


def row(
    side: Side, name: str, minor: int, *, on: date = DAY, party: str = "", end_to_end: str = "", own: str = ""
) -> Row:
    """A row of one book."""
    return Row(side, name, minor, "IRR", on, on, own=own, end_to_end_id=end_to_end, party=party)


class StubReconciliation:
    """Groups in a dict; linking and undoing make new ones, as the service does."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.groups_: dict[str, GroupRow] = {}
        self.runs_: list[Run] = []
        self.suggested: list[SuggestionRow] = []
        self.said: list[Decision] = []
        self.changes_: list[Change] = []
        self.busy = False

    @property
    def flows(self) -> Sequence[FlowName]:
        return tuple(FlowName)

    def terms(self, flow: FlowName) -> Terms:
        return Terms(frozenset(Side) if flow is FlowName.BANK else TWO, days=3)

    def add(
        self,
        *rows: Row,
        verdict: Verdict = Verdict.ONLY_OURS,
        rule: Rule = Rule.ALONE,
        broken: BreakType | None = BreakType.MISSING_BANK,
        difference: int | None = None,
        flow: FlowName = FlowName.BANK,
    ) -> GroupRow:
        differs = sum(one.minor for one in rows) if difference is None else difference
        run_id = self.runs_[-1].id if self.runs_ else ""
        made = GroupRow(
            new_id("rcg", self.clock), flow, tuple(sorted(rows, key=lambda one: (one.side, one.id))), verdict, rule,
            None if verdict is Verdict.MATCHED else broken, differs if verdict is not Verdict.MATCHED else 0, "IRR",
            run_id, min(one.on for one in rows),
        )  # fmt: skip
        self.groups_[made.id] = made
        return made

    def suggest(self, *groups: GroupRow, score: int = 90, reasons: Sequence[Reason] = (Reason.SAME_AMOUNT,)) -> None:
        run_id = self.runs_[-1].id if self.runs_ else new_id("rcn", self.clock)
        rows = tuple(one for group in groups for one in group.rows)
        ids = tuple(group.id for group in groups)
        self.suggested.append(SuggestionRow(f"{run_id}:{len(self.suggested) + 1}", rows, score, tuple(reasons), ids))

    def ran(self, state: RunState = RunState.DONE, flow: FlowName = FlowName.BANK, reason: str = "") -> Run:
        now = self.clock.now()
        over = None if state is RunState.READING else now
        groups = {Verdict.MATCHED: 5, Verdict.ONLY_OURS: 2} if state is RunState.DONE else {}
        lines = {Side.LEDGER: 12, Side.RAIL: 11} | ({Side.BANK: 10} if flow is FlowName.BANK else {})
        run = Run(
            new_id("rcn", self.clock), flow, BEGINNING, DAY, DAY, state, "", now, over, 321, lines, groups,
            len(self.changes_), reason,
        )  # fmt: skip
        self.runs_.append(run)
        return run

    async def due_day(self) -> date:
        return DAY - timedelta(days=1)

    async def start(self, flow: FlowName, through: date, staff_id: str = "") -> Run:
        if self.busy:
            raise Conflict("a run is at work")
        run = replace(self.ran(RunState.READING, flow), through=through, staff_id=staff_id)
        self.runs_[-1] = run
        return run

    async def runs(self, *, flow: FlowName | None = None, limit: int, before: str = "") -> list[Run]:
        rows = [run for run in self.runs_ if flow in {None, run.flow} and (not before or run.id < before)]
        return sorted(rows, key=lambda run: run.id, reverse=True)[:limit]

    async def run_by_id(self, run_id: str) -> Run | None:
        return next((run for run in self.runs_ if run.id == run_id), None)

    async def groups(
        self,
        flow: FlowName,
        *,
        verdict: Verdict | None = None,
        rule: Rule | None = None,
        open: bool = False,  # noqa: A002 - the word of the field
        limit: int,
        after: str = "",
    ) -> list[GroupRow]:
        found = [
            group
            for group in self.groups_.values()
            if group.stands and group.flow is flow and group.id > after
            if (verdict is None or group.verdict is verdict) and (rule is None or group.rule is rule)
            if not open or group.verdict is not Verdict.MATCHED
        ]
        return sorted(found, key=lambda group: group.id)[:limit]

    async def group(self, group_id: str) -> GroupRow | None:
        return self.groups_.get(group_id)

    async def group_of(self, flow: FlowName, key: Key) -> GroupRow | None:
        standing = (group for group in self.groups_.values() if group.stands and group.flow is flow)
        return next((group for group in standing if key in group.keys), None)

    async def suggestions(self, flow: FlowName, *, limit: int) -> list[SuggestionRow]:
        return [one for one in self.suggested if all(self.groups_[each].stands for each in one.group_ids)][:limit]

    async def link(self, flow: FlowName, keys: Collection[Key], staff_id: str, reason: str) -> LinkResult:
        if len(reason) < 3:
            return LinkResult(LinkOutcome.REASON)
        standing = [group for group in self.groups_.values() if group.stands and set(keys) & set(group.keys)]
        rows = [one for group in standing for one in group.rows]
        ours, theirs = (sum(one.minor for one in rows if one.side is side) for side in (Side.LEDGER, Side.BANK))
        for group in standing:
            self.groups_[group.id] = replace(group, stands=False)
        made = self.add(*rows, verdict=Verdict.MATCHED if ours == theirs else Verdict.DIFFERS, rule=Rule.DECIDED,
                        broken=BreakType.AMOUNT, difference=theirs - ours)  # fmt: skip
        self._say(What.LINKED, made, staff_id, reason)
        return LinkResult(LinkOutcome.LINKED if ours == theirs else LinkOutcome.DIFFERS, made.id)

    async def unlink(self, group_id: str, staff_id: str, reason: str) -> LinkResult:
        group = self.groups_.get(group_id)
        if len(reason) < 3:
            return LinkResult(LinkOutcome.REASON)
        if group is None or not group.stands:
            return LinkResult(LinkOutcome.UNKNOWN)
        self.groups_[group_id] = replace(group, stands=False)
        for one in group.rows:
            theirs = one.side is Side.BANK
            self.add(one, verdict=Verdict.ONLY_THEIRS if theirs else Verdict.ONLY_OURS, difference=one.minor)
        self._say(What.UNLINKED, group, staff_id, reason)
        return LinkResult(LinkOutcome.UNLINKED)

    async def decisions(self, group_id: str) -> list[Decision]:
        keys = set(self.groups_[group_id].keys)
        return [one for one in self.said if keys & set(one.keys)]

    async def last_linked(self, flow: FlowName, staff_id: str) -> GroupRow | None:
        for one in reversed(self.said):
            if one.what is What.LINKED and one.staff_id == staff_id:
                found = await self.group_of(flow, one.keys[0])
                if found is not None and found.keys == one.keys:
                    return found
        return None

    async def changes(self, run_id: str, *, limit: int, after: str = "") -> list[Change]:
        return [one for one in self.changes_ if one.run_id == run_id and one.id > after][:limit]

    def change(self, run: Run, kind: ChangeKind, group: GroupRow) -> None:
        one = group.rows[0]
        place = len(self.changes_) + 1
        self.changes_.append(Change(f"{run.id}:{place:06d}", run.id, kind, one.side, one.id, group.id, ""))

    async def totals(self, flow: FlowName) -> Totals:
        standing = [group for group in self.groups_.values() if group.stands and group.flow is flow]
        lines = []
        for verdict in Verdict:
            for side in Side:
                rows = [one for group in standing if group.verdict is verdict for one in group.rows if one.side is side]
                if rows:
                    lines.append(TotalLine(verdict, side, "IRR", len(rows), sum(one.minor for one in rows)))
        done = [run for run in self.runs_ if run.flow is flow and run.state is RunState.DONE]
        at_work = [run for run in self.runs_ if run.flow is flow and run.state is RunState.READING]
        counts = {verdict: sum(group.verdict is verdict for group in standing) for verdict in Verdict}
        return Totals(flow, done[-1] if done else None, counts, tuple(lines), at_work[-1] if at_work else None)

    def _say(self, what: What, group: GroupRow, staff_id: str, reason: str) -> None:
        self.said.append(
            Decision(
                new_id("rcd", self.clock), group.flow, what, group.keys, staff_id, reason, self.clock.now(), DAY, ""
            )
        )
