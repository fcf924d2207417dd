"""Tickets that are opened on a phone's screen: a dispute once a movement, one call at a time."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from gateway.services.messages import Opened, TicketKind, Tickets, TicketState
from tests.gateway.channels.sms.town import Town, opened
from wallet.clock import ManualClock

MARYAM, REZA = ("+989120000001", "per_01"), ("+989120000002", "per_02")
TRANSFER = "0192f00d" * 4


@pytest.fixture
async def town(database_url: str, clock: ManualClock) -> AsyncIterator[Town]:
    async with opened(database_url, clock) as made:
        yield made


async def dispute(tickets: Tickets, who: tuple[str, str], transfer: str = TRANSFER) -> Opened:
    msisdn, person_id = who
    text = "2026-11-22 send -250 IRR #4"
    return await tickets.dispute(transfer, "pay_01", text, msisdn=msisdn, person_id=person_id, language="ar")


async def test_a_movement_is_disputed_once_by_each_of_its_two_sides_who_are_told(town: Town) -> None:
    first = await dispute(town.tickets, MARYAM)
    again = await dispute(town.tickets, MARYAM)
    other_side = await dispute(town.tickets, REZA)
    other = await dispute(town.tickets, MARYAM, TRANSFER[::-1])

    assert (again.number, again.is_new) == (first.number, False)
    assert [one.is_new for one in (first, other_side, other)] == [True, True, True]
    told = await town.box.told()
    assert [(one["class_"], one["language"]) for one in told] == [("dispute_opened", "ar")] * 3
    for stands in (first, other_side, other):
        assert sum(stands.number in one["text"] for one in told) == 1


async def test_a_dispute_that_comes_twice_at_once_is_one_ticket(town: Town) -> None:
    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(dispute(town.tickets, MARYAM)) for _ in range(5)]

    results = [one.result() for one in asked]
    assert len({one.number for one in results}) == 1
    assert [one.is_new for one in results].count(True) == 1
    assert len(await town.box.told()) == 1


async def test_staff_see_of_a_dispute_what_moved_and_what_caused_it(town: Town) -> None:
    await dispute(town.tickets, MARYAM)

    (listed,) = await town.tickets.tickets(TicketState.OPEN, limit=10)
    ticket = await town.tickets.by_id(listed.id)

    assert ticket is not None
    assert (ticket.kind, ticket.about, ticket.text) == (TicketKind.DISPUTE, "pay_01", "2026-11-22 send -250 IRR #4")


async def test_a_number_waits_for_one_call_and_may_ask_again_after_it(town: Town) -> None:
    async def ask(cause: str, who: tuple[str, str] = MARYAM) -> Opened:
        return await town.tickets.call_back(cause, msisdn=who[0], person_id=who[1], language="fa")

    first, second = await ask("ses_01:1"), await ask("ses_02:1")
    repeated = await ask("ses_01:1")
    assert (first.is_new, second.is_new, second.number) == (True, False, first.number)
    assert (repeated.is_new, repeated.number) == (True, first.number)
    assert (await ask("ses_03:1", ("+989120000009", ""))).is_new

    tickets = await town.tickets.tickets(TicketState.OPEN, limit=10)
    assert {one.person_id: one.kind for one in tickets} == dict.fromkeys(["per_01", ""], TicketKind.CALL_BACK)
    (mine,) = (one for one in tickets if one.person_id)
    await town.tickets.close(mine.id, "stf_1", "We have called you.")
    assert (await ask("ses_04:1")).is_new
    assert await town.box.told() != []


async def test_disputes_take_no_complaint_away_from_the_day(town: Town) -> None:
    for n in range(4):
        await dispute(town.tickets, MARYAM, f"{n}" * 32)

    assert await town.tickets.open("msg_1", *MARYAM, "fa", "nobody came") is not None
