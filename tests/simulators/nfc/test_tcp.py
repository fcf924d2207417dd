"""A phone behind a TCP port: the frames of vpcd, one reader at a time, and what a reader sees of a tear."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from simulators.nfc import PhoneServer, TcpTransport, TornOff
from simulators.nfc_phone import NfcPhone
from tests.simulators.nfc.commands import SELECT_AID, SELECT_PPSE, gpo
from tests.simulators.tokens import TOKEN, phone_with_token

HOST = "127.0.0.1"


async def again(transport: TcpTransport, command: str) -> bytes:
    """The answer in a new field, as soon as the phone has left the one before."""
    async with asyncio.timeout(5):
        while True:
            with contextlib.suppress(TornOff):
                await transport.activate()
                return await transport.transceive(bytes.fromhex(command))
            await asyncio.sleep(0.01)


@pytest.fixture
def phone() -> NfcPhone:
    return phone_with_token()


@pytest.fixture
async def server(phone: NfcPhone) -> AsyncIterator[PhoneServer]:
    served = PhoneServer(phone)
    await served.start(HOST, 0)
    yield served
    await served.stop()


async def test_a_tap_over_tcp_is_the_one_of_this_process(phone: NfcPhone, server: PhoneServer) -> None:
    commands = [bytes.fromhex(one) for one in (SELECT_PPSE, SELECT_AID, gpo())]
    transport = TcpTransport(HOST, server.port)

    await transport.activate()
    answers = [await transport.transceive(one) for one in commands]
    await transport.deactivate()

    twin = phone_with_token()
    assert answers == [twin.transceive(one) for one in commands]
    assert phone.token == twin.token


async def test_the_frames_are_those_of_vpcd(server: PhoneServer) -> None:
    reader, writer = await asyncio.open_connection(HOST, server.port)
    writer.write(bytes.fromhex("0001 04 0001 01 0005 00A4040000".replace(" ", "")))

    async with asyncio.timeout(5):
        assert (await reader.readexactly(11)).hex().upper() == "00053B80800101" + "00026700"
    writer.close()


async def test_a_tear_hangs_up_and_the_next_field_is_a_new_tap(phone: NfcPhone, server: PhoneServer) -> None:
    transport = TcpTransport(HOST, server.port)
    phone.faults.tear_at, phone.faults.tear_after, phone.faults.tears_max = 3, True, 1
    await transport.activate()
    for command in (SELECT_PPSE, SELECT_AID):
        await transport.transceive(bytes.fromhex(command))
    with pytest.raises(TornOff):
        await transport.transceive(bytes.fromhex(gpo()))
    with pytest.raises(TornOff, match="no field"):
        await transport.transceive(bytes.fromhex(SELECT_AID))

    assert (await again(transport, gpo())).hex() == "6985"
    assert phone.token is not None
    assert phone.token.atc == TOKEN.atc + 1
    await transport.deactivate()


async def test_a_phone_is_in_one_field_at_a_time(server: PhoneServer) -> None:
    first, second = TcpTransport(HOST, server.port), TcpTransport(HOST, server.port)
    await first.activate()
    await first.transceive(bytes.fromhex(SELECT_PPSE))

    await second.activate()
    with pytest.raises(TornOff):
        await second.transceive(bytes.fromhex(SELECT_PPSE))

    assert (await first.transceive(bytes.fromhex(SELECT_PPSE)))[-2:].hex() == "9000"
    await first.deactivate()
    await second.deactivate()


@pytest.mark.parametrize(
    "junk", ["FFFF00", "0000", "000100A4"], ids=["too long", "empty", "one byte that is no control"]
)
async def test_frames_that_are_none_do_not_stop_the_phone(server: PhoneServer, junk: str) -> None:
    reader, writer = await asyncio.open_connection(HOST, server.port)
    writer.write(bytes.fromhex(junk))
    writer.write_eof()
    async with asyncio.timeout(5):
        await reader.read()
    writer.close()
    transport = TcpTransport(HOST, server.port)

    assert (await again(transport, SELECT_PPSE))[-2:].hex() == "9000"
    await transport.deactivate()


async def test_where_nobody_listens_there_is_no_phone(server: PhoneServer) -> None:
    port = server.port
    await server.stop()

    with pytest.raises(TornOff):
        await TcpTransport(HOST, port).activate()


async def test_a_phone_that_is_too_slow_counts_as_gone(phone: NfcPhone, server: PhoneServer) -> None:
    phone.faults.delay_ms = 500
    transport = TcpTransport(HOST, server.port, timeout_s=0.05)
    await transport.activate()

    with pytest.raises(TornOff, match="Timeout"):
        await transport.transceive(bytes.fromhex(SELECT_PPSE))
