"""A dialogue that was cut off goes on with the next dial, and a payment given twice over the cut is one payment."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from gateway.services.dialogues import EventKind, HopEnd
from gateway.services.dialogues.resume import _TEXTS
from tests.gateway.services.dialogues.switchboard import (
    OFFER,
    PIN,
    FailingStore,
    Phone,
    Switchboard,
    Telex,
    hurried,
    other_version,
    switchboard,
)
from ussd_menus import Profile
from ussd_menus.paging import fits
from wallet.clock import ManualClock

# Tables of cases need one database; what is written together is shown on both.
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def board(database_url: str, clock: ManualClock) -> AsyncIterator[Switchboard]:
    async with switchboard(database_url, clock, menus=hurried(), budget_s=0.5) as made:
        yield made


async def _done(board: Switchboard) -> None:
    async with asyncio.timeout(5):
        while board.hops.in_hand:  # noqa: ASYNC110 - nothing tells the end of work but its count
            await asyncio.sleep(0.01)


@ON_SQLITE
@pytest.mark.parametrize("kind", [None, EventKind.ABORT, EventKind.TIMEOUT, EventKind.REPORT])
async def test_a_dialogue_that_was_cut_off_is_offered_and_goes_on_at_its_page(
    board: Switchboard, kind: EventKind | None
) -> None:
    phone, again = board.phone(), board.phone()
    page = await phone.at_pin("500")
    if kind is not None:
        await phone.close(kind, "UserAbort")

    offered = await again.dial()
    resumed = await again.type("1")
    end = await again.type(PIN)

    assert (offered.text, offered.more) == (OFFER, True)
    assert resumed.text == page.text
    assert end.end is HopEnd.ENDS
    assert list(board.bank.paid.values()) == [(phone.msisdn, 500)]
    old, new = await board.rows()
    assert (old["status"], new["status"], new["origin"]) == ("ended", "ended", old["id"])
    assert old["end_reason"] == (kind.value if kind else "resumed") or old["end_reason"] == "resumed"


@ON_SQLITE
@pytest.mark.parametrize(("typed", "landed"), [("2", True), ("۲", True), ("7", False), ("", False)])
async def test_who_starts_again_comes_to_the_first_page_and_who_types_nonsense_is_asked_again(
    board: Switchboard, *, typed: str, landed: bool
) -> None:
    phone, again = board.phone(), board.phone()
    first = await phone.dial()
    await phone.type("4")
    await again.dial()

    reply = await again.type(typed)

    assert reply.text == (first.text if landed else OFFER)
    if landed:
        assert "Mobile number" in (await again.type("4")).text
        # The question was answered: the next dial asks about the dialogue that was begun since.
        await again.type("09120000009")
        third = board.phone()
        await third.dial()
        assert "To N***e 0009" in (await third.type("1")).text


async def test_a_payment_confirmed_before_and_after_the_cut_is_one_payment(
    board: Switchboard, database_url: str, clock: ManualClock
) -> None:
    phone = board.phone()
    await phone.at_pin("500")
    assert isinstance(board.store, FailingStore)
    board.store.fails = True
    await phone.type(PIN)

    async with switchboard(database_url, clock, bank=board.bank, menus=hurried()) as reborn:
        again = reborn.phone()
        assert (await again.dial()).text == OFFER
        await again.type("1")
        end = await again.type(PIN)

    assert "R00000000001" in end.text
    assert list(board.bank.paid.values()) == [(phone.msisdn, 500)]
    assert len({key for name, _, key in board.bank.calls if name == "payments.send"}) == 1


async def test_a_payment_that_is_still_worked_at_is_the_same_for_who_dials_again(
    board: Switchboard, database_url: str, clock: ManualClock
) -> None:
    board.bank.gate = asyncio.Event()
    async with switchboard(database_url, clock, bank=board.bank, menus=hurried()) as twin, asyncio.TaskGroup() as group:
        phone, again = twin.phone(), board.phone()
        await phone.at_pin("500")
        first = group.create_task(phone.type(PIN))
        while not twin.hops.in_hand:  # noqa: ASYNC110 - nothing tells the begin of work but its count
            await asyncio.sleep(0.001)
        assert (await again.dial()).text == OFFER
        await again.type("1")
        board.bank.gate.set()
        end = await again.type(PIN)

    assert "R00000000001" in end.text
    assert first.result().end in {HopEnd.ENDS, HopEnd.LOST}
    assert len(board.bank.paid) == 1


@ON_SQLITE
async def test_what_was_done_while_the_offer_stood_is_shown_instead(board: Switchboard) -> None:
    phone, again = board.phone(), board.phone()
    await phone.at_pin("500")
    await again.dial()
    done = await phone.type(PIN)

    shown = await again.type("1")
    landed = await again.type("1")

    assert shown.text.startswith(done.text)
    assert "1. Balance" in landed.text
    assert len(board.bank.paid) == 1


NOT_OFFERED = {
    "the first page": (["dial"], 0),
    "a dialogue that is over": (["dial", "4", "09120000009", "500", PIN], 0),
    "too long ago": (["dial", "4"], 901),
    "the page where a dial leads anyway": (["dial", "4", "000"], 0),
    "what lies behind a PIN": (["dial", "1", PIN], 0),
    "a page that asks for nothing": (["dial", "1", PIN, "1"], 0),
}


@ON_SQLITE
@pytest.mark.parametrize("case", NOT_OFFERED)
async def test_what_is_not_worth_a_question_is_not_offered(board: Switchboard, clock: ManualClock, case: str) -> None:
    typed, seconds = NOT_OFFERED[case]
    phone = board.phone()
    for one in typed:
        await (phone.dial() if one == "dial" else phone.type(one))
    clock.advance(timedelta(seconds=seconds))

    assert "1. Balance" in (await board.phone().dial()).text


@ON_SQLITE
async def test_who_came_back_from_behind_a_pin_is_asked_about_what_was_begun_since(board: Switchboard) -> None:
    phone, again = board.phone(), board.phone()
    await phone.dial()
    for typed in ("1", PIN, "000"):
        await phone.type(typed)
    page = await phone.type("4")

    assert (await again.dial()).text == OFFER
    assert (await again.type("1")).text == page.text


@ON_SQLITE
async def test_neither_another_number_nor_other_menus_are_offered(
    board: Switchboard, database_url: str, clock: ManualClock
) -> None:
    phone = board.phone()
    await phone.at_pin()

    assert "1. Balance" in (await board.phone("+989120000002").dial()).text
    async with switchboard(database_url, clock, bank=board.bank, menus=other_version()) as newer:
        assert "1. Balance" in (await newer.phone().dial()).text


@ON_SQLITE
async def test_a_page_with_a_code_is_not_resumed(board: Switchboard) -> None:
    phone = board.phone()
    await phone.dial()
    for typed in ("5", "2"):
        await phone.type(typed)
    await phone.type(PIN)

    assert "83520417" not in (await board.phone().dial()).text
    for row in await board.rows():
        assert "83520417" not in str(row)


@ON_SQLITE
async def test_an_expired_session_is_resumed_and_keeps_its_day(board: Switchboard, clock: ManualClock) -> None:
    phone, again = board.phone(), board.phone()
    page = await phone.at_pin()
    clock.advance(timedelta(seconds=400))
    await board.dialogues.sweep()

    assert (await again.dial()).text == OFFER
    assert (await again.type("1")).text == page.text
    assert (await again.type(PIN)).end is HopEnd.ENDS


async def test_a_chain_of_cuts_keeps_the_name_of_the_first(board: Switchboard) -> None:
    phones = [board.phone() for _ in range(3)]
    await phones[0].at_pin()
    for phone in phones[1:]:
        await phone.dial()
        await phone.type("1")

    assert (await phones[2].type(PIN)).end is HopEnd.ENDS

    rows = await board.rows()
    assert [row["origin"] for row in rows] == ["", rows[0]["id"], rows[0]["id"]]
    assert next(key for name, _, key in board.bank.calls if name == "payments.send").startswith(f"{rows[0]['id']}:")
    assert [answer.session_id for answer in board.late] == [rows[0]["id"]]


async def test_two_dials_of_one_number_cannot_both_go_on(board: Switchboard) -> None:
    phone, one, other = board.phone(), board.phone(), board.phone()
    page = await phone.at_pin()
    await one.dial()
    await other.dial()

    first, second = await one.type("1"), await other.type("1")

    assert first.text == page.text
    assert "1. Balance" in second.text


@ON_SQLITE
async def test_an_answer_to_a_session_that_another_goes_on_with_is_lost(board: Switchboard) -> None:
    phone, again = board.phone(), board.phone()
    await phone.at_pin()
    await again.dial()
    await again.type("1")

    assert (await phone.type(PIN)).end is HopEnd.LOST
    assert board.bank.paid == {}


async def test_a_late_result_begins_the_next_dial_once(board: Switchboard) -> None:
    phone, again, third = board.phone(), board.phone(), board.phone()
    await phone.at_pin("500")
    board.bank.delay_s = 0.8
    assert (await phone.type(PIN)).end is HopEnd.LATE
    await _done(board)

    shown = await again.dial()
    repeated = await again.dialogues.answer(again.event(""))
    landed = await again.type("1")

    assert shown.text == f"{board.late[0].text}\n1. Go on"
    assert "R00000000001" in shown.text
    assert (repeated.text, repeated.end) == (shown.text, HopEnd.REPLAYED)
    assert "1. Balance" in landed.text
    assert "1. Balance" in (await third.dial()).text


@ON_SQLITE
@pytest.mark.parametrize(
    ("kind", "reason", "shown"),
    [
        (EventKind.ABORT, "", True),
        (EventKind.TIMEOUT, "", True),
        (EventKind.REPORT, "Failed", True),
        (EventKind.REPORT, "Success", False),
    ],
)
async def test_a_last_page_that_never_arrived_begins_the_next_dial(
    board: Switchboard, *, kind: EventKind, reason: str, shown: bool
) -> None:
    phone = board.phone()
    await phone.at_pin("500")
    end = await phone.type(PIN)
    for _ in range(2):
        await phone.close(kind, reason)

    first, second = await board.phone().dial(), await board.phone().dial()
    await phone.close(kind, reason)
    third = await board.phone().dial()

    assert first.text.startswith(end.text) is shown
    assert "1. Balance" in second.text
    assert "1. Balance" in third.text


async def test_a_result_comes_before_an_offer(board: Switchboard) -> None:
    paid, cut, again = board.phone(), board.phone(), board.phone()
    await paid.at_pin("500")
    end = await paid.type(PIN)
    await cut.dial()
    await cut.type("4")
    await paid.close(EventKind.TIMEOUT)

    replies = [await again.dial(), await again.type("1"), await again.type("1")]

    assert replies[0].text.startswith(end.text)
    assert replies[1].text == OFFER
    assert "Mobile number" in replies[2].text


@ON_SQLITE
async def test_a_shortcut_leaves_out_the_offer_and_not_the_result(board: Switchboard) -> None:
    paid, cut, again = board.phone(), board.phone(), board.phone()
    await paid.at_pin("500")
    end = await paid.type(PIN)
    await paid.close(EventKind.TIMEOUT)
    await cut.dial("1")
    assert (await again.dial("1")).text != OFFER
    await paid.close(EventKind.TIMEOUT)

    hurried_one = await Phone(board.dialogues, "+989120000001").dial("1")

    assert "PIN" in hurried_one.text
    assert end.text not in hurried_one.text


@ON_SQLITE
async def test_a_result_that_does_not_fit_the_network_is_not_cut(database_url: str, clock: ManualClock) -> None:
    sizes = {"africastalking": Profile(), "telex": Profile(septets_max=50, ucs2_max=50)}
    async with switchboard(database_url, clock, profile_of=lambda adapter, _: sizes[adapter]) as board:
        phone = board.phone()
        await phone.at_pin("500")
        await phone.type(PIN)
        await phone.close(EventKind.TIMEOUT)

        first = await Telex(board.dialogues, phone.msisdn).dial()

        assert "Sent" not in first.text
        assert "Sent" in (await board.phone().dial()).text


@ON_SQLITE
async def test_a_wire_that_uses_its_keys_again_resumes_as_well_and_not_for_another(board: Switchboard) -> None:
    telex = Telex(board.dialogues)
    await telex.dial()
    page = await telex.type("4")
    stranger = Telex(board.dialogues, "+989120000002")

    assert (await telex.dial()).text == OFFER
    assert (await telex.type("1")).text == page.text
    assert "1. Balance" in (await stranger.dial()).text


@pytest.mark.parametrize("key", _TEXTS)
def test_every_aside_is_one_page_on_the_smallest_network(key: str) -> None:
    assert set(_TEXTS[key]) == {"en", "fa", "fr", "ar"}
    for text in _TEXTS[key].values():
        assert fits(text, Profile(septets_max=160, ucs2_max=70))
