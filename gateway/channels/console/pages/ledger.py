"""The trial balance and the accounts as of any moment; each figure leads on, in the end to its cause."""

from collections.abc import AsyncIterator, Sequence
from urllib.parse import urlencode

from aiohttp import web
from pydantic import Field

from gateway.channels.console.asof import AsOf, AsOfForm, as_of, role_sums
from gateway.channels.console.book import GroupSum, sums
from gateway.channels.console.cells import Cell, Column, Link, Table
from gateway.channels.console.downloads import download
from gateway.channels.console.roles import SEE_LEDGER
from gateway.channels.console.routes import ENDING, Route, get
from gateway.channels.console.visit import Visit
from gateway.errors import BadInput
from wallet.accounts import Account, NormalSide
from wallet.money import ASSETS, Money
from wallet.transfers import Balances

PAGE_ROWS = 50
EXPORT_ROWS = 1000


class Under(AsOfForm):
    """Which accounts: kind and role, as `liability:wallet`, and after which code the page begins."""

    under: str = Field("", pattern=r"^([a-z_]{1,40}:[a-z_]{1,40})?$")
    after: str = Field("", pattern=r"^[A-Za-z0-9_:.-]{0,200}$")


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get("/ledger", trial_balance, SEE_LEDGER),
        get("/ledger/trial-balance" + ENDING, trial_balance_file, SEE_LEDGER),
        get("/ledger/accounts", accounts, SEE_LEDGER),
    ]


async def trial_balance(visit: Visit) -> web.StreamResponse:
    """Posted sums by role of the chart; debits equal credits for each asset, and the page says whether they do."""
    point = await as_of(visit, visit.query(AsOfForm))
    groups = sums(await role_sums(visit.deps.ledger, point), visit.deps.chart)
    totals: dict[str, tuple[int, int]] = {}
    for group in groups:
        debited, credited = totals.get(group.asset, (0, 0))
        totals[group.asset] = (debited + group.debited, credited + group.credited)

    def figure(group: GroupSum, minor: int) -> Link:
        return Link(_money(minor, group.asset), point.to("/ledger/accounts", under=group.name))

    table = Table(
        name="trial_balance",
        columns=[
            Column("account", lambda row: Link(row.name, point.to("/ledger/accounts", under=row.name), code=True)),
            Column("accounts", lambda row: row.accounts, end=True),
            Column("debits", lambda row: figure(row, row.debited), end=True),
            Column("credits", lambda row: figure(row, row.credited), end=True),
            Column("balance", lambda row: figure(row, row.balance), end=True),
        ],
        rows=groups,
        empty="empty.trial_balance_then" if point.query else "empty.trial_balance",
        exports="/ledger/trial-balance",
        asked=urlencode(point.query),
        totals=[_total(visit, asset, *pair) for asset, pair in sorted(totals.items())],
    )
    zero = all(debited == credited for debited, credited in totals.values())
    return visit.page("trial_balance.jinja", table=table, zero=zero, point=point, now=visit.deps.clock.now())


async def trial_balance_file(visit: Visit) -> web.StreamResponse:
    """Every account's posted sums, one account a row, all as of one point of the book."""
    point = await as_of(visit, visit.query(AsOfForm))
    columns: list[Column[tuple[Account, Balances]]] = [
        Column("account", lambda row: row[0].code),
        Column("asset", lambda row: row[0].asset.code),
        Column("debits", lambda row: Money(row[1].debits_posted, row[0].asset)),
        Column("credits", lambda row: Money(row[1].credits_posted, row[0].asset)),
        Column("difference", lambda row: Money(-row[1].net_credit, row[0].asset)),
    ]

    async def pages() -> AsyncIterator[Sequence[tuple[Account, Balances]]]:
        book, after = visit.deps.ledger, ""
        position = (await book.head()).position if point.position is None else point.position
        while rows := await book.accounts(after_code=after, limit=EXPORT_ROWS, position=position):
            yield _standing(point, rows)
            after = rows[-1][0].code

    return await download(visit, "trial_balance", columns, pages())


async def accounts(visit: Visit) -> web.StreamResponse:
    """Accounts with their balances in order of their codes."""
    query = visit.query(Under)
    point = await as_of(visit, query)
    prefix = f"{query.under}:" if query.under else ""
    if query.after and not query.after.startswith(prefix):
        raise BadInput("query: after")
    found = await visit.deps.ledger.accounts(after_code=query.after or prefix, limit=PAGE_ROWS, position=point.position)
    among = [row for row in found if row[0].code.startswith(prefix)]
    more = len(among) == PAGE_ROWS

    def figure(row: tuple[Account, Balances], minor: int) -> Link:
        return Link(Money(minor, row[0].asset), point.to(f"/ledger/accounts/{row[0].id}"))

    table: Table[tuple[Account, Balances]] = Table(
        name="accounts",
        columns=[
            Column("account", lambda row: Link(row[0].code, point.to(f"/ledger/accounts/{row[0].id}"), code=True)),
            Column("debits", lambda row: figure(row, row[1].debits_posted), end=True),
            Column("credits", lambda row: figure(row, row[1].credits_posted), end=True),
            Column("balance", lambda row: figure(row, account_balance(*row).minor), end=True),
        ],
        rows=_standing(point, among),
        empty="empty.accounts",
        more=point.to("/ledger/accounts", under=query.under, after=among[-1][0].code) if more else None,
    )
    return visit.page("accounts.jinja", table=table, under=query.under, point=point)


def account_balance(found: Account, balances: Balances) -> Money:
    """The balance on the account's own side."""
    sign = -1 if found.normal is NormalSide.DEBIT else 1
    return Money(sign * balances.net_credit, found.asset)


def _standing(point: AsOf, rows: Sequence[tuple[Account, Balances]]) -> list[tuple[Account, Balances]]:
    """The rows as of the point; accounts that had none by then are left out."""
    if point.position is None:
        return list(rows)
    return [
        (account, point.shifted(account.id, balances))
        for account, balances in rows
        if point.moved(account.id, balances)
    ]


def _total(visit: Visit, asset: str, debited: int, credited: int) -> list[Cell]:
    label = visit.words.t("ledger.total", asset=asset)
    return [label, None, _money(debited, asset), _money(credited, asset), _money(debited - credited, asset)]


def _money(minor: int, asset: str) -> Money:
    return Money(minor, ASSETS[asset])
