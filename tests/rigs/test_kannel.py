"""Kannel, an ESME of another house, on our SMSC simulator: what it sends, hears and repeats."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from simulators.smsc import Fate, State
from tests.peers import kannel
from tests.peers.kannel import Kannel
from tests.simulators.acquirer import until
from tests.simulators.smsc.esme import PHONE, Lab
from tests.simulators.smsc.test_smsc_server import listening

pytestmark = pytest.mark.rig

PERSIAN = "مستمری شما واریز شد. «تپ‌دایال» ۱٬۲۵۰٬۰۰۰ ریال 🙏"


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    async with listening(Lab({"kannel": "hidden"})) as lab:
        yield lab


@pytest.fixture
async def box(lab: Lab, tmp_path: Path) -> AsyncIterator[Kannel]:
    async with kannel.running(tmp_path, lab.smsc.port) as box:
        await until(lambda: "bind_transceiver kannel" in lab.summaries(), 30)
        yield box


@pytest.mark.parametrize("text", [PERSIAN, PERSIAN * 6, "ten characters" * 30])
async def test_a_text_of_kannel_is_read_as_it_was_written(lab: Lab, box: Kannel, text: str) -> None:
    assert (await box.send(text)).startswith("202")

    await until(lambda: bool(lab.sms), 30)
    assert lab.texts == [text]


@pytest.mark.parametrize("text", ["BAL", PERSIAN])
async def test_a_person_writes_to_kannel_and_gets_its_answer(lab: Lab, box: Kannel, text: str) -> None:
    (sent,) = lab.smsc.deliver(PHONE, text, "1420")

    await until(lambda: sent.acknowledged and bool(lab.sms), 30)
    assert box.written() == [text]
    assert lab.sms == [(PHONE, "پاسخ", "1420")]


async def test_kannel_sends_again_what_was_throttled(lab: Lab, box: Kannel) -> None:
    lab.faults.smsc.throttle_every = 2
    for number in range(4):
        await box.send(f"message {number}")

    await until(lambda: len(lab.sms) == 4, 60)
    assert sorted(lab.texts) == [f"message {number}" for number in range(4)]
    assert "submit_sm refused" in lab.summaries()


async def test_kannel_hears_of_failure(lab: Lab, box: Kannel) -> None:
    lab.smsc.fates[PHONE] = Fate((State.UNDELIVERABLE,), error=1)
    await box.send("nobody is there")

    await until(lambda: 2 in box.statuses(), 30)
    assert 1 not in box.statuses()
    assert not lab.sms


async def test_kannel_binds_again_after_the_smsc_was_down_and_nothing_is_lost(lab: Lab, box: Kannel) -> None:
    lab.faults.smsc_down = True
    await box.send("meanwhile")
    (sent,) = lab.smsc.deliver(PHONE, "BAL", "1420")
    assert not lab.sms
    lab.faults.smsc_down = False

    await until(lambda: "meanwhile" in lab.texts and sent.acknowledged, 60)


async def test_ids_that_differ_by_base_are_matched_when_kannel_is_told(lab: Lab, tmp_path: Path) -> None:
    lab.faults.smsc.hex_ids = True
    # Its first bit says that answers are hexadecimal, its second that receipts are.
    async with kannel.running(tmp_path, lab.smsc.port, **{"msg-id-type": "0x02"}) as box:
        await until(lambda: "bind_transceiver kannel" in lab.summaries(), 30)
        await box.send("in two bases")
        await until(lambda: 1 in box.statuses(), 30)
