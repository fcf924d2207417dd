"""What was spent for each kind of benefit, month by month of the Jalali calendar, as the house counts months."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import date, timedelta

from persiantools.jdatetime import JalaliDate

from gateway.services.reports.model import AccountSpan, Cell, ColumnKind, Report, ReportColumn, ReportName, ReportRow
from gateway.services.reports.ports import Parts
from wallet.accounts import Account
from wallet.ids import AccountId
from wallet.money import ASSETS, Money

ROLE = "benefit_expense"
_COLUMNS = (
    ReportColumn("month", ColumnKind.MONTH),
    ReportColumn("benefit_kind", ColumnKind.WORD),
    ReportColumn("asset", ColumnKind.CODE),
    ReportColumn("transfers", ColumnKind.COUNT),
    ReportColumn("paid_amount", ColumnKind.MONEY),
    ReportColumn("returned", ColumnKind.MONEY),
    ReportColumn("net", ColumnKind.MONEY),
)


async def benefits(parts: Parts, first: date, last: date) -> Report:
    """A row a month and kind; months at the edges have only the days that were asked for."""
    through = await parts.end_of(last)
    totals = await _totals(parts, await parts.before(first), through)
    return Report(ReportName.BENEFITS, _COLUMNS, _pages(parts, first, last), totals, through, first, last)


def months(first: date, last: date) -> Iterator[tuple[str, date, date]]:
    """Months of the Jalali calendar as `1405-08` with their days among those from `first` to `last`."""
    begins = first
    while begins <= last:
        day = JalaliDate(begins)  # type: ignore[no-untyped-call]
        year, month = day.year + day.month // 12, day.month % 12 + 1
        after: date = JalaliDate(year, month, 1).to_gregorian()  # type: ignore[no-untyped-call]
        yield f"{day.year}-{day.month:02}", begins, min(last, after - timedelta(days=1))
        begins = after


async def _pages(parts: Parts, first: date, last: date) -> AsyncIterator[Sequence[ReportRow]]:
    for month in months(first, last):
        if rows := await _month(parts, *month):
            yield rows


async def _month(parts: Parts, month: str, first: date, last: date) -> list[ReportRow]:
    after, through = await parts.before(first), await parts.end_of(last)
    sums: defaultdict[AccountId, list[int]] = defaultdict(lambda: [0, 0, 0])
    for moved in await parts.stretches.moved(ROLE, after=after, through=through):
        for place, figure in enumerate((moved.transfers, moved.debits, moved.credits)):
            sums[moved.account][place] += figure
    accounts = await parts.ledger.accounts_among(sums.keys())
    ordered = sorted(accounts, key=lambda account: account.code)
    return [_row(month, account, sums[account.id], after, through) for account in ordered]


def _row(month: str, account: Account, sums: Sequence[int], after: int, through: int) -> ReportRow:
    count, paid, returned = sums
    money = (Money(minor, account.asset) for minor in (paid, returned, paid - returned))
    span = AccountSpan(account.id, after, through)
    cells: tuple[Cell, ...] = (month, f"benefit_kind.{account.owner}", account.asset.code, count, *money)
    return ReportRow(cells, (None, None, None, span, span, span, span))


async def _totals(parts: Parts, after: int, through: int) -> list[ReportRow]:
    """From the accounts' balances alone; how many transfers there were only the log knows."""
    sums: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for sign, position in ((-1, after), (1, through)):
        async for account, balances in parts.of_role(ROLE, position):
            found = sums[account.asset.code]
            found[0] += sign * balances.debits_posted
            found[1] += sign * balances.credits_posted
    return [
        ReportRow(
            (None, None, asset, None, *(Money(minor, ASSETS[asset]) for minor in (paid, returned, paid - returned))),
            (None,) * len(_COLUMNS),
        )
        for asset, (paid, returned) in sorted(sums.items())
    ]
