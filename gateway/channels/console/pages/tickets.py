"""Tickets: complaints by SMS, disputes and wishes to be called from USSD; the answer goes out as an SMS."""

from typing import Annotated, Literal, assert_never

from aiohttp import web
from pydantic import AfterValidator, StringConstraints

from gateway.channels.console.cells import Cell, Chip, Code, Column, Link, Table
from gateway.channels.console.forms import BusinessId, Form, FormProblems, no_controls
from gateway.channels.console.movements import cause_of
from gateway.channels.console.roles import SEE_TICKETS
from gateway.channels.console.routes import ID, Route, get, post
from gateway.channels.console.visit import Visit
from gateway.errors import NotFound
from gateway.services.messages import ANSWER_MAX, Ticket, TicketOutcome, TicketState

PAGE_ROWS = 50
TONES = {TicketState.OPEN: "wait", TicketState.CLOSED: "good"}


class Listed(Form):
    """Which tickets, and after which one the page begins."""

    state: Literal["open", "closed"] = "open"
    after: BusinessId | None = None


class Reply(Form):
    """What the person will read; a plain line."""

    answer: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=3, max_length=ANSWER_MAX),
        AfterValidator(no_controls),
    ]


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get("/tickets", listing, SEE_TICKETS),
        get(f"/tickets/{ID}", show, SEE_TICKETS),
        post(f"/tickets/{ID}/close", close, SEE_TICKETS),
    ]


def chip(state: TicketState) -> Chip:
    """A ticket's state as staff see it."""
    return Chip(f"ticket_state.{state.value}", TONES[state])


async def listing(visit: Visit) -> web.StreamResponse:
    """Tickets in a state, oldest first; the open ones if nothing else is asked."""
    query = visit.query(Listed)
    state = TicketState(query.state)
    rows = await visit.deps.tickets.tickets(state, limit=PAGE_ROWS, after=query.after or "")
    more = f"/tickets?state={state.value}&after={rows[-1].id}" if len(rows) == PAGE_ROWS else None
    table: Table[Ticket] = Table(
        name="tickets",
        columns=[
            Column("ticket", lambda row: Link(row.number, f"/tickets/{row.id}", code=True)),
            Column("kind", lambda row: Chip(f"ticket_kind.{row.kind.value}")),
            Column("when", lambda row: row.opened_at),
            Column("state", lambda row: chip(row.state)),
            Column("closed", lambda row: row.closed_at),
        ],
        rows=rows,
        empty=f"empty.tickets_{state.value}",
        more=more,
    )
    other = TicketState.CLOSED if state is TicketState.OPEN else TicketState.OPEN
    return visit.page("tickets.jinja", table=table, other=other.value)


async def show(visit: Visit) -> web.StreamResponse:
    """One ticket and what was written. Leaves a row in the access log."""
    ticket = await _ticket(visit)
    person = None
    if ticket.person_id:
        seen = await visit.deps.people.view(ticket.person_id, visit.staff.id, ticket.id)
        person = seen.person if seen else None
    else:
        await visit.deps.access.viewed(visit.staff.id, ticket.id, "ticket", ticket.id)
    names = await visit.staff_names({ticket.closed_by})
    name: Cell = None
    if person is not None:
        name = Link(person.name_in(visit.words.language), f"/people/{person.id}?about={ticket.id}")
    facts: list[tuple[str, Cell]] = [
        ("person", name),
        ("kind", Chip(f"ticket_kind.{ticket.kind.value}")),
        ("cause", cause_of(ticket.about)),
        ("msisdn", Code(ticket.msisdn)),
        ("when", ticket.opened_at),
        ("closed", ticket.closed_at),
        ("by", names.get(ticket.closed_by, "")),
    ]
    return visit.page(
        "ticket.jinja",
        ticket=ticket,
        facts=facts,
        state=chip(ticket.state),
        answer_max=ANSWER_MAX,
        may_close=ticket.state is TicketState.OPEN,
    )


async def close(visit: Visit) -> web.StreamResponse:
    """Answer and close."""
    here = f"/tickets/{visit.named('id')}"
    form = visit.form(Reply)
    if isinstance(form, FormProblems):
        return visit.go(here, refused="ticket_answer")
    outcome = await visit.deps.tickets.close(visit.named("id"), visit.staff.id, form.answer)
    match outcome:
        case TicketOutcome.OK:
            return visit.go("/tickets", said="ticket_closed")
        case TicketOutcome.CLOSED:
            return visit.go(here, refused="ticket_closed")
        case TicketOutcome.UNKNOWN:
            return visit.go("/tickets", refused="ticket_unknown")
        case unreachable:
            assert_never(unreachable)


async def _ticket(visit: Visit) -> Ticket:
    ticket = await visit.deps.tickets.by_id(visit.named("id"))
    if ticket is None:
        raise NotFound("ticket")
    return ticket
