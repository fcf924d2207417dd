"""The trial balance: a row a role of the chart, or a row an account."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence

from gateway.services.reports.model import (
    AccountSpan,
    Cell,
    ColumnKind,
    Report,
    ReportColumn,
    ReportName,
    ReportRow,
    RoleSpan,
)
from gateway.services.reports.ports import Parts
from wallet.accounts import Account, AccountKind, NormalSide
from wallet.money import ASSETS, Money
from wallet.statements import Cut, role_sums
from wallet.statements import trial_balance as accounts_at
from wallet.transfers import RoleSum

_ROLES = (
    ReportColumn("account", ColumnKind.CODE),
    ReportColumn("accounts", ColumnKind.COUNT),
    ReportColumn("debits", ColumnKind.MONEY),
    ReportColumn("credits", ColumnKind.MONEY),
    ReportColumn("balance", ColumnKind.MONEY),
)
_ACCOUNTS = tuple(column for column in _ROLES if column.name != "accounts")
_PAGE = 500
_ON_DEBIT = frozenset({AccountKind.ASSET, AccountKind.EXPENSE})


async def trial_balance(parts: Parts, cut: Cut, *, accounts: bool) -> Report:
    """All accounts at a cut; debits equal credits for each asset, or the ledger says that it is corrupt."""
    sums = await role_sums(parts.ledger, cut)
    return Report(
        ReportName.TRIAL_BALANCE,
        _ACCOUNTS if accounts else _ROLES,
        _by_account(parts, cut) if accounts else _by_role(parts, sums, cut),
        _totals(sums, accounts=accounts),
        cut.position,
        last=cut.through,
        facts=(("position", cut.position),),
    )


async def _by_role(parts: Parts, sums: Sequence[RoleSum], cut: Cut) -> AsyncIterator[Sequence[ReportRow]]:
    yield [_role(parts, one, cut) for one in sums]


def _role(parts: Parts, one: RoleSum, cut: Cut) -> ReportRow:
    asset = ASSETS[one.asset]
    line = parts.chart.roles.get(one.role)
    grows_by_debit = line.normal is NormalSide.DEBIT if line else AccountKind(one.kind) in _ON_DEBIT
    net = one.debits_posted - one.credits_posted
    cells = (
        f"{one.kind}:{one.role}:{one.asset}", one.accounts, Money(one.debits_posted, asset),
        Money(one.credits_posted, asset), Money(net if grows_by_debit else -net, asset),
    )  # fmt: skip
    drill = RoleSpan(one.kind, one.role, cut.position, cut.through)
    return ReportRow(cells, (drill, None, drill, drill, drill))


async def _by_account(parts: Parts, cut: Cut) -> AsyncIterator[Sequence[ReportRow]]:
    page: list[ReportRow] = []
    async for account, debits, credits_ in accounts_at(parts.ledger, cut):
        page.append(_account(account, debits, credits_, cut))
        if len(page) == _PAGE:
            yield page
            page = []
    if page:
        yield page


def _account(account: Account, debits: int, credits_: int, cut: Cut) -> ReportRow:
    net = debits - credits_ if account.normal is NormalSide.DEBIT else credits_ - debits
    drill = AccountSpan(account.id, 0, cut.position, cut.through)
    cells: tuple[Cell, ...] = (account.code, *(Money(minor, account.asset) for minor in (debits, credits_, net)))
    return ReportRow(cells, (drill,) * len(cells))


def _totals(sums: Iterable[RoleSum], *, accounts: bool) -> list[ReportRow]:
    """Debits, credits and their difference for each asset; the difference is nothing."""
    totals: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for one in sums:
        for place, figure in enumerate((one.accounts, one.debits_posted, one.credits_posted)):
            totals[one.asset][place] += figure
    rows = []
    for code, (count, debits, credits_) in sorted(totals.items()):
        money = [Money(minor, ASSETS[code]) for minor in (debits, credits_, debits - credits_)]
        cells: tuple[Cell, ...] = (code, *money) if accounts else (code, count, *money)
        rows.append(ReportRow(cells, (None,) * len(cells)))
    return rows
