"""The SMSC simulator, spoken to by smpplib's own blocking client and by hand."""

import asyncio
import struct
from collections.abc import AsyncIterator
from typing import Any

import pytest
from smpplib import client as smpplib_client
from smpplib import consts

from simulators import smsc_wire as wire
from simulators.faults import Faults
from simulators.smsc import Smsc
from simulators.trace import Trace


class Lab:
    """An SMSC with what it heard."""

    def __init__(self, accounts: dict[str, str] | None = None) -> None:
        self.sms: list[tuple[str, str, str]] = []
        self.trace, self.faults = Trace(), Faults()
        self.smsc = Smsc(self.trace, self.faults, self._heard, accounts=accounts, receipt_delay_s=0.02)

    def _heard(self, msisdn: str, text: str, sender: str) -> None:
        self.sms.append((msisdn, text, sender))

    def summaries(self) -> str:
        """What the lab's list shows."""
        return "\n".join(message.summary for message in self.trace.messages)


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    lab = Lab({"tapdial": "demo"})
    await lab.smsc.start("127.0.0.1", 0)
    yield lab
    await lab.smsc.stop()


class Esme:
    """A client that speaks octets."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer, self.number = reader, writer, 0

    @classmethod
    async def connect(cls, lab: Lab) -> "Esme":
        return cls(*await asyncio.open_connection("127.0.0.1", lab.smsc.port))

    async def ask(self, command: str, **values: Any) -> Any:  # noqa: ANN401 - smpplib's PDUs have no types
        """Send a request; the next PDU."""
        self.number += 1
        self.writer.write(wire.make(command, self.number, **values))
        return await self.hear()

    async def bind(self, password: str = "demo", system_id: str = "tapdial") -> int:  # noqa: S107 - the lab's
        pdu = await self.ask(
            "bind_transceiver", system_id=system_id, password=password, system_type="", address_range=""
        )
        return int(pdu.status)

    async def submit(self, octets: bytes, coding: int = 0, **more: object) -> Any:  # noqa: ANN401
        values: dict[str, object] = {
            "service_type": "", "source_addr": "1420", "destination_addr": "989120000001", "short_message": octets,
            "schedule_delivery_time": "", "validity_period": "", "data_coding": coding,
        } | more  # fmt: skip
        return await self.ask("submit_sm", **values)

    async def hear(self) -> Any:  # noqa: ANN401 - smpplib's PDUs have no types
        """The next PDU, or None at the end."""
        async with asyncio.timeout(3):
            try:
                head = await self.reader.readexactly(4)
                return wire.read(head + await self.reader.readexactly(int.from_bytes(head, "big") - 4))
            except (asyncio.IncompleteReadError, ConnectionError):
                return None

    async def close(self) -> None:
        self.writer.close()


@pytest.fixture
async def esme(lab: Lab) -> AsyncIterator[Esme]:
    esme = await Esme.connect(lab)
    assert await esme.bind() == 0
    yield esme
    await esme.close()


@pytest.mark.parametrize(
    ("octets", "coding", "text"),
    [
        (b"hello \x1b\x65 \x02", 0, "hello € $"),
        ("سلام 😀".encode("utf-16-be"), 8, "سلام 😀"),
        ("déjà".encode("latin-1"), 3, "déjà"),
        (b"\xff\x1b", 0, "\ufffd"),
    ],
)
async def test_a_phone_shows_what_was_meant(lab: Lab, esme: Esme, octets: bytes, coding: int, text: str) -> None:
    pdu = await esme.submit(octets, coding)
    assert (pdu.command, pdu.status) == ("submit_sm_resp", 0)
    assert lab.sms == [("+989120000001", text, "1420")]


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2)])
@pytest.mark.parametrize("header", ["050003{r}0{t}0{n}", "060804aa{r}0{t}0{n}"])
async def test_a_long_text_is_shown_once_and_whole(
    lab: Lab, esme: Esme, order: tuple[int, int, int], header: str
) -> None:
    texts = {1: b"one ", 2: b"two ", 3: b"three"}
    for number in order:
        udh = bytes.fromhex(header.format(r="07", t=3, n=number))
        await esme.submit(udh + texts[number], esm_class=0x40)
    assert lab.sms == [("+989120000001", "one two three", "1420")]


async def test_sar_and_payload_are_understood_too(lab: Lab, esme: Esme) -> None:
    for number, octets in ((2, b"two"), (1, b"one ")):
        await esme.submit(octets, sar_msg_ref_num=9, sar_total_segments=2, sar_segment_seqnum=number)
    await esme.submit(b"", short_message=None, message_payload=b"x" * 300)
    assert [text for _, text, _ in lab.sms] == ["one two", "x" * 300]


async def test_a_receipt_comes_and_comes_again_until_it_is_taken(lab: Lab, esme: Esme) -> None:
    message_id = (await esme.submit(b"hello", registered_delivery=1)).message_id
    first = await esme.hear()
    assert (first.receipted_message_id, first.message_state, first.esm_class) == (message_id, 2, 4)
    assert first.short_message.startswith(b"id:" + message_id)
    esme.writer.write(wire.make("deliver_sm_resp", first.sequence, consts.SMPP_ESME_RX_T_APPN, message_id=""))
    again = await esme.hear()
    assert again.receipted_message_id == message_id
    await esme.close()
    other = await Esme.connect(lab)
    await other.bind()
    third = await other.hear()
    assert third.receipted_message_id == message_id
    other.writer.write(wire.make("deliver_sm_resp", third.sequence, message_id=""))
    assert (await other.ask("enquire_link")).command == "enquire_link_resp"
    await other.close()


@pytest.mark.parametrize(
    ("system_id", "password", "status"),
    [("tapdial", "wrong", consts.SMPP_ESME_RINVPASWD), ("nobody", "demo", consts.SMPP_ESME_RINVSYSID)],
)
async def test_strangers_are_not_bound(lab: Lab, system_id: str, password: str, status: int) -> None:
    esme = await Esme.connect(lab)
    assert await esme.bind(password, system_id) == status
    assert (await esme.submit(b"hello")).status == consts.SMPP_ESME_RINVBNDSTS
    assert not lab.sms
    await esme.close()


@pytest.mark.parametrize(
    ("octets", "answer", "status"),
    [
        (struct.pack(">IIII", 16, 0x999, 0, 7), "generic_nack", consts.SMPP_ESME_RINVCMDID),
        (struct.pack(">IIII", 20, 4, 0, 7) + b"\0\0\0\0", "submit_sm_resp", consts.SMPP_ESME_RINVDSTADR),
        (struct.pack(">IIII", 0xFFFF_FFFF, 4, 0, 7), "generic_nack", consts.SMPP_ESME_RINVCMDLEN),
        (struct.pack(">IIII", 16, 0x21, 0, 7), "generic_nack", consts.SMPP_ESME_RINVCMDID),
    ],
)
async def test_garbage_is_answered_and_others_live_on(
    lab: Lab, esme: Esme, octets: bytes, answer: str, status: int
) -> None:
    hostile = await Esme.connect(lab)
    await hostile.bind()
    hostile.writer.write(octets)
    pdu = await hostile.hear()
    assert (pdu.command, pdu.status) == (answer, status)
    await hostile.close()
    assert (await esme.submit(b"hello")).status == 0


async def test_the_fault_button_closes_the_door_and_opens_it_again(lab: Lab, esme: Esme) -> None:
    lab.faults.smsc_down = True
    assert await esme.hear() is None
    with pytest.raises(ConnectionRefusedError):
        await Esme.connect(lab)
    lab.faults.smsc_down = False
    again = await _as_soon_as_it_listens(lab)
    assert await again.bind() == 0
    await again.close()
    assert "SMSC down" in lab.summaries()


async def _as_soon_as_it_listens(lab: Lab) -> Esme:
    async with asyncio.timeout(3):
        while True:
            try:
                return await Esme.connect(lab)
            except ConnectionRefusedError:
                await asyncio.sleep(0.02)


async def test_the_lab_sees_each_wire_message(lab: Lab, esme: Esme) -> None:
    await esme.submit(b"hello", registered_delivery=1)
    await esme.hear()
    await esme.ask("unbind")
    summaries = lab.summaries()
    for part in ("bind_transceiver tapdial", "submit_sm to +989120000001, part 1 of 1", "deliver_sm", "unbind"):
        assert part in summaries
    assert "demo" not in summaries


def _talk(port: int) -> tuple[str, str]:
    """What smpplib's blocking client gets: the id of its message, and the id in its receipt."""
    client = smpplib_client.Client("127.0.0.1", port, allow_unknown_opt_params=True, timeout=3)
    got: dict[str, str] = {}
    client.set_message_sent_handler(lambda pdu: got.update(sent=pdu.message_id.decode()))
    client.set_message_received_handler(lambda pdu: got.update(receipt=pdu.receipted_message_id.decode()))
    client.connect()
    client.bind_transceiver(system_id="tapdial", password="demo")
    client.send_message(
        source_addr="1420", destination_addr="989120000001", short_message=b"from smpplib", registered_delivery=True
    )
    while "receipt" not in got:
        client.read_once()
    client.unbind()
    client.disconnect()
    return got["sent"], got["receipt"]


async def test_smpplibs_own_client_is_served(lab: Lab) -> None:
    sent, receipt = await asyncio.to_thread(_talk, lab.smsc.port)
    assert sent == receipt
    assert lab.sms == [("+989120000001", "from smpplib", "1420")]
