"""From the tap to the merchant's payable over a socket: a batch heals what was lost, a cycle settles what it holds."""

from collections.abc import AsyncIterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.channels.nfc import TerminalServer
from gateway.channels.nfc.line import Desk
from gateway.services.clearing import BatchState, Clearing, Parts, read_calendar, read_schedule
from tests.gateway.channels.nfc.world import FUNDS, World, running
from wallet.clock import ManualClock

Fields = dict[int, str | bytes]
FEE = 1_200


@pytest.fixture
async def world(both_url: str, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    async with running(both_url, clock) as made:

        async def with_the_merchant() -> int:
            return sum([
                await balance(made, role, owner)
                for role, owner in (
                    ("merchant_clearing", made.merchant_id), ("merchant_payable", made.merchant_id), ("fee_income", ""),
                )
            ])  # fmt: skip

        monkeypatch.setattr(made, "payable", with_the_merchant)
        yield made


async def balance(world: World, role: str, owner: str) -> int:
    sums = await world.ledger.ledger.balances(world.chart.id(role, owner))
    return sums.net_credit if sums is not None else 0


async def opened(world: World) -> Clearing:
    """Clearing over the world's taps, behind a door that knows it."""
    parts = Parts(
        world.store, world.clock, world.ledger, world.ledger.ledger, world.chart, world.keys, world.taps,
        world.merchants, read_schedule(), read_calendar(ZoneInfo("Asia/Tehran")), world.settings,
    )  # fmt: skip
    clearing = Clearing(parts)
    await world.till.hang_up()
    await world.server.stop(5)
    desk = Desk(world.taps, world.merchants, world.keys, world.metrics, idle_s=5.0, batches=clearing)
    world.server = TerminalServer(desk, connections_max=3)
    await world.start()
    assert await world.till.sign_on()
    return clearing


def totals(world: World, debits: int, minor: int, refunds: int, back: int) -> Fields:
    net = f"D{minor - back:016d}"
    told = {74: f"{refunds:010d}", 76: f"{debits:010d}", 86: f"{back:016d}", 88: f"{minor:016d}", 97: net}
    kept = {number: value for number, value in world.till.common(1, "").items() if number not in {3, 4, 37}}
    return {**kept, **told}


def item(world: World, of: Fields, mti: str, approval: str) -> Fields:
    sent = world.till.later(of, approval=approval or "      ", mti=mti)
    return {**sent, 3: str(of[3])}


async def code(world: World, mti: str, fields: Fields) -> str:
    return (await world.ask(mti, fields)).text(39)


async def test_a_lost_completion_is_captured_by_the_batch_and_the_day_end_owes_the_merchant_all_of_it(
    world: World, clock: ManualClock
) -> None:
    clearing = await opened(world)
    kept, lost = world.till.purchase(world.phone, 100_000), world.till.purchase(world.phone, 70_000)
    kept_approval = (await world.ask("0100", kept)).text(38)
    lost_approval = (await world.ask("0100", lost)).text(38)
    assert await code(world, "0220", world.till.later(kept, approval=kept_approval)) == "00"
    refund = world.till.later(kept, 30_000) | {2: world.phone.pan, 3: "200000", 22: "071", 25: "00"}
    refunded = await world.ask("0200", refund)
    assert refunded.text(39) == "00"

    assert await code(world, "0500", totals(world, 2, 170_000, 1, 30_000)) == "95"
    sent = [
        item(world, kept, "0100", kept_approval), item(world, lost, "0100", lost_approval),
        item(world, refund, "0200", refunded.text(38)),
    ]  # fmt: skip
    for one in sent:
        assert await code(world, "0320", one) == "00"
    again = world.till.body("0500", totals(world, 2, 170_000, 1, 30_000))
    first = await world.till.ask_bytes(again)
    assert await world.till.ask_bytes(again) == first
    (batch,) = await clearing.views.batches()
    assert (batch.state, await clearing.views.exceptions()) == (BatchState.AGREED, [])
    assert (await world.wallet())[0] == FUNDS - 140_000

    clock.advance(timedelta(hours=24))
    await clearing.tick()
    assert await balance(world, "merchant_clearing", world.merchant_id) == 0
    assert await balance(world, "merchant_payable", world.merchant_id) == 140_000 - 2 * FEE
    assert await balance(world, "fee_income", "") == 2 * FEE
    (due,) = await clearing.views.dues(world.merchant_id)
    assert due.amount.minor == 140_000 - 2 * FEE
    (cycle, *_) = [one for one in await clearing.views.cycles() if one.count]
    for taken in await clearing.views.items(cycle.id):
        posted = await world.ledger.ledger.caused_by(taken.id)
        assert taken.fee.minor == FEE
        assert {row.transfer.code.name for row in posted} >= {"TAP_SETTLED", "MERCHANT_FEE"}


async def test_a_refund_after_settlement_comes_out_of_payable_and_gives_its_share_of_the_fee_back(
    world: World, clock: ManualClock
) -> None:
    clearing = await opened(world)
    bought = world.till.purchase(world.phone, 200_000)
    approval = (await world.ask("0100", bought)).text(38)
    assert await code(world, "0220", world.till.later(bought, approval=approval)) == "00"
    clock.advance(timedelta(hours=1))
    await clearing.run(extra=True)
    refund = world.till.later(bought, 50_000) | {2: world.phone.pan, 3: "200000", 22: "071", 25: "00"}
    assert await code(world, "0200", refund) == "00"
    clock.advance(timedelta(hours=1))
    await clearing.run(extra=True)
    left = 200_000 - FEE - 50_000 + FEE // 4
    assert await balance(world, "merchant_payable", world.merchant_id) == left
    free = [due.amount.minor for due in await clearing.views.dues(world.merchant_id) if due.state.value == "free"]
    assert free == [left]
