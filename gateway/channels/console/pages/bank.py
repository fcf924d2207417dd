"""The bank: statements and what does not fit between them, orders and how they fare, files as they came."""

import asyncio
from typing import Any, assert_never

from aiohttp import web

from gateway.channels.console.cells import Cell, Chip, Code, Column, Link, Table
from gateway.channels.console.forms import BusinessId, Form, Position
from gateway.channels.console.roles import SEE_BANK
from gateway.channels.console.routes import ID, Route, get, upload
from gateway.channels.console.visit import Visit
from gateway.errors import NotFound
from gateway.services.banking import (
    FILE_MAX,
    FileRow,
    FileState,
    Gap,
    Imported,
    ImportOutcome,
    OrderState,
    StatementRow,
)
from wallet.money import ASSETS, Money
from wallet.reconciliation import LineKind, StatementLine

PAGE_ROWS = 30
LINES_SHOWN = 200
ORDER_TONES = {
    OrderState.WRITING: "wait",
    OrderState.WRITTEN: "wait",
    OrderState.SENDING: "wait",
    OrderState.SENT: "plain",
    OrderState.ANSWERED: "good",
    OrderState.REFUSED: "bad",
}
OUTCOME_TONES = {
    ImportOutcome.TAKEN: "good",
    ImportOutcome.ALREADY: "plain",
    ImportOutcome.PARTLY: "wait",
    ImportOutcome.WAITING: "wait",
    ImportOutcome.REFUSED: "bad",
    ImportOutcome.TOO_LARGE: "bad",
    ImportOutcome.BESIDE: "plain",
}
FILE_TONES = {FileState.KEPT: "wait", FileState.TAKEN: "good", FileState.REFUSED: "bad"}


class Paged(Form):
    """Before which row the page begins; the id of an order is its maker's choice."""

    before: str = ""


class PagedFiles(Form):
    """Before which file the page begins, and of which state."""

    before: BusinessId | None = None
    state: str = ""


class After(Form):
    """After which line the page begins."""

    after: Position = 0


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get("/bank", statements, SEE_BANK),
        get("/bank/orders", orders, SEE_BANK),
        get("/bank/files", files, SEE_BANK),
        upload("/bank/file", bring, SEE_BANK),
        get(f"/bank/statements/{ID}", statement, SEE_BANK),
    ]


async def statements(visit: Visit) -> web.StreamResponse:
    """Statements, newest first, and the form that brings one."""
    rows = await visit.deps.banking.statements(limit=PAGE_ROWS, before=visit.query(Paged).before)
    table = Table(
        name="bank_statements",
        columns=[
            Column("bank_statement", lambda row: Link(row.statement_id or row.root, f"/bank/statements/{row.id}")),
            Column("kind", lambda row: Code(row.root)),
            Column("account", lambda row: Code(row.account)),
            Column("number", lambda row: row.sequence or None, end=True),
            Column("last_day", lambda row: row.to_on),
            Column("opens_with", lambda row: _money(row, row.opening), end=True),
            Column("closes_with", lambda row: _money(row, row.closing), end=True),
            Column("bank_lines", lambda row: row.count, end=True),
            Column("bank_findings", _findings),
            Column("bank_came", lambda row: row.at),
        ],
        rows=rows,
        empty="empty.bank_statements",
        more=f"/bank?before={rows[-1].id}" if len(rows) == PAGE_ROWS else None,
    )
    gaps = await visit.deps.banking.gaps([row.id for row in rows])
    return visit.page("bank.jinja", table=table, brings=True, gaps=list(map(_gap, gaps)))


async def orders(visit: Visit) -> web.StreamResponse:
    """Orders, newest first."""
    rows = await visit.deps.banking.orders(limit=PAGE_ROWS, before=visit.query(Paged).before)
    table = Table(
        name="bank_orders",
        columns=[
            Column("id", lambda row: Code(row.order.id)),
            Column("cause", lambda row: Link(row.order.cause, f"/cause/{row.order.cause}", code=True)),
            Column("bank_scheme", lambda row: Chip(f"bank_scheme.{row.order.scheme.value}")),
            Column("bank_payments", lambda row: row.order.count, end=True),
            Column("amount", lambda row: row.order.total, end=True),
            Column("execute_on", lambda row: row.order.execute_on),
            Column("state", lambda row: Chip(f"bank_order.{row.state.value}", ORDER_TONES[row.state])),
            Column("bank_answer", lambda row: Code(row.status) if row.status else None),
            Column("reason", lambda row: row.reason),
            Column("updated", lambda row: row.changed_at),
        ],
        rows=rows,
        empty="empty.bank_orders",
        more=f"/bank/orders?before={rows[-1].order.id}" if len(rows) == PAGE_ROWS else None,
    )
    return visit.page("bank.jinja", table=table, brings=False, gaps=[])


async def files(visit: Visit) -> web.StreamResponse:
    """Files as they came, newest first; those that were not understood with their reason."""
    query = visit.query(PagedFiles)
    state = FileState(query.state) if query.state in set(FileState) else None
    rows = await visit.deps.banking.files(limit=PAGE_ROWS, before=query.before or "", state=state)
    names = await visit.staff_names({row.staff_id for row in rows})
    columns: list[Column[FileRow]] = [
        Column("name", lambda row: Code(row.name)),
        Column("kind", lambda row: Code(row.kind) if row.kind else None),
        Column("state", lambda row: Chip(f"bank_file.{row.state.value}", FILE_TONES[row.state])),
        Column("reason", lambda row: row.reason),
        Column("by", lambda row: names.get(row.staff_id, "")),
        Column("bank_came", lambda row: row.at),
    ]
    tail = f"&state={state.value}" if state else ""
    more = f"/bank/files?before={rows[-1].id}{tail}" if len(rows) == PAGE_ROWS else None
    table = Table(name="bank_files", columns=columns, rows=rows, empty="empty.bank_files", more=more)
    return visit.page("bank.jinja", table=table, brings=False, gaps=[])


async def bring(visit: Visit) -> web.StreamResponse:
    """Take a file that staff bring."""
    assert visit.file is not None, "the route takes a file"
    octets = await asyncio.to_thread(visit.file.read, FILE_MAX + 1)
    name = "".join(c for c in visit.fields.get("name", ("",))[0] if c.isprintable())[:100].strip()
    done = await visit.deps.banking.import_statement(octets, name or "console", visit.staff.id)
    return _brought(visit, done)


def _brought(visit: Visit, done: Imported) -> web.Response:
    if done.members:
        return _pack(visit, done)
    # A status report is no statement: the list of files says what became of it.
    one = "/bank" if done.statement_ids else "/bank/files"
    if len(done.statement_ids) == 1:
        one = f"/bank/statements/{done.statement_ids[0]}"
    match done.outcome:
        case ImportOutcome.TAKEN:
            return visit.go(one, said="bank_taken")
        case ImportOutcome.ALREADY:
            return visit.go(one, said="bank_already")
        case ImportOutcome.WAITING:
            return visit.go("/bank/files", said="bank_waiting")
        case ImportOutcome.REFUSED | ImportOutcome.PARTLY | ImportOutcome.BESIDE:
            return visit.go("/bank/files", refused="bank_refused")
        case ImportOutcome.TOO_LARGE:
            return visit.go("/bank", refused="bank_too_large")
        case unreachable:
            assert_never(unreachable)


def _pack(visit: Visit, done: Imported) -> web.Response:
    """What came of each member: shown at once, since members that are damaged stand in no list."""
    columns: list[Column[Imported]] = [
        Column("name", lambda one: Code(one.name, wraps=True)),
        Column("state", lambda one: Chip(f"bank_outcome.{one.outcome.value}", OUTCOME_TONES[one.outcome])),
        Column("bank_statement", _first_of),
        Column("reason", lambda one: one.reason),
    ]
    table = Table(name="bank_members", columns=columns, rows=list(done.members), empty="empty.bank_files")
    return visit.page("bank.jinja", table=table, brings=False, gaps=list(map(_gap, done.gaps)))


def _first_of(one: Imported) -> Cell:
    if not one.statement_ids:
        return None
    more = len(one.statement_ids) - 1
    text = f"{one.statement_ids[0]} +{more}" if more else one.statement_ids[0]
    return Link(text, f"/bank/statements/{one.statement_ids[0]}", code=True)


def _gap(gap: Gap) -> dict[str, Any]:
    """What a template says of a gap: which text, and what stands in it."""
    asset = ASSETS[gap.asset]
    first, last = gap.missing or (0, 0)
    key = "opening" if gap.missing is None else "one" if first == last else "many"
    closing, opening = (None if minor is None else Money(minor, asset) for minor in (gap.closing, gap.opening))
    return {
        "key": key, "account": gap.account, "first": first, "last": last, "before": gap.before or "—",
        "number": gap.number or "—", "closing": closing, "opening": opening, "statement_id": gap.statement_id,
    }  # fmt: skip


async def statement(visit: Visit) -> web.StreamResponse:
    """One statement with its lines."""
    row = await visit.deps.banking.statement(visit.named("id"))
    if row is None:
        raise NotFound("statement")
    after = visit.query(After).after
    rows = await visit.deps.banking.lines(row.id, limit=LINES_SHOWN, after=after)
    columns: list[Column[StatementLine]] = [
        Column("number", lambda line: line.number, end=True),
        Column("booked", lambda line: line.booked_on),
        Column("debit", lambda line: line.amount if line.kind is LineKind.DEBIT else None, end=True),
        Column("credit", lambda line: line.amount if line.kind is LineKind.CREDIT else None, end=True),
        Column("end_to_end", lambda line: Code(line.end_to_end_id) if line.end_to_end_id else None),
        Column("reference", lambda line: Code(line.bank_reference) if line.bank_reference else None),
        Column("bank_payments", lambda line: line.count or None, end=True),
        Column("returned_for", lambda line: Code(line.return_reason) if line.return_reason else None),
        Column("note", lambda line: line.remittance),
    ]
    more = f"/bank/statements/{row.id}?after={rows[-1].number}" if len(rows) == LINES_SHOWN else None
    table = Table(name="bank_lines", columns=columns, rows=rows, empty="empty.bank_lines", more=more)
    gaps = list(map(_gap, await visit.deps.banking.gaps([row.id])))
    return visit.page("bank_statement.jinja", facts=_facts(row), findings=row.findings, gaps=gaps, table=table)


def _facts(row: StatementRow) -> list[tuple[str, Any]]:
    return [
        ("account", Code(row.account)),
        ("kind", Code(row.root)),
        ("bank_statement", Code(row.statement_id)),
        ("number", row.sequence or None),
        ("first_day", row.from_on),
        ("last_day", row.to_on),
        ("opens_with", _money(row, row.opening)),
        ("closes_with", _money(row, row.closing)),
        ("bank_lines", row.count),
        ("not_booked", row.left_out or None),
        ("bank_came", row.at),
    ]


def _money(row: StatementRow, minor: int | None) -> Money | None:
    return None if minor is None else Money(minor, ASSETS[row.asset])


def _findings(row: StatementRow) -> Cell:
    return Chip(f"bank_finding.{row.findings[0].value}", "bad") if row.findings else None
