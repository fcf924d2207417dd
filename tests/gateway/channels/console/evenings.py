"""The finance evening for the console's tests: a day to close, its cover, breaks, hits and reports, in memory."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from gateway.errors import NotFound
from gateway.services.breaks import AgeLine, BreakState, TotalLine
from gateway.services.closing import (
    Check,
    Checklist,
    CheckName,
    CloseOutcome,
    CloseResult,
    CloseState,
    Cover,
    CoverDay,
    DayClose,
    Excuse,
    ExcuseOutcome,
    Fact,
    FactName,
    Late,
    Month,
    PeriodKind,
    Root,
    RowFinding,
    Verified,
)
from gateway.services.finding import Findings, FindOutcome, Found
from gateway.services.reports import (
    AccountSpan,
    CauseOf,
    ColumnKind,
    Report,
    ReportColumn,
    ReportName,
    ReportRow,
)
from wallet.accounts import Chart
from wallet.clock import Clock
from wallet.ids import new_id
from wallet.money import irr
from wallet.reconciliation import BreakType, Bucket

TODAY = date(2026, 11, 22)
YESTERDAY = TODAY - timedelta(days=1)
PATHS = {
    CheckName.STATEMENTS: "/bank",
    CheckName.RECONCILED: "/reconciliation",
    CheckName.TRIAL_BALANCE: "/ledger",
    CheckName.FLOAT_COVERED: "/reports/float_cover",
    CheckName.TRANSIT: "/ledger",
    CheckName.UNKNOWN: "/payouts",
    CheckName.BREAKS: "/breaks",
    CheckName.HEADS: "/ledger",
}
EXCUSABLE = {CheckName.STATEMENTS, CheckName.TRANSIT, CheckName.UNKNOWN}


@dataclass
class StubClosing:
    """One day to close after the other; checks fail where a test says so."""

    clock: Clock
    next: date | None = YESTERDAY
    failing: set[CheckName] = field(default_factory=set)
    closes: dict[str, DayClose] = field(default_factory=dict)
    excuses: dict[CheckName, Excuse] = field(default_factory=dict)
    late_entries: Late = field(default_factory=lambda: Late([], []))
    broken: RowFinding | None = None
    owed: int = 27_000_000
    held: int = 900_000_000

    async def checklist(self, day: date) -> Checklist:
        return Checklist(day, [self._check(name) for name in CheckName], self.clock.now())

    def _check(self, name: CheckName) -> Check:
        passed = name not in self.failing
        facts: list[Fact] = [Fact(FactName.COUNT, 3)]
        if name is CheckName.STATEMENTS and not passed:
            facts = [Fact(FactName.MISSING, "IR820540102680020817909002"), Fact(FactName.GAP, 2)]
        if name is CheckName.FLOAT_COVERED:
            facts = [Fact(FactName.FLOAT, irr(self.owed), "IRR"), Fact(FactName.TRUST, irr(self.held), "IRR")]
        if name is CheckName.BREAKS and not passed:
            facts = [Fact(FactName.UNSIGNED, new_id("brk", self.clock)), Fact(FactName.MORE, 4)]
        return Check(
            name, passed, name is not CheckName.HEADS, facts, PATHS[name], name in EXCUSABLE, self.excuses.get(name)
        )

    async def ask(self, day: date, staff_id: str) -> CloseResult:
        if day != self.next:
            return CloseResult(CloseOutcome.NOT_NEXT, next_day=self.next)
        if (known := await self.by_day(day)) is not None:
            return CloseResult(CloseOutcome.ALREADY, known.id)
        checklist = await self.checklist(day)
        if not checklist.clear:
            return CloseResult(CloseOutcome.CHECKS, checklist=checklist)
        made = self.add(day, CloseState.DRAFT, staff_id)
        return CloseResult(CloseOutcome.ASKED, made.id, checklist)

    def add(self, day: date, state: CloseState, staff_id: str = "stf_x") -> DayClose:
        """A closing that stands like this."""
        sealed = state is not CloseState.DRAFT
        made = DayClose(
            new_id("dcl", self.clock), day, state, [self._check(name) for name in CheckName],
            bytes(range(32)) if sealed else b"", [Root("statements", 2, bytes(32)), Root("breaks", 5, bytes(32))],
            7, 3, bytes(32), bytes(32), staff_id, self.clock.now(), self.clock.now() if sealed else None,
            ["stf_y"] if state is CloseState.SIGNED else [],
            self.clock.now() if state is CloseState.SIGNED else None, None,
        )  # fmt: skip
        self.closes[made.id] = made
        return made

    async def excuse(self, day: date, name: CheckName, reason: str, staff_id: str) -> ExcuseOutcome:
        if len(reason) < 10:
            return ExcuseOutcome.REASON
        if name not in EXCUSABLE:
            return ExcuseOutcome.NOT_EXCUSABLE
        if name not in self.failing:
            return ExcuseOutcome.PASSED
        self.excuses[name] = Excuse(reason, staff_id, self.clock.now())
        return ExcuseOutcome.OK

    async def days(self, *, limit: int, before: date | None = None) -> list[DayClose]:
        found = [row for row in self.closes.values() if before is None or row.day < before]
        return sorted(found, key=lambda row: row.day, reverse=True)[:limit]

    async def by_id(self, close_id: str) -> DayClose | None:
        return self.closes.get(close_id)

    async def by_day(self, day: date) -> DayClose | None:
        found = [row for row in self.closes.values() if row.day == day and row.state is not CloseState.VOID]
        return found[0] if found else None

    async def next_day(self) -> date | None:
        return self.next

    async def months(self, *, limit: int = 12) -> list[Month]:
        return [Month(date(2026, 11, 1), 30, 21, 19, YESTERDAY, PeriodKind.OPEN)][:limit]

    async def late(self, day: date, *, limit: int = 200) -> Late:
        return self.late_entries

    async def cover(self) -> list[Cover]:
        return [Cover("IRR", self.owed, self.held, 5_000_000, None, self.clock.now())]

    async def cover_history(self, days: int) -> list[CoverDay]:
        [now] = await self.cover()
        return [
            CoverDay(TODAY - timedelta(days=n), [replace(now, float_minor=self.owed - n * 700_000)])
            for n in range(min(days, 10) - 1, -1, -1)
        ]

    async def verify(self, day: date, progress: Callable[[str, int, int], None] | None = None) -> Verified:
        found = await self.by_day(day)
        return Verified(day, found.id if found else "", 1204, 31, self.broken)


@dataclass
class StubAges:
    """Breaks by age and in sum."""

    lines: list[AgeLine] = field(default_factory=list)
    sums: list[TotalLine] = field(default_factory=list)

    def fill(self) -> None:
        """Some of each age."""
        counts = (12, 7, 4, 3, 1)
        self.lines = [AgeLine(bucket, "IRR", n, n * 1_250_000) for bucket, n in zip(Bucket, counts, strict=True)]
        kind = next(iter(BreakType))
        self.sums = [
            TotalLine("bank", kind, BreakState.OPEN, "IRR", 20, 25_000_000),
            TotalLine("bank", kind, BreakState.RESOLVED, "IRR", 99, 1),
            TotalLine("taps", kind, BreakState.EXPLAINED, "IRR", 7, 8_750_000),
        ]

    async def ageing(self, flow: str = "") -> list[AgeLine]:
        return self.lines

    async def totals(self, flow: str = "") -> list[TotalLine]:
        return self.sums


@dataclass
class StubFinding:
    """Gives what a test put in; keeps what was asked."""

    found: list[Found] = field(default_factory=list)
    asked: list[tuple[str, str, str, bool]] = field(default_factory=list)

    async def find(
        self, text: str, staff_id: str, *, reason: str = "", people: bool = False, limit: int = 20
    ) -> Findings:
        self.asked.append((text, staff_id, reason, people))
        wanted = text.strip()
        if len(wanted) < 4:
            return Findings(FindOutcome.TOO_SHORT)
        if wanted.lstrip("+").isdigit() and len(wanted) > 9 and not reason:
            return Findings(FindOutcome.REASON, wanted)
        hits = [hit for hit in self.found if wanted in hit.id or wanted in hit.name]
        outcome = FindOutcome.FOUND if hits else FindOutcome.NOTHING
        return Findings(outcome, wanted, hits[:limit], len(hits) > limit, behind=bool(hits))


@dataclass
class StubReports:
    """A report of two rows, each with a way to where it comes from."""

    chart: Chart
    asked: list[tuple[ReportName, date, date, str]] = field(default_factory=list)
    rows: int = 2

    async def named(self, name: ReportName, first: date, last: date, *, what: str = "") -> Report:
        self.asked.append((name, first, last, what))
        if what == "liability:nothing":
            raise NotFound("account")
        columns = [
            ReportColumn("account", ColumnKind.CODE),
            ReportColumn("day", ColumnKind.DAY),
            ReportColumn("code", ColumnKind.WORD),
            ReportColumn("cover", ColumnKind.SHARE),
            ReportColumn("balance", ColumnKind.MONEY),
        ]
        bank = self.chart.account("trust_bank")
        rows = [
            ReportRow(
                [bank.code, first, "code.send", 12_345, irr(1_000 * n)],
                [AccountSpan(bank.id, 1, 9), None, None, None, CauseOf("ses_01K8")],
            )
            for n in range(self.rows)
        ]
        total = ReportRow(["", None, "", None, irr(1_000)], [None] * 5)
        return Report(name, columns, _pages(rows), [total], 9, first, last, [("asset", "IRR")])


async def _pages(rows: Sequence[ReportRow]) -> AsyncIterator[Sequence[ReportRow]]:
    for n in range(0, len(rows), 100):
        yield rows[n : n + 100]


def at_noon(day: date) -> datetime:
    """For tests that name a moment."""
    return datetime(day.year, day.month, day.day, 12)  # noqa: DTZ001 - what an input of the page sends
