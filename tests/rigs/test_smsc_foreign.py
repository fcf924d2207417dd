"""A thousand messages through an SMSC of each of three houses, with what those do to a link meanwhile."""

import asyncio
from collections import Counter

import pytest

from gateway.peers.smsc import Link
from gateway.services.notices import PartState, ReceiptState
from tests.gateway.peers.smsc_stubs import Box, link_to, message, running, until
from tests.peers import smscs

pytestmark = pytest.mark.rig

MESSAGES = 1000
WINDOW = 10


def _text(number: int) -> str:
    """Every message is another one; every third needs UCS-2."""
    return f"سلام {number}" if number % 3 == 0 else f"hello {number}"


async def _carry(link: Link, count: int = MESSAGES) -> dict[str, str]:
    """Send that many at the link's window, again what was not taken; ids by text."""
    ids: dict[str, str] = {}
    left = iter(range(count))

    async def worker() -> None:
        for number in left:
            text = _text(number)
            while text not in ids:
                part = (await link.send(message(text))).parts[0]
                assert part.state in (PartState.SENT, PartState.LATER), part
                if part.state is PartState.SENT:
                    ids[text] = part.message_id
                else:
                    await asyncio.sleep(0.05)

    async with asyncio.TaskGroup() as group:
        for _ in range(WINDOW):
            group.create_task(worker())
    return ids


def _all_delivered(box: Box, ids: dict[str, str]) -> None:
    """One receipt for each message, by the id of its answer."""
    assert len(set(ids.values())) == len(ids)
    assert Counter(receipt.message_id for receipt in box.receipts) == Counter(ids.values())
    assert {receipt.state for receipt in box.receipts} == {ReceiptState.DELIVERED}


async def test_a_thousand_through_node_smpp_that_asks_and_throttles_meanwhile() -> None:
    box = Box()

    async with (
        smscs.node_smpp(receipts=1, enquire_ms=50, throttle_every=250) as smsc,
        running(link_to(smsc.port, box, bind_s=5.0, response_s=5.0)) as link,
    ):
        await until(lambda: link.ready)
        ids = await _carry(link)
        await until(lambda: len(box.receipts) >= MESSAGES)

    _all_delivered(box, ids)
    throttled = len(smsc.all("submit")) - MESSAGES
    assert throttled >= MESSAGES // 250
    heard = Counter(one["text"] for one in smsc.all("submit"))
    assert set(heard) == set(ids)
    # What was throttled came again; nothing else did.
    assert sum(times - 1 for times in heard.values()) == throttled
    assert any(one["answer"] == "enquire_link_resp" for one in smsc.all("answer"))
    assert smsc.refused() == []


async def test_a_thousand_through_net_smpp_whose_receipts_overtake_and_are_odd() -> None:
    box = Box()

    async with (
        smscs.net_smpp() as smsc,
        running(link_to(smsc.port, box, bind_s=5.0, response_s=5.0)) as link,
    ):
        await until(lambda: link.ready)
        ids = await _carry(link)
        await until(lambda: len(smsc.all("answer")) >= MESSAGES)

    _all_delivered(box, ids)
    assert smsc.refused() == []


async def test_a_thousand_through_smpp_twisted_which_refuses_what_is_not_as_written() -> None:
    box = Box()

    async with (
        smscs.smpp_twisted(receipts=1, throttle_every=250) as smsc,
        running(link_to(smsc.port, box, bind_s=5.0, response_s=5.0)) as link,
    ):
        await until(lambda: link.ready)
        ids = await _carry(link)
        await until(lambda: len(smsc.all("answer")) >= MESSAGES)

    _all_delivered(box, ids)
    assert smsc.refused() == []


@pytest.mark.parametrize("peer", [smscs.node_smpp, smscs.smpp_twisted], ids=lambda peer: peer.__name__)
async def test_an_smsc_that_takes_leave_is_bound_to_again_and_nothing_is_lost(peer: smscs.Peer) -> None:
    box = Box()

    async with (
        peer(receipts=1, unbind_after=50) as smsc,
        running(link_to(smsc.port, box, bind_s=5.0, response_s=5.0)) as link,
    ):
        await until(lambda: link.ready)
        ids = await _carry(link, 50)
        await until(lambda: not link.bound)
        await until(lambda: link.ready)
        again = (await link.send(message("again"))).parts[0]

    assert len(ids) == 50
    assert again.state is PartState.SENT
    assert smsc.refused() == []
