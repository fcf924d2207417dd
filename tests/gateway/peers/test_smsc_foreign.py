"""The link against an SMSC of another house: Net::SMPP, which knows arbitrary TLVs."""

import asyncio
import shutil
import subprocess
from pathlib import Path

import pytest

from gateway.services.notices import PartState, ReceiptState
from tests.gateway.peers.smsc_stubs import Box, link_to, message, running, until

SCRIPT = Path(__file__).with_name("net_smpp_smsc.pl")
PERL = shutil.which("perl")


def _has_net_smpp() -> bool:
    return (
        PERL is not None
        and subprocess.run([PERL, "-MNet::SMPP", "-e1"], capture_output=True, check=False).returncode == 0
    )


@pytest.mark.rig
@pytest.mark.skipif(not _has_net_smpp(), reason="no Net::SMPP: apt-get install libnet-smpp-perl")
async def test_net_smpp_reads_what_we_send_and_its_receipts_are_read() -> None:
    smsc = await asyncio.create_subprocess_exec(str(PERL), str(SCRIPT), stdout=asyncio.subprocess.PIPE)
    assert smsc.stdout is not None
    try:
        async with asyncio.timeout(10):
            port, box = int(await smsc.stdout.readline()), Box()
            async with running(link_to(port, box, bind_s=5.0, response_s=3.0)) as link:
                await until(lambda: link.ready)
                for text in ("hello [€]", "سلام", "a" * 161):
                    report = await link.send(message(text))
                    assert {part.state for part in report.parts} == {PartState.SENT}
                await until(lambda: len(box.receipts) == 4)
            lines = (await smsc.stdout.read()).decode().split("\n")
    finally:
        if smsc.returncode is None:
            smsc.kill()
        await smsc.wait()
    submitted = [line for line in lines if line.startswith("1420 ")]
    plain = "1420 1 989120000001 0"
    assert submitted == [
        f"{plain} 0 000000001500000R " + b"hello \x1b\x3c\x1b\x65\x1b\x3e".hex(),
        f"{plain} 8 000000001500000R " + "سلام".encode("utf-16-be").hex(),
        "1420 1 989120000001 64 0 000000001500000R " + "050003340201" + b"a".hex() * 153,
        "1420 1 989120000001 64 0 000000001500000R " + "050003340202" + b"a".hex() * 8,
    ]
    assert lines.count("receipt 0") == 4
    assert "bye" in lines
    assert sorted((receipt.message_id, receipt.state) for receipt in box.receipts) == [
        (f"P000{number}", ReceiptState.DELIVERED) for number in range(1, 5)
    ]
