"""The close of days: what stands in the way of the next one, its signature, and closed days with their proof."""

import asyncio
from collections.abc import Sequence

from aiohttp import web
from pydantic import Field

from gateway.channels.console.book import AccountNames
from gateway.channels.console.cells import Column, Link, Table
from gateway.channels.console.forms import Form, FormProblems, no_controls
from gateway.channels.console.movements import journal_table
from gateway.channels.console.pages.close_facts import (
    days_table,
    facts_of,
    lines,
    roots_table,
    state_chip,
)
from gateway.channels.console.roles import RUN_CLOSE, SEE_CLOSE, SEE_LEDGER
from gateway.channels.console.routes import ID, Route, get, post
from gateway.channels.console.spans import OptionalDay
from gateway.channels.console.visit import Visit
from gateway.errors import BadInput, NotFound
from gateway.services.closing import (
    DOCUMENT_KIND,
    CheckName,
    CloseOutcome,
    CloseState,
    DayClose,
    ExcuseOutcome,
    Verified,
)

PAGE_ROWS = 30
VERIFY_S = 60.0
"""A book that takes longer to read again is verified from the command line."""


class Which(Form):
    """Of which day the checklist is, the next one by default; and before which day the list begins."""

    day: OptionalDay = None
    before: OptionalDay = None


class Ask(Form):
    """The day to be closed, as the page showed it."""

    day: OptionalDay


class Explain(Form):
    """Why a day is closed although a check fails."""

    day: OptionalDay
    check: CheckName = Field(strict=False)
    reason: str = Field(min_length=1, max_length=300)


def routes() -> list[Route]:
    """The routes of this module. Who signs is the document's own; signatories see what they sign."""
    return [
        get("/close", show, SEE_CLOSE),
        get(f"/close/{ID}", one, SEE_CLOSE),
        post("/close/ask", ask, RUN_CLOSE),
        post("/close/explain", explain, RUN_CLOSE),
        post(f"/close/{ID}/verify", verify, SEE_CLOSE),
    ]


async def show(visit: Visit) -> web.StreamResponse:
    """The checklist of the day that is to be closed next, and the days before it."""
    query, closing = visit.query(Which), visit.deps.closing
    following = await closing.next_day()
    day = query.day or following
    checklist = await closing.checklist(day) if day else None
    rows = await closing.days(limit=PAGE_ROWS, before=query.before)
    more = f"/close?before={rows[-1].day.isoformat()}" if len(rows) == PAGE_ROWS else None
    current = await closing.by_day(day) if day else None
    return visit.page(
        "close.jinja",
        day=day,
        following=following,
        current=current,
        checklist=checklist,
        lines=await lines(visit, checklist.checks) if checklist else [],
        may_ask=visit.may(*RUN_CLOSE) and current is None and day == following,
        table=days_table(rows, more),
    )


async def ask(visit: Visit) -> web.StreamResponse:
    """Ask for the day to be sealed and signed."""
    form = visit.form(Ask)
    if isinstance(form, FormProblems) or form.day is None:
        raise BadInput("form: day")
    done = await visit.deps.closing.ask(form.day, visit.staff.id)
    if done.outcome in {CloseOutcome.ASKED, CloseOutcome.ALREADY}:
        return visit.go(f"/close/{done.close_id}" if done.close_id else "/close", said=f"close_{done.outcome.value}")
    return visit.go("/close", refused=f"close_{done.outcome.value}")


async def explain(visit: Visit) -> web.StreamResponse:
    """Keep why a day is closed although a check fails."""
    form = visit.form(Explain)
    if isinstance(form, FormProblems):
        if "reason" in form.fields:
            return visit.go("/close", refused="excuse_reason")
        raise BadInput("form")
    if form.day is None:
        raise BadInput("form: day")
    try:
        reason = no_controls(form.reason.strip())
    except ValueError:
        return visit.go("/close", refused="excuse_reason")
    outcome = await visit.deps.closing.excuse(form.day, form.check, reason, visit.staff.id)
    if outcome is ExcuseOutcome.OK:
        return visit.go("/close", said="excused")
    return visit.go("/close", refused=f"excuse_{outcome.value}")


async def one(visit: Visit) -> web.StreamResponse:
    """One closing of a day: what was sealed and signed, and what came in later."""
    return await _page(visit, await _found(visit), None)


async def verify(visit: Visit) -> web.StreamResponse:
    """Read the day's rows again and hold them against what was signed; changes nothing, so the page answers."""
    found = await _found(visit)
    if found.state is not CloseState.SIGNED:
        raise NotFound("signed day")
    try:
        async with asyncio.timeout(VERIFY_S):
            verified = await visit.deps.closing.verify(found.day)
    except TimeoutError:
        return visit.go(f"/close/{found.id}", refused="verify_long")
    return await _page(visit, found, verified)


async def _found(visit: Visit) -> DayClose:
    found = await visit.deps.closing.by_id(visit.named("id"))
    if found is None:
        raise NotFound("close")
    return found


async def _page(visit: Visit, found: DayClose, verified: Verified | None) -> web.StreamResponse:
    names = await visit.staff_names({found.asked_by, *found.signed_by})
    late, statements = None, None
    if found.state is CloseState.SIGNED:
        came = await visit.deps.closing.late(found.day)
        accounts = await AccountNames(visit.deps.ledger).of(came.entries)
        drill = visit.may(*SEE_LEDGER)
        late = journal_table("late_entries", came.entries, accounts, drill=drill, empty="empty.late_entries")
        statements = _statements(came.statements)
    document = await visit.deps.signing.current(DOCUMENT_KIND, found.id)
    return visit.page(
        "close_one.jinja",
        day=found,
        state=state_chip(found),
        facts=facts_of(visit, found, names),
        lines=await lines(visit, found.checks),
        roots=roots_table(found.roots),
        late=late,
        statements=statements,
        document=document,
        verified=verified,
    )


def _statements(ids: Sequence[str]) -> Table[str] | None:
    columns: list[Column[str]] = [Column("bank_statement", lambda row: Link(row, f"/bank/statements/{row}", code=True))]
    return Table("late_statements", columns, ids, "empty.late_statements") if ids else None
