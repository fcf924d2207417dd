"""The ledger, read only: trial balance, accounts, journal; from every figure a way back to its cause."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from aiohttp import web
from pydantic import Field

from gateway.channels.console.book import AccountNames, GroupSum, newest, sums
from gateway.channels.console.cells import Cell, Code, Column, Link, Table
from gateway.channels.console.downloads import download
from gateway.channels.console.forms import Form, Position
from gateway.channels.console.movements import journal_table, movement_table
from gateway.channels.console.roles import SEE_LEDGER
from gateway.channels.console.routes import ENDING, Route, get
from gateway.channels.console.visit import Visit
from gateway.errors import BadInput, NotFound
from wallet.accounts import Account, AccountKind, NormalSide
from wallet.ids import AccountId
from wallet.money import ASSETS, Money
from wallet.transfers import Balances, LogRow

PAGE_ROWS = 50
EXPORT_ROWS = 1000
UUID_PATH = "{account:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}}"


class Before(Form):
    """Before which log position the page begins."""

    before: Position | None = None


class After(Form):
    """After which log position the file begins."""

    after: Position | None = None


class Under(Form):
    """Which accounts: kind and role, as `liability:wallet`, and after which code the page begins."""

    under: str = Field("", pattern=r"^([a-z_]{1,40}:[a-z_]{1,40})?$")
    after: str = Field("", pattern=r"^[A-Za-z0-9_:.-]{0,200}$")


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get("/ledger", trial_balance, SEE_LEDGER),
        get("/ledger/trial-balance" + ENDING, trial_balance_file, SEE_LEDGER),
        get("/ledger/journal", journal, SEE_LEDGER),
        get("/ledger/journal" + ENDING, journal_file, SEE_LEDGER),
        get("/ledger/accounts", accounts, SEE_LEDGER),
        get(f"/ledger/accounts/{UUID_PATH}", account, SEE_LEDGER),
    ]


async def trial_balance(visit: Visit) -> web.StreamResponse:
    """Posted sums by role of the chart; debits equal credits for each asset, and the page says whether they do."""
    groups = sums(await visit.deps.ledger.trial_balance(), visit.deps.chart)
    totals: dict[str, tuple[int, int]] = {}
    for group in groups:
        debited, credited = totals.get(group.asset, (0, 0))
        totals[group.asset] = (debited + group.debited, credited + group.credited)
    table = Table(
        name="trial_balance",
        columns=[
            Column("account", lambda group: Link(group.name, f"/ledger/accounts?under={group.name}", code=True)),
            Column("accounts", lambda group: group.accounts, end=True),
            Column("debits", lambda group: _money(group.debited, group.asset), end=True),
            Column("credits", lambda group: _money(group.credited, group.asset), end=True),
            Column("balance", _balance, end=True),
        ],
        rows=groups,
        empty="empty.trial_balance",
        exports="/ledger/trial-balance",
        totals=[_total(visit, asset, *pair) for asset, pair in sorted(totals.items())],
    )
    zero = all(debited == credited for debited, credited in totals.values())
    return visit.page("trial_balance.jinja", table=table, zero=zero, at=visit.deps.clock.now())


async def trial_balance_file(visit: Visit) -> web.StreamResponse:
    """Every account's posted sums, one account a row, all as of one position of the log."""
    columns: list[Column[tuple[Account, Balances]]] = [
        Column("account", lambda row: row[0].code),
        Column("asset", lambda row: row[0].asset.code),
        Column("debits", lambda row: Money(row[1].debits_posted, row[0].asset)),
        Column("credits", lambda row: Money(row[1].credits_posted, row[0].asset)),
        Column("difference", lambda row: Money(-row[1].net_credit, row[0].asset)),
    ]

    async def pages() -> AsyncIterator[Sequence[tuple[Account, Balances]]]:
        book = visit.deps.ledger
        position, after = (await book.head()).position, ""
        while rows := await book.accounts(after_code=after, limit=EXPORT_ROWS, position=position):
            yield rows
            after = rows[-1][0].code

    return await download(visit, "trial_balance", columns, pages())


async def journal(visit: Visit) -> web.StreamResponse:
    """The log, newest first."""
    before = visit.query(Before).before
    end = before if before is not None else (await visit.deps.ledger.head()).position + 1
    rows = await newest(visit.deps.ledger, before=end, limit=PAGE_ROWS)
    names = await AccountNames(visit.deps.ledger).of(rows)
    more = f"/ledger/journal?before={rows[-1].position}" if rows and rows[-1].position > 1 else None
    table = journal_table("journal", rows, names, more=more, exports="/ledger/journal")
    return visit.page("journal.jinja", table=table, later=before is not None)


async def journal_file(visit: Visit) -> web.StreamResponse:
    """The log in its order, one transfer a row, from a position on; a workbook ends at its limit of rows."""
    after = visit.query(After).after or 0
    columns: list[Column[tuple[LogRow, str, str]]] = [
        Column("position", lambda row: row[0].position),
        Column("booked", lambda row: row[0].booked_at),
        Column("effective", lambda row: row[0].transfer.effective_on),
        Column("code", lambda row: row[0].transfer.code.name.lower()),
        Column("transfer_kind", lambda row: row[0].transfer.kind.value),
        Column("debit_account", lambda row: row[1]),
        Column("credit_account", lambda row: row[2]),
        Column("amount", lambda row: row[0].transfer.amount),
        Column("asset", lambda row: row[0].transfer.amount.asset.code),
        Column("cause", lambda row: row[0].transfer.cause),
        Column("transfer", lambda row: str(row[0].transfer.id)),
    ]

    async def pages() -> AsyncIterator[Sequence[tuple[LogRow, str, str]]]:
        cache = AccountNames(visit.deps.ledger)
        position = after
        while rows := await visit.deps.ledger.follow(after=position, limit=EXPORT_ROWS):
            names = await cache.of(rows)
            yield [(row, _code(names, row.transfer.debit), _code(names, row.transfer.credit)) for row in rows]
            position = rows[-1].position

    return await download(visit, "journal", columns, pages())


async def accounts(visit: Visit) -> web.StreamResponse:
    """Accounts with their balances in order of their codes."""
    query = visit.query(Under)
    prefix = f"{query.under}:" if query.under else ""
    if query.after and not query.after.startswith(prefix):
        raise BadInput("query: after")
    found = await visit.deps.ledger.accounts(after_code=query.after or prefix, limit=PAGE_ROWS)
    rows = [row for row in found if row[0].code.startswith(prefix)]
    more = len(rows) == PAGE_ROWS
    table: Table[tuple[Account, Balances]] = Table(
        name="accounts",
        columns=[
            Column("account", lambda row: Link(row[0].code, f"/ledger/accounts/{row[0].id}", code=True)),
            Column("debits", lambda row: Money(row[1].debits_posted, row[0].asset), end=True),
            Column("credits", lambda row: Money(row[1].credits_posted, row[0].asset), end=True),
            Column("balance", lambda row: _account_balance(*row), end=True),
        ],
        rows=rows,
        empty="empty.accounts",
        more=f"/ledger/accounts?under={query.under}&after={rows[-1][0].code}" if more else None,
    )
    return visit.page("accounts.jinja", table=table, under=query.under)


async def account(visit: Visit) -> web.StreamResponse:
    """One account: its balances and movements, each with its cause. A person's wallet is a view of that person."""
    which = AccountId(UUID(visit.named("account")))
    found = await visit.deps.ledger.account(which)
    balances = await visit.deps.ledger.balances(which)
    if found is None or balances is None:
        raise NotFound("account")
    if found.owner.startswith("per_"):
        await visit.deps.access.viewed(visit.staff.id, found.owner, "movements", "ledger")
    before = visit.query(Before).before
    rows = await visit.deps.ledger.movements(which, limit=PAGE_ROWS, before=before)
    more = f"/ledger/accounts/{which}?before={rows[-1].position}" if len(rows) == PAGE_ROWS else None
    grows = found.normal is NormalSide.DEBIT
    facts: list[tuple[str, Cell]] = [
        ("account_kind", visit.words.t(f"account_kind.{AccountKind(found.kind).value}")),
        ("owner", _owner(found)),
        ("balance", _account_balance(found, balances)),
        ("debits", Money(balances.debits_posted, found.asset)),
        ("credits", Money(balances.credits_posted, found.asset)),
        ("debits_held", Money(balances.debits_held, found.asset)),
        ("credits_held", Money(balances.credits_held, found.asset)),
    ]
    table = movement_table("movements", rows, found.asset, debit_grows=grows, more=more)
    return visit.page("account.jinja", account=found, facts=facts, table=table)


def _owner(found: Account) -> Cell:
    if found.owner.startswith("per_"):
        return Link(found.owner, f"/people/{found.owner}", code=True)
    return Code(found.owner) if found.owner else None


def _account_balance(found: Account, balances: Balances) -> Money:
    """The balance on the account's own side."""
    sign = -1 if found.normal is NormalSide.DEBIT else 1
    return Money(sign * balances.net_credit, found.asset)


def _balance(group: GroupSum) -> Money:
    return _money(group.balance, group.asset)


def _total(visit: Visit, asset: str, debited: int, credited: int) -> list[Cell]:
    label = visit.words.t("ledger.total", asset=asset)
    return [label, None, _money(debited, asset), _money(credited, asset), _money(debited - credited, asset)]


def _money(minor: int, asset: str) -> Money:
    return Money(minor, ASSETS[asset])


def _code(names: dict[AccountId, Account], which: AccountId) -> str:
    known = names.get(which)
    return known.code if known else str(which)
