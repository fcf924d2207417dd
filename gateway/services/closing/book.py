"""What every verb of closing has at hand, and the lists that staff read."""

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, Select, select

from gateway.observe import Metrics
from gateway.services.closing import plain
from gateway.services.closing.model import CloseState, DayClose, Late, Month, PeriodKind, VoidReason
from gateway.services.closing.ports import (
    BankBooks,
    Book,
    Doubts,
    FlowRuns,
    OpenBreaks,
    Papers,
    PublishedHeads,
    SealSource,
)
from gateway.services.closing.tables import DAYS, SEALED
from gateway.settings import Settings
from gateway.store import Store
from wallet.accounts import Chart
from wallet.clock import Clock
from wallet.periods import Period, PeriodState, ends_at, starts_at

INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Parts:
    """What closing is made of.

    Attributes:
        ledger: The book.
        bank: What the bank has said.
        papers: Where signatures are asked for.
        flows: What was reconciled; None where nothing is: then no day can be closed.
        breaks: What does not agree; likewise.
        doubts: Whoever may not know how something ended.
        sources: Whose rows are sealed with a day, by name.
    """

    store: Store
    clock: Clock
    ledger: Book
    chart: Chart
    heads: PublishedHeads
    papers: Papers
    bank: BankBooks
    settings: Settings
    metrics: Metrics
    flows: FlowRuns | None = None
    breaks: OpenBreaks | None = None
    doubts: Sequence[Doubts] = ()
    sources: Mapping[str, SealSource] = field(default_factory=dict)


class Days:
    """Closings by id and in lists, and how far everything is closed."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._store = parts.store
        self._clock = parts.clock
        self._ledger = parts.ledger
        self._zone = ZoneInfo(parts.settings.zone)

    async def days(self, *, limit: int, before: date | None = None) -> list[DayClose]:
        """Closings, newest day first, those that were given up too, of days before that one."""
        query = select(DAYS).order_by(DAYS.c.day.desc(), DAYS.c.id.desc()).limit(limit)
        return await self._closes(query if before is None else query.where(DAYS.c.day < before))

    async def by_id(self, close_id: str) -> DayClose | None:
        """The closing with this id."""
        return next(iter(await self._closes(select(DAYS).where(DAYS.c.id == close_id))), None)

    async def by_day(self, day: date) -> DayClose | None:
        """The closing of a day that counts; None if there is none, or it was given up."""
        return next(iter(await self._closes(select(DAYS).where(DAYS.c.current_day == day))), None)

    async def closed_through(self) -> date | None:
        """The last day that is signed or being closed; None before the first.

        What would come into a day between its seal and its signature would be in no seal at all.
        """
        counts = select(DAYS.c.day).where(DAYS.c.current_day.is_not(None))
        rows = await self._store.read(counts.order_by(DAYS.c.day.desc()).limit(1))
        return rows[0].day if rows else None

    async def next_day(self) -> date | None:
        """The day to close next, which need not be over: the one after the last; None while nothing is booked.

        Before the first closing it is the day of the book's first block; any later one may be closed instead.
        """
        last = self.closed_of(await self._ledger.periods())
        if last is not None:
            return last + timedelta(days=1)
        return await self._first_day()

    async def periods(self) -> list[Period]:
        """Every closing of a period, as the ledger has them."""
        return await self._ledger.periods()

    async def months(self, *, limit: int = 12) -> list[Month]:
        """Months since the book began, newest first, and how many of their days are closed."""
        first = await self._first_day()
        if first is None:
            return []
        periods = await self._ledger.periods()
        through = {state: self.closed_of(periods, state) or date.min for state in PeriodState}
        signed = await self._store.read(select(DAYS.c.day).where(DAYS.c.state == CloseState.SIGNED.value))
        days = {row.day for row in signed}
        month, found = self.today().replace(day=1), list[Month]()
        while month >= first.replace(day=1) and len(found) < limit:
            found.append(_month(month, first, self.today(), through, days))
            month = (month - timedelta(days=1)).replace(day=1)
        return found

    async def late(self, day: date, *, limit: int = 200) -> Late:
        """What came in after a day was closed and belongs to it; nothing if it is not closed."""
        close = await self.by_day(day)
        if close is None or close.state is not CloseState.SIGNED:
            return Late((), ())
        first = await self._ledger.position_at(starts_at(day, self._zone) - INSTANT)
        last = await self.position_of(day)
        entries = await self._ledger.late(first, last, after=close.position, limit=limit)
        come = await self._parts.bank.settled(day, day, self._clock.now() + timedelta(days=1))
        mine = select(SEALED.c.statement_id).where(SEALED.c.close_id == close.id)
        sealed = {row.statement_id for row in await self._store.read(mine)}
        return Late(entries, [one for one in come if one not in sealed][:limit])

    def today(self) -> date:
        """The business day of now."""
        return self._clock.now().astimezone(self._zone).date()

    def over(self, day: date) -> datetime:
        """The moment at which a day is over."""
        return ends_at(day, self._zone)

    async def position_of(self, day: date) -> int:
        """The last position that was booked before a day was over."""
        return await self._ledger.position_at(self.over(day) - INSTANT)

    @staticmethod
    def closed_of(periods: Sequence[Period], state: PeriodState = PeriodState.CLOSED) -> date | None:
        """How far the ledger is closed that far."""
        return max((period.through for period in periods if period.state is state), default=None)

    async def _first_day(self) -> date | None:
        block = await self._ledger.block(1)
        return None if block is None else block.booked_at.astimezone(self._zone).date()

    async def _closes(self, query: Select[Any]) -> list[DayClose]:
        return [close_of(row) for row in await self._store.read(query)]


def close_of(row: Row[Any]) -> DayClose:
    """The closing in a row."""
    return DayClose(
        id=row.id,
        day=row.day,
        state=CloseState(row.state),
        checks=plain.checks_of(row.checks),
        digest=row.digest,
        roots=plain.roots_of(row.roots),
        block=row.block,
        position=row.position,
        head_hash=row.head_hash,
        trial_seal=row.trial_seal,
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        sealed_at=row.sealed_at,
        signed_by=tuple(row.signed_by),
        signed_at=row.signed_at,
        reason=VoidReason(row.reason) if row.reason else None,
    )


def _month(first: date, begins: date, today: date, through: Mapping[PeriodState, date], signed: set[date]) -> Month:
    count = calendar.monthrange(first.year, first.month)[1]
    days = [first + timedelta(days=number) for number in range(count)]
    closed = [day for day in days if day <= through[PeriodState.CLOSED]]
    soft = any(day <= through[PeriodState.SOFT] for day in days if day not in closed)
    gap = next((day for day in days if begins <= day < today and day > through[PeriodState.CLOSED]), None)
    state = PeriodKind.CLOSED if len(closed) == count else PeriodKind.SOFT if soft else PeriodKind.OPEN
    return Month(first, count, len(closed), sum(day in signed for day in days), gap, state)
