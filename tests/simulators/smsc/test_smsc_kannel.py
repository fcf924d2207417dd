"""One talk with Kannel, an ESME of another house; the rig has the rest."""

from pathlib import Path

from tests.peers import kannel
from tests.simulators.acquirer import until
from tests.simulators.smsc.esme import PHONE, Lab
from tests.simulators.smsc.test_smsc_server import listening


async def test_kannel_sends_hears_of_delivery_and_of_a_person(tmp_path: Path) -> None:
    async with listening(Lab({"kannel": "hidden"})) as lab, kannel.running(tmp_path, lab.smsc.port) as box:
        await until(lambda: "bind_transceiver kannel" in lab.summaries(), 30)
        assert (await box.send("کد شما آماده است")).startswith("202 0: Accepted")
        await until(lambda: set(box.statuses()) == {8, 1}, 30)
        lab.smsc.deliver(PHONE, "مانده", "1420")
        await until(lambda: box.written() == ["مانده"], 30)

    assert lab.sms[0] == (PHONE, "کد شما آماده است", "1420")
