"""Purchases in one message, offline advices, partial answers and reversals, voids and refunds, over a real socket."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from gateway.services.taps import HealOutcome, RefundState, TapState, Verdict
from gateway.wire import iso8583
from tests.gateway.channels.nfc.phone import TC, Phone
from tests.gateway.channels.nfc.world import FUNDS, ON_SQLITE, World, running
from wallet.clock import ManualClock

Fields = dict[int, str | bytes]
PURCHASE_DE54 = "0057364D{:012d}"


@pytest.fixture
async def world(both_url: str, clock: ManualClock) -> AsyncIterator[World]:
    async with running(both_url, clock) as made:
        yield made


async def bought(world: World, amount_minor: int) -> Fields:
    fields = world.till.purchase(world.phone, amount_minor)
    answer = await world.ask("0200", fields)
    assert (answer.mti, answer.text(39)) == ("0210", "00")
    return fields


def refund_of(world: World, original: Fields, amount_minor: int) -> Fields:
    return world.till.later(original, amount_minor, mti="0200") | {3: "200000", 2: world.phone.pan}


async def code(world: World, mti: str, fields: Fields) -> str:
    return (await world.ask(mti, fields)).text(39)


async def test_a_purchase_in_one_message_moves_the_money_and_its_repeat_does_not(world: World) -> None:
    body = world.till.body("0200", world.till.purchase(world.phone, 250_000))
    first = await world.till.ask_bytes(body)
    assert iso8583.decode(first).text(39) == "00"
    assert len(iso8583.decode(first).text(38)) == 6
    assert await world.till.ask_bytes(body) == first
    assert await world.wallet() == (FUNDS - 250_000, FUNDS - 250_000)
    assert await world.payable() == 250_000
    assert await code(world, "0200", world.till.purchase(world.phone, FUNDS)) == "51"
    tap, refused = sorted(await world.taps.recent(10), key=lambda one: one.stan)
    assert (refused.state, tap.state, tap.batch_number, tap.last4) == (
        TapState.DECLINED, TapState.CAPTURED, "000001", world.phone.pan[-4:],
    )  # fmt: skip
    assert [check.name for check in tap.checks if not check.passed] == []
    assert [(check.name.value, check.detail) for check in refused.checks if not check.passed] == [("funds", "no_funds")]


@ON_SQLITE
@pytest.mark.parametrize("mti", ["0200", "0400", "0420"])
async def test_what_was_bought_in_one_message_goes_back_whole_by_reversal(world: World, mti: str) -> None:
    fields = await bought(world, 250_000)
    reversal = world.till.later(fields, mti="0200")
    if mti == "0200":
        reversal = reversal | {3: "220000"}
    answer = await world.ask(mti, reversal)
    assert (answer.mti, answer.text(39)) == (f"{mti[:2]}{int(mti[2]) + 1}0", "00")
    assert await world.wallet() == (FUNDS, FUNDS)
    assert await code(world, "0420", world.till.later(fields, mti="0200")) == "00"
    void = world.till.later(fields, mti="0200") | {3: "220000"}
    assert await code(world, "0200", void) == "57"
    (tap,) = await world.taps.recent(10)
    assert (tap.state, [one.kind for one in await world.taps.refunds_of(tap.id)]) == (TapState.REFUNDED, ["reversal"])


@ON_SQLITE
async def test_a_reversal_before_its_original_declines_purchases_and_refunds_alike(world: World) -> None:
    paid = await bought(world, 100_000)
    for mti, fields in (("0200", world.till.purchase(world.phone, 50_000)), ("0200", refund_of(world, paid, 10_000))):
        assert await code(world, "0420", world.till.later(fields, mti=mti)) == "00"
        assert await code(world, mti, fields) == "57"
    assert await world.wallet() == (FUNDS - 100_000, FUNDS - 100_000)


@ON_SQLITE
async def test_an_offline_purchase_is_taken_whatever_the_wallet_has_and_charged_once(world: World) -> None:
    taken = world.till.purchase(world.phone, 300_000, cid=TC)
    body = world.till.body("0220", taken)
    first = await world.till.ask_bytes(body)
    assert (iso8583.decode(first).mti, iso8583.decode(first).text(39)) == ("0230", "00")
    assert await world.till.ask_bytes(body) == first
    # The same tap in another message is a replay: it was charged.
    again = world.till.common(300_000, "") | {number: taken[number] for number in (2, 14, 22, 25, 55)}
    assert await code(world, "0220", again) == "59"
    assert await world.payable() == 300_000
    assert await code(world, "0220", world.till.purchase(world.phone, FUNDS, cid=TC)) == "00"
    (unpaid,) = await world.taps.unpaid(10)
    assert (unpaid.state, unpaid.owner, unpaid.verdict) == (TapState.UNPAID, "", Verdict.NO_FUNDS)
    assert await world.taps.take_care(unpaid.id, "stf_1")
    still = await world.taps.collect(unpaid.id, "stf_1")
    assert still is not None
    assert (still.state, still.owner) == (TapState.UNPAID, "stf_1")
    await world.fund(300_000)
    collected = await world.taps.collect(unpaid.id, "stf_1")
    assert collected is not None
    assert collected.state is TapState.CAPTURED
    assert await world.taps.collect(unpaid.id, "stf_1") is None
    assert await world.payable() == 300_000 + FUNDS
    await world.ask("0420", world.till.later(taken, mti="0220"))


@ON_SQLITE
async def test_an_advice_of_an_offline_approval_holds_and_its_completion_captures(world: World) -> None:
    advice = world.till.purchase(world.phone, 300_000, cid=TC)
    answer = await world.ask("0120", advice)
    assert (answer.mti, answer.text(39)) == ("0130", "00")
    assert await world.wallet() == (FUNDS, FUNDS - 300_000)
    assert await code(world, "0220", world.till.later(advice, 200_000, answer.text(38), mti="0120")) == "00"
    assert await world.payable() == 200_000
    poor = world.till.purchase(world.phone, FUNDS, cid=TC)
    answer = await world.ask("0120", poor)
    assert answer.text(39) == "00"
    # Nobody can take the goods back: the completion is taken too, and staff have it in their list.
    assert await code(world, "0220", world.till.later(poor, FUNDS, answer.text(38), mti="0120")) == "00"
    assert [tap.amount.minor for tap in await world.taps.unpaid(10)] == [FUNDS]
    assert await code(world, "0420", world.till.later(poor, mti="0120")) == "00"
    assert await world.taps.unpaid(10) == []


@ON_SQLITE
async def test_an_offline_advice_while_the_ledger_is_down_is_taken_and_charged_later(
    world: World, clock: ManualClock
) -> None:
    world.ledger.fault = "down"
    assert await code(world, "0220", world.till.purchase(world.phone, 300_000, cid=TC)) == "00"
    assert await code(world, "0200", world.till.purchase(world.phone, 300_000)) == "91"
    world.ledger.fault = ""
    clock.advance(timedelta(seconds=10))
    assert await world.taps.sweep() > 0
    clock.advance(timedelta(seconds=10))
    await world.taps.sweep()
    assert await world.payable() == 300_000


@ON_SQLITE
@pytest.mark.parametrize(("mti", "owned"), [("0100", FUNDS), ("0200", 0)])
async def test_a_terminal_that_can_sell_a_part_is_told_how_much_the_wallet_has(
    world: World, mti: str, owned: int
) -> None:
    asked = world.till.purchase(world.phone, FUNDS + 500) | {24: "200"}
    answer = await world.ask(mti, asked)
    told = (answer.text(39), answer.text(4), answer.text(54))
    assert told == ("10", f"{FUNDS:012d}", PURCHASE_DE54.format(FUNDS + 500))
    assert await world.wallet() == (owned, 0)
    # The next one finds less than a part is worth, or nothing.
    assert await code(world, mti, world.till.purchase(world.phone, 5_000) | {24: "200"}) == "51"
    if mti == "0100":
        assert await code(world, "0220", world.till.later(asked, FUNDS + 1, answer.text(38))) == "13"
        assert await code(world, "0220", world.till.later(asked, FUNDS, answer.text(38))) == "00"
    assert await world.payable() == FUNDS
    assert await code(world, "0420", world.till.later(asked, mti=mti)) == "00"
    # A part below the least that is worth it is given up again.
    await world.ask("0200", world.till.purchase(world.phone, FUNDS - 9_000))
    small = world.till.body("0200", world.till.purchase(world.phone, 20_000) | {24: "200"})
    first = await world.till.ask_bytes(small)
    assert iso8583.decode(first).text(39) == "51"
    assert await world.till.ask_bytes(small) == first
    assert await world.wallet() == (9_000, 9_000)


async def test_a_partial_reversal_lowers_the_hold_and_gives_back_what_was_captured(world: World) -> None:
    fields = world.till.purchase(world.phone, 250_000)
    approval = (await world.ask("0100", fields)).text(38)
    for stays in (100_000, 150_000, 80_000):
        replaced = f"{stays:012d}{0:030d}"
        assert await code(world, "0420", world.till.later(fields) | {95: replaced}) == "00"
        assert (await world.wallet())[1] == FUNDS - min(stays, 100_000)
    assert await code(world, "0220", world.till.later(fields, 100_000, approval)) == "13"
    assert await code(world, "0220", world.till.later(fields, 80_000, approval)) == "00"
    assert await code(world, "0420", world.till.later(fields) | {95: f"{250_001:012d}{0:030d}"}) == "13"
    assert await code(world, "0420", world.till.later(fields) | {95: f"{50_000:012d}{0:030d}"}) == "00"
    assert await world.payable() == 50_000
    assert await world.wallet() == (FUNDS - 50_000, FUNDS - 50_000)
    assert await code(world, "0420", world.till.later(fields)) == "00"
    assert await world.wallet() == (FUNDS, FUNDS)


async def test_a_tap_that_is_lowered_while_the_ledger_is_asked_is_approved_and_stays_lowered(world: World) -> None:
    fields = world.till.purchase(world.phone, 250_000)
    lowering = world.till.later(fields) | {95: f"{100_000:012d}{0:030d}"}

    async def lower() -> None:
        message = iso8583.decode(world.till.body("0420", lowering))
        assert iso8583.decode(await world.taps.answer(message, "TERM0001")).text(39) == "00"

    world.ledger.meanwhile = lower
    answer = await world.ask("0100", fields)
    assert answer.text(39) == "00"
    assert await world.wallet() == (FUNDS, FUNDS - 100_000)
    assert await code(world, "0220", world.till.later(fields, 100_001, answer.text(38))) == "13"
    assert await code(world, "0220", world.till.later(fields, 100_000, answer.text(38))) == "00"
    assert await world.payable() == 100_000


async def test_refunds_stay_within_what_was_paid_and_say_whose_they_are(world: World) -> None:
    fields = await bought(world, 250_000)
    refund = refund_of(world, fields, 100_000)
    body = world.till.body("0200", refund)
    first = await world.till.ask_bytes(body)
    assert iso8583.decode(first).text(39) == "00"
    assert await world.till.ask_bytes(body) == first
    assert await code(world, "0200", refund_of(world, fields, 150_001)) == "13"
    token = await world.tokens.find_by_pan(world.phone.pan)
    assert token is not None
    by_par = {key: value for key, value in refund_of(world, fields, 50_000).items() if key not in {2, 90}}
    assert await code(world, "0200", by_par | {48: token.par}) == "00"
    assert await code(world, "0200", by_par | {11: "900001", 48: "X" * 29}) == "14"
    assert await code(world, "0200", by_par | {11: "900002"}) == "30"
    unlinked = refund_of(world, fields, 1000) | {37: "999999999999"}
    assert await code(world, "0200", unlinked) == "57"
    stranger = refund_of(world, fields, 1000) | {2: "5814200000000002"}
    assert await code(world, "0200", stranger) == "14"
    assert await world.payable() == 100_000
    assert await code(world, "0420", world.till.later(fields, mti="0200")) == "00"
    assert await world.wallet() == (FUNDS, FUNDS)
    assert await code(world, "0200", refund_of(world, fields, 1)) == "13"


async def test_a_refund_that_is_taken_back_is_paid_again_or_somebody_owns_it(world: World) -> None:
    fields = await bought(world, 600_000)
    refund = refund_of(world, fields, 500_000)
    assert await code(world, "0200", refund) == "00"
    assert await code(world, "0420", world.till.later(refund, mti="0200") | {3: "200000"}) == "00"
    assert await world.payable() == 600_000
    assert await code(world, "0200", again := refund_of(world, fields, 500_000)) == "00"
    await bought(world, 900_000)
    assert await code(world, "0420", world.till.later(again, mti="0200") | {3: "200000"}) == "00"
    (owed,) = await world.taps.owed(10)
    assert (owed.state, owed.amount.minor) == (RefundState.OWED, 500_000)
    assert await world.taps.take_care(owed.id, "stf_1")
    await world.fund(500_000)
    collected = await world.taps.collect(owed.id, "stf_1")
    assert collected is not None
    assert collected.state is RefundState.UNDONE
    assert await world.payable() == 1_500_000


@ON_SQLITE
async def test_a_void_is_of_the_open_batch_only(world: World) -> None:
    fields = world.till.purchase(world.phone, 250_000)
    await world.ask("0100", fields)
    world.till.batch = "000002"
    assert await code(world, "0200", world.till.later(fields) | {3: "220000"}) == "57"
    world.till.batch = "000001"
    assert await code(world, "0200", world.till.later(fields, 1000) | {3: "220000"}) == "13"
    void = {key: value for key, value in world.till.later(fields).items() if key != 90} | {3: "220000"}
    assert await code(world, "0100", void) == "00"
    assert await world.wallet() == (FUNDS, FUNDS)
    # What is voided stays so: to charge it again would charge somebody who is not there any more.
    assert await code(world, "0420", world.till.later(void, mti="0100") | {3: "220000"}) == "57"


@ON_SQLITE
async def test_staff_see_every_authorisation_with_what_was_checked(world: World, clock: ManualClock) -> None:
    await bought(world, 1000)
    clock.advance(timedelta(seconds=1))
    assert await code(world, "0100", world.till.purchase(world.phone, 1000) | {2: "5814200000000002"}) == "14"
    clock.advance(timedelta(seconds=1))
    assert await code(world, "0200", world.till.purchase(world.phone, FUNDS)) == "51"
    lines = await world.taps.live(10)
    assert [line.state for line in lines] == ["declined", "refused", "captured"]
    refused = next(line for line in lines if line.state == "refused")
    assert (refused.verdict, refused.last4, refused.checks[-1].name) == (Verdict.TOKEN_UNKNOWN, "0002", "token")
    assert [line.state for line in await world.taps.live(10, lines[0].id)] == [line.state for line in lines[1:]]
    assert [line.verdict for line in await world.taps.live(10, verdict=Verdict.NO_FUNDS)] == [Verdict.NO_FUNDS]
    assert await world.taps.live(10, terminal_id="TERM0009") == []
    clock.advance(timedelta(days=20))
    await world.taps.sweep()
    assert "refused" not in {line.state for line in await world.taps.live(10)}


async def test_clearing_takes_what_is_left_and_later_refunds_come_out_of_what_is_paid(
    world: World, clock: ManualClock
) -> None:
    first, second = await bought(world, 300_000), await bought(world, 200_000)
    assert await code(world, "0200", refund_of(world, first, 100_000)) == "00"
    assert await code(world, "0420", world.till.later(second, mti="0200")) == "00"
    held = world.till.purchase(world.phone, 50_000)
    approval = (await world.ask("0100", held)).text(38)
    batch = await world.taps.takings("TERM0001", "000001")
    counted = [(one.kind.value, one.amount_minor, one.settles_minor, one.reversed) for one in batch]
    assert sorted(counted) == [
        ("purchase", 200_000, 0, True),
        ("purchase", 300_000, 200_000, False),
        ("refund", 100_000, 0, False),
    ]
    stan, rrn = str(held[11]), str(held[37])
    assert await world.taps.heal("TERM0001", stan, rrn, 50_000, "WRONG1") is HealOutcome.WRONG_APPROVAL
    assert await world.taps.heal("TERM0001", stan, rrn, 50_001, approval) is HealOutcome.WRONG_AMOUNT
    assert await world.taps.heal("TERM0001", "999999", rrn, 1, approval) is HealOutcome.UNKNOWN
    for _ in range(2):
        assert await world.taps.heal("TERM0001", stan, rrn, 50_000, approval) is HealOutcome.HEALED
    back = next(one for one in batch if one.reversed)
    assert await world.taps.heal("TERM0001", back.stan, back.rrn, 1, back.approval) is HealOutcome.REVERSED
    clock.advance(timedelta(seconds=1))
    waiting = await world.taps.unsettled(clock.now(), world.merchant_id, after="", limit=10)
    assert sorted(one.settles_minor for one in waiting) == [50_000, 200_000]
    ids = [one.id for one in waiting]
    assert await world.taps.unsettled(clock.now(), after=ids[-1], limit=10) == []
    assert await world.taps.mark([*ids, "tap_0"], "cyc_1") == ids
    assert await world.taps.mark(ids, "cyc_2") == []
    assert await world.taps.mark(ids, "cyc_1") == ids
    # Nothing was settled in this test, so the merchant is owed nothing: a refund of a settled tap is refused.
    assert await code(world, "0200", refund_of(world, first, 100_000)) == "51"
    assert [one.settles_minor for one in await world.taps.settling("cyc_1", after="", limit=10)] == [
        one.settles_minor for one in waiting
    ]


@ON_SQLITE
async def test_another_terminal_of_the_merchant_refunds_by_the_reference_alone(world: World) -> None:
    fields = await bought(world, 100_000)
    key = await world.merchants.register_terminal(world.merchant_id, "TERM0002")
    here, there = world.till, type(world.till)(key.terminal_id, key.merchant_number, key.key, world.till.port)
    try:
        assert await there.sign_on()
        asked = there.common(40_000, str(fields[37])) | {3: "200000", 2: world.phone.pan}
        assert iso8583.decode(await there.ask("0200", asked)).text(39) == "00"
    finally:
        await there.hang_up()
    assert here is world.till
    other = Phone()
    await world.provision(other)
    # Another token of the same account will do as well.
    assert await code(world, "0200", refund_of(world, fields, 60_000) | {2: other.pan}) == "00"
    assert await world.payable() == 0
