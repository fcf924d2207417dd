"""What is dialled behind the code, up to the first secret; and deliveries of wires that say only what was typed now."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.services.dialogues import Event, EventKind, HopEnd
from gateway.services.dialogues.kept import DUPLICATE_S, MACS_MAX
from tests.gateway.services.dialogues.switchboard import CODE, PIN, Phone, Switchboard, Telex, hurried, switchboard
from ussd_menus import say
from wallet.clock import ManualClock

SEND = "3*09120000009*500"
AGREES = "Send 500 rials to N***e 0009?"

# Tables of cases need one database; what is written together is shown on both.
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def board(database_url: str, clock: ManualClock) -> AsyncIterator[Switchboard]:
    async with switchboard(database_url, clock, menus=hurried()) as made:
        yield made


DIALS = {
    "balance": ("1", "Please type your PIN", ""),
    "a payment to its agreement": (SEND, AGREES, ""),
    "a payment whose amount is none": ("3*09120000009*abc", "Please type the amount in digits", "Type your PIN"),
    "a code of nobody": ("77", "dial.unknown", ""),
    "more than the shortcut takes": ("1*2468", "dial.pin", ""),
    "a PIN behind a payment": (f"{SEND}*{PIN}", "dial.pin", "Sent"),
    "stars alone": ("***", "1. Balance", "dial.unknown"),
}


@ON_SQLITE
@pytest.mark.parametrize("case", DIALS)
async def test_what_was_dialled_leads_as_if_it_were_typed_and_moves_nothing(board: Switchboard, case: str) -> None:
    dialled, *texts = DIALS[case]
    expected, unexpected = (say(hurried(), "en", text) if text.startswith("dial.") else text for text in texts)
    phone = board.phone()

    reply = await phone.dial(dialled)
    calls = len(board.bank.calls)
    again = await phone.dialogues.answer(phone.event(dialled))

    assert expected in reply.text
    assert not unexpected or unexpected not in reply.text
    assert (reply.more, board.bank.paid) == (True, {})
    assert (again.text, again.end, len(board.bank.calls)) == (reply.text, HopEnd.REPLAYED, calls)


async def test_a_dialled_payment_goes_on_where_texts_accumulate(board: Switchboard) -> None:
    phone = board.phone()
    await phone.dial(SEND)

    end = await phone.type(PIN)

    assert end.end is HopEnd.ENDS
    assert list(board.bank.paid.values()) == [(phone.msisdn, 500)]


@ON_SQLITE
@pytest.mark.parametrize("numbered", [True, False], ids=["numbered", "bare"])
async def test_a_dialled_payment_goes_on_where_answers_come_alone(board: Switchboard, *, numbered: bool) -> None:
    telex = Telex(board.dialogues, numbered=numbered)

    assert AGREES in (await telex.dial(SEND)).text
    assert (await telex.type(PIN)).end is HopEnd.ENDS


@ON_SQLITE
async def test_a_dialled_pin_is_kept_nowhere(board: Switchboard, capsys: pytest.CaptureFixture[str]) -> None:
    canary = "7319"
    await board.phone().dial(f"{SEND}*{canary}")
    await Telex(board.dialogues).dial(f"1*{canary}")

    assert canary not in str(await board.rows())
    output = capsys.readouterr()
    assert canary not in output.out + output.err


@ON_SQLITE
async def test_what_was_dialled_means_nothing_to_who_is_not_enrolled(board: Switchboard) -> None:
    board.bank.strangers = frozenset({"+989120000007"})
    plain, dialled = board.phone("+989120000007"), board.phone("+989120000007")

    assert (await dialled.dial("1")).text == (await plain.dial()).text


@ON_SQLITE
async def test_a_lost_phone_is_told_of_from_any_phone(board: Switchboard) -> None:
    board.bank.strangers = frozenset({"+989120000007"})

    assert (await board.phone().dial("9")).text.startswith("Payments by phone\n1. Lock my phone payments")
    assert (await board.phone("+989120000007").dial("9")).text.startswith("The number of the phone that is lost?")


@ON_SQLITE
async def test_slow_work_behind_a_dial_is_promised_by_sms(database_url: str, clock: ManualClock) -> None:
    async with switchboard(database_url, clock, menus=hurried(), budget_s=0.2) as board:
        real = board.bank.payee

        async def slow(*arguments: object) -> object:
            await asyncio.sleep(0.5)
            return await real(*arguments)  # type: ignore[arg-type]

        board.hops._actions = {**board.bank.actions(), "payments.payee": slow}  # type: ignore[dict-item]
        reply = await board.phone().dial(SEND)

    assert (reply.end, reply.more) == (HopEnd.LATE, False)
    assert board.bank.paid == {}


@ON_SQLITE
async def test_every_delivery_may_be_called_a_begin_where_texts_accumulate(board: Switchboard) -> None:
    """A wire that cannot tell a first delivery from a later one."""
    phone = board.phone()
    await phone.dial()
    phone.text = "1"
    second = await phone.dialogues.answer(_begin(phone))
    assert "Please type your PIN" in second.text
    phone.text += f"*{PIN}"
    third = await phone.dialogues.answer(_begin(phone))

    assert "1 rial" in third.text
    assert (await phone.dialogues.answer(_begin(phone))).end is HopEnd.REPLAYED
    assert len(await board.rows()) == 1


@ON_SQLITE
async def test_an_answer_that_comes_again_alone_is_one_answer_for_two_seconds(
    board: Switchboard, clock: ManualClock
) -> None:
    telex = Telex(board.dialogues)
    await telex.dial()
    await telex.type("4")
    await telex.type("09120000009")
    page = await telex.type("4")
    clock.advance(DUPLICATE_S - timedelta(milliseconds=1))

    assert (await telex.again()).text == page.text
    clock.advance(timedelta(milliseconds=1))
    assert (await telex.again()).text != page.text


async def test_the_same_answer_in_flight_pays_once_and_says_the_same(
    board: Switchboard, database_url: str, clock: ManualClock
) -> None:
    telex = Telex(board.dialogues)
    await telex.dial(SEND)
    board.bank.delay_s = 0.1

    async with switchboard(database_url, clock, bank=board.bank, menus=hurried()) as twin:
        other = Telex(twin.dialogues)
        async with asyncio.TaskGroup() as group:
            all_three = [group.create_task(one.type(PIN)) for one in (telex, telex, other)]

    assert len({task.result().text for task in all_three}) == 1
    assert len(board.bank.paid) == 1


async def test_numbered_deliveries_that_come_late_again_move_nothing(board: Switchboard, clock: ManualClock) -> None:
    telex = Telex(board.dialogues, numbered=True)
    sent = []
    page = await telex.dial()
    for typed in ("4", "09120000009", "500"):
        page = await telex.type(typed)
        sent.append(telex.last)
    clock.advance(timedelta(seconds=30))

    for event in sent:
        assert event is not None
        again = await board.dialogues.answer(event)
        assert (again.text, again.end) == (page.text, HopEnd.REPLAYED)
    assert len(sent) < MACS_MAX
    assert (await telex.type(PIN)).end is HopEnd.ENDS


@ON_SQLITE
async def test_a_dial_on_a_wire_without_session_ids_begins_anew(board: Switchboard, clock: ManualClock) -> None:
    phone = Phone(board.dialogues, "+989120000001", "989120000001")
    first = await phone.again()
    assert (await phone.again()).text == first.text
    clock.advance(timedelta(seconds=5))
    await phone.again()

    assert [row["end_reason"] for row in await board.rows()].count("redialled") >= 1
    assert "Mobile number" in (await phone.type("4")).text


@pytest.mark.parametrize(
    ("seconds", "msisdn", "answers"),
    [(5, "+989120000001", True), (190, "+989120000001", False), (5, "+989120000002", False)],
)
@ON_SQLITE
async def test_a_begin_with_a_text_answers_what_is_alive_and_its_own_and_else_begins(
    board: Switchboard, clock: ManualClock, seconds: int, msisdn: str, *, answers: bool
) -> None:
    telex = Telex(board.dialogues)
    await telex.dial()
    clock.advance(timedelta(seconds=seconds))

    event = Event("telex", EventKind.BEGIN, telex.session_key, msisdn, CODE, "4", alone=True)
    reply = await board.dialogues.answer(event)

    assert ("Mobile number" in reply.text, "1. Balance" in reply.text) == (answers, not answers)


def _begin(phone: Phone) -> Event:
    return replace(phone.event(phone.text), kind=EventKind.BEGIN, dialled=phone.text)
