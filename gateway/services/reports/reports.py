"""The reports by name."""

from datetime import date, datetime, timedelta

from gateway.errors import BadInput
from gateway.services.reports.benefits import benefits
from gateway.services.reports.cover import float_cover
from gateway.services.reports.general import general_ledger
from gateway.services.reports.model import Report, ReportName
from gateway.services.reports.ports import Parts
from gateway.services.reports.settlements import merchants, providers
from gateway.services.reports.trial import trial_balance
from wallet.statements import Cut, cut_through

DAYS_MAX = 366


class Reports:
    """Makes reports; each is as of fixed positions of the log."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def trial_balance(
        self,
        *,
        at: datetime | None = None,
        day: date | None = None,
        position: int | None = None,
        accounts: bool = False,
    ) -> Report:
        """Debits and credits now, at a moment, at a position, or by effective date at the end of a day.

        A row a role, or an account.
        """
        assert sum(one is not None for one in (at, day, position)) <= 1, "one moment, not several"
        ledger = self._parts.ledger
        if day is not None:
            return await trial_balance(self._parts, await cut_through(ledger, day, self._parts.zone), accounts=accounts)
        if at is not None:
            position = await ledger.position_at(at)
        if position is None:
            position = (await ledger.head()).position
        return await trial_balance(self._parts, Cut(position), accounts=accounts)

    async def general_ledger(self, what: str, first: date, last: date) -> Report:
        """Every movement of an account (its code or UUID) or of the accounts of a `kind:role`, with balances.

        Raises:
            BadInput: The days go backwards, or are too many.
            NotFound: There is no such account or role.
        """
        _check(first, last)
        return await general_ledger(self._parts, what, first, last)

    async def float_cover(self, first: date, last: date) -> Report:
        """What people own against what lies at the bank, at the end of each day; raises BadInput as above."""
        _check(first, last)
        return await float_cover(self._parts, first, last)

    async def merchants(self, first: date, last: date) -> Report:
        """What was settled for each merchant and paid; raises BadInput as above."""
        _check(first, last)
        return await merchants(self._parts, first, last)

    async def providers(self, first: date, last: date) -> Report:
        """What each provider was owed and paid; raises BadInput as above."""
        _check(first, last)
        return await providers(self._parts, first, last)

    async def benefits(self, first: date, last: date) -> Report:
        """What was spent for each kind of benefit in each month; raises BadInput as above."""
        _check(first, last)
        return await benefits(self._parts, first, last)

    async def named(self, name: ReportName, first: date, last: date, *, what: str = "") -> Report:
        """A report of some days; a trial balance is that at the end of `last`, by effective date.

        Raises:
            BadInput: The days go backwards, or are too many; a general ledger without `what`.
            NotFound: There is no such account or role.
        """
        _check(first, last)
        match name:
            case ReportName.TRIAL_BALANCE:
                return await self.trial_balance(day=last, accounts=what == "accounts")
            case ReportName.GENERAL_LEDGER:
                return await self.general_ledger(what, first, last)
            case ReportName.FLOAT_COVER:
                return await self.float_cover(first, last)
            case ReportName.MERCHANTS:
                return await self.merchants(first, last)
            case ReportName.PROVIDERS:
                return await self.providers(first, last)
            case ReportName.BENEFITS:
                return await self.benefits(first, last)


def _check(first: date, last: date) -> None:
    if last < first:
        raise BadInput("the last day is before the first")
    if last - first >= timedelta(days=DAYS_MAX):
        raise BadInput(f"at most {DAYS_MAX} days at once")
