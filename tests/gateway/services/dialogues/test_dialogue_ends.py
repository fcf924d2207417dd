"""How sessions end, what is told and kept of them, and what time does to them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from gateway.errors import StoreUnavailable
from gateway.services.dialogues import EndReason, EventKind, HopEnd, Trails
from gateway.services.dialogues.service import OWED_AFTER
from gateway.services.dialogues.sweeps import SLICE_MAX
from gateway.services.dialogues.tables import sessions
from gateway.services.dialogues.trail import ENTRIES_MAX
from tests.gateway.services.dialogues.switchboard import (
    PIN,
    FailingStore,
    Phone,
    Switchboard,
    Telex,
    hurried,
    switchboard,
)
from wallet.clock import ManualClock

# Tables of cases need one database; what is written together is shown on both.
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def board(database_url: str, clock: ManualClock) -> AsyncIterator[Switchboard]:
    async with switchboard(database_url, clock, menus=hurried(), budget_s=0.5) as made:
        yield made


def counted(board: Switchboard) -> Mapping[str, int]:
    """Sessions that are over, by reason, of all wires."""
    (family,) = board.metrics.sessions.collect()
    counts: Counter[str] = Counter()
    for one in family.samples:
        if one.name.endswith("_total"):
            counts[one.labels["end"]] += int(one.value)
    return counts


async def test_a_last_page_sends_its_sms_with_the_session_and_once(board: Switchboard) -> None:
    phone = board.phone()
    await phone.at_pin("500")
    end = await phone.type(PIN)
    await phone.again()

    assert [answer.text for answer in board.late] == [end.text]
    assert board.late[0].session_id == (await board.row(phone))["id"]


@ON_SQLITE
async def test_a_last_page_that_is_not_stored_sends_no_sms(board: Switchboard) -> None:
    phone = board.phone()
    await phone.at_pin("500")
    assert isinstance(board.store, FailingStore)
    board.store.fails = True
    await phone.type(PIN)
    assert board.late == []
    board.store.fails = False
    await phone.again()

    assert len(board.late) == 1
    assert len(board.bank.paid) == 1


@ON_SQLITE
@pytest.mark.parametrize("kind", [EventKind.ABORT, EventKind.TIMEOUT, EventKind.REPORT])
async def test_a_session_is_closed_once_and_by_its_own_number_only(board: Switchboard, kind: EventKind) -> None:
    phone = board.phone()
    await phone.at_pin()
    await replace(phone, msisdn="+989120000002").close(kind, "other")
    assert (await board.row(phone))["status"] == "live"
    for reason in ("Incomplete", "Incomplete"):
        await phone.close(kind, reason)
    await Phone(board.dialogues, phone.msisdn, "never begun").close(kind)

    row = await board.row(phone)
    assert (row["status"], row["end_reason"], row["reply"]) == ("ended", kind.value, None)
    assert row["ended_at"] is not None
    assert row["reported"] == ("Incomplete" if kind is EventKind.REPORT else "")
    assert counted(board) == {kind.value: 1}
    assert (await phone.type(PIN)).end is HopEnd.LOST
    assert (await phone.dialogues.answer(phone.event("4*09120000009*500"))).end is HopEnd.LOST


@ON_SQLITE
async def test_a_wire_may_close_a_session_without_saying_whose(board: Switchboard) -> None:
    phone = board.phone()
    await phone.dial()
    await replace(phone, msisdn="").close(EventKind.ABORT)
    assert (await board.row(phone))["end_reason"] == "abort"


@ON_SQLITE
async def test_a_report_of_a_session_that_ended_well_adds_its_word_and_changes_nothing_else(board: Switchboard) -> None:
    phone = board.phone()
    await phone.at_pin()
    end = await phone.type(PIN)
    await phone.close(EventKind.REPORT, "Success" + "!" * 100)

    row = await board.row(phone)
    assert (row["status"], len(str(row["reported"]))) == ("ended", 40)
    assert (await phone.again()).text == end.text


@ON_SQLITE
async def test_an_end_that_cannot_be_noted_is_let_go(board: Switchboard) -> None:
    phone = board.phone()
    await phone.dial()
    assert isinstance(board.store, FailingStore)
    board.store.fails = True
    await phone.close(EventKind.ABORT)
    board.store.fails = False
    assert (await board.row(phone))["status"] == "live"


async def test_sessions_are_counted_once_by_wire_and_reason(board: Switchboard, clock: ManualClock) -> None:
    paid, live = board.phone(), board.phone("+989120000002")
    await paid.at_pin()
    await paid.type(PIN)
    await paid.again()
    await live.dial()
    telex = Telex(board.dialogues, "+989120000003")
    await telex.dial()
    await telex.type("4")
    await telex.dial()
    clock.advance(timedelta(hours=1))
    await board.dialogues.sweep()

    assert counted(board) == {"done": 1, "expired": 2, "redialled": 1}


async def test_a_promise_of_a_process_that_died_is_kept_by_another(board: Switchboard, clock: ManualClock) -> None:
    phone = board.phone()
    await phone.at_pin("500")
    board.bank.delay_s = 0.8
    assert (await phone.type(PIN)).end is HopEnd.LATE
    async with asyncio.timeout(5):
        while board.hops.in_hand:  # noqa: ASYNC110 - nothing tells the end of work but its count
            await asyncio.sleep(0.01)
    assert (await board.row(phone))["end_reason"] == EndReason.TOLD
    board.late.clear()
    await board.store.write(lambda tx: tx.execute(update(sessions).values(end_reason="late", result=None)))

    await board.dialogues.sweep()
    assert board.late == []
    clock.advance(OWED_AFTER + timedelta(seconds=1))
    for _ in range(2):
        await board.dialogues.sweep()

    assert ["check your balance" in answer.text for answer in board.late] == [True]
    assert board.late[0].msisdn == phone.msisdn
    assert "check your balance" in (await board.phone().dial()).text


async def test_a_result_that_was_told_before_its_promise_was_stored_stays(
    board: Switchboard, clock: ManualClock
) -> None:
    phone = board.phone()
    await phone.at_pin("500")
    await phone.type(PIN)
    late = {"status": "late", "end_reason": "late", "result": b"Sent: 500 rials"}
    await board.store.write(lambda tx: tx.execute(update(sessions).values(late)))
    clock.advance(OWED_AFTER + timedelta(seconds=1))
    await board.dialogues.sweep()

    row = await board.row(phone)
    assert (row["end_reason"], row["result"]) == (EndReason.TOLD, b"Sent: 500 rials")
    assert len(board.late) == 1


async def test_what_was_typed_is_forgotten_when_it_can_no_longer_be_resumed(
    board: Switchboard, clock: ManualClock
) -> None:
    live, paid, cut = (board.phone(f"+98912000000{one}") for one in range(1, 4))
    await live.dial()
    await paid.at_pin("500")
    await paid.type(PIN)
    await paid.close(EventKind.TIMEOUT)
    await cut.at_pin("500")
    await cut.close(EventKind.ABORT)
    clock.advance(timedelta(seconds=899))
    await board.dialogues.sweep()
    assert "09120000009"[1:] in str((await board.row(cut))["state"])
    clock.advance(timedelta(seconds=2))
    await board.dialogues.sweep()

    for row in await board.rows():
        assert (row["state"], row["reply"], row["result"]) == ({}, None, None)


async def test_sessions_are_deleted_after_their_time_in_slices(board: Switchboard, clock: ManualClock) -> None:
    old, young = board.phone(), board.phone("+989120000002")
    await old.at_pin()
    await old.type(PIN)
    clock.advance(timedelta(days=89))
    await young.dial()
    await board.dialogues.sweep()
    assert len(await board.rows()) == 2
    clock.advance(timedelta(days=1, seconds=181))
    for _ in range(2):
        await board.dialogues.sweep()

    assert [row["msisdn"] for row in await board.rows()] == [young.msisdn]
    assert SLICE_MAX <= 1_000


@ON_SQLITE
async def test_a_trail_tells_screens_and_times_and_no_text(board: Switchboard, clock: ManualClock) -> None:
    phone, again = board.phone(), board.phone()
    await phone.dial()
    clock.advance(timedelta(seconds=7))
    await phone.type("4")
    await phone.type("09120000009")
    await again.dial()
    await again.type("1")
    await again.type("500")
    await again.type(PIN)
    first, second = await board.rows()
    trails = Trails(board.store)

    steps = await trails.trail(str(first["id"]))
    assert [(step.screen, step.since_ms, step.end) for step in steps] == [
        ("home.menu", 0, HopEnd.CONTINUES),
        ("send.to", 7_000, HopEnd.CONTINUES),
        ("send.amount", 7_000, HopEnd.CONTINUES),
    ]
    assert [step.screen for step in await trails.trail(str(second["id"]))] == [
        "aside.offer",
        "send.amount",
        "send.pin",
        "send.sent",
    ]
    for word in (PIN, "500", "9120000009", "N***e"):
        assert word not in str(first["trail"]) + str(second["trail"])
    assert await trails.trail("ses_unknown") == []


@ON_SQLITE
async def test_a_trail_is_bounded(board: Switchboard) -> None:
    phone = board.phone()
    await phone.dial()
    for _ in range(ENTRIES_MAX // 2 + 2):
        for typed in ("4", "000"):
            await phone.type(typed)

    row = await board.row(phone)
    assert int(str(row["hops"])) > ENTRIES_MAX
    assert len(await Trails(board.store).trail(str(row["id"]))) == ENTRIES_MAX
    assert len(str(row["trail"])) < 4_500


async def test_staff_see_live_sessions_newest_first_and_no_number(board: Switchboard, clock: ManualClock) -> None:
    phones = [board.phone(f"+98912000000{one}") for one in range(1, 5)]
    for phone in phones:
        clock.advance(timedelta(seconds=1))
        await phone.dial()
    await phones[1].close(EventKind.ABORT)
    trails = Trails(board.store)

    seen = await trails.live(2)

    ids = {row["id"]: row["msisdn"] for row in await board.rows()}
    assert [ids[one.id] for one in seen] == [phones[3].msisdn, phones[2].msisdn]
    assert (seen[0].service_code, seen[0].adapter) == ("*1420#", "africastalking")
    assert (await trails.session(seen[0].id)) == seen[0]
    assert all(phone.msisdn not in repr(seen).replace(f"per_{phone.msisdn[1:]}", "") for phone in phones)


@ON_SQLITE
async def test_a_store_that_fails_leaves_the_session_where_it_was(board: Switchboard) -> None:
    phone = board.phone()
    await phone.dial()
    assert isinstance(board.store, FailingStore)
    board.store.fails = True
    with pytest.raises(StoreUnavailable):
        await board.dialogues.sweep()
    assert (await phone.type("4")).end is HopEnd.FAILED
    board.store.fails = False
    assert "Mobile number" in (await phone.again()).text
