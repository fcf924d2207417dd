"""One account: its balances as of any moment, its movements in any days, each with its transfer and its cause."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from aiohttp import web

from gateway.channels.console.asof import AsOf, AsOfForm, as_of, positions
from gateway.channels.console.cells import Cell, Code, Column, Link
from gateway.channels.console.downloads import download
from gateway.channels.console.forms import Position
from gateway.channels.console.movements import movement_table
from gateway.channels.console.pages.ledger import EXPORT_ROWS, PAGE_ROWS, account_balance
from gateway.channels.console.roles import SEE_LEDGER
from gateway.channels.console.routes import ENDING, Route, get
from gateway.channels.console.spans import OptionalDay, Span, chosen, usual
from gateway.channels.console.visit import Visit
from gateway.errors import NotFound
from wallet.accounts import Account, AccountKind, NormalSide
from wallet.ids import AccountId
from wallet.money import Money
from wallet.transfers import Balances, Movement

UUID_PATH = "{account:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}}"
NOTHING = Balances(0, 0, 0, 0, 0)


class Asked(AsOfForm):
    """As of when, newest first; or of which days or positions of the log, oldest first; and where the page begins."""

    before: Position | None = None
    first: OptionalDay = None
    last: OptionalDay = None
    after: Position | None = None
    through: Position | None = None
    page: Position = 0


@dataclass(frozen=True, slots=True)
class Stretch:
    """Positions above the first and up to the last; of business days where those were asked for."""

    after: int
    through: int
    span: Span | None

    @property
    def query(self) -> str:
        """As the address has it."""
        return self.span.query if self.span else f"after={self.after}&through={self.through}"


def routes() -> list[Route]:
    """The routes of this module. A person's wallet is a view of that person, which the access log keeps."""
    return [
        get(f"/ledger/accounts/{UUID_PATH}", account, SEE_LEDGER),
        get(f"/ledger/accounts/{UUID_PATH}{ENDING}", account_file, SEE_LEDGER),
    ]


async def account(visit: Visit) -> web.StreamResponse:
    """The page."""
    query = visit.query(Asked)
    found = await _looked_at(visit)
    stretch = await _stretch(visit, query)
    if stretch is not None:
        return await _within(visit, found, stretch, query.page)
    point = await as_of(visit, query)
    balances = await _balances(visit, found, point)
    end = None if point.position is None else point.position + 1
    before = query.before if end is None or query.before is None else min(query.before, end)
    rows = await visit.deps.ledger.movements(found.id, limit=PAGE_ROWS, before=end if before is None else before)
    path = f"/ledger/accounts/{found.id}"
    more = point.to(path, before=rows[-1].position) if len(rows) == PAGE_ROWS else None
    table = movement_table("movements", rows, found.asset, debit_grows=_debit(found), more=more, drill=True)
    return visit.page(
        "account.jinja",
        account=found,
        facts=_facts(visit, found, balances),
        table=table,
        point=point,
        stretch=None,
        usual=usual(visit),
        dated=point.shifted(found.id, NOTHING) != NOTHING,
    )


async def account_file(visit: Visit) -> web.StreamResponse:
    """The movements of a stretch, or all of them, oldest first."""
    found = await _looked_at(visit)
    stretch = await _stretch(visit, visit.query(Asked)) or await _stretch(visit, Asked(after=0))
    assert stretch is not None, "a stretch was asked for"
    sign = -1 if _debit(found) else 1
    columns: list[Column[Movement]] = [
        Column("position", lambda row: row.position),
        Column("booked", lambda row: row.booked_at),
        Column("effective", lambda row: row.transfer.effective_on),
        Column("code", lambda row: row.transfer.code.name.lower()),
        Column("transfer_kind", lambda row: row.transfer.kind.value),
        Column("debit", lambda row: row.transfer.amount if row.is_debit else None),
        Column("credit", lambda row: None if row.is_debit else row.transfer.amount),
        Column("balance", lambda row: Money(sign * row.balances.net_credit, found.asset)),
        Column("cause", lambda row: row.transfer.cause),
        Column("transfer", lambda row: str(row.transfer.id)),
    ]

    async def pages() -> AsyncIterator[Sequence[Movement]]:
        after = stretch.after
        while rows := await visit.deps.ledger.movements_between(
            found.id, after=after, through=stretch.through, limit=EXPORT_ROWS
        ):
            yield rows
            after = rows[-1].position

    return await download(visit, "movements", columns, pages())


async def _looked_at(visit: Visit) -> Account:
    found = await visit.deps.ledger.account(AccountId(UUID(visit.named("account"))))
    if found is None:
        raise NotFound("account")
    if found.owner.startswith("per_"):
        await visit.deps.access.viewed(visit.staff.id, found.owner, "movements", "ledger")
    return found


async def _stretch(visit: Visit, query: Asked) -> Stretch | None:
    """What was asked for, if it was not a point."""
    if query.first or query.last:
        span = chosen(visit, query.first, query.last)
        return Stretch(*await positions(visit.deps.ledger, span, visit.words.zone), span)
    if query.after is None and query.through is None:
        return None
    end = (await visit.deps.ledger.head()).position
    through = end if query.through is None else min(query.through, end)
    return Stretch(min(query.after or 0, through), through, None)


async def _within(visit: Visit, found: Account, stretch: Stretch, page: int) -> web.StreamResponse:
    """Movements of a stretch with the balance before and after it."""
    book = visit.deps.ledger
    opening = await book.balances_at(found.id, position=stretch.after) or NOTHING
    closing = await book.balances_at(found.id, position=stretch.through) or NOTHING
    rows = await book.movements_between(
        found.id, after=max(stretch.after, page), through=stretch.through, limit=PAGE_ROWS
    )
    path = f"/ledger/accounts/{found.id}"
    more = f"{path}?{stretch.query}&page={rows[-1].position}" if len(rows) == PAGE_ROWS else None
    table = movement_table(
        "movements", rows, found.asset,
        debit_grows=_debit(found), more=more, exports=path, asked=stretch.query, drill=True,
    )  # fmt: skip
    facts: list[tuple[str, Cell]] = [
        ("account_kind", visit.words.t(f"account_kind.{AccountKind(found.kind).value}")),
        ("owner", _owner(found)),
        ("opens_with", account_balance(found, opening)),
        ("debits", Money(closing.debits_posted - opening.debits_posted, found.asset)),
        ("credits", Money(closing.credits_posted - opening.credits_posted, found.asset)),
        ("closes_with", account_balance(found, closing)),
    ]
    return visit.page(
        "account.jinja",
        account=found,
        facts=facts,
        table=table,
        point=AsOf(),
        stretch=stretch,
        usual=usual(visit),
        dated=False,
    )


async def _balances(visit: Visit, found: Account, point: AsOf) -> Balances:
    book = visit.deps.ledger
    if point.position is None:
        return await book.balances(found.id) or NOTHING
    return point.shifted(found.id, await book.balances_at(found.id, position=point.position) or NOTHING)


def _facts(visit: Visit, found: Account, balances: Balances) -> list[tuple[str, Cell]]:
    return [
        ("account_kind", visit.words.t(f"account_kind.{AccountKind(found.kind).value}")),
        ("owner", _owner(found)),
        ("balance", account_balance(found, balances)),
        ("debits", Money(balances.debits_posted, found.asset)),
        ("credits", Money(balances.credits_posted, found.asset)),
        ("debits_held", Money(balances.debits_held, found.asset)),
        ("credits_held", Money(balances.credits_held, found.asset)),
    ]


def _owner(found: Account) -> Cell:
    if found.owner.startswith("per_"):
        return Link(found.owner, f"/people/{found.owner}", code=True)
    return Code(found.owner) if found.owner else None


def _debit(found: Account) -> bool:
    return found.normal is NormalSide.DEBIT
