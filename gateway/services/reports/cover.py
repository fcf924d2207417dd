"""What the house owes people as money against what lies at the bank for it, at the end of each day.

All debits are credits of somebody: so what the many accounts of people come to follows from the few others, and a day
costs some probes of an index, however many people there are.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta

from gateway.services.owed import OWED, TRUST
from gateway.services.reports.model import AccountSpan, ColumnKind, Report, ReportColumn, ReportName, ReportRow
from gateway.services.reports.ports import Parts
from wallet.accounts import AccountKind, Constraint
from wallet.money import ASSETS, Money

WHOLE = 10_000
"""A share of one, in hundredths of a percent."""
_COLUMNS = (
    ReportColumn("day", ColumnKind.DAY),
    ReportColumn("asset", ColumnKind.CODE),
    ReportColumn("float", ColumnKind.MONEY),
    ReportColumn("trust", ColumnKind.MONEY),
    ReportColumn("difference", ColumnKind.MONEY),
    ReportColumn("cover_share", ColumnKind.SHARE),
)
_OTHERS = ("asset:", "equity:", "expense:", "income:", "off_balance:")
_LIABILITY = "liability:"

Standing = dict[str, tuple[int, int]]
"""Float and trust in minor units, by asset."""


async def float_cover(parts: Parts, first: date, last: date) -> Report:
    """A row a day and asset; the total is that of the last day."""
    through = await parts.end_of(last)
    totals = [_row(parts, last, through, asset, *pair) for asset, pair in (await standing(parts, through)).items()]
    return Report(ReportName.FLOAT_COVER, _COLUMNS, _days(parts, first, last), totals, through, first, last)


async def standing(parts: Parts, position: int) -> Standing:
    """Float and trust as of a position."""
    nets: dict[str, list[int]] = {}
    for prefix in (*_OTHERS, *_other_liabilities(parts)):
        async for account, balances in parts.accounts(prefix, position):
            sums, net = nets.setdefault(account.asset.code, [0, 0]), -balances.net_credit
            # Debits over credits of all others are credits over debits of the float.
            sums[0] += net
            if account.role == TRUST:
                sums[1] += net
    for role in OWED:
        if parts.chart.roles[role].constraint is Constraint.NONE:
            async for account, balances in parts.of_role(role, position):
                # Where an account may stand on its other side, what somebody owes us there covers nobody.
                nets.setdefault(account.asset.code, [0, 0])[0] += max(0, -balances.net_credit)
    return {asset: (sums[0], sums[1]) for asset, sums in sorted(nets.items())}


def _other_liabilities(parts: Parts) -> list[str]:
    return [
        f"{_LIABILITY}{role.name}:"
        for role in parts.chart.roles.values()
        if role.kind is AccountKind.LIABILITY and role.name not in OWED
    ]


async def _days(parts: Parts, first: date, last: date) -> AsyncIterator[Sequence[ReportRow]]:
    day = first
    while day <= last:
        position = await parts.end_of(day)
        yield [_row(parts, day, position, asset, *pair) for asset, pair in (await standing(parts, position)).items()]
        day += timedelta(days=1)


def _row(parts: Parts, day: date, position: int, asset: str, owed: int, trust: int) -> ReportRow:
    found = ASSETS[asset]
    share = trust * WHOLE // owed if owed > 0 else None
    cells = (day, asset, Money(owed, found), Money(trust, found), Money(trust - owed, found), share)
    bank = AccountSpan(parts.chart.id(TRUST, asset=found), 0, position)
    return ReportRow(cells, (None, None, None, bank, None, None))
