"""The log of the ledger, and one transfer of it with what it takes back and what takes it back."""

from collections.abc import AsyncIterator, Sequence
from urllib.parse import urlencode
from uuid import UUID

from aiohttp import web

from gateway.channels.console.asof import AsOfForm, as_of, positions
from gateway.channels.console.book import AccountNames, newest
from gateway.channels.console.cells import Cell, Code, Column, Link
from gateway.channels.console.downloads import download
from gateway.channels.console.forms import Position
from gateway.channels.console.movements import account_link, cause_link, code_chip, journal_table, kind_chip
from gateway.channels.console.roles import SEE_LEDGER
from gateway.channels.console.routes import ENDING, Route, get
from gateway.channels.console.spans import Days, chosen
from gateway.channels.console.visit import Visit
from gateway.errors import NotFound
from wallet.accounts import Account
from wallet.ids import AccountId, TransferId
from wallet.transfers import LogRow

PAGE_ROWS = 50
EXPORT_ROWS = 1000
TRANSFER_PATH = "{transfer:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}}"


class Before(AsOfForm):
    """Before which log position the page begins."""

    before: Position | None = None


class After(Days):
    """Of which days, and after and up to which log positions, the file is."""

    after: Position | None = None
    through: Position | None = None


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get("/ledger/journal", journal, SEE_LEDGER),
        get("/ledger/journal" + ENDING, journal_file, SEE_LEDGER),
        get(f"/ledger/transfers/{TRANSFER_PATH}", transfer, SEE_LEDGER),
    ]


async def journal(visit: Visit) -> web.StreamResponse:
    """The log, newest first, from the end or from the point that was asked for."""
    query = visit.query(Before)
    point = await as_of(visit, query)
    end = (await visit.deps.ledger.head()).position if point.position is None else point.position
    before = end + 1 if query.before is None else min(query.before, end + 1)
    rows = await newest(visit.deps.ledger, before=before, limit=PAGE_ROWS)
    names = await AccountNames(visit.deps.ledger).of(rows)
    more = point.to("/ledger/journal", before=rows[-1].position) if rows and rows[-1].position > 1 else None
    asked = f"first={point.day}&last={point.day}" if point.day else ""
    if point.position is not None and not point.day:
        asked = f"through={point.position}"
    table = journal_table("journal", rows, names, more=more, exports="/ledger/journal", asked=asked, drill=True)
    return visit.page("journal.jinja", table=table, later=query.before is not None or bool(point.query), point=point)


async def journal_file(visit: Visit) -> web.StreamResponse:
    """The log in its order, one transfer a row, of some days or from a position on.

    A workbook ends at its limit of rows.
    """
    query = visit.query(After)
    after, through = query.after or 0, query.through
    if query.first or query.last:
        span, zone = chosen(visit, query.first, query.last), visit.words.zone
        before_first, end = await positions(visit.deps.ledger, span, zone)
        after, through = max(after, before_first), end if through is None else min(end, through)
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
            position = rows[-1].position
            rows = [row for row in rows if through is None or row.position <= through]
            names = await cache.of(rows)
            yield [(row, _code(names, row.transfer.debit), _code(names, row.transfer.credit)) for row in rows]
            if through is not None and position >= through:
                break

    return await download(visit, "journal", columns, pages())


async def transfer(visit: Visit) -> web.StreamResponse:
    """One transfer: both accounts as they stood right after it, its cause, and what cites it."""
    row = await visit.deps.ledger.transfer(TransferId(UUID(visit.named("transfer"))))
    if row is None:
        raise NotFound("transfer")
    citing = await visit.deps.ledger.citing(row.transfer.id)
    names = await AccountNames(visit.deps.ledger).of([row, *citing])
    table = journal_table("citing", citing, names, drill=True, empty="empty.citing")
    return visit.page("transfer.jinja", row=row, facts=_facts(row, names), table=table)


def _facts(row: LogRow, names: dict[AccountId, Account]) -> list[tuple[str, Cell]]:
    moved = row.transfer
    return [
        ("position", Link(row.position, f"/ledger/journal?{urlencode({'position': row.position})}")),
        ("booked", row.booked_at),
        ("effective", moved.effective_on),
        ("code", code_chip(moved)),
        ("transfer_kind", kind_chip(moved)),
        ("amount", moved.amount),
        ("debit_account", account_link(moved.debit, names)),
        ("credit_account", account_link(moved.credit, names)),
        ("cause", cause_link(moved)),
        ("cites", _to(moved.cites)),
        ("hold", _to(moved.hold_id)),
        ("hold_until", moved.expires_at),
        ("transfer", Code(str(moved.id))),
    ]


def _to(which: TransferId | None) -> Cell:
    return None if which is None else Link(str(which), f"/ledger/transfers/{which}", code=True)


def _code(names: dict[AccountId, Account], which: AccountId) -> str:
    known = names.get(which)
    return known.code if known else str(which)
