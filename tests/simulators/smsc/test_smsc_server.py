"""The SMSC simulator: binds, texts, receipts, garbage."""

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from smpplib import client as smpplib_client
from smpplib import consts

from simulators.smsc import Terms, wire
from tests.simulators.smsc.esme import PHONE, Esme, Lab


@asynccontextmanager
async def listening(lab: Lab) -> AsyncIterator[Lab]:
    await lab.smsc.start("127.0.0.1", 0)
    try:
        yield lab
    finally:
        await lab.smsc.stop()


@pytest.mark.parametrize(
    ("octets", "coding", "text"),
    [
        (b"hello \x1b\x65 \x02", 0, "hello € $"),
        ("سلام 😀".encode("utf-16-be"), 8, "سلام 😀"),
        ("déjà".encode("latin-1"), 3, "déjà"),
        (b"\xff\x1b", 0, "\ufffd"),
        (b"flash", 0xF0, "flash"),
    ],
)
async def test_a_phone_shows_what_was_meant(lab: Lab, esme: Esme, octets: bytes, coding: int, text: str) -> None:
    pdu = await esme.submit(octets, coding)
    assert (pdu.command, pdu.status) == ("submit_sm_resp", 0)
    assert lab.sms == [(PHONE, text, "1420")]


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2)])
@pytest.mark.parametrize("header", ["050003{r}0{t}0{n}", "060804aa{r}0{t}0{n}"])
async def test_a_long_text_is_shown_once_and_whole(
    lab: Lab, esme: Esme, order: tuple[int, int, int], header: str
) -> None:
    texts = {1: b"one ", 2: b"two ", 3: b"three"}
    for number in order:
        udh = bytes.fromhex(header.format(r="07", t=3, n=number))
        await esme.submit(udh + texts[number], esm_class=0x40)
    assert lab.sms == [(PHONE, "one two three", "1420")]


async def test_sar_payload_and_data_sm_are_understood_too(lab: Lab, esme: Esme) -> None:
    for number, octets in ((2, b"two"), (1, b"one ")):
        await esme.submit(octets, sar_msg_ref_num=9, sar_total_segments=2, sar_segment_seqnum=number)
    await esme.submit(b"", message_payload=b"x" * 300)
    pdu = await esme.ask("data_sm", source_addr="1420", destination_addr=PHONE[1:], message_payload=b"data")
    assert (pdu.command, pdu.status) == ("data_sm_resp", 0)
    assert lab.texts == ["one two", "x" * 300, "data"]


@pytest.mark.parametrize(
    ("kind", "submits", "receives"),
    [("transmitter", True, False), ("receiver", False, True), ("transceiver", True, True)],
)
async def test_a_bind_may_do_what_its_kind_may(lab: Lab, kind: str, *, submits: bool, receives: bool) -> None:
    esme = await Esme.bound(lab, kind)
    assert (await esme.submit()).status == (0 if submits else consts.SMPP_ESME_RINVBNDSTS)
    lab.smsc.deliver(PHONE, "BAL", "1420")
    assert await esme.hears_nothing(0.05) is not receives
    esme.close()


async def test_the_receipt_of_a_transmitter_comes_to_the_receiver_of_its_account(lab: Lab) -> None:
    transmitter, receiver = await Esme.bound(lab, "transmitter"), await Esme.bound(lab, "receiver")
    sent = await transmitter.submit(registered_delivery=1)
    assert (await receiver.hear()).tlv("receipted_message_id") == sent.octets("message_id") + b"\0"
    transmitter.close()
    receiver.close()


async def test_a_receipt_comes_and_comes_again_until_it_is_taken(lab: Lab, esme: Esme) -> None:
    message_id = (await esme.submit(registered_delivery=1)).octets("message_id")
    first = await esme.hear()
    assert first.tlv("receipted_message_id") == message_id + b"\0"
    assert (first.tlv("message_state"), first.number("esm_class")) == (b"\2", 4)
    assert first.octets("short_message").startswith(b"id:" + message_id + b" sub:001 dlvrd:001 submit date:")
    esme.reply(first, consts.SMPP_ESME_RX_T_APPN)
    again = await esme.hear()
    assert again.tlv("receipted_message_id") == message_id + b"\0"
    esme.close()
    other = await Esme.bound(lab)
    third = await other.hear()
    assert third.tlv("receipted_message_id") == message_id + b"\0"
    other.reply(third)
    assert (await other.ask("enquire_link")).command == "enquire_link_resp"
    other.close()


@pytest.mark.parametrize(
    ("system_id", "password", "status"),
    [("tapdial", "wrong", consts.SMPP_ESME_RINVPASWD), ("nobody", "demo", consts.SMPP_ESME_RINVSYSID)],
)
async def test_strangers_are_not_bound(lab: Lab, system_id: str, password: str, status: int) -> None:
    esme = await Esme.connect(lab)
    assert await esme.bind(password, system_id) == status
    assert (await esme.submit()).status == consts.SMPP_ESME_RINVBNDSTS
    assert not lab.sms
    esme.close()


async def test_who_is_bound_is_not_bound_again(lab: Lab, esme: Esme) -> None:
    assert await esme.bind() == consts.SMPP_ESME_RALYBND


@pytest.mark.parametrize(
    ("octets", "answer", "status"),
    [
        (struct.pack(">IIII", 16, 0x999, 0, 7), "generic_nack", consts.SMPP_ESME_RINVCMDID),
        (struct.pack(">IIII", 20, 4, 0, 7) + b"\0\0\0\0", "submit_sm_resp", consts.SMPP_ESME_RINVPARLEN),
        (struct.pack(">IIII", 0xFFFF_FFFF, 4, 0, 7), "generic_nack", consts.SMPP_ESME_RINVCMDLEN),
        (struct.pack(">IIII", 16, 0x21, 0, 7), "submit_multi_resp", consts.SMPP_ESME_RINVPARLEN),
        (wire.framed("enquire_link", 7, 0, b"\x14\x00\0\x04ab"), "enquire_link_resp", 0xC0),
        (struct.pack(">IIII", 16, 0x0B, 0, 7), "generic_nack", consts.SMPP_ESME_RINVPARLEN),
    ],
)
async def test_garbage_is_answered_and_others_live_on(
    lab: Lab, esme: Esme, octets: bytes, answer: str, status: int
) -> None:
    hostile = await Esme.bound(lab)
    hostile.writer.write(octets)
    pdu = await hostile.hear()
    assert (pdu.command, pdu.status) == (answer, status)
    hostile.close()
    assert (await esme.submit()).status == 0


async def test_what_stands_before_a_lying_length_is_still_answered(lab: Lab, esme: Esme) -> None:
    esme.writer.write(wire.make("enquire_link", 5) + struct.pack(">IIII", 4, 0x15, 0, 6))
    assert [(await esme.hear()).command for _ in range(2)] == ["enquire_link_resp", "generic_nack"]
    assert await esme.is_cut()


async def test_the_fault_button_closes_the_door_and_opens_it_again(lab: Lab, esme: Esme) -> None:
    lab.faults.smsc_down = True
    assert await esme.is_cut()
    with pytest.raises(ConnectionRefusedError):
        await Esme.connect(lab)
    lab.faults.smsc_down = False
    again = await _as_soon_as_it_listens(lab)
    assert await again.bind() == 0
    again.close()
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
    for part in (f"bind_transceiver {'tapdial'}", f"submit_sm to {PHONE}, part 1 of 1", "deliver_sm", "unbind"):
        assert part in summaries
    assert "demo" not in summaries


async def test_a_silent_esme_is_asked_whether_it_lives_and_cut_if_it_does_not() -> None:
    async with listening(Lab(terms=Terms(enquire_s=0.05))) as lab:
        alive, dead = await Esme.bound(lab), await Esme.bound(lab)
        for _ in range(2):
            asked = await alive.hear()
            assert asked.command == "enquire_link"
            alive.reply(asked)
        assert await dead.is_cut()
        alive.close()


async def test_who_does_not_bind_is_cut() -> None:
    async with listening(Lab(terms=Terms(bind_s=0.05))) as lab:
        assert await (await Esme.connect(lab)).is_cut()


async def test_the_smsc_says_unbind_and_waits_for_the_answer(lab: Lab, esme: Esme) -> None:
    lab.smsc.unbind_all()
    asked = await esme.hear()
    assert asked.command == "unbind"
    esme.reply(asked)
    assert await esme.is_cut()


async def test_the_line_may_be_tls(tmp_path: Path) -> None:
    ours, theirs = _contexts(tmp_path)
    async with listening(Lab(terms=Terms(tls=ours))) as lab:
        esme = await Esme.connect(lab, ssl=theirs, server_hostname="localhost")
        assert await esme.bind() == 0
        assert (await esme.submit()).status == 0
        esme.close()


def _contexts(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate for localhost of its own, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    certificate, secret = folder / "smsc.pem", folder / "smsc.key"
    certificate.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(pem))
    secret.write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ours.load_cert_chain(certificate, secret)
    return ours, ssl.create_default_context(cafile=str(certificate))


async def test_an_esme_that_listens_is_asked_to_bind(lab: Lab) -> None:
    came: asyncio.Queue[Esme] = asyncio.Queue(1)
    server = await asyncio.start_server(lambda *streams: came.put_nowait(Esme(*streams)), "127.0.0.1", 0)
    await lab.smsc.outbind("127.0.0.1", server.sockets[0].getsockname()[1], password="ours")
    esme = await came.get()
    asked = await esme.hear()
    assert (asked.command, asked.text("system_id"), asked.text("password")) == ("outbind", "smsc", "ours")
    assert await esme.bind(kind="receiver") == 0
    lab.smsc.deliver(PHONE, "BAL", "1420")
    assert (await esme.hear()).octets("short_message") == b"BAL"
    esme.close()
    server.close()


def _talk(port: int) -> dict[str, str]:
    """What smpplib's blocking client gets: the id of its message, its receipt, and the state that it asks for."""
    client = smpplib_client.Client("127.0.0.1", port, allow_unknown_opt_params=True, timeout=3)
    got: dict[str, str] = {}
    client.set_message_sent_handler(lambda pdu: got.update(sent=pdu.message_id.decode()))
    client.set_message_received_handler(lambda pdu: got.update(receipt=pdu.receipted_message_id.decode()))
    client.set_query_resp_handler(lambda pdu: got.update(state=str(pdu.message_state)))
    client.connect()
    client.bind_transceiver(system_id="tapdial", password="demo")
    client.send_message(
        source_addr="1420", destination_addr="989120000001", short_message=b"from smpplib", registered_delivery=True
    )
    while "receipt" not in got:
        client.read_once()
    client.query_message(message_id=got["sent"], source_addr="1420")
    while "state" not in got:
        client.read_once()
    client.unbind()
    client.disconnect()
    return got


async def test_smpplibs_own_client_is_served(lab: Lab) -> None:
    got = await asyncio.to_thread(_talk, lab.smsc.port)
    assert got["sent"] == got["receipt"]
    assert got["state"] == "2"
    assert lab.sms == [(PHONE, "from smpplib", "1420")]
