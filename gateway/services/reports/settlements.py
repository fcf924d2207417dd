"""Settlement by merchant and by provider: what was owed, what came in by which way, what went out."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from gateway.services.reports.model import AccountSpan, ColumnKind, Report, ReportColumn, ReportName, ReportRow
from gateway.services.reports.ports import Names, Parts
from wallet.accounts import Account
from wallet.ids import AccountId
from wallet.ledger import Moved
from wallet.money import ASSETS, Money
from wallet.transfers import TransferCode, TransferKind

_PAGE = 500
_PAID = frozenset({TransferCode.MERCHANT_PAYOUT, TransferCode.PAYOUT})
_BACK = frozenset({TransferCode.PAYOUT_RETURNED, TransferCode.CORRECTION})
_ADDS = frozenset({"gross", "fees_back", "returns", "approved", "other"})
"""Columns that add to what is owed; the others take away."""


def merchant_column(moved: Moved) -> str:
    """Where a figure of a merchant's payable belongs; the same words as its statement has."""
    reverses, is_debit = moved.kind is TransferKind.REVERSE, bool(moved.debits)
    if reverses:
        return "other" if is_debit else "returns"
    match moved.code:
        case TransferCode.TAP_SETTLED if not is_debit:
            return "gross"
        case TransferCode.MERCHANT_FEE if is_debit:
            return "fees"
        case TransferCode.MERCHANT_FEE_RETURNED if not is_debit:
            return "fees_back"
        case TransferCode.TAP_REFUND if is_debit:
            return "refunds"
    return _common(moved)


def provider_column(moved: Moved) -> str:
    """Where a figure of a provider's payable belongs."""
    if moved.kind is not TransferKind.REVERSE and moved.code is TransferCode.PROVIDER_FEE and not moved.debits:
        return "approved"
    return _common(moved)


def _common(moved: Moved) -> str:
    is_debit = bool(moved.debits)
    if is_debit and moved.code in _PAID and moved.kind is not TransferKind.REVERSE:
        return "payouts"
    if not is_debit and (moved.code in _BACK or moved.kind is TransferKind.REVERSE):
        return "returns"
    return "other"


@dataclass(frozen=True, slots=True)
class _Kind:
    """What the two reports do not share."""

    name: ReportName
    role: str
    owner: str
    columns: tuple[str, ...]
    column_of: Callable[[Moved], str]
    names: Names

    @property
    def heads(self) -> tuple[ReportColumn, ...]:
        """Who, opening, what moved, closing."""
        money = ("opening", *self.columns, "closing")
        named = (ReportColumn(self.owner, ColumnKind.CODE), ReportColumn("name", ColumnKind.TEXT))
        return (
            *named,
            ReportColumn("asset", ColumnKind.CODE),
            *(ReportColumn(name, ColumnKind.MONEY) for name in money),
        )


async def merchants(parts: Parts, first: date, last: date) -> Report:
    """A row a merchant that was owed or was to get anything."""
    columns = ("gross", "fees", "fees_back", "refunds", "payouts", "returns", "other")
    kind = _Kind(ReportName.MERCHANTS, "merchant_payable", "merchant", columns, merchant_column, parts.merchants)
    return await _settled(parts, kind, first, last)


async def providers(parts: Parts, first: date, last: date) -> Report:
    """A row a provider that was owed or was to get anything."""
    columns = ("approved", "payouts", "returns", "other")
    kind = _Kind(ReportName.PROVIDERS, "provider_payable", "provider", columns, provider_column, parts.providers)
    return await _settled(parts, kind, first, last)


async def _settled(parts: Parts, kind: _Kind, first: date, last: date) -> Report:
    after, through = await parts.before(first), await parts.end_of(last)
    figures: defaultdict[AccountId, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for moved in await parts.stretches.moved(kind.role, after=after, through=through):
        column = kind.column_of(moved)
        net = moved.credits - moved.debits
        figures[moved.account][column] += net if column in _ADDS else -net
    totals = await _totals(parts, kind, after, through)
    pages = _pages(parts, kind, figures, after, through)
    return Report(kind.name, kind.heads, pages, totals, through, first, last)


async def _pages(
    parts: Parts, kind: _Kind, figures: Mapping[AccountId, Mapping[str, int]], after: int, through: int
) -> AsyncIterator[Sequence[ReportRow]]:
    page: list[tuple[Account, int]] = []
    async for account, balances in parts.of_role(kind.role, through):
        page.append((account, balances.net_credit))
        if len(page) == _PAGE:
            yield await _rows(kind, page, figures, after, through)
            page = []
    if rows := await _rows(kind, page, figures, after, through):
        yield rows


async def _rows(
    kind: _Kind,
    page: Sequence[tuple[Account, int]],
    figures: Mapping[AccountId, Mapping[str, int]],
    after: int,
    through: int,
) -> list[ReportRow]:
    names = await kind.names.names({account.owner for account, _ in page})
    rows = []
    for account, closing in page:
        mine = figures.get(account.id, {})
        opening = closing - sum(minor if name in _ADDS else -minor for name, minor in mine.items())
        if mine or opening:
            minors = (opening, *(mine.get(name, 0) for name in kind.columns), closing)
            rows.append(_row(account, names.get(account.owner, ""), minors, after, through))
    return rows


def _row(account: Account, name: str, minors: Sequence[int], after: int, through: int) -> ReportRow:
    span = AccountSpan(account.id, after, through)
    drills = (span, None, None, AccountSpan(account.id, 0, after), *(span,) * (len(minors) - 1))
    return ReportRow(
        (account.owner, name, account.asset.code, *(Money(minor, account.asset) for minor in minors)), drills
    )


async def _totals(parts: Parts, kind: _Kind, after: int, through: int) -> list[ReportRow]:
    """By asset; opening and closing are the ledger's balances, what is between them the log's sums."""
    sums: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    assets: dict[AccountId, str] = {}
    for word, position in (("opening", after), ("closing", through)):
        async for account, balances in parts.of_role(kind.role, position):
            assets[account.id] = account.asset.code
            sums[account.asset.code][word] += balances.net_credit
    for moved in await parts.stretches.moved(kind.role, after=after, through=through):
        column = kind.column_of(moved)
        net = moved.credits - moved.debits
        sums[assets[moved.account]][column] += net if column in _ADDS else -net
    return [
        ReportRow(
            (None, None, asset, *(Money(mine[name], ASSETS[asset]) for name in ("opening", *kind.columns, "closing"))),
            (None,) * len(kind.heads),
        )
        for asset, mine in sorted(sums.items())
    ]
