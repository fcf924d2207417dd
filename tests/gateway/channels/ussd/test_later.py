"""Pages that go by a call of ours: what a stop of the process and a provider that takes nothing leave behind."""

import asyncio
from dataclasses import dataclass, field, replace

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpClient

from gateway.channels.ussd import Clerk, Mount, UssdDoor
from gateway.channels.ussd.codes import Codes
from gateway.channels.ussd.later import Account
from gateway.channels.ussd.wire import Outbound
from gateway.channels.ussd.wires import wire_of
from gateway.channels.web import new_application
from gateway.errors import PeerUnavailable
from gateway.observe import Metrics
from gateway.services.dialogues import EventKind, HopEnd, Reply
from tests.gateway.channels.ussd.answering import Dialogues
from wallet.clock import ManualClock

ACCOUNT = Account("http://provider.example/ussd", password="hunter2-hunter2")
HOP = {
    "inboundUSSDMessageRequest": {
        "address": "tel:+989120000001", "sessionID": "s1", "shortCode": "1420", "inboundUSSDMessage": "1",
        "ussdAction": "mocont",
    }
}  # fmt: skip


@dataclass
class Provider:
    """Takes a page when it is let, or never."""

    fault: Exception | None = None
    let: asyncio.Event = field(default_factory=asyncio.Event)
    taken: int = 0

    async def post(self, url: str, sent: Outbound) -> None:
        await self.let.wait()
        if self.fault is not None:
            raise self.fault
        self.taken += 1


async def until_sent(clerk: Clerk) -> None:
    async with asyncio.timeout(3):
        while clerk.in_hand:  # noqa: ASYNC110 - the clerk tells nobody when it is done
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("fault", [None, PeerUnavailable("gone"), ZeroDivisionError("a bug")])
@pytest.mark.parametrize("more", [True, False])
async def test_a_last_page_that_nobody_took_is_noted_for_the_next_dial(
    aiohttp_client: AiohttpClient, clock: ManualClock, fault: Exception | None, *, more: bool
) -> None:
    metrics, provider = Metrics(), Provider(fault)
    dialogues = Dialogues(Reply("Paid.", more=more, end=HopEnd.CONTINUES if more else HopEnd.ENDS))
    app: web.Application = new_application(clock, metrics)
    async with asyncio.TaskGroup() as tasks:
        clerk = Clerk(provider, tasks, clock, metrics)
        mount = Mount(wire_of("oneapi", "oneapi", Codes(["*1420#"])), (), account=ACCOUNT)
        app.add_routes(UssdDoor(dialogues, [mount], metrics, clerk).routes())
        answer = await (await aiohttp_client(app)).post("/ussd/oneapi", json=HOP)
        in_hand = clerk.in_hand
        provider.let.set()
        await until_sent(clerk)

    assert (answer.status, in_hand, provider.taken) == (200, 1, 0 if fault else 1)
    asked, *noted = dialogues.events
    unseen = replace(asked, kind=EventKind.REPORT, reason="not_sent")
    assert noted == ([unseen] if fault and not more else [])
