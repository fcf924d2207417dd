"""A day of the simulators' terminal at our door, in both dialects: sales of every kind, and its batch against ours."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import pytest

from gateway.channels.nfc import Desk, Listener, TerminalServer
from gateway.channels.nfc.framing import LengthKind
from gateway.services.clearing import BatchState, Clearing, read_calendar, read_schedule
from gateway.services.clearing import Parts as ClearingParts
from gateway.services.taps import TapState
from simulators.faults import Faults, TillFaults
from simulators.nfc import Kernel, Limits, Setting
from simulators.nfc_phone import NfcPhone
from simulators.terminal import TapOutcome, TapResult, Terminal, TerminalConfig
from simulators.till.dialects import Framing
from simulators.till.kernel import Limits as ReaderLimits
from simulators.till.kernel import Rules
from simulators.trace import Trace
from tests.gateway.channels.nfc.test_twin_phone_and_terminal import api
from tests.gateway.channels.nfc.world import FUNDS, MSISDN, PERSON, World, running
from wallet.clock import SystemClock

OUTCOME = TapOutcome
LISTENERS = {
    "house87": Listener("plain", "127.0.0.1", 0),
    "shetab93": Listener("shetab", "127.0.0.1", 0, dialect="shetab93", length=LengthKind.ASCII4),
}
FRAMINGS = {"house87": Framing.BINARY2, "shetab93": Framing.ASCII4}


@dataclass
class Shop:
    """A shop with a terminal, a phone that was unlocked, and what the house clears."""

    world: World
    clearing: Clearing
    phone: NfcPhone
    terminal: Terminal
    faults: Faults

    async def pay(self, amount_minor: int, **how: bool) -> TapResult:
        return await self.terminal.pay(amount_minor, self.phone, **how)

    async def drained(self) -> None:
        async with asyncio.timeout(20):
            await self.terminal.drained()

    async def states(self) -> list[TapState]:
        return [tap.state for tap in await self.world.taps.recent(20)]

    async def batch_state(self) -> list[BatchState]:
        return [batch.state for batch in await self.clearing.views.batches(state=None)]


def clearing_of(world: World) -> Clearing:
    parts = ClearingParts(
        world.store, world.clock, world.ledger, world.ledger.ledger, world.chart, world.keys, world.taps,
        world.merchants, read_schedule(""), read_calendar(ZoneInfo(world.settings.zone), ""), world.settings,
    )  # fmt: skip
    return Clearing(parts)


@asynccontextmanager
async def shop_of(url: str, dialect: str, kernel: Kernel, *, one_message: bool) -> AsyncIterator[Shop]:
    async with running(url, SystemClock()) as world, api(world) as address:
        clearing = clearing_of(world)
        await clearing.prepare()
        desk = Desk(world.taps, world.merchants, world.keys, world.metrics, idle_s=30, batches=clearing)
        server = TerminalServer(desk, LISTENERS[dialect])
        await server.start()
        key = await world.merchants.register_terminal(world.merchant_id, "TWIN0001")
        trace, faults = Trace(), Faults()
        setting = Setting(kernel=kernel, offline=Limits(uses_max=5, minor_max=10**7))
        phone = NfcPhone(MSISDN, address, trace, setting=setting)
        assert (await phone.provision((await world.tokens.activation_code(PERSON)).code)).ok
        rules = Rules(ReaderLimits(floor_minor=100_000))
        config = TerminalConfig(
            key.terminal_id, key.merchant_number, "Pharmacy", key.key, dialect, FRAMINGS[dialect],
            one_message=one_message, rules=rules,
        )  # fmt: skip
        terminal = Terminal(
            config, host="127.0.0.1", port=server.port, faults=faults, trace=trace, answer_timeout_s=2.0
        )
        try:
            async with asyncio.TaskGroup() as group:
                working = group.create_task(terminal.run())
                yield Shop(world, clearing, phone, terminal, faults)
                working.cancel()
        finally:
            await server.stop(5)


@pytest.fixture
async def shop(sqlite_both_url: str) -> AsyncIterator[Shop]:
    async with shop_of(sqlite_both_url, "house87", Kernel.GPO, one_message=False) as made:
        yield made


WAYS = [
    ("house87", Kernel.GPO, False),
    ("house87", Kernel.MCHIP, True),
    ("shetab93", Kernel.MCHIP, False),
    ("shetab93", Kernel.GPO, True),
]


@pytest.mark.parametrize(("dialect", "kernel", "one_message"), WAYS)
async def test_a_day_of_sales_refunds_voids_parts_and_sales_without_a_line_agrees_at_its_end(
    sqlite_both_url: str, dialect: str, kernel: Kernel, *, one_message: bool
) -> None:
    async with shop_of(sqlite_both_url, dialect, kernel, one_message=one_message) as shop:
        till = shop.terminal
        first = await shop.pay(300_000)
        assert (first.outcome, first.de39) == (OUTCOME.APPROVED, "00")
        assert (await till.refund(50_000, first.stan)).outcome is OUTCOME.REFUNDED
        assert (await shop.pay(40_000)).outcome is OUTCOME.APPROVED
        assert (await till.void()).outcome is OUTCOME.VOIDED
        await till.switch(on=False)
        assert (await shop.pay(90_000)).outcome is OUTCOME.OFFLINE
        assert (await shop.pay(100_001)).outcome is OUTCOME.NO_LINE
        await till.switch(on=True)
        await shop.drained()
        assert (await shop.pay(60_000)).outcome is OUTCOME.APPROVED
        assert (await till.lower(20_000)).outcome is OUTCOME.LOWERED
        await shop.drained()
        part = await shop.pay(FUNDS, part_ok=True)
        assert (part.outcome, dict(part.receipt)["paid"]) == (OUTCOME.PARTIAL, "640,000 IRR")
        await shop.drained()
        assert await shop.world.payable() == FUNDS
        declined = await shop.pay(20_000)
        assert (declined.outcome, declined.de39) == (OUTCOME.DECLINED, "51")

        closed = await till.close_batch()

        assert (closed.outcome, dict(closed.receipt)["net"]) == (OUTCOME.BATCH_AGREED, "1,000,000 IRR")
        assert await shop.batch_state() == [BatchState.AGREED]
        assert (await till.refund(640_000, part.stan)).outcome is OUTCOME.REFUNDED, "of a batch that is closed"
        assert (await till.close_batch()).outcome is OUTCOME.BATCH_AGREED


async def test_a_batch_whose_completion_was_lost_heals_by_its_items(shop: Shop) -> None:
    assert (await shop.pay(10_000)).outcome is OUTCOME.APPROVED
    await shop.drained()
    shop.faults.till = TillFaults(drop=True, only="0220")
    assert (await shop.pay(250_000)).outcome is OUTCOME.APPROVED
    assert await shop.world.payable() == 10_000

    closed = await shop.terminal.close_batch()

    assert closed.outcome is OUTCOME.BATCH_HEALED
    assert await shop.world.payable() == 260_000
    assert await shop.batch_state() == [BatchState.AGREED]
    shop.faults.till = TillFaults()
    await shop.drained()
    assert await shop.states() == [TapState.CAPTURED, TapState.CAPTURED]
    assert await shop.world.payable() == 260_000, "the completion that comes at last captures nothing more"


async def test_a_sale_that_the_house_does_not_know_is_an_exception_with_an_owner(shop: Shop) -> None:
    await shop.pay(10_000)
    await shop.drained()
    (item,) = shop.terminal.items()
    stranger = replace(item.original, fields={**item.original.fields, 11: "999998", 37: "999999999998"})
    shop.terminal._journal.took(replace(item, original=stranger, amount_minor=77_000))

    assert (await shop.terminal.close_batch()).outcome is OUTCOME.BATCH_HEALED

    (found,) = await shop.clearing.views.exceptions(state=None)
    assert (found.type.value, found.detail["terminal_minor"]) == ("unknown_item", "77000")
    assert await shop.world.payable() == 10_000


async def test_a_locked_phone_is_sent_back_to_its_owner_and_pays_when_it_is_unlocked(shop: Shop) -> None:
    await shop.world.fund(10_000_000)
    shop.phone.cdcvm = False
    assert (await shop.pay(5_000_001)).outcome is OUTCOME.SEE_PHONE
    for _ in range(5):
        assert (await shop.pay(1_000)).outcome is OUTCOME.APPROVED
    # After so many taps without its owner the house asks for them.
    often = await shop.pay(1_000)
    assert (often.outcome, often.de39) == (OUTCOME.SEE_PHONE, "70")
    shop.phone.cdcvm = True
    assert (await shop.pay(5_000_001)).outcome is OUTCOME.APPROVED
    await shop.drained()


async def test_a_relayed_phone_is_refused(shop: Shop) -> None:
    shop.phone.faults.delay_ms = 520
    refused = await shop.pay(1_000)
    assert (refused.outcome, refused.de39) == (OUTCOME.DECLINED, "59")


@pytest.mark.parametrize("mishap", ["drop", "drop_answer", "reorder", "truncate", "corrupt_mac", "corrupt_answer"])
async def test_whatever_the_line_does_to_a_sale_nobody_is_charged_and_the_next_one_is_charged_once(
    shop: Shop, mishap: str
) -> None:
    shop.faults.till = TillFaults(only="0100", times=1)
    setattr(shop.faults.till, mishap, True)
    assert (await shop.pay(250_000)).outcome is OUTCOME.NO_ANSWER
    await shop.drained()
    assert await shop.world.wallet() == (FUNDS, FUNDS)
    assert (await shop.pay(250_000)).outcome is OUTCOME.APPROVED
    await shop.drained()
    assert (await shop.terminal.close_batch()).outcome is OUTCOME.BATCH_AGREED
    assert await shop.world.wallet() == (FUNDS - 250_000, FUNDS - 250_000)


async def test_a_request_that_arrives_twice_is_charged_once(shop: Shop) -> None:
    shop.faults.till = TillFaults(duplicate=True)
    assert (await shop.pay(250_000)).outcome is OUTCOME.APPROVED
    await shop.drained()
    shop.faults.till = TillFaults()
    assert await shop.world.payable() == 250_000
    assert await shop.states() == [TapState.CAPTURED]
