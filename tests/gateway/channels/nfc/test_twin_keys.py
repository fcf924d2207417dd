"""The simulators' phone, written from the same text by others, comes to its keys at our own doors."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from gateway.channels.api import api_app
from gateway.channels.web import new_application
from gateway.services.tokens import ReplenishOutcome
from simulators.faults import Faults
from simulators.nfc import KeyKind
from simulators.nfc_phone import NfcPhone
from simulators.terminal import TapOutcome, Terminal, TerminalConfig
from simulators.trace import Trace
from tests.gateway.channels.api.published import PublishedHeads
from tests.gateway.channels.nfc.world import MSISDN, PERSON, World, running
from ussd_menus import Begin, Call, Result, begin, dialled, freeze, load, onward, step
from wallet.clock import SystemClock


@dataclass
class Counter:
    world: World
    phone: NfcPhone
    terminal: Terminal
    url: str

    async def tap(self) -> None:
        result = await self.terminal.pay(1_000, self.phone)
        assert result.outcome is TapOutcome.APPROVED

    def key(self) -> str:
        assert self.phone.token is not None
        return self.phone.token.luk_id


@pytest.fixture(params=list(KeyKind))
async def counter(sqlite_both_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Counter]:
    async with running(sqlite_both_url, SystemClock()) as world:
        app: web.Application = new_application(world.clock, world.metrics)
        app.add_subapp("/api/v1", api_app(world.tokens, PublishedHeads(), world.clock, world.metrics))
        async with TestServer(app) as server:
            key = await world.merchants.register_terminal(world.merchant_id, "TWIN0001")
            trace = Trace()
            url = str(server.make_url(""))
            phone = NfcPhone(MSISDN, url, trace, key_kind=request.param)
            assert (await phone.provision((await world.tokens.activation_code(PERSON)).code)).ok
            config = TerminalConfig(key.terminal_id, key.merchant_number, "Pharmacy", key.key)
            terminal = Terminal(
                config, host="127.0.0.1", port=world.server.port, faults=Faults(), trace=trace, answer_timeout_s=5.0
            )
            async with asyncio.TaskGroup() as group:
                task = group.create_task(terminal.run())
                yield Counter(world, phone, terminal, url)
                async with asyncio.timeout(10):
                    await terminal.drained()
                task.cancel()


async def test_the_next_key_is_pulled_with_proof_and_the_next_tap_uses_it(counter: Counter) -> None:
    first = counter.key()
    assert (await counter.phone.replenish()).ok
    assert counter.key() == first, "it was not used yet"
    await counter.tap()

    assert (await counter.phone.replenish()).ok

    assert counter.key() != first
    await counter.tap()
    assert counter.phone.wallet.log[-1].luk_id == counter.key()


async def page_of(counter: Counter, code: str) -> str:
    """What the shipped menus show to whoever dials this."""
    menus = freeze(load())
    plan = dialled(menus, code.removeprefix("*1420*").removesuffix("#"))
    state, reply = step(menus, begin(menus, "en"), Begin(date(2026, 11, 22), "*1420#", plan.at))
    while True:
        while isinstance(reply, Call):
            number, atc, proof = (str(reply.args[name]) for name in ("token_number", "atc", "proof"))
            found = await counter.world.tokens.key_by_dial(PERSON, number, int(atc), proof)
            assert (reply.name, found.outcome) == ("tokens.key", ReplenishOutcome.OK)
            state, reply = step(menus, state, Result("ok", {"key_text": found.text}))
        event, plan = onward(menus, state, plan)
        if event is None:
            return reply.text
        state, reply = step(menus, state, event)


async def test_the_next_key_is_dialled_for_and_read_from_the_page(counter: Counter) -> None:
    first = counter.key()
    await counter.tap()

    page = await page_of(counter, counter.phone.dial_string)

    assert counter.phone.receive(page).ok
    assert counter.key() != first
    await counter.tap()


async def test_phones_go_on_with_their_keys_when_the_issuers_is_rotated_and_get_the_new_one_by_and_by(
    counter: Counter,
) -> None:
    tokens, phone = counter.world.tokens, counter.phone
    assert phone.token is not None
    old, other = phone.token.dki, NfcPhone(MSISDN, counter.url, Trace())
    await counter.tap()
    assert await counter.world.keys.rotate("imk") == old + 1
    await counter.tap()

    assert (await other.provision((await tokens.activation_code(PERSON)).code)).ok
    assert other.token is not None
    assert other.token.dki == old + 1
    assert (await counter.terminal.pay(1_000, other)).outcome is TapOutcome.APPROVED

    assert (await phone.replenish()).ok
    assert phone.token.dki == old + 1
    await counter.tap()
    assert await counter.world.keys.rotate("imk") == old + 2
    number, atc, proof = phone.dial_string.removesuffix("#").split("*")[3:]
    assert phone.receive((await tokens.key_by_dial(PERSON, number, int(atc), proof)).text).ok
    assert phone.token.dki == old + 2
    await counter.tap()
    shown = await tokens.token(phone.token.token_id)
    assert shown is not None
    assert shown.dki == old + 2
    assert [key.dki for key in await tokens.keys_of(shown.id)] == [old + 2, old + 1, old]


async def test_the_holders_calls_are_understood(counter: Counter) -> None:
    assert (await counter.phone.look()).ok
    assert counter.phone.state == "active"
    assert (await counter.phone.service.renew_seal_key()).ok
    await counter.tap()
    assert (await counter.phone.replenish()).ok
    assert (await counter.phone.service.lock("suspend")).ok
    assert (await counter.phone.look()).ok
    assert counter.phone.state == "suspended"
    assert (await counter.phone.replenish()).code == "not_active"
    assert (await counter.terminal.pay(1_000, counter.phone)).outcome is TapOutcome.DECLINED


async def test_a_phone_with_a_clock_gone_astray_is_told(counter: Counter) -> None:
    counter.phone.faults.clock_skew_s = 400

    assert (await counter.phone.replenish()).code == "stale"


async def test_a_torn_tap_does_not_lock_the_phone_out_of_its_next_key(counter: Counter) -> None:
    await counter.tap()
    counter.phone.faults.tear_at, counter.phone.faults.tear_after, counter.phone.faults.tears_max = 3, True, 1
    assert (await counter.terminal.pay(1_000, counter.phone)).outcome is TapOutcome.TORN_OFF

    assert (await counter.phone.replenish()).ok
    await counter.tap()
