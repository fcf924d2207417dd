"""The access log, read: who of the staff saw a person, and whom a member of staff saw. Reading it leaves a row too."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from aiohttp import web

from gateway.channels.console.cells import Cell, Chip, Code, Column, Link, Table
from gateway.channels.console.downloads import download
from gateway.channels.console.forms import BusinessId, Form
from gateway.channels.console.roles import SEE_VIEWS
from gateway.channels.console.routes import ENDING, ID, Route, get
from gateway.channels.console.visit import Visit
from gateway.errors import NotFound
from gateway.services.access import View

PAGE_ROWS = 50
EXPORT_ROWS = 1000
WHAT = "access_log"
"""What a row says was seen when the log itself was."""

Row = tuple[View, str]
"""A view and the name of who saw, '' if the account is no more."""
Pages = Callable[[int, str], Awaitable[list[View]]]
"""At most so many views, newest first, from before the one with this id; '' for the newest."""


class Before(Form):
    """Before which row the page begins."""

    before: BusinessId | None = None


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get(f"/people/{ID}/views", of_person, SEE_VIEWS),
        get(f"/people/{ID}/views{ENDING}", of_person_file, SEE_VIEWS),
        get(f"/staff/{ID}/views", of_staff, SEE_VIEWS),
        get(f"/staff/{ID}/views{ENDING}", of_staff_file, SEE_VIEWS),
    ]


async def of_person(visit: Visit) -> web.StreamResponse:
    """Who saw this person, newest first."""
    name = await _person(visit, "page")
    table = await _table(visit, "views_of_person", "/people", _by_columns(visit), _pages_of_person(visit))
    return visit.page("views.jinja", name=name, table=table)


async def of_person_file(visit: Visit) -> web.StreamResponse:
    """All who saw this person, one view a row, newest first."""
    await _person(visit, visit.named("ending"))
    columns: list[Column[Row]] = [*_by_columns(visit), Column("staff_id", lambda row: Code(row[0].staff_id))]
    return await download(visit, "views_of_person", columns, _all(visit, _pages_of_person(visit)))


async def of_staff(visit: Visit) -> web.StreamResponse:
    """Whom this member of staff saw, newest first."""
    name = await _member(visit, "page")
    table = await _table(visit, "views_of_staff", "/staff", _whom_columns(visit), _pages_of_staff(visit))
    return visit.page("views.jinja", name=name, table=table)


async def of_staff_file(visit: Visit) -> web.StreamResponse:
    """All whom this member of staff saw, one view a row, newest first."""
    await _member(visit, visit.named("ending"))
    return await download(visit, "views_of_staff", _whom_columns(visit), _all(visit, _pages_of_staff(visit)))


async def _person(visit: Visit, reason: str) -> str:
    """The name of the person whose log is read; the reading is in the log before anything is shown."""
    person = await visit.deps.people.by_id(visit.named("id"))
    if person is None:
        raise NotFound("person")
    await visit.deps.access.viewed(visit.staff.id, person.id, WHAT, reason)
    return person.name_in(visit.words.language)


async def _member(visit: Visit, reason: str) -> str:
    """The name of the member of staff whose log is read; that reading names the member in a person's place."""
    member = await visit.deps.staff.by_id(visit.named("id"))
    if member is None:
        raise NotFound("staff")
    await visit.deps.access.viewed(visit.staff.id, member.id, WHAT, reason)
    return member.name


def _pages_of_person(visit: Visit) -> Pages:
    return lambda limit, before: visit.deps.access.of_person(visit.named("id"), limit=limit, before=before)


def _pages_of_staff(visit: Visit) -> Pages:
    return lambda limit, before: visit.deps.access.of_staff(visit.named("id"), limit=limit, before=before)


async def _table(visit: Visit, name: str, root: str, columns: Sequence[Column[Row]], pages: Pages) -> Table[Row]:
    """The page of the log that the address asks for."""
    found = await pages(PAGE_ROWS, visit.query(Before).before or "")
    here = f"{root}/{visit.named('id')}/views"
    more = f"{here}?before={found[-1].id}" if len(found) == PAGE_ROWS else None
    rows = await _named(visit, found)
    return Table(name=name, columns=columns, rows=rows, empty="empty.views", more=more, exports=here)


async def _all(visit: Visit, pages: Pages) -> AsyncIterator[Sequence[Row]]:
    before = ""
    while found := await pages(EXPORT_ROWS, before):
        yield await _named(visit, found)
        before = found[-1].id


async def _named(visit: Visit, found: Sequence[View]) -> list[Row]:
    names = await visit.staff_names({view.staff_id for view in found})
    return [(view, names.get(view.staff_id, "")) for view in found]


def _by_columns(visit: Visit) -> list[Column[Row]]:
    return [
        Column("when", lambda row: row[0].at),
        Column("by", lambda row: Link(row[1], f"/staff/{row[0].staff_id}/views") if row[1] else Code(row[0].staff_id)),
        *_what_columns(visit),
    ]


def _whom_columns(visit: Visit) -> list[Column[Row]]:
    return [Column("when", lambda row: row[0].at), Column("seen", lambda row: _seen(row[0])), *_what_columns(visit)]


def _what_columns(visit: Visit) -> list[Column[Row]]:
    return [
        Column("what", lambda row: _what(visit, row[0].what)),
        Column("reason", lambda row: Code(row[0].reason) if row[0].reason else None),
    ]


def _seen(view: View) -> Cell:
    """Who was seen, by id: a list of names would be a view of each of them."""
    root = "/staff" if view.person_id.startswith("stf_") else "/people"
    return Link(view.person_id, f"{root}/{view.person_id}/views", code=True)


def _what(visit: Visit, what: str) -> Cell:
    key = f"view.{what}"
    return Chip(key) if visit.words.knows(key) else Code(what)
