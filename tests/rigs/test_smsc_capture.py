"""What the link really sends to an SMSC of another house, taken off the line and read by tshark."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.wire import smpp
from gateway.wire.gsm import Splitting
from tests.gateway.peers.smsc_stubs import Box, link_to, message, running, until
from tests.peers import smscs
from tests.rigs.smpp_oracle import differences, dissected

pytestmark = pytest.mark.rig


@asynccontextmanager
async def _tapped(port: int, taken: bytearray) -> AsyncIterator[int]:
    """A port that leads to `port`; what goes there is also written down."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, note: bytearray) -> None:
        while octets := await reader.read(65_536):
            note += octets
            writer.write(octets)
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, forth = await asyncio.open_connection("127.0.0.1", port)
        async with asyncio.TaskGroup() as group:
            group.create_task(carry(reader, forth, taken))
            group.create_task(carry(back, writer, bytearray()))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def _cut(octets: bytes) -> list[bytes]:
    """PDUs by their command_length, without our codec."""
    pdus, at = [], 0
    while at < len(octets):
        length = int.from_bytes(octets[at : at + 4], "big")
        pdus.append(octets[at : at + length])
        at += length
    return pdus


@pytest.mark.parametrize("splitting", Splitting)
async def test_tshark_reads_a_whole_session_of_the_link_as_it_was_meant(tmp_path: Path, splitting: Splitting) -> None:
    box, taken = Box(), bytearray()

    async with smscs.node_smpp(receipts=1, enquire_ms=20) as smsc, _tapped(smsc.port, taken) as port:
        async with running(link_to(port, box, bind_s=5.0, response_s=5.0, splitting=splitting)) as link:
            await until(lambda: link.ready)
            for text in ("hello [€]", "سلام", "a" * 400, "س" * 200):
                await link.send(message(text))
            await until(lambda: len(box.receipts) == len(smsc.all("submit")))
            await until(lambda: any(one["answer"] == "enquire_link_resp" for one in smsc.all("answer")))
        await until(lambda: len(smsc.all("unbind")) == 1)

    sent = _cut(bytes(taken))
    kinds = {type(smpp.decode(pdu)) for pdu in sent}
    assert kinds == {smpp.BindTransceiver, smpp.SubmitSm, smpp.DeliverSmResp, smpp.EnquireLinkResp, smpp.Unbind}
    seen = dissected(sent, tmp_path)
    assert len(seen) == len(sent)
    assert [differences(smpp.decode(pdu), one) for pdu, one in zip(sent, seen, strict=True)] == [[]] * len(sent)
