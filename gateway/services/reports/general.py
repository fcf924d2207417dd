"""The general ledger: every movement of an account or of all accounts of a role, between its balances."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from gateway.errors import BadInput, NotFound
from gateway.services.reports.model import AccountSpan, CauseOf, ColumnKind, Report, ReportColumn, ReportName, ReportRow
from gateway.services.reports.ports import Parts
from wallet.accounts import Account, NormalSide
from wallet.ids import AccountId
from wallet.money import ASSETS, Money
from wallet.transfers import Balances, Movement

_COLUMNS = (
    ReportColumn("account", ColumnKind.CODE),
    ReportColumn("position", ColumnKind.COUNT),
    ReportColumn("booked", ColumnKind.MOMENT),
    ReportColumn("effective", ColumnKind.DAY),
    ReportColumn("code", ColumnKind.WORD),
    ReportColumn("cause", ColumnKind.CODE),
    ReportColumn("counterparty", ColumnKind.CODE),
    ReportColumn("debit", ColumnKind.MONEY),
    ReportColumn("credit", ColumnKind.MONEY),
    ReportColumn("balance", ColumnKind.MONEY),
)
_BLANK = (None,) * len(_COLUMNS)
_PAGE = 500
_KNOWN_MAX = 50_000
WHAT_MAX = 200


@dataclass(frozen=True, slots=True)
class _Standing:
    """An account with its balances before and after the days."""

    account: Account
    opening: Balances
    closing: Balances

    @property
    def is_quiet(self) -> bool:
        """Nothing then and nothing since: of many wallets most."""
        return self.opening.version == self.closing.version and not self.opening.net_credit


@dataclass
class _Walk:
    """A walk through accounts; remembers codes of counterparties."""

    parts: Parts
    after: int
    through: int
    codes: dict[AccountId, str] = field(default_factory=dict)

    async def pages(self, standings: AsyncIterator[_Standing]) -> AsyncIterator[Sequence[ReportRow]]:
        """What moved on each account, first and last its balances."""
        async for one in standings:
            if one.is_quiet:
                continue
            yield [_edge(one.account, "opening", one.opening, self.after)]
            at = self.after
            while page := await self._movements(one.account, at):
                await self._learn(page)
                if rows := [self._row(one.account, movement) for movement in page if movement.transfer.kind.moves]:
                    yield rows
                at = page[-1].position
            yield [_edge(one.account, "closing", one.closing, self.through)]

    async def _movements(self, account: Account, after: int) -> list[Movement]:
        through = self.through
        return await self.parts.ledger.movements_between(account.id, after=after, through=through, limit=_PAGE)

    async def _learn(self, page: Sequence[Movement]) -> None:
        if len(self.codes) > _KNOWN_MAX:
            self.codes.clear()
        new = {one.counterparty for one in page} - self.codes.keys()
        if new:
            self.codes |= {one.id: one.code for one in await self.parts.ledger.accounts_among(new)}

    def _row(self, account: Account, one: Movement) -> ReportRow:
        transfer, amount = one.transfer, one.transfer.amount
        cells = (
            account.code, one.position, one.booked_at, transfer.effective_on, f"code.{transfer.code.name.lower()}",
            transfer.cause, self.codes[one.counterparty], amount if one.is_debit else None,
            None if one.is_debit else amount, _balance(account, one.balances),
        )  # fmt: skip
        cause, span = CauseOf(transfer.cause), AccountSpan(account.id, one.position - 1, one.position)
        across = AccountSpan(one.counterparty, one.position - 1, one.position)
        return ReportRow(cells, (None, span, None, None, None, cause, across, cause, cause, None))


async def general_ledger(parts: Parts, what: str, first: date, last: date) -> Report:
    """The account with a code or UUID, or all accounts of a `kind:role`; totals by asset come from balances alone."""
    if not 0 < len(what) <= WHAT_MAX:
        raise BadInput("which account, or which role")
    after, through = await parts.before(first), await parts.end_of(last)
    account = await _account(parts, what)
    if account is None and not _is_role(parts, what):
        raise NotFound("no such account or role")

    def standings() -> AsyncIterator[_Standing]:
        return _one(parts, account, after, through) if account else _of_role(parts, f"{what}:", after, through)

    totals = await _totals(standings())
    pages = _Walk(parts, after, through).pages(standings())
    return Report(ReportName.GENERAL_LEDGER, _COLUMNS, pages, totals, through, first, last, facts=(("account", what),))


async def _account(parts: Parts, what: str) -> Account | None:
    with suppress(ValueError):
        return await parts.ledger.account(AccountId(UUID(what)))
    _, _, rest = what.partition(":")
    role, _, rest = rest.partition(":")
    owner, _, asset = rest.rpartition(":")
    line = parts.chart.roles.get(role)
    if line is None or line.owned != bool(owner) or asset not in ASSETS:
        return None
    found = await parts.ledger.account(parts.chart.id(role, owner, ASSETS[asset]))
    return found if found is not None and found.code == what else None


def _is_role(parts: Parts, what: str) -> bool:
    kind, _, role = what.partition(":")
    line = parts.chart.roles.get(role)
    return line is not None and line.kind.value == kind


async def _one(parts: Parts, account: Account, after: int, through: int) -> AsyncIterator[_Standing]:
    opening = await parts.ledger.balances_at(account.id, position=after)
    closing = await parts.ledger.balances_at(account.id, position=through)
    assert opening is not None, "an account stays"
    assert closing is not None, "an account stays"
    yield _Standing(account, opening, closing)


async def _of_role(parts: Parts, prefix: str, after: int, through: int) -> AsyncIterator[_Standing]:
    at = prefix
    while True:
        openings = await parts.ledger.accounts(after_code=at, limit=_PAGE, position=after)
        # Accounts that were opened in between have balances of nothing in both, and come in one of the next pages.
        closings = {
            one.id: balances
            for one, balances in await parts.ledger.accounts(after_code=at, limit=_PAGE, position=through)
        }
        for account, opening in openings:
            if not account.code.startswith(prefix):
                return
            if account.id in closings:
                yield _Standing(account, opening, closings[account.id])
        if len(openings) < _PAGE:
            return
        at = openings[-1][0].code


async def _totals(standings: AsyncIterator[_Standing]) -> list[ReportRow]:
    """Debits and credits of the days and the balance after them, by asset."""
    sums: defaultdict[tuple[str, NormalSide], list[int]] = defaultdict(lambda: [0, 0, 0])
    async for one in standings:
        figures = (
            one.closing.debits_posted - one.opening.debits_posted,
            one.closing.credits_posted - one.opening.credits_posted,
            _balance(one.account, one.closing).minor,
        )
        found = sums[one.account.asset.code, one.account.normal]
        for place, figure in enumerate(figures):
            found[place] += figure
    return [
        ReportRow((code, *_BLANK[1:-3], *(Money(minor, ASSETS[code]) for minor in figures)), _BLANK)
        for (code, _), figures in sorted(sums.items())
    ]


def _edge(account: Account, word: str, balances: Balances, position: int) -> ReportRow:
    span = AccountSpan(account.id, 0, position)
    cells = (account.code, position, None, None, f"report.{word}", *_BLANK[5:-1], _balance(account, balances))
    return ReportRow(cells, (*_BLANK[:-1], span))


def _balance(account: Account, balances: Balances) -> Money:
    """On the account's own side."""
    minor = -balances.net_credit if account.normal is NormalSide.DEBIT else balances.net_credit
    return Money(minor, account.asset)
