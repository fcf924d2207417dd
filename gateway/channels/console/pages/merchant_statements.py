"""A merchant's statement: opening, each cycle and payout, closing; on paper, as CSV and as XLSX."""

import asyncio
import tempfile
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

from aiohttp import web
from pydantic import BeforeValidator

from gateway.channels.console.cells import Cell, Chip, Code, Column, Link, Table
from gateway.channels.console.downloads import XLSX
from gateway.channels.console.forms import Form
from gateway.channels.console.roles import SEE_CLEARING
from gateway.channels.console.routes import ENDING, ID, Route, get
from gateway.channels.console.visit import Visit
from gateway.errors import BadInput, NotFound
from gateway.services.clearing import LineKind, Statement, StatementLine, csv_of, write_xlsx
from gateway.services.merchants import Merchant
from wallet.money import irr

DAYS_USUAL = 30
DAYS_MAX = 366
YEARS = (2000, 2100)
COLUMNS = ("gross", "fees", "fees_back", "refunds", "payouts", "returns", "other", "net")


def _day(value: object) -> object:
    if not isinstance(value, str) or not value:
        return None
    day = date.fromisoformat(value)
    if not YEARS[0] <= day.year <= YEARS[1]:
        raise ValueError("a year that no statement is of")
    return day


class Period(Form):
    """The first day and the last, both included; the last thirty days if nothing is said."""

    first: Annotated[date | None, BeforeValidator(_day)] = None
    last: Annotated[date | None, BeforeValidator(_day)] = None


@dataclass(frozen=True, slots=True)
class Balanced:
    """A line, and the balance after it."""

    line: StatementLine
    balance: int


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get(f"/merchants/{ID}/statement", show, SEE_CLEARING),
        get(f"/merchants/{ID}/statement{ENDING}", download, SEE_CLEARING),
    ]


async def show(visit: Visit) -> web.StreamResponse:
    """The statement on a page."""
    merchant, statement = await _statement(visit)
    account = visit.deps.chart.id("merchant_payable", merchant.id)
    now = await visit.deps.ledger.balances(account)
    period = f"first={statement.first.isoformat()}&last={statement.last.isoformat()}"
    today = visit.deps.clock.now().astimezone(visit.words.zone).date()
    # An old period ends before what the ledger has now; only one that ends today can be held against it.
    agrees = None
    if statement.last >= today and now is not None:
        agrees = now.net_credit == statement.closing.minor
    return visit.page(
        "merchant_statement.jinja",
        merchant=merchant,
        statement=statement,
        days=f"{visit.words.day(statement.first)} – {visit.words.day(statement.last)}",
        facts=[
            ("merchant", merchant.name),
            ("number", Code(merchant.number)),
            ("paid_to", Code(merchant.masked) if merchant.masked else visit.words.t("merchants.own_account")),
            ("opening", statement.opening),
            ("closing", statement.closing),
            ("ledger_balance", irr(now.net_credit) if agrees is not None and now else None),
        ],
        agrees=agrees,
        table=_table(visit, statement),
        csv=f"/console/merchants/{merchant.id}/statement.csv?{period}",
        xlsx=f"/console/merchants/{merchant.id}/statement.xlsx?{period}",
    )


async def download(visit: Visit) -> web.StreamResponse:
    """The same as a file, amounts in minor units."""
    merchant, statement = await _statement(visit)
    ending = visit.named("ending")
    name = f"statement-{merchant.number}-{statement.first.isoformat()}-{statement.last.isoformat()}.{ending}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if ending == "csv":
        return web.Response(text=csv_of(statement), content_type="text/csv", charset="utf-8", headers=headers)
    body = await asyncio.to_thread(_workbook, statement)
    return web.Response(body=body, content_type=XLSX, headers=headers)


def _workbook(statement: Statement) -> bytes:
    with tempfile.TemporaryDirectory(prefix="tapdial") as folder:
        path = Path(folder) / "statement.xlsx"
        write_xlsx(statement, path)
        return path.read_bytes()


def _table(visit: Visit, statement: Statement) -> Table[Balanced]:
    rows: list[Balanced] = []
    balance = statement.opening.minor
    for line in statement.lines:
        balance += line.net
        rows.append(Balanced(line, balance))
    sums: list[Cell] = [None, None, *(statement.total(name) for name in COLUMNS), statement.closing]
    return Table(
        name="merchant_statement",
        columns=[
            Column("day", lambda row: row.line.on),
            Column("what", lambda row: _what(visit, row.line)),
            Column("gross", lambda row: _sum(row.line.gross), end=True),
            Column("fees", lambda row: _sum(row.line.fees), end=True),
            Column("fees_back", lambda row: _sum(row.line.fees_back), end=True),
            Column("refunds", lambda row: _sum(row.line.refunds), end=True),
            Column("payouts", lambda row: _sum(row.line.payouts), end=True),
            Column("statement_returns", lambda row: _sum(row.line.returns), end=True),
            Column("other", lambda row: _sum(row.line.other), end=True),
            Column("net", lambda row: irr(row.line.net), end=True),
            Column("balance", lambda row: irr(row.balance), end=True),
        ],
        rows=rows,
        empty="empty.merchant_statement",
        totals=[sums] if rows else [],
    )


def _sum(minor: int) -> Cell:
    return irr(minor) if minor else None


def _what(visit: Visit, line: StatementLine) -> Cell:
    name = visit.words.t(f"statement_line.{line.kind.value}")
    match line.kind:
        case LineKind.CYCLE:
            return Link(f"{name} {visit.words.number(line.number)}", f"/merchants/cycles/{line.about}")
        case LineKind.PAYOUT | LineKind.RETURN | LineKind.OTHER if "_" in line.about:
            return Link(name, f"/cause/{line.about}")
        case _:
            return Chip(f"statement_line.{line.kind.value}")


async def _statement(visit: Visit) -> tuple[Merchant, Statement]:
    merchant = await visit.deps.merchants.merchant(visit.named("id"))
    if merchant is None:
        raise NotFound("merchant")
    query = visit.query(Period)
    last = query.last or visit.deps.clock.now().astimezone(visit.words.zone).date()
    first = query.first or last - timedelta(days=DAYS_USUAL - 1)
    if not timedelta(0) <= last - first <= timedelta(days=DAYS_MAX):
        raise BadInput(f"a statement has 1 to {DAYS_MAX} days")
    return merchant, await visit.deps.clearing.statement(merchant.id, first, last)
