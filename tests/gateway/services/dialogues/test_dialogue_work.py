"""What happens when the work of a hop is slow, fails, or dies half way: paid at most once, and said truthfully."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from gateway.errors import Overloaded, PeerUnavailable
from gateway.services.dialogues import HopEnd
from tests.gateway.services.dialogues.switchboard import PIN, FailingStore, Switchboard, switchboard
from wallet.clock import ManualClock
from wallet.errors import LedgerUnavailable


@pytest.fixture
async def board(database_url: str, clock: ManualClock) -> AsyncIterator[Switchboard]:
    async with switchboard(database_url, clock, budget_s=0.5) as made:
        yield made


async def _done(board: Switchboard) -> None:
    async with asyncio.timeout(5):
        while board.hops.in_hand:  # noqa: ASYNC110 - nothing tells the end of work but its count
            await asyncio.sleep(0.01)


async def test_slow_work_is_promised_and_done_exactly_once(board: Switchboard) -> None:
    phone = board.phone()
    await phone.at_pin()
    board.bank.delay_s = 0.8

    told = await phone.type(PIN)
    again = await phone.again()
    paid_when_told = dict(board.bank.paid)
    await _done(board)

    assert (told.more, told.end) == (False, HopEnd.LATE)
    assert "SMS" in told.text
    assert (again.text, again.end) == (told.text, HopEnd.REPLAYED)
    assert paid_when_told == {}
    assert len(board.bank.paid) == 1
    assert [answer.session_id for answer in board.late] == [(await board.row(phone))["id"]]
    assert "500" in board.late[0].text
    assert (await phone.again()).text == told.text


async def test_a_late_sensitive_page_is_not_told(board: Switchboard, monkeypatch: pytest.MonkeyPatch) -> None:
    phone = board.phone()
    await phone.dial()
    for typed in ("5", "2"):
        await phone.type(typed)
    real = board.bank.activation_code

    async def slow(*arguments: object) -> object:
        await asyncio.sleep(0.7)
        return await real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(board.hops, "_actions", {**board.bank.actions(), "tokens.activation_code": slow})

    told = await phone.type(PIN)
    await _done(board)

    assert told.end is HopEnd.LATE
    assert board.late == []


@pytest.mark.parametrize("fault", [LedgerUnavailable("gone"), KeyError("bug")])
async def test_slow_work_that_fails_is_told_as_well_since_an_sms_was_promised(
    board: Switchboard, fault: Exception
) -> None:
    phone = board.phone()
    await phone.at_pin()
    board.bank.delay_s, board.bank.fault_after = 0.8, fault

    told = await phone.type(PIN)
    await _done(board)

    assert told.end is HopEnd.LATE
    assert [answer.msisdn for answer in board.late] == [phone.msisdn]
    assert "check before you repeat" in board.late[0].text


@pytest.mark.parametrize("fault", [PeerUnavailable("gone"), LedgerUnavailable("gone"), TimeoutError(), KeyError("bug")])
async def test_failed_work_ends_the_dialogue_and_asks_to_check(board: Switchboard, fault: Exception) -> None:
    phone = board.phone()
    await phone.at_pin()
    board.bank.fault_before = fault

    told = await phone.type(PIN)
    board.bank.fault_before = None
    again = await phone.again()

    assert (told.more, told.end) == (False, HopEnd.FAILED)
    assert again.text == told.text
    assert board.bank.paid == {}


async def test_a_process_that_dies_after_the_money_moved_pays_once(
    board: Switchboard, database_url: str, clock: ManualClock
) -> None:
    phone = board.phone()
    await phone.at_pin()
    assert isinstance(board.store, FailingStore)
    board.store.fails = True

    lost = await phone.type(PIN)
    async with switchboard(database_url, clock, bank=board.bank) as reborn:
        retried = await phone.other(reborn.dialogues).again()
        dialled = await reborn.phone().dial()

    assert lost.end is HopEnd.FAILED
    assert (retried.end, retried.more) == (HopEnd.ENDS, False)
    assert "R00000000001" in retried.text
    assert (dialled.end, dialled.more) == (HopEnd.CONTINUES, True)
    assert list(board.bank.paid.values()) == [(phone.msisdn, 500)]
    keys = [key for name, _, key in board.bank.calls if name == "payments.send"]
    assert len(keys) == 2
    assert len(set(keys)) == 1


async def test_a_request_that_is_cut_off_after_the_money_moved_pays_once(board: Switchboard) -> None:
    phone = board.phone()
    await phone.at_pin()
    board.bank.delay_s = 0.2
    phone.text += f"*{PIN}"

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await phone.again()
    retried = await phone.again()

    assert retried.end is HopEnd.ENDS
    assert len(board.bank.paid) == 1


async def test_a_fault_after_the_money_moved_is_not_repeated_by_the_provider(board: Switchboard) -> None:
    phone = board.phone()
    await phone.at_pin()
    board.bank.fault_after = LedgerUnavailable("gone")

    told = await phone.type(PIN)
    board.bank.fault_after = None
    again = await phone.again()

    assert told.end is HopEnd.FAILED
    assert again.text == told.text
    assert len(board.bank.paid) == 1


async def test_too_much_work_in_hand_is_refused_before_it_begins(database_url: str, clock: ManualClock) -> None:
    async with switchboard(database_url, clock, work_max=1) as board:
        first, second = board.phone("+989120000001"), board.phone("+989120000002")
        await first.at_pin()
        await second.at_pin()
        board.bank.delay_s = 0.3
        async with asyncio.TaskGroup() as group:
            paying = group.create_task(first.type(PIN))
            await asyncio.sleep(0.1)
            with pytest.raises(Overloaded):
                await second.type(PIN)
        assert paying.result().end is HopEnd.ENDS

        assert (await second.again()).end is HopEnd.ENDS

    assert len(board.bank.paid) == 2
