"""`python -m simulators.nfc`: a phone of another process, at a port."""

import asyncio
import signal
import socket
import sys
from contextlib import closing
from pathlib import Path

from pytest_aiohttp.plugin import AiohttpServer

from simulators.nfc import TcpTransport
from simulators.nfc_phone import NfcPhone
from simulators.trace import Trace
from tests.simulators.nfc.commands import SELECT_AID, gpo
from tests.simulators.nfc.house import House
from tests.simulators.tokens import TOKEN

MSISDN = "+989120000002"


async def started(folder: Path, *options: str, code: str = "") -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulators.nfc", "--folder", str(folder), "--msisdn", MSISDN, *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"NFC_ACTIVATION_CODE": code} if code else {},
    )


async def line_of(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(20):
        return (await process.stdout.readline()).decode().strip()


async def test_a_phone_of_another_process_gets_its_token_answers_and_remembers(
    tmp_path: Path, aiohttp_server: AiohttpServer
) -> None:
    server = await aiohttp_server(House().application())
    gateway = str(server.make_url("")).rstrip("/")
    process = await started(tmp_path, "--tcp", "0", "--gateway", gateway, "--kernel", "mchip", code="12345678")
    port = int((await line_of(process)).removeprefix("phone ready at port "))
    transport = TcpTransport("127.0.0.1", port)
    await transport.activate()
    answers = [await transport.transceive(bytes.fromhex(one)) for one in (SELECT_AID, gpo())]
    await transport.deactivate()
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(10):
        assert await process.wait() == 0

    assert answers[1].hex().upper() == "800A128008010100100101009000"
    again = NfcPhone(MSISDN, gateway, Trace(), folder=tmp_path).token
    assert again is not None
    assert (again.atc, again.pan) == (1, TOKEN.pan)


async def test_a_phone_without_a_token_or_with_a_busy_port_says_so(tmp_path: Path) -> None:
    process = await started(tmp_path, "--tcp", "0")
    async with asyncio.timeout(20):
        _, said = await process.communicate()
    assert process.returncode == 1
    assert b"NFC_ACTIVATION_CODE" in said

    phone = NfcPhone(MSISDN, "http://127.0.0.1:9", Trace(), folder=tmp_path)
    phone.token = TOKEN
    phone.wallet.flush()
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        process = await started(tmp_path, "--tcp", str(taken.getsockname()[1]))
        async with asyncio.timeout(20):
            _, said = await process.communicate()
    assert process.returncode == 3
    assert b"port" in said
