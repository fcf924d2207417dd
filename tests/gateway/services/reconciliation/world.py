"""Three books in lists, a flow over them, and a service on a real store."""

from collections.abc import AsyncIterable, AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from gateway.observe import Metrics
from gateway.services.reconciliation import (
    Evidence,
    Flow,
    FlowName,
    GroupRow,
    Parts,
    Reconciliation,
    Run,
)
from gateway.store import Store
from wallet.clock import ManualClock
from wallet.reconciliation import Group, Reason, Row, Side, Suggestion, Terms, Verdict

DAY = date(2026, 11, 21)
BANK, STAFF = FlowName.BANK, "stf_finance"
PAGE = 3


def row(side: Side, name: str, minor: int, on: date = DAY, **more: object) -> Row:
    """A row that calls itself by its name in all three ways."""
    told: dict[str, Any] = {"asset": "IRR", "on": on, "value_on": on, "railed": side is Side.LEDGER, **more}
    return Row(side=side, id=name, minor=minor, **told)


def changed(one: Row, **more: object) -> Row:
    """A row of which its book says something else."""
    return one._replace(**more)  # type: ignore[arg-type]  # names and values of the table in a test


def three(name: str, minor: int = -100, on: date = DAY) -> list[Row]:
    """A payment that everybody has."""
    return [
        row(Side.LEDGER, f"l{name}", minor, on, own=name),
        row(Side.RAIL, name, minor, on, own=name, end_to_end_id=f"E{name}", party="Zahra", account="IR01"),
        row(Side.BANK, f"s:{name}", minor, on, end_to_end_id=f"E{name}", party="Zahra", text="Benefit"),
    ]


@dataclass
class Book:
    """One side; it can be told to fail."""

    side: Side
    all: dict[str, Row] = field(default_factory=dict)
    fails: BaseException | None = None
    asked: list[tuple[date, date]] = field(default_factory=list)

    async def rows(self, first: date, through: date) -> AsyncIterator[Sequence[Row]]:
        self.asked.append((first, through))
        found = [one for one in self.all.values() if first <= one.on <= through]
        for begin in range(0, len(found), PAGE):
            if self.fails is not None:
                raise self.fails
            yield found[begin : begin + PAGE]

    async def again(self, ids: Collection[str]) -> Sequence[Row]:
        return [self.all[id_] for id_ in ids if id_ in self.all]


@dataclass
class Calendar:
    """How far is closed."""

    through: date | None = None

    async def closed_through(self) -> date | None:
        return self.through


@dataclass
class Letterbox:
    """What the bank has sent."""

    mark: str = ""
    through: date | None = None

    async def evidence(self) -> Evidence:
        return Evidence(self.mark, self.through)


@dataclass
class Breaks:
    """Takes open groups; it can be told to fail."""

    taken: list[tuple[str, list[GroupRow]]] = field(default_factory=list)
    fails: BaseException | None = None

    async def take(self, run_id: str, flow: str, pages: AsyncIterable[Sequence[GroupRow]]) -> None:
        assert flow == BANK.value
        self.taken.append((run_id, [group async for page in pages for group in page]))
        if self.fails is not None:
            raise self.fails


class Log:
    async def position(self) -> int:
        return 7


@dataclass
class World:
    """Books, and verbs short enough for a test to read as a story."""

    store: Store
    clock: ManualClock
    books: dict[Side, Book] = field(default_factory=lambda: {side: Book(side) for side in Side})
    calendar: Calendar = field(default_factory=Calendar)
    letters: Letterbox = field(default_factory=Letterbox)
    breaks: Breaks = field(default_factory=Breaks)
    metrics: Metrics = field(default_factory=Metrics)
    reasons: Sequence[Reason] = (Reason.SAME_DAY,)

    def __post_init__(self) -> None:
        self.recon = self.another(self.store)

    def another(self, store: Store) -> Reconciliation:
        """The same service as another process has it."""
        flow = Flow(BANK, Terms(frozenset(Side)), {side: [book] for side, book in self.books.items()})
        zone = ZoneInfo("Asia/Tehran")
        made = Reconciliation(
            Parts(store, self.clock, zone, self.metrics, Log(), {BANK: flow}, {BANK: self.letters}, self.pairs)
        )
        made.tells(self.breaks)
        made.closed_by(self.calendar)
        return made

    def pairs(self, open_groups: Sequence[Group], terms: Terms, *, limit: int) -> list[Suggestion]:
        """Suggests the first of ours with the first of the bank's, and so on."""
        assert all(group.verdict is not Verdict.MATCHED for group in open_groups)
        ours = [group for group in open_groups if group.rows[0].side is not Side.BANK]
        theirs = [group for group in open_groups if group.rows[0].side is Side.BANK]
        both = zip(ours, theirs, strict=False)
        return [Suggestion((*one.rows, *other.rows), 60, tuple(self.reasons)) for one, other in both][:limit]

    def add(self, *rows: Row) -> None:
        for one in rows:
            self.books[one.side].all[one.id] = one

    def drop(self, one: Row) -> None:
        del self.books[one.side].all[one.id]

    async def run(self, through: date = DAY) -> Run:
        return await self.recon.reconcile(BANK, through, STAFF)

    async def standing(self) -> dict[frozenset[str], str]:
        """Verdict by rows of the standing result."""
        found = await self.recon.groups(BANK, limit=1000)
        return {frozenset(one.id for one in group.rows): group.verdict.value for group in found}

    async def ids(self) -> dict[frozenset[str], str]:
        found = await self.recon.groups(BANK, limit=1000)
        return {frozenset(one.id for one in group.rows): group.id for group in found}

    async def kinds(self, run: Run) -> list[tuple[str, str]]:
        """What a run found different."""
        return sorted((one.kind.value, one.row_id) for one in await self.recon.changes(run.id, limit=1000))

    async def open(self) -> int:
        return (await self.recon.totals(BANK)).open


def names(*ids: str) -> frozenset[str]:
    return frozenset(ids)


MATCHED, OURS, THEIRS = (Verdict.MATCHED.value, Verdict.ONLY_OURS.value, Verdict.ONLY_THEIRS.value)
