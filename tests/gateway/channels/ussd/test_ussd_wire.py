"""From the carrier simulator to the dialogue's row and back: two implementations of one wire, faults included."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from pytest_aiohttp.plugin import AiohttpServer

from gateway.channels.ussd import UssdDoor, default_mount
from gateway.channels.web import new_application
from gateway.observe import Metrics
from simulators.carriers import Carrier, carrier_to
from simulators.faults import Faults
from simulators.trace import Trace
from tests.gateway.services.dialogues.switchboard import PIN, Bank, Switchboard, switchboard
from wallet.clock import ManualClock

PHONES = 60
WALK = ("4", "09120000009", "500", PIN)


@dataclass
class Line:
    """A carrier in front of a gateway."""

    carrier: Carrier
    faults: Faults
    board: Switchboard
    metrics: Metrics

    @property
    def bank(self) -> Bank:
        return self.board.bank

    def counted(self, end: str) -> float:
        labels = {"wire": "africastalking", "end": end}
        return self.metrics.registry.get_sample_value("tapdial_ussd_hops_total", labels) or 0


@pytest.fixture
async def line(database_url: str, clock: ManualClock, aiohttp_server: AiohttpServer) -> AsyncIterator[Line]:
    metrics, faults = Metrics(), Faults()
    async with switchboard(database_url, clock) as board:
        app = new_application(clock, metrics)
        mount = default_mount("*1420#", "s3", demo=False)
        app.add_routes(UssdDoor(board.dialogues, [mount], metrics).routes())
        server = await aiohttp_server(app)
        carrier = carrier_to(str(server.make_url("/")), "s3", "*1420#", Trace(), faults)
        yield Line(carrier, faults, board, metrics)
        await carrier.close()


async def _walk(line: Line, msisdn: str) -> str:
    screen = await line.carrier.dial(msisdn, "*1420#")
    for typed in WALK:
        assert (screen.open, screen.failed) == (True, None)
        screen = await line.carrier.answer(msisdn, typed)
    assert (screen.open, screen.failed) == (False, None)
    return screen.text


@pytest.mark.parametrize("twice", [False, True])
async def test_a_crowd_of_phones_pays_once_each(line: Line, *, twice: bool) -> None:
    line.faults.callback_twice = twice

    async with asyncio.TaskGroup() as group:
        for number in range(PHONES):
            group.create_task(_walk(line, f"+98912000{1000 + number}"))

    assert len({payer for payer, _ in line.bank.paid.values()}) == PHONES
    assert len(line.bank.paid) == PHONES
    assert line.counted("end") == PHONES
    assert line.counted("replayed") == (PHONES * 5 if twice else 0)
    assert line.counted("failed") == 0


async def test_a_dropped_session_leaves_the_payment_made_once_and_the_phone_free(line: Line) -> None:
    phone = "+989120000001"
    await line.carrier.dial(phone, "*1420#")
    for typed in WALK[:-1]:
        await line.carrier.answer(phone, typed)
    line.faults.drop_session = True

    lost = await line.carrier.answer(phone, PIN)
    again = await line.carrier.dial(phone, "*1420#")

    assert lost.failed is not None
    assert again.open
    assert len(line.bank.paid) == 1


async def test_a_dial_with_answers_behind_the_code_begins_a_session(line: Line) -> None:
    screen = await line.carrier.dial("+989120000001", "*1420*4*09120000009*500#")

    assert (screen.open, screen.failed) == (True, None)
    assert line.counted("con") == 1
