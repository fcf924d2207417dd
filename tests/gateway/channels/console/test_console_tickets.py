"""Complaints in the console: read, answered once, and every reading leaves a row."""

import re

import pytest

from gateway.services.messages import TicketKind, TicketState
from tests.gateway.channels.console.conftest import SignIn
from tests.gateway.channels.console.world import World


async def opened(world: World, person_id: str = "", text: str = "<b>nobody came</b>") -> str:
    number = await world.tickets.open(f"msg_{text}", "+989120000009", person_id, "fa", text)
    assert number is not None
    return number


async def test_a_complaint_is_listed_read_and_answered(world: World, signed_in: SignIn) -> None:
    number = await opened(world)
    desk = await signed_in("officer")
    status, body = await desk.get("/tickets")
    assert (status, number in body, "nobody came" in body) == (200, True, False)
    (path,) = set(re.findall(r"/console(/tickets/cmp_\w+)", body))

    _, body = await desk.get(path)
    assert "&lt;b&gt;nobody came&lt;/b&gt;" in body
    assert [view.what for view in await world.access.of_staff(world.ids["officer"], limit=10)] == ["ticket"]

    assert await desk.post(f"{path}/close", answer=" ") == (303, f"/console{path}?refused=ticket_answer")
    assert await desk.post(f"{path}/close", answer="a" * 161) == (303, f"/console{path}?refused=ticket_answer")
    assert await desk.post(f"{path}/close", answer="فردا می‌آید") == (303, "/console/tickets?said=ticket_closed")
    assert await desk.post(f"{path}/close", answer="again") == (303, f"/console{path}?refused=ticket_closed")

    assert number not in (await desk.get("/tickets"))[1]
    assert number in (await desk.get("/tickets?state=closed"))[1]
    assert "فردا می‌آید" in (await desk.get(path))[1]
    (ticket,) = await world.tickets.tickets(TicketState.CLOSED, limit=10)
    assert ticket.closed_by == world.ids["officer"]


async def test_reading_a_persons_complaint_is_a_view_of_the_person(world: World, signed_in: SignIn) -> None:
    person = world.people.add("Nader", "نادر", "+989120000009")
    await opened(world, person.id)
    (ticket,) = await world.tickets.tickets(TicketState.OPEN, limit=10)
    desk = await signed_in("officer")

    status, body = await desk.get(f"/tickets/{ticket.id}")

    assert (status, f"/console/people/{person.id}" in body) == (200, True)
    assert world.people.viewed == [(world.ids["officer"], person.id, ticket.id)]


@pytest.mark.parametrize("path", ["/tickets?state=other", "/tickets?after=x"])
async def test_a_query_that_does_not_fit_is_refused(signed_in: SignIn, path: str) -> None:
    desk = await signed_in("officer")
    assert (await desk.get(path))[0] == 400


async def test_an_unknown_ticket_is_no_page(signed_in: SignIn) -> None:
    desk = await signed_in("officer")
    path = f"/tickets/cmp_{'0' * 26}"
    assert (await desk.get(path))[0] == 404
    assert await desk.post(f"{path}/close", answer="hello") == (303, "/console/tickets?refused=ticket_unknown")


async def test_a_dispute_leads_to_what_moved_and_a_wish_for_a_call_is_told_apart(
    world: World, signed_in: SignIn
) -> None:
    person = world.people.add("Nader", "نادر", "+989120000009")
    who = {"msisdn": person.msisdn, "person_id": person.id, "language": "ar"}
    await world.tickets.dispute("0" * 32, f"pay_{'0' * 26}", "2026-11-22 send -250 IRR #4", **who)
    await world.tickets.call_back("ses_1:1", **who)
    desk = await signed_in("officer")

    _, listed = await desk.get("/tickets")
    assert (">dispute<" in listed, ">call back<" in listed) == (True, True)

    tickets = {one.kind: one for one in await world.tickets.tickets(TicketState.OPEN, limit=10)}
    _, body = await desk.get(f"/tickets/{tickets[TicketKind.DISPUTE].id}")
    assert (f"/console/cause/pay_{'0' * 26}" in body, "-250 IRR" in body) == (True, True)
    call = f"/tickets/{tickets[TicketKind.CALL_BACK].id}"
    assert (await desk.post(f"{call}/close", answer="We have called."))[1].endswith("said=ticket_closed")
