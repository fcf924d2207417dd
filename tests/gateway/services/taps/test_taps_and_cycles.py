"""What comes back of taps while cycles settle them, and two processes at one tap: nothing is paid twice or lost."""

import asyncio
from datetime import timedelta

import pytest

from gateway.services.taps import Refund, RefundState, TapState
from gateway.wire import iso8583
from tests.gateway.channels.nfc.world import FUNDS, PERSON
from tests.gateway.services.taps.house import House
from wallet.errors import LedgerUnavailable

Fields = dict[int, str | bytes]


async def bought(house: House, minor: int) -> Fields:
    fields = house.till.purchase(house.phone, minor)
    assert await house.code("0200", fields) == "00"
    return fields


def refund_of(house: House, original: Fields, minor: int) -> Fields:
    return house.till.later(original, minor, mti="0200") | {3: "200000", 2: house.phone.pan}


def taken_back(house: House, refund: Fields) -> Fields:
    return house.till.later(refund, mti="0200") | {3: "200000"}


async def quiet(house: House) -> None:
    """Cycles and sweeps until nothing is on its way."""
    for _ in range(3):
        await house.cycle()
        house.hands.advance(timedelta(hours=1))
        await house.processes[0][0].sweep()
    await house.assert_settled()


async def test_the_reversal_of_a_refund_that_was_refused_is_answered(house: House) -> None:
    sale = await bought(house, 100_000)
    refused = refund_of(house, sale, 100_001)
    assert await house.code("0200", refused) == "13"
    assert await house.code("0420", taken_back(house, refused)) == "00"
    assert await house.code("0200", refund_of(house, sale, 100_000)) == "00"


async def test_a_refund_that_is_taken_back_after_its_purchase_was_settled_without_it_is_settled_then(
    house: House,
) -> None:
    sale = await bought(house, 500_000)
    refund = refund_of(house, sale, 200_000)
    assert await house.code("0200", refund) == "00"
    await house.cycle()
    assert await house.balance("merchant_clearing", house.merchant_id) == 0
    assert await house.code("0420", taken_back(house, refund)) == "00"
    assert await house.balance("merchant_clearing", house.merchant_id) == 200_000
    await quiet(house)
    assert await house.balance("merchant_clearing", house.merchant_id) == 0
    assert await house.balance("merchant_payable", house.merchant_id) == 500_000 - 1_200
    assert await house.balance("wallet", PERSON) == FUNDS - 500_000


async def test_a_refund_that_is_taken_back_after_a_cycle_counted_it_is_the_merchants_again(house: House) -> None:
    first, sale = await bought(house, 400_000), await bought(house, 500_000)
    await house.cycle()
    refund = refund_of(house, sale, 250_000)
    assert await house.code("0200", refund) == "00"
    await house.cycle()
    net = 900_000 - 2 * 1_200 - 250_000 + 600
    assert await house.balance("merchant_payable", house.merchant_id) == net
    assert await house.code("0420", taken_back(house, refund)) == "00"
    await quiet(house)
    assert await house.balance("merchant_payable", house.merchant_id) == net + 250_000
    # All of it can go back all the same, once.
    assert await house.code("0420", house.till.later(first, mti="0200")) == "00"
    assert await house.code("0200", refund_of(house, sale, 500_000)) == "51", "payable lacks what the fees took"
    other = await bought(house, 300_000)
    await house.cycle()
    assert await house.code("0200", refund_of(house, sale, 500_000)) == "00"
    assert await house.code("0200", refund_of(house, sale, 1)) == "13"
    assert await house.code("0420", house.till.later(other, mti="0200")) == "00"
    await quiet(house)
    assert await house.balance("wallet", PERSON) == FUNDS


async def test_the_only_sale_of_a_merchant_goes_back_whole_although_its_fee_was_taken(house: House) -> None:
    sale = await bought(house, 300_000)
    await house.cycle()
    assert await house.balance("merchant_payable", house.merchant_id) == 300_000 - 1_200
    assert await house.code("0420", house.till.later(sale, mti="0200")) == "00"
    await quiet(house)
    assert await house.balance("wallet", PERSON) == FUNDS
    assert await house.balance("fee_income") == await house.balance("merchant_payable", house.merchant_id) == 0
    (due,) = await house.processes[0][1].views.dues(house.merchant_id)
    assert due.state.value == "netted"


async def test_a_reversal_between_marking_and_posting_waits_for_the_cycle(house: House) -> None:
    sale = await bought(house, 300_000)

    async def reversal() -> None:
        assert await house.code("0420", house.till.later(sale, mti="0200"), process=1) == "00"

    house.slow.before = reversal
    await house.cycle()
    await quiet(house)
    assert await house.balance("wallet", PERSON) == FUNDS


async def test_a_completion_that_captures_while_another_process_lets_the_hold_go_is_charged_once(house: House) -> None:
    fields = house.till.purchase(house.phone, 300_000)
    approved = iso8583.decode(await house.answer("0100", fields))
    (tap,) = await house.processes[0][0].recent(1)
    completion = house.till.later(fields, 300_000, approved.text(38))
    captured, let_go = asyncio.Event(), asyncio.Event()

    async def not_stored_yet() -> None:
        captured.set()
        await let_go.wait()

    async def completed() -> None:
        # The other process's clock is a little behind.
        house.hands.advance(-timedelta(seconds=1))
        house.slow.meanwhile = not_stored_yet
        tasks.append(asyncio.create_task(house.code("0220", completion, process=1)))
        await captured.wait()
        house.hands.advance(timedelta(seconds=1))

    tasks: list[asyncio.Task[str]] = []
    house.hands.advance(tap.expires_at - house.clock.now())
    house.slow.before = completed
    await house.processes[0][0].sweep()
    let_go.set()
    assert await tasks[0] == "00"
    (tap,) = await house.processes[0][0].recent(1)
    assert tap.state is TapState.CAPTURED
    assert await house.balance("wallet", PERSON) == FUNDS - 300_000


async def test_what_a_terminal_takes_back_and_the_wallet_has_spent_is_the_merchants_once_it_is_collected(
    house: House,
) -> None:
    sale = await bought(house, 600_000)
    refund = refund_of(house, sale, 600_000)
    assert await house.code("0200", refund) == "00"
    await bought(house, FUNDS)
    assert await house.code("0420", taken_back(house, refund)) == "00"
    (owed,) = await house.processes[0][0].owed(10)
    assert owed.state is RefundState.OWED
    await house.cycle()
    await house.assert_settled()
    await house.fund(600_000)
    assert await house.processes[0][0].collect(owed.id, "stf_1") is not None
    await quiet(house)
    assert await house.balance("wallet", PERSON) == 0
    assert await house.balance("merchant_clearing", house.merchant_id) == 0


async def test_refunds_that_the_ledger_refuses_again_and_again_do_not_hide_one_that_it_would_pay(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.services.taps.sweeping.SWEEP_MAX", 1)
    sales = [await bought(house, 100_000) for _ in range(2)]
    other = await bought(house, 100_000)
    await house.cycle()
    house.hands.advance(timedelta(seconds=1))
    # All that payable has goes back: what is reversed now must wait.
    assert await house.code("0200", refund_of(house, other, 100_000)) == "00"
    assert await house.code("0200", refund_of(house, sales[1], 98_000)) == "00"
    assert await house.code("0420", house.till.later(sales[0], mti="0200")) == "00"
    for seconds in (5, 5, 5, 10, 20):
        house.hands.advance(timedelta(seconds=seconds))
        await house.processes[0][0].sweep()
    fresh = await bought(house, 50_000)
    house.ledger.fault = "down"
    assert await house.code("0420", house.till.later(fresh, mti="0200")) == "00"
    house.ledger.fault = ""
    house.hands.advance(timedelta(seconds=6))
    assert await house.processes[0][0].sweep() == 1
    assert await house.balance("wallet", PERSON) == FUNDS - 300_000 + 198_000
    await quiet(house)


async def test_a_reversal_that_payable_is_short_for_has_an_owner_until_it_is_paid(house: House) -> None:
    taps = house.processes[0][0]
    sale = await bought(house, 300_000)
    await house.cycle()
    assert await taps.short(10) == []
    assert await house.code("0420", house.till.later(sale, mti="0200")) == "00"
    (short,) = await taps.short(10)
    assert (short.state, short.owner, short.amount.minor) == (RefundState.PENDING, "", 300_000)
    assert await taps.short(10, before=short.id) == await taps.owed(10) == []
    assert await taps.take_care(short.id, "stf_1")
    still = await taps.collect(short.id, "stf_2")
    assert isinstance(still, Refund)
    assert (still.short, still.attempt, still.owner) == (True, short.attempt + 1, "stf_2")
    # Whoever looks after it keeps it while it is tried again by itself.
    house.hands.advance(timedelta(hours=1))
    assert await taps.sweep() == 1
    assert [(one.attempt, one.owner) for one in await taps.short(10)] == [(still.attempt + 1, "stf_2")]
    await bought(house, 300_000)
    await house.cycle()
    paid = await taps.collect(short.id, "stf_2")
    assert isinstance(paid, Refund)
    assert (paid.state, paid.waits_for_staff) == (RefundState.PAID, False)
    assert await taps.short(10) == []
    assert not await taps.take_care(short.id, "stf_1")
    assert await taps.collect(short.id, "stf_1") is None
    await quiet(house)
    assert await house.balance("wallet", PERSON) == FUNDS - 300_000


async def kept_reversals(house: House, count: int) -> None:
    """Reversals that were promised while the ledger was down."""
    sales = [await bought(house, 10_000) for _ in range(count)]
    house.ledger.fault = "down"
    for sale in sales:
        assert await house.code("0420", house.till.later(sale, mti="0200")) == "00"
    house.ledger.fault = ""
    house.hands.advance(timedelta(seconds=10))


async def test_a_fault_of_one_tap_is_counted_and_keeps_no_other_from_the_sweep(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def bug() -> None:
        raise ZeroDivisionError

    await kept_reversals(house, 3)
    house.slow.before = bug
    assert await house.processes[0][0].sweep() == 2
    assert await house.balance("wallet", PERSON) == FUNDS - 10_000
    labels = {"worker": "sweep_taps"}
    assert house.metrics.registry.get_sample_value("tapdial_worker_failures_total", labels) == 1
    # Nor do as many faulty ones as a sweep looks after hide what comes after them.
    monkeypatch.setattr("gateway.services.taps.sweeping.SWEEP_MAX", 1)
    house.hands.advance(timedelta(seconds=10))
    house.slow.before = bug
    assert await house.processes[0][0].sweep() == 0
    await kept_reversals(house, 1)
    house.hands.advance(timedelta(seconds=10))
    assert [await house.processes[0][0].sweep() for _ in range(3)] == [1, 1, 0]
    assert await house.balance("wallet", PERSON) == FUNDS


async def test_a_sweep_gives_up_soon_when_the_ledger_is_away(house: House) -> None:
    await kept_reversals(house, 5)
    house.ledger.fault, posts = "down", house.ledger.posts
    with pytest.raises(LedgerUnavailable):
        await house.processes[0][0].sweep()
    assert house.ledger.posts == posts + 3
    house.ledger.fault = ""
    house.hands.advance(timedelta(seconds=10))
    assert await house.processes[0][0].sweep() == 5
    assert await house.balance("wallet", PERSON) == FUNDS


async def test_neither_another_day_nor_another_terminal_makes_more_of_a_tap(house: House) -> None:
    sale = await bought(house, 300_000)
    refund = refund_of(house, sale, 100_000)
    held = house.till.purchase(house.phone, 50_000)
    approval = iso8583.decode(await house.answer("0100", held)).text(38)
    stranger = await house.merchants.register_merchant("Bakery", "per_2", "Tehran")
    for merchant_id, terminal_id in ((stranger.id, "TERM0009"), (house.merchant_id, "TERM0002")):
        await house.merchants.register_terminal(merchant_id, terminal_id)
    other: Fields = {41: "TERM0009", 42: f"{stranger.number:<15}"}
    completion, reversal = house.till.later(held, 50_000, approval), house.till.later(sale, mti="0200")
    void = house.till.later(sale, mti="0200") | {3: "220000"}
    asked: list[tuple[str, Fields, str]] = [
        ("0200", refund, "00"),
        ("0200", refund | {13: "1123"}, "94"),
        ("0200", refund | {13: "0522"}, "94"),
        ("0200", sale | {13: "1121"}, "59"),
        ("0200", refund_of(house, sale, 100_000) | other, "57"),
        ("0220", completion | other, "57"),
        ("0420", reversal | other, "00"),
        ("0200", void | other, "57"),
        ("0220", completion | {41: "TERM0002"}, "57"),
        ("0420", reversal | {41: "TERM0002"}, "00"),
        ("0420", house.till.later(sale, mti="0200") | {95: f"{300_001:012d}{0:030d}"}, "13"),
        ("0420", house.till.later(sale, mti="0200") | {95: f"{300_000:012d}{0:030d}"}, "00"),
        ("0420", house.till.later(refund, mti="0200") | {3: "200000", 95: f"{1:012d}{0:030d}"}, "13"),
    ]
    for mti, fields, code in asked:
        message = iso8583.decode(house.till.body(mti, fields))
        body = await house.taps.answer(message, message.text(41))
        assert (iso8583.decode(body).text(39), mti) == (code, mti), fields
    assert await house.wallet() == (FUNDS - 200_000, FUNDS - 250_000)


async def test_what_stands_half_done_is_told_with_its_age_until_a_sweep_finishes_it(house: House) -> None:
    sale = await bought(house, 100_000)
    begun = house.clock.now()
    house.slow.fault = "down"
    assert await house.code("0200", refund_of(house, sale, 40_000)) in {"91", "96"}
    house.slow.fault = ""
    house.hands.advance(timedelta(hours=1))
    assert await house.taps.unfinished(begun, limit=9) == []
    ((refund_id, minor, since),) = await house.taps.unfinished(house.clock.now(), limit=9)
    assert (refund_id[:4], minor, since) == ("rfd_", 40_000, begun)
    await house.processes[0][0].sweep()
    assert await house.taps.unfinished(house.clock.now(), limit=9) == []
