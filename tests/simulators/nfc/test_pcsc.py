"""A phone in vsmartcard's virtual reader behind a real pcscd, read by a foreign program and by pyscard.

pcscd has one socket a machine. Where it runs already, its reader is used; else one is started, by root, and ended.
"""

import asyncio
import os
import re
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from simulators.nfc import pcsc, stay_in_slot
from simulators.nfc.pcsc import NoReader, PcscTransport
from simulators.nfc_phone import NfcPhone
from tests.simulators.nfc.commands import SELECT_AID, SELECT_PPSE, gpo
from tests.simulators.tokens import TOKEN, phone_with_token

COMM = Path("/run/pcscd/pcscd.comm")
DRIVERS = Path("/usr/lib/pcsc/drivers/serial")
DEBIANS_PORT = 35963
PCSCD = shutil.which("pcscd", path=f"{os.environ['PATH']}:/usr/sbin")
SCRIPTOR = shutil.which("scriptor")
READER = "Virtual PCD 00 00"


def running() -> bool:
    with closing(socket.socket(socket.AF_UNIX)) as probe, suppress(OSError):
        probe.connect(str(COMM))
        return True
    return False


def free_pair() -> int:
    """A port that is free together with the next: vpcd has two slots."""
    while True:
        with closing(socket.create_server(("127.0.0.1", 0))) as first:
            port = int(first.getsockname()[1])
            with suppress(OSError), closing(socket.create_server(("127.0.0.1", port + 1))):
                return port


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of the virtual reader's first slot."""
    driver = next(DRIVERS.glob("libifdvpcd.so*"), None)
    if PCSCD is None or SCRIPTOR is None or driver is None:
        pytest.skip("pcscd, vsmartcard-vpcd or pcsc-tools is not installed")
    if running():
        yield DEBIANS_PORT
        return
    if os.geteuid() != 0:
        pytest.skip("pcscd does not run, and only root may start it")
    folder = tmp_path_factory.mktemp("pcscd")
    chosen = free_pair()
    (folder / "reader.conf").write_text(
        f'FRIENDLYNAME "Virtual PCD"\nDEVICENAME /dev/null:{chosen:#x}\nLIBPATH {driver}\nCHANNELID {chosen:#x}\n'
    )
    with (folder / "log").open("wb") as log:
        command = [PCSCD, "--foreground", "--config", str(folder / "reader.conf")]
        daemon = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield chosen
        finally:
            daemon.terminate()
            daemon.wait(10)


@pytest.fixture
async def phone(port: int) -> AsyncIterator[NfcPhone]:
    """A phone that lies in the reader."""
    lying = phone_with_token()
    async with asyncio.TaskGroup() as tasks:
        slot = tasks.create_task(stay_in_slot(lying, port=port))
        yield lying
        slot.cancel()


async def scripted(*commands: str) -> list[str]:
    """What scriptor is answered, in hex; it is asked again until the daemon has seen the card."""
    script = "".join(f"{' '.join(re.findall('..', one))}\n" for one in commands)
    async with asyncio.timeout(20):
        while True:
            process = await asyncio.create_subprocess_exec(
                *(str(SCRIPTOR), "-r", READER, "-p", "T=1"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
            said = (await process.communicate(script.encode()))[0].decode("ascii", "replace")
            answers = re.findall(r"^< ((?:[0-9A-F]{2} ?\s?)+) :", said, re.MULTILINE)
            if answers:
                return [re.sub(r"\s", "", one) for one in answers]
            await asyncio.sleep(0.1)


async def test_a_foreign_program_taps_the_phone_through_a_real_card_daemon(phone: NfcPhone) -> None:
    commands = (SELECT_PPSE, SELECT_AID, gpo())

    answers = await scripted(*commands)

    twin = phone_with_token()
    assert answers == [twin.transceive(bytes.fromhex(one)).hex().upper() for one in commands]
    assert phone.token == twin.token


async def test_a_phone_that_is_torn_off_leaves_the_reader_and_comes_back(phone: NfcPhone) -> None:
    phone.faults.tear_at, phone.faults.tear_after, phone.faults.tears_max = 3, True, 1

    torn = await scripted(SELECT_PPSE, SELECT_AID, gpo())
    whole = await scripted(SELECT_PPSE, SELECT_AID, gpo())

    assert len(torn) == 2
    assert whole[2].startswith(f"773E820200409F3602{TOKEN.atc + 2:04X}")


async def test_our_own_terminal_reads_it_through_pyscard(phone: NfcPhone) -> None:
    if not pcsc.AVAILABLE:
        pytest.skip("the extra pcsc is not installed: make pcsc")
    await scripted(SELECT_PPSE)
    transport = PcscTransport("Virtual PCD")
    try:
        await transport.activate()
        commands = [bytes.fromhex(one) for one in (SELECT_PPSE, SELECT_AID, gpo())]
        answers = [await transport.transceive(one) for one in commands]
        await transport.deactivate()
    finally:
        transport.close()

    twin = phone_with_token()
    assert answers == [twin.transceive(one) for one in commands]


@pytest.mark.skipif(pcsc.AVAILABLE, reason="the extra pcsc is installed")
def test_without_pyscard_there_is_no_reader_and_that_is_said() -> None:
    with pytest.raises(NoReader, match="pyscard"):
        PcscTransport()
