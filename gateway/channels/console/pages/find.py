"""Find: a phone number, a reference, or any id, by a few characters of it; what is found, by kind."""

from collections.abc import Sequence

from aiohttp import web
from pydantic import Field

from gateway.channels.console.cells import Cell, Chip, Code, Column, Link, Table
from gateway.channels.console.forms import Form, FormProblems
from gateway.channels.console.found import path_of
from gateway.channels.console.roles import FIND, SEE_PEOPLE
from gateway.channels.console.routes import Route, get, post
from gateway.channels.console.visit import Visit
from gateway.services.finding import Findings, FindOutcome, Found, FoundKind
from wallet.money import ASSETS, Money

LIMIT = 50


class Wanted(Form):
    """What is looked for, and why: whoever looks for a person by number says so. The service bounds the text itself."""

    q: str = Field("", max_length=200)
    reason: str = Field("", max_length=200)


def routes() -> list[Route]:
    """The routes of this module. The box sends a form, so that a phone number stands in no address and no log."""
    return [get("/find", show, FIND), post("/find", find, FIND)]


async def show(visit: Visit) -> web.StreamResponse:
    """What was found for the text of the address; an empty box without one."""
    query = visit.query(Wanted)
    return await _page(visit, query.q) if query.q else visit.page("find.jinja", q="", findings=None, tables=[])


async def find(visit: Visit) -> web.StreamResponse:
    """What was found for the text of the box."""
    form = visit.form(Wanted)
    if isinstance(form, FormProblems):
        return visit.page("find.jinja", status=400, q="", findings=None, tables=[], problems=form.fields)
    return await _page(visit, form.q, form.reason)


async def _page(visit: Visit, text: str, reason: str = "") -> web.Response:
    findings = await visit.deps.finding.find(
        text, visit.staff.id, reason=reason.strip(), people=visit.may(*SEE_PEOPLE), limit=LIMIT
    )
    wrong = findings.outcome in {FindOutcome.TOO_SHORT, FindOutcome.UNREADABLE}
    return visit.page("find.jinja", status=400 if wrong else 200, q=text, findings=findings, tables=_tables(findings))


def _tables(findings: Findings) -> list[Table[Found]]:
    """A table for each kind that was found, in the order in which the kinds come first."""
    kinds: dict[FoundKind, list[Found]] = {}
    for found in findings.found:
        kinds.setdefault(found.kind, []).append(found)
    return [_table(kind, rows) for kind, rows in kinds.items()]


def _table(kind: FoundKind, rows: Sequence[Found]) -> Table[Found]:
    columns: list[Column[Found]] = [
        Column("what", lambda row: Link(_said(row), path_of(row), code=True)),
        Column("name", lambda row: row.name or None),
        Column("amount", _amount, end=True),
        Column("made", lambda row: row.at or row.on),
        Column("found_by", lambda row: Chip(f"found_by.{row.by.value}")),
        Column("transfers", _transfers, end=True),
        Column("cause", lambda row: Code(row.cause) if row.cause else None),
    ]
    filled = [column for column in columns if any(column.value(row) is not None for row in rows)]
    return Table(f"found_{kind.value}", filled, rows, "find_outcome.nothing")


def _said(row: Found) -> str:
    return f"{row.id}:{row.number}" if row.number else row.id


def _amount(row: Found) -> Cell:
    return Money(row.minor, ASSETS[row.asset]) if row.minor is not None and row.asset in ASSETS else None


def _transfers(row: Found) -> Cell:
    """How many rows of the log it caused, and the way to them."""
    return Link(row.transfers, f"/cause/{row.id}") if row.transfers else None
