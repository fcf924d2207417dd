"""Who dials again after a drop: one agreement is one payment however it is dialled, and nothing is another's."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest
from sqlalchemy import update

from gateway.services.dialogues import EventKind, HopEnd, LateAnswer, records
from gateway.services.dialogues.service import OWED_AFTER
from gateway.services.dialogues.tables import sessions
from gateway.store import Store
from tests.gateway.services.dialogues.switchboard import (
    OFFER,
    PIN,
    FailingStore,
    Phone,
    Somebody,
    Switchboard,
    Telex,
    hurried,
    switchboard,
)
from ussd_menus import Style
from wallet.clock import ManualClock

SEND = "3*09120000009*500"
OTHER = "3*09120000009*700"
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def board(database_url: str, clock: ManualClock) -> AsyncIterator[Switchboard]:
    async with switchboard(database_url, clock, menus=hurried(), budget_s=0.5) as made:
        yield made


async def _dies_at_the_pin(phone: Phone | Telex, store: FailingStore) -> None:
    """Type the PIN; the money moves, and then the process dies."""
    store.fails = True
    assert (await phone.type(PIN)).end is HopEnd.FAILED
    store.fails = False


AGAIN = {
    "the same dial": ([SEND], True),
    "the plain dial, going on": (["", "1"], True),
    "the same payment walked to, then dropped and dialled": (["", "2", "4", "09120000009", "500"], False),
    "another amount": ([OTHER], False),
}


@pytest.mark.parametrize("first", [[SEND], ["", "4", "09120000009", "500"]])
@pytest.mark.parametrize("case", AGAIN)
@ON_SQLITE
async def test_a_payment_agreed_to_before_a_crash_is_the_same_one_when_it_is_dialled_again(
    board: Switchboard, first: list[str], case: str
) -> None:
    steps, same = AGAIN[case]
    phone, again = board.phone(), board.phone()
    assert isinstance(board.store, FailingStore)
    await phone.dial(first[0])
    for typed in first[1:]:
        await phone.type(typed)
    await _dies_at_the_pin(phone, board.store)

    await again.dial(steps[0])
    for typed in steps[1:]:
        await again.type(typed)
    end = await again.type(PIN)

    assert end.end is HopEnd.ENDS
    assert len(board.bank.paid) == (1 if same else 2)
    if same:
        assert "R00000000001" in end.text


async def test_the_same_dial_on_another_wire_while_the_first_is_worked_at_is_the_same_payment(
    board: Switchboard, database_url: str, clock: ManualClock
) -> None:
    board.bank.gate = asyncio.Event()
    async with switchboard(database_url, clock, bank=board.bank, menus=hurried()) as twin, asyncio.TaskGroup() as group:
        phone, again = twin.phone(), Telex(board.dialogues)
        await phone.dial(SEND)
        group.create_task(phone.type(PIN))
        while not twin.hops.in_hand:  # noqa: ASYNC110 - nothing tells the begin of work but its count
            await asyncio.sleep(0.001)
        await again.dial(SEND)
        board.bank.gate.set()
        await again.type(PIN)

    assert len(board.bank.paid) == 1


async def test_a_payment_that_was_seen_to_its_end_is_another_when_it_is_dialled_again(board: Switchboard) -> None:
    for _ in range(2):
        phone = board.phone()
        await phone.dial(SEND)
        assert (await phone.type(PIN)).end is HopEnd.ENDS

    assert len(board.bank.paid) == 2


@ON_SQLITE
async def test_who_has_a_number_now_reads_nothing_of_who_had_it(board: Switchboard) -> None:
    paid, cut = board.phone(), board.phone()
    await paid.at_pin("500")
    end = await paid.type(PIN)
    await paid.close(EventKind.TIMEOUT)
    await cut.dial(SEND)
    board.bank.others[paid.msisdn] = Somebody("per_new", "en")

    for dialled in ("", SEND):
        page = await board.phone().dial(dialled)
        assert end.text not in page.text
        assert page.text != OFFER
    assert [row["origin"] for row in await board.rows()] == [""] * 4


@ON_SQLITE
async def test_a_help_that_was_open_at_the_cut_takes_no_answer_of_the_page_that_is_shown_again(
    board: Switchboard,
) -> None:
    phone, again = board.phone(), board.phone()
    page = await phone.at_pin()
    await phone.type("0")
    await again.dial()

    assert (await again.type("1")).text == page.text
    assert (await again.type(PIN)).end is HopEnd.ENDS


@ON_SQLITE
@pytest.mark.parametrize(
    ("language", "digits", "keys"),
    [("fa", "own", "۱۲"), ("fa", "latin", "12"), ("ar", "own", "١٢"), ("fr", "own", "12")],
)
async def test_asides_are_numbered_in_the_digits_of_the_person(
    board: Switchboard, language: str, digits: str, keys: str
) -> None:
    phone, again, last = board.phone(), board.phone(), board.phone()
    board.bank.others[phone.msisdn] = Somebody(f"per_{phone.msisdn[1:]}", language, style=Style(digits=digits))
    await phone.at_pin("500")

    offered = await again.dial()
    assert [line[0] for line in offered.text.split("\n")[1:]] == list(keys)
    await again.type(keys[0])
    assert (await again.type(PIN)).end is HopEnd.ENDS
    await again.close(EventKind.TIMEOUT)
    assert (await last.dial()).text.split("\n")[-1][0] == keys[0]


@ON_SQLITE
async def test_a_result_that_was_told_and_read_does_not_come_back_as_a_failure(
    board: Switchboard, clock: ManualClock
) -> None:
    """Its row was written late by the promise after the work had told, and the next dial has shown its result."""
    phone = board.phone()
    await phone.at_pin()
    await phone.type(PIN)
    shown = {"status": "late", "end_reason": "late", "result": None}
    await board.store.write(lambda tx: tx.execute(update(sessions).values(shown)))
    board.late.append(LateAnswer(str((await board.row(phone))["id"]), phone.msisdn, None, "en", "Sent 500 rials"))
    clock.advance(OWED_AFTER + timedelta(seconds=1))
    await board.dialogues.sweep()

    assert (await board.row(phone))["end_reason"] == "told"
    assert "could not finish" not in (await board.phone().dial()).text


async def test_what_was_told_before_its_promise_was_stored_is_owed_no_more(
    board: Switchboard, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone, save = board.phone(), records.save
    await phone.at_pin()
    board.bank.delay_s = 0.7

    async def saved_late(store: Store, session: records.Session, also: Sequence[records.Also] = ()) -> None:
        while board.hops.in_hand:  # noqa: ASYNC110 - nothing tells the end of work but its count
            await asyncio.sleep(0.01)
        await save(store, session, also)

    monkeypatch.setattr(records, "save", saved_late)
    assert (await phone.type(PIN)).end is HopEnd.LATE

    row = await board.row(phone)
    assert (row["status"], row["end_reason"]) == ("late", "told")
    assert row["result"] == board.late[0].text.encode()
