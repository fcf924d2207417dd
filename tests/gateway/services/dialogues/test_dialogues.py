"""Each delivery of a dialogue exactly once: repeats, disorder, lost and expired sessions, on both databases."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from gateway.services.dialogues import HopEnd, Status
from tests.gateway.services.dialogues.switchboard import PIN, Phone, Switchboard, other_version, switchboard
from wallet.clock import ManualClock


@pytest.fixture
async def board(database_url: str, clock: ManualClock) -> AsyncIterator[Switchboard]:
    async with switchboard(database_url, clock) as made:
        yield made


async def test_a_dialogue_goes_from_the_dial_to_the_payment(board: Switchboard) -> None:
    phone = board.phone()

    page = await phone.at_pin("500")
    end = await phone.type(PIN)

    assert (page.more, page.end) == (True, HopEnd.CONTINUES)
    assert "500" in page.text
    assert (end.more, end.end) == (False, HopEnd.ENDS)
    assert list(board.bank.paid.values()) == [(phone.msisdn, 500)]
    row = await board.row(phone)
    assert (row["hops"], row["status"]) == (5, "ended")
    assert str(row["id"]).startswith("ses_")


async def test_a_repeated_delivery_gets_the_same_bytes_and_moves_nothing(board: Switchboard) -> None:
    phone = board.phone()

    for typed in ("", "4", "09120000009", "500", PIN):
        first = await (phone.type(typed) if typed else phone.dial())
        calls = len(board.bank.calls)
        for _ in range(2):
            again = await phone.again()
            assert (again.text, again.more, again.end) == (first.text, first.more, HopEnd.REPLAYED)
        assert len(board.bank.calls) == calls

    assert len(board.bank.paid) == 1


async def test_a_repeat_in_flight_waits_for_the_first_and_says_the_same(board: Switchboard) -> None:
    phone = board.phone()
    await phone.at_pin()
    board.bank.delay_s = 0.1
    phone.text += f"*{PIN}"

    async with asyncio.TaskGroup() as group:
        both = [group.create_task(phone.again()) for _ in range(2)]

    assert len({task.result().text for task in both}) == 1
    assert sum(name == "payments.send" for name, _, _ in board.bank.calls) == 1
    assert len(board.bank.paid) == 1


async def test_two_processes_with_one_delivery_pay_once_and_say_the_same(
    board: Switchboard, database_url: str, clock: ManualClock
) -> None:
    phone = board.phone()
    await phone.at_pin()
    board.bank.delay_s = 0.1
    phone.text += f"*{PIN}"

    async with switchboard(database_url, clock, bank=board.bank) as twin, asyncio.TaskGroup() as group:
        both = [group.create_task(phone.again()), group.create_task(phone.other(twin.dialogues).again())]

    assert len({task.result().text for task in both}) == 1
    assert len(board.bank.paid) == 1


async def test_two_processes_with_one_begin_make_one_session(
    board: Switchboard, database_url: str, clock: ManualClock
) -> None:
    phone = board.phone()
    phone.session_key = "twice"

    async with switchboard(database_url, clock, bank=board.bank) as twin, asyncio.TaskGroup() as group:
        both = [group.create_task(phone.again()), group.create_task(phone.other(twin.dialogues).again())]

    assert len({task.result().text for task in both}) == 1
    assert all(task.result().more for task in both)


async def test_any_process_answers_the_next_hop(board: Switchboard, database_url: str, clock: ManualClock) -> None:
    phone = board.phone()
    await phone.at_pin()

    async with switchboard(database_url, clock, bank=board.bank) as twin:
        end = await phone.other(twin.dialogues).type(PIN)

    assert end.end is HopEnd.ENDS
    assert len(board.bank.paid) == 1


async def test_an_answer_to_an_unknown_session_ends_politely(board: Switchboard) -> None:
    phone = board.phone()
    phone.session_key = "never begun"

    reply = await phone.type("1")

    assert (reply.more, reply.end) == (False, HopEnd.LOST)
    assert reply.text == "This session is over. Please dial again."


@pytest.mark.parametrize("text", ["", "4*0912", "5*09120000009", "4*09120000009500", "4*09120000008*500", "9" * 900])
async def test_a_delivery_out_of_order_shows_the_last_page_again(board: Switchboard, text: str) -> None:
    phone = board.phone()
    await phone.dial()
    await phone.type("4")
    last = await phone.type("09120000009")
    calls = len(board.bank.calls)

    reply = await board.dialogues.answer(phone.event(text))

    assert (reply.text, reply.more, reply.end) == (last.text, True, HopEnd.REPLAYED)
    assert len(board.bank.calls) == calls
    assert (await phone.type("500")).end is HopEnd.CONTINUES


async def test_an_answer_that_holds_a_star_is_one_answer(board: Switchboard) -> None:
    phone = board.phone()
    await phone.dial()

    wrong = await phone.type("4*1")
    right = await phone.type("4")

    assert (wrong.more, right.more) == (True, True)
    assert wrong.text != right.text
    assert [name for name, _, _ in board.bank.calls] == ["person.status"]


async def test_a_wrong_pin_is_asked_again_and_the_right_one_pays_once(board: Switchboard) -> None:
    phone = board.phone()
    await phone.at_pin()

    wrong = await phone.type("9999")
    right = await phone.type(PIN)

    assert "2" in wrong.text
    assert right.end is HopEnd.ENDS
    assert len(board.bank.paid) == 1


async def test_an_ended_session_takes_no_answer_but_repeats_its_end(board: Switchboard) -> None:
    phone = board.phone()
    await phone.at_pin()
    end = await phone.type(PIN)
    again = await phone.again()

    more = await phone.type("1")

    assert again.text == end.text
    assert (more.more, more.end) == (False, HopEnd.LOST)
    assert len(board.bank.paid) == 1


async def test_an_expired_session_takes_no_answer(board: Switchboard, clock: ManualClock) -> None:
    phone = board.phone()
    await phone.at_pin()
    clock.advance(timedelta(seconds=181))

    late = await phone.type(PIN)

    assert (late.more, late.end) == (False, HopEnd.EXPIRED)
    assert board.bank.paid == {}


async def test_the_sweeper_closes_and_wipes_what_is_over(board: Switchboard, clock: ManualClock) -> None:
    live, ended = board.phone("+989120000001"), board.phone("+989120000002")
    await live.dial()
    await ended.at_pin()
    await ended.type(PIN)
    clock.advance(timedelta(hours=1))

    counts = [await board.dialogues.sweep(), await board.dialogues.sweep()]

    # The one that expires is forgotten in the same sweep, since nobody can resume it any more.
    assert counts == [3, 0]
    for phone, status in ((live, "expired"), (ended, "ended")):
        row = await board.row(phone)
        assert (row["status"], row["reply"]) == (status, None)
    assert (await live.again()).end is HopEnd.EXPIRED
    assert (await ended.again()).end is HopEnd.LOST


async def test_a_session_key_belongs_to_the_number_that_began(board: Switchboard) -> None:
    phone = board.phone("+989120000001")
    await phone.at_pin()
    thief = Phone(board.dialogues, "+989120000002", phone.session_key, phone.text)

    replies = [await thief.again(), await thief.type(PIN)]

    assert {reply.end for reply in replies} == {HopEnd.LOST}
    assert board.bank.paid == {}


async def test_a_live_session_stays_on_its_menus(board: Switchboard, database_url: str, clock: ManualClock) -> None:
    phone, newcomer = board.phone("+989120000001"), board.phone("+989120000002")
    await phone.dial()
    board.menus.release(other_version())
    await newcomer.dial()

    assert (await phone.type("4")).end is HopEnd.CONTINUES
    assert (await newcomer.type("4")).end is HopEnd.CONTINUES
    assert (await board.row(phone))["menu_version"] != (await board.row(newcomer))["menu_version"]
    async with switchboard(database_url, clock, bank=board.bank, menus=other_version()) as newer:
        assert (await phone.other(newer.dialogues).type("1")).end is HopEnd.LOST


async def test_a_sensitive_page_is_sealed_and_repeated(board: Switchboard) -> None:
    phone = board.phone()
    await phone.dial()
    for typed in ("5", "2"):
        await phone.type(typed)

    first = await phone.type(PIN)
    again = await phone.again()

    assert "83520417" in first.text
    assert again.text == first.text
    row = await board.row(phone)
    assert row["reply_sealed"] is True
    assert "83520417" not in str(row)


async def test_neither_pin_nor_accumulated_text_is_kept(board: Switchboard) -> None:
    phone = board.phone()
    await phone.at_pin()
    before = str(await board.row(phone))
    await phone.type("9731")
    row = await board.row(phone)

    assert "9731" not in str(row)
    assert phone.text not in before + str(row)
    assert row["answered_length"] == len(phone.text)


async def test_a_stranger_is_answered_in_the_house_language(board: Switchboard) -> None:
    board.bank.strangers = frozenset({"+989120000007"})
    phone = board.phone("+989120000007")

    reply = await phone.dial()

    assert reply.more
    assert (await board.row(phone))["person_id"] is None


async def test_staff_see_that_a_session_was_and_not_what_was_said(board: Switchboard) -> None:
    phone = board.phone()
    await phone.at_pin()
    await phone.type(PIN)
    row = await board.row(phone)

    seen = await board.dialogues.session(str(row["id"]))

    assert seen is not None
    assert (seen.person_id, seen.hops, seen.status) == (row["person_id"], 5, Status.ENDED)
    assert phone.msisdn not in repr(seen).replace(str(seen.person_id), "")
    assert await board.dialogues.session("ses_unknown") is None
