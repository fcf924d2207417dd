"""A month of a provider's fees by e-mail, to each that has an address."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import select

from gateway.errors import BadInput
from gateway.services.notices import FeeLine, FeeSheet, Notice, NoticeClass
from gateway.services.providers.book import fee_of
from gateway.services.providers.model import FeeState, Provider, ProviderState
from gateway.services.providers.providers import Providers
from gateway.services.providers.tables import fees
from gateway.services.statements import days_of
from gateway.store import Store
from wallet.clock import Clock

STATEMENTS_JOB = "provider_statements"
"""Kind of the job that `send_job` does; params: {"period": "1405-08"}."""
LINES_MAX = 500
"""Fees in one letter, the newest; the console's export has all."""
PAGE = 100


class Progress(Protocol):
    """A job that is under way."""

    @property
    def cursor(self) -> str:
        """Where an earlier run of this job stopped; '' at the beginning."""
        ...

    async def progress(self, done: int, total: int, cursor: str = "") -> None:
        """A checkpoint; raises if the job is to stop here."""
        ...


class Letters(Protocol):
    """Satisfied by services.notices.Notices."""

    async def tell_statement(self, notice: Notice, sheet: FeeSheet) -> bool:
        """Put a statement into the outbox; False if that cause has told it already."""
        ...


class ProviderStatements:
    """Writes to providers; a month of one once."""

    def __init__(self, providers: Providers, store: Store, letters: Letters, clock: Clock, zone: ZoneInfo) -> None:
        self._providers = providers
        self._store = store
        self._letters = letters
        self._clock = clock
        self._zone = zone

    async def send_job(self, job: Progress, params: Mapping[str, str]) -> str:
        """The job STATEMENTS_JOB: last month's fees to every provider that has an address and has billed.

        Raises:
            BadInput: The period is not `YYYY-MM`, or not over.
        """
        period = params.get("period", "")
        first, last = days_of(period)
        if last >= self._clock.now().astimezone(self._zone).date():
            raise BadInput("the month is not over")
        after, done, sent = job.cursor, 0, 0
        while page := await self._providers.providers(limit=PAGE, after=after):
            for provider in page:
                sent += await self._send(provider, period, first, last)
            done, after = done + len(page), page[-1].id
            await job.progress(done, done, after)
        return f"{sent} statements for {period}"

    async def _send(self, provider: Provider, period: str, first: date, last: date) -> bool:
        if not provider.email or provider.state not in {ProviderState.ACTIVE, ProviderState.SUSPENDED}:
            return False
        sheet = await self._sheet(provider, first, last)
        if not sheet.lines:
            return False
        notice = Notice(
            f"prs_{period}", NoticeClass.PROVIDER_STATEMENT, provider.msisdn, provider.id, provider.language,
            {"first": first, "last": last, "amount": await self._providers.owed(provider.id)}, email=provider.email,
        )  # fmt: skip
        return await self._letters.tell_statement(notice, sheet)

    async def _sheet(self, provider: Provider, first: date, last: date) -> FeeSheet:
        begins, ends = self._midnight(first), self._midnight(last + timedelta(days=1))
        standing = fees.c.state.in_([FeeState.OWED, FeeState.PAID, FeeState.RETURNED])
        month = (fees.c.submitted_at >= begins) & (fees.c.submitted_at < ends)
        query = select(fees).where(fees.c.provider_id == provider.id, standing, month)
        rows = await self._store.read(query.order_by(fees.c.id.desc()).limit(LINES_MAX))
        found = [fee_of(row) for row in reversed(rows)]
        numbers = await self._providers.numbers_of(found)
        return FeeSheet(
            [
                FeeLine(
                    self._day(fee.submitted_at), numbers[fee.visit_id], fee.owed, fee.share,
                    self._day(fee.paid_at) if fee.paid_at else None,
                )
                for fee in found
            ]
        )  # fmt: skip

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self._zone).date()

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self._zone).astimezone(UTC)
