"""A month of a wallet by e-mail: to one person, or to everybody who has an address."""

import re
from collections import deque
from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from typing import Protocol
from zoneinfo import ZoneInfo

from persiantools.jdatetime import JalaliDate

from gateway.errors import BadInput
from gateway.services.notices import Notice, NoticeClass, Sheet, SheetLine
from wallet.accounts import Chart
from wallet.clock import Clock
from wallet.money import IRR, Money
from wallet.statements import Source, lines, statement
from wallet.transfers import Balances, Movement

STATEMENTS_JOB = "statements"
"""Kind of the job that `send_job` does; params: {"period": "1405-08"}."""
LINES_MAX = 200
"""Movements in one letter, the newest; the opening balance is then that before the first of them."""
PAGE = 100
_PERIOD = re.compile(r"(1[34][0-9]{2})-(0[1-9]|1[0-2])", re.ASCII)


class StatementOutcome(StrEnum):
    """Answers to `send`."""

    SENT = "sent"
    """It is in the outbox."""
    SENT_BEFORE = "sent_before"
    NO_EMAIL = "no_email"
    """Nobody we know, no address, or one from which letters come back."""
    NO_WALLET = "no_wallet"
    NOT_OVER = "not_over"
    """The month is not over yet."""


class Recipient(Protocol):
    """A person whom letters may reach."""

    @property
    def msisdn(self) -> str:
        """`+989…`."""
        ...

    @property
    def language(self) -> str:
        """`en`, `fa`, `fr` or `ar`."""
        ...

    @property
    def letters_to(self) -> str:
        """E-mail address, or ''."""
        ...


class People(Protocol):
    """Knows people. Satisfied by services.people.People."""

    async def by_id(self, person_id: str) -> Recipient | None:
        """The person with this id."""
        ...

    async def active_ids(self, *, after: str, limit: int) -> list[str]:
        """Ids in order, from after `after`."""
        ...

    async def count_active(self) -> int:
        """How many people `active_ids` goes through."""
        ...


class Teller(Protocol):
    """Writes letters. Satisfied by services.notices.Notices."""

    async def tell_statement(self, notice: Notice, sheet: Sheet) -> bool:
        """Put a statement into the outbox; False if that cause has told it already."""
        ...


class Progress(Protocol):
    """A job that is under way."""

    @property
    def cursor(self) -> str:
        """Where an earlier run of this job stopped; '' at the beginning."""
        ...

    async def progress(self, done: int, total: int, cursor: str = "") -> None:
        """A checkpoint; raises if the job is to stop here."""
        ...


class Statements:
    """Sends statements; a month of a person once."""

    def __init__(
        self, ledger: Source, chart: Chart, people: People, teller: Teller, clock: Clock, zone: ZoneInfo
    ) -> None:
        self._ledger = ledger
        self._chart = chart
        self._people = people
        self._teller = teller
        self._clock = clock
        self._zone = zone

    async def send(self, person_id: str, period: str) -> StatementOutcome:
        """Send a person's statement of a month of the Jalali calendar, as `1405-08`.

        Raises:
            BadInput: The period is not `YYYY-MM`.
        """
        first, last = days_of(period)
        if last >= self._clock.now().astimezone(self._zone).date():
            return StatementOutcome.NOT_OVER
        person = await self._people.by_id(person_id)
        if person is None or not person.letters_to:
            return StatementOutcome.NO_EMAIL
        sheet = await self._sheet(person_id, first, last)
        if sheet is None:
            return StatementOutcome.NO_WALLET
        notice = Notice(
            f"stm_{period}", NoticeClass.STATEMENT, person.msisdn, person_id, person.language,
            {"first": first, "last": last}, email=person.letters_to,
        )  # fmt: skip
        told = await self._teller.tell_statement(notice, sheet)
        return StatementOutcome.SENT if told else StatementOutcome.SENT_BEFORE

    async def send_job(self, job: Progress, params: Mapping[str, str]) -> str:
        """The job STATEMENTS_JOB: the month's statement to everybody who has an address.

        Raises:
            BadInput: The period is not `YYYY-MM`, or not over.
        """
        period = params.get("period", "")
        if days_of(period)[1] >= self._clock.now().astimezone(self._zone).date():
            raise BadInput("the month is not over")
        total, after = await self._people.count_active(), job.cursor
        done = sent = 0
        while page := await self._people.active_ids(after=after, limit=PAGE):
            for person_id in page:
                sent += await self.send(person_id, period) is StatementOutcome.SENT
            done, after = done + len(page), page[-1]
            await job.progress(done, max(total, done), after)
        return f"{sent} statements for {period}"

    async def _sheet(self, person_id: str, first: date, last: date) -> Sheet | None:
        found = await statement(self._ledger, self._chart.id("wallet", person_id), first, last, self._zone)
        if found is None:
            return None
        opening, kept = found.opening, deque[Movement]()
        async for movement in lines(self._ledger, found):
            if movement.transfer.kind.moves:
                kept.append(movement)
            if len(kept) > LINES_MAX:
                opening = kept.popleft().balances
        return Sheet(first, _owned(opening), [self._line(movement) for movement in kept])

    def _line(self, movement: Movement) -> SheetLine:
        transfer = movement.transfer
        day = movement.booked_at.astimezone(self._zone).date()
        return SheetLine(day, transfer.code.name.lower(), transfer.amount, movement.is_debit, _owned(movement.balances))


def days_of(period: str) -> tuple[date, date]:
    """First and last day of a month of the Jalali calendar.

    Raises:
        BadInput: Not `YYYY-MM`.
    """
    found = _PERIOD.fullmatch(period)
    if found is None:
        raise BadInput("a month is written as 1405-08")
    year, month = int(found[1]), int(found[2])
    first: date = JalaliDate(year, month, 1).to_gregorian()  # type: ignore[no-untyped-call]
    after = JalaliDate(year + month // 12, month % 12 + 1, 1).to_gregorian()  # type: ignore[no-untyped-call]
    return first, after - timedelta(days=1)


def _owned(balances: Balances) -> Money:
    return Money(balances.net_credit, IRR)
