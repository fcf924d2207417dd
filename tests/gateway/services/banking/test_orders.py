"""An order is written once, whole or not at all, and the bank is asked before anything is sent again."""

import errno
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.errors import Conflict, SettingsFault, StoreUnavailable
from gateway.services.banking import Banking, BankPayment, OrderState
from tests.gateway.services.banking.conftest import House, of, pages
from tests.gateway.wire.bank_files import pain002
from wallet.money import irr


async def state_of(house: House, order_id: str = "ord_1") -> OrderState:
    row = await house.banking.order_by_id(order_id)
    assert row is not None
    return row.state


async def test_an_order_is_written_sent_and_not_sent_again(any_house: House) -> None:
    await any_house.ordered()
    assert await state_of(any_house) is OrderState.WRITTEN
    assert any_house.file().read_bytes().count(b"<CdtTrfTxInf>") == 3

    assert await any_house.banking.ship() == 1
    assert await any_house.banking.ship() == 0
    assert (any_house.bank.sends, await state_of(any_house)) == (["ord_1"], OrderState.SENT)
    assert any_house.bank.had["ord_1"] == any_house.file().read_bytes()


async def test_the_same_order_again_writes_nothing(house: House) -> None:
    await house.ordered()
    before = house.file().stat().st_mtime_ns

    async def untouched() -> AsyncIterator[Sequence[BankPayment]]:
        yield [read_again() for _ in range(1)]

    def read_again() -> BankPayment:
        raise AssertionError("read again")

    await house.another().order(of(3)[0], untouched())
    assert (await state_of(house), house.file().stat().st_mtime_ns) == (OrderState.WRITTEN, before)


@pytest.mark.parametrize("changed", [{"count": 4}, {"total": irr(1)}, {"cause": "bat_2"}])
async def test_another_order_of_that_id_is_refused_and_says_where_it_differs(
    house: House, changed: dict[str, object]
) -> None:
    await house.ordered()
    order, payments = of(3)

    with pytest.raises(Conflict, match=r"its (count|minor|cause) differs"):
        await house.banking.order(replace(order, **changed), pages(payments))  # type: ignore[arg-type]


async def test_payments_that_the_order_did_not_promise_leave_no_file(house: House) -> None:
    order, payments = of(3)
    with pytest.raises(Conflict, match="others than it says"):
        await house.banking.order(order, pages(payments[:2]))

    assert list(house.folder.rglob("*.*")) == []
    assert await house.banking.ship() == 0
    await house.banking.order(order, payments)
    assert await state_of(house) is OrderState.WRITTEN


@pytest.mark.parametrize("after", [0, 1])
async def test_what_died_while_it_wrote_writes_the_same_octets_when_it_is_ordered_again(
    house: House, after: int
) -> None:
    order, payments = of(3)

    class Killed(BaseException):
        """What no code of ours catches."""

    async def cut() -> AsyncIterator[Sequence[BankPayment]]:
        for page in [payments[:2]][:after]:
            yield page
        raise Killed

    with pytest.raises(Killed):
        await house.banking.order(order, cut())
    assert (await state_of(house), await house.banking.ship()) == (OrderState.WRITING, 0)
    house.clock.advance(timedelta(hours=5))
    await house.another().order(order, pages(payments, 1))
    written = house.file().read_bytes()

    house.file().unlink()
    house.clock.advance(timedelta(hours=5))
    await house.another().order(order, pages(payments, 3))
    assert house.file().read_bytes() == written


async def test_a_full_disk_is_a_fault_and_leaves_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StoreUnavailable, match="No space left"):
        await house.ordered()
    monkeypatch.undo()

    assert list(house.folder.rglob("*.*")) == []
    await house.ordered()
    assert await state_of(house) is OrderState.WRITTEN


async def test_an_order_without_an_answer_is_asked_for_and_not_sent_twice(any_house: House) -> None:
    await any_house.ordered()
    any_house.bank.silent = True
    assert await any_house.banking.ship() == 0
    assert (await state_of(any_house), any_house.bank.asked) == (OrderState.SENDING, [])

    any_house.clock.advance(timedelta(minutes=11))
    assert await any_house.banking.ship() == 1
    assert (any_house.bank.sends, any_house.bank.asked) == (["ord_1"], ["ord_1"])
    assert await state_of(any_house) is OrderState.SENT


async def test_an_order_that_the_bank_never_had_is_sent_after_it_was_asked_for(house: House) -> None:
    await house.ordered()
    house.bank.deaf = True
    for _ in range(3):
        assert await house.banking.ship() == 0
        house.clock.advance(timedelta(minutes=11))
    house.bank.deaf = False

    assert await house.banking.ship() == 1
    assert house.bank.sends == ["ord_1"]


async def test_pauses_grow_while_the_bank_is_away(house: House) -> None:
    await house.ordered()
    house.bank.deaf = True
    waits = []
    for _ in range(4):
        await house.banking.ship()
        seconds = 0
        while not await house.banking._claim():
            seconds += 5
            house.clock.advance(timedelta(seconds=5))
        await house.banking._later((await house.banking.orders(limit=1))[0], "again")
        house.clock.advance(timedelta(minutes=11))
        waits.append(seconds)

    assert waits == sorted(waits)
    assert waits[0] < waits[-1]


async def test_two_processes_do_not_send_one_order_both(house: House) -> None:
    await house.ordered()
    assert await house.banking._claim() is not None

    assert await house.another().ship() == 0


async def test_a_file_that_the_bank_refuses_pays_nobody_and_says_so(house: House) -> None:
    await house.ordered()
    house.bank.refuses = "no such debtor"
    assert await house.banking.ship() == 0
    assert await house.banking.ship() == 0
    await house.banking.sweep()

    assert await state_of(house) is OrderState.REFUSED
    assert house.taker.told() == [("E1", "rejected"), ("E2", "rejected"), ("E3", "rejected")]
    assert {(one.reason, one.amount) for one in house.taker.taken} == {
        ("FF01", irr(100)), ("FF01", irr(200)), ("FF01", irr(300)),
    }  # fmt: skip


async def test_a_file_that_was_changed_on_disk_is_not_sent_and_may_be_ordered_again(house: House) -> None:
    order = await house.ordered()
    house.file().write_bytes(house.file().read_bytes().replace(b"<Nm>Payee 1", b"<Nm>Mallory"))
    assert await house.banking.ship() == 0
    assert (house.bank.sends, await state_of(house)) == ([], OrderState.WRITING)

    await house.banking.order(order, pages(of(3)[1]))
    assert await house.banking.ship() == 1
    assert b"Mallory" not in house.bank.had["ord_1"]


async def test_without_a_bank_orders_are_written_and_wait(house: House) -> None:
    await house.ordered()

    assert await house.another(bank=False).ship() == 0
    assert await state_of(house) is OrderState.WRITTEN


async def test_orders_are_listed_newest_first(any_house: House) -> None:
    for number in range(3):
        await any_house.ordered(order_id=f"ord_{number}")
        any_house.clock.advance(timedelta(seconds=1))
    first = await any_house.banking.orders(limit=2)

    assert [row.order.id for row in first] == ["ord_2", "ord_1"]
    assert [row.order.id for row in await any_house.banking.orders(limit=2, before="ord_1")] == ["ord_0"]
    assert first[0].order == of(3, "ord_2")[0]


async def test_an_order_that_the_bank_has_lost_is_closed_before_anybody_hears_of_it(house: House) -> None:
    await house.sent()
    await house.banking.enquire("ord_1", ["E1", "E2"])
    assert (await state_of(house), house.taker.told()) == (OrderState.SENT, [])

    house.bank.had.clear()
    await house.banking.enquire("ord_1", ["E1", "E2"])
    await house.banking.enquire("ord_1", ["E2", "E3"])
    await house.banking.sweep()
    assert await state_of(house) is OrderState.REFUSED
    assert house.taker.told() == [("E1", "unknown_there"), ("E2", "unknown_there"), ("E3", "unknown_there")]
    assert await house.banking.ship() == 0


@pytest.mark.parametrize("silence", ["deaf", "no bank", "answered", "unsent", "no order"])
async def test_an_enquiry_that_nobody_can_answer_tells_nothing(house: House, silence: str) -> None:
    if silence == "unsent":
        await house.ordered()
    elif silence != "no order":
        await house.sent()
    house.bank.had.clear()
    house.bank.deaf = silence == "deaf"
    if silence == "answered":
        await house.arrive("answer", pain002("RCVD"))
    before = await house.banking.order_by_id("ord_1")
    await house.another(bank=silence != "no bank").enquire("ord_1", ["E1"])
    await house.banking.sweep()

    assert house.taker.told() == []
    assert await house.banking.order_by_id("ord_1") == before


async def test_nothing_is_ordered_of_a_bank_that_nobody_has_described(house: House) -> None:
    order, payments = of(1)
    nobody = Banking(replace(house.parts, profile=None))

    with pytest.raises(SettingsFault, match="bank_profile_file"):
        await nobody.order(order, payments)
    assert await house.banking.order_by_id("ord_1") is None


@pytest.mark.parametrize("written", [False, True])
async def test_an_order_that_was_withdrawn_is_never_handed_over(any_house: House, *, written: bool) -> None:
    order, payments = of(3)
    if written:
        await any_house.ordered()
    assert await any_house.banking.withdraw(order)
    assert await any_house.another().withdraw(order)
    with pytest.raises(Conflict):
        await any_house.banking.order(order, pages(payments))
    assert (await any_house.banking.ship(), any_house.bank.sends) == (0, [])


async def test_an_order_that_the_bank_may_have_is_not_withdrawn(house: House) -> None:
    order = await house.sent()
    assert not await house.banking.withdraw(order)
    assert await state_of(house) is OrderState.SENT
