"""The simulators' phone and terminal, written by others from the same text, against our doors over real sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from gateway.channels.api import api_app
from gateway.channels.web import new_application
from gateway.services.taps import TapState
from simulators.faults import Faults
from simulators.nfc_phone import NfcPhone
from simulators.terminal import TapOutcome, Terminal, TerminalConfig
from simulators.trace import Trace
from tests.gateway.channels.api.published import PublishedHeads
from tests.gateway.channels.nfc.world import FUNDS, MSISDN, PERSON, World, running
from wallet.clock import SystemClock


@dataclass
class Counter:
    """A phone held over a terminal."""

    world: World
    phone: NfcPhone
    terminal: Terminal
    faults: Faults


@asynccontextmanager
async def api(world: World) -> AsyncIterator[str]:
    app: web.Application = new_application(world.clock, world.metrics)
    app.add_subapp("/api/v1", api_app(world.tokens, PublishedHeads(), world.clock, world.metrics))
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


@pytest.fixture
async def counter(sqlite_both_url: str) -> AsyncIterator[Counter]:
    async with running(sqlite_both_url, SystemClock()) as world, api(world) as url:
        key = await world.merchants.register_terminal(world.merchant_id, "TWIN0001")
        trace, faults = Trace(), Faults()
        phone = NfcPhone(MSISDN, url, trace)
        code = (await world.tokens.activation_code(PERSON)).code
        assert (await phone.provision(code)).ok
        config = TerminalConfig(key.terminal_id, key.merchant_number, "Pharmacy", key.key)
        terminal = Terminal(
            config, host="127.0.0.1", port=world.server.port, faults=faults, trace=trace, answer_timeout_s=5.0
        )
        async with asyncio.TaskGroup() as group:
            running_terminal = group.create_task(terminal.run())
            yield Counter(world, phone, terminal, faults)
            running_terminal.cancel()


async def states(world: World) -> list[TapState]:
    return [tap.state for tap in await world.taps.recent(10)]


async def test_a_tap_of_the_twins_is_approved_and_cleared_and_its_repeat_is_the_same(counter: Counter) -> None:
    result = await counter.terminal.pay(250_000, counter.phone)
    assert (result.outcome, result.de39) == (TapOutcome.APPROVED, "00")
    async with asyncio.timeout(10):
        await counter.terminal.drained()
    assert await counter.world.payable() == 250_000
    assert (await counter.terminal.repeat_last()).outcome is TapOutcome.REPEAT_SAME
    assert await states(counter.world) == [TapState.CAPTURED]
    assert await counter.world.wallet() == (FUNDS - 250_000, FUNDS - 250_000)
    declined = await counter.terminal.pay(FUNDS, counter.phone)
    assert (declined.outcome, declined.de39) == (TapOutcome.DECLINED, "51")


async def test_a_tap_whose_line_is_cut_is_taken_back(counter: Counter) -> None:
    counter.faults.terminal_line_cut = True
    assert (await counter.terminal.pay(250_000, counter.phone)).outcome is TapOutcome.NO_ANSWER
    counter.faults.terminal_line_cut = False
    async with asyncio.timeout(20):
        await counter.terminal.drained()

    # The reversal may have overtaken its original, which then is declined or never came.
    assert await states(counter.world) in ([TapState.VOIDED], [TapState.DECLINED], [])
    assert await counter.world.wallet() == (FUNDS, FUNDS)
    assert (await counter.terminal.pay(250_000, counter.phone)).outcome is TapOutcome.APPROVED
    async with asyncio.timeout(20):
        await counter.terminal.drained()
    assert await counter.world.payable() == 250_000
