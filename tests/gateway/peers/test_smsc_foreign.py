"""The link against SMSCs of three other houses: node-smpp, Net::SMPP with odd TLVs, and smpp.twisted3, a strict one."""

from pathlib import Path

import pytest

from gateway.peers.smsc.profile import BindKind
from gateway.services.notices import PartState, ReceiptState
from tests.gateway.peers.smsc_stubs import Box, link_to, message, running, until
from tests.peers import smscs
from tests.peers.certificates import Authority

TEXTS = ("hello [€]", "سلام", "a" * 161)
"""Alphabets and a text of two parts: four short messages."""


async def _sent(port: int, box: Box, receipts: int, **changes: str | float) -> None:
    """Send the texts over a link of its own, wait for the receipts, take leave."""
    async with running(link_to(port, box, None, bind_s=5.0, response_s=5.0, **changes)) as link:
        await until(lambda: link.ready)
        for text in TEXTS:
            report = await link.send(message(text))
            assert {part.state for part in report.parts} == {PartState.SENT}
        await until(lambda: len(box.receipts) >= receipts)


async def test_node_smpp_reads_what_we_send_and_we_its_receipts() -> None:
    box = Box()

    async with smscs.node_smpp(receipts=1) as smsc:
        await _sent(smsc.port, box, 4)
        await until(lambda: len(smsc.all("unbind")) == 1)

    heard = [(one["text"], one["data_coding"], one["udh"]) for one in smsc.all("submit")]
    assert heard == [
        ("hello [€]", 0, []),
        ("سلام", 8, []),
        ("a" * 153, 0, ["0003340201"]),
        ("a" * 8, 0, ["0003340202"]),
    ]
    assert sorted(receipt.message_id for receipt in box.receipts) == ["1", "2", "3", "4"]
    assert {receipt.state for receipt in box.receipts} == {ReceiptState.DELIVERED}
    assert smsc.refused() == []


async def test_node_smpp_over_tls_is_believed_by_its_certificate(tmp_path: Path) -> None:
    authority, box = Authority(tmp_path), Box()
    certificate, key = authority.sign("smsc.example")

    async with smscs.node_smpp(receipts=1, cert=certificate, key=key) as smsc:
        await _sent(smsc.port, box, 4, tls=True, tls_ca_file=str(authority.file), tls_hostname="smsc.example")

    assert [one["data_coding"] for one in smsc.all("submit")] == [0, 8, 0, 0]
    assert {receipt.state for receipt in box.receipts} == {ReceiptState.DELIVERED}


@pytest.mark.parametrize(("signer", "hostname"), [("authority", "other.example"), ("stranger", "smsc.example")])
async def test_node_smpp_with_a_certificate_of_another_gets_no_password(
    tmp_path: Path, signer: str, hostname: str
) -> None:
    authorities = {name: Authority(tmp_path, name) for name in ("authority", "stranger")}
    certificate, key = authorities[signer].sign(hostname)
    trusted = str(authorities["authority"].file)

    async with (
        smscs.node_smpp(cert=certificate, key=key) as smsc,
        running(link_to(smsc.port, bind_s=5.0, tls=True, tls_ca_file=trusted, tls_hostname="smsc.example")) as link,
    ):
        await until(lambda: link.alarm == "certificate")

    assert smsc.all("bind") == []


async def test_node_smpp_takes_a_pair_of_binds_for_one_link() -> None:
    box = Box()

    async with smscs.node_smpp(receipts=1) as smsc:
        await _sent(smsc.port, box, 4, bind=BindKind.PAIR)
        await until(lambda: len(smsc.all("unbind")) == 2)

    assert [one["bind"] for one in smsc.all("bind")] == ["bind_receiver", "bind_transmitter"]
    assert len(box.receipts) == 4


async def test_net_smpp_reads_what_we_send_and_its_odd_tlvs_cost_no_receipt() -> None:
    box = Box()

    async with smscs.net_smpp() as smsc:
        await _sent(smsc.port, box, 4)
        await until(lambda: len(smsc.all("unbind")) == 1)

    fields = ("source", "ton", "dest", "esm_class", "data_coding", "validity", "text")
    to, validity = ("1420", 1, "989120000001"), "000000001500000R"
    assert [tuple(one[field] for field in fields) for one in smsc.all("submit")] == [
        (*to, 0, 0, validity, b"hello \x1b\x3c\x1b\x65\x1b\x3e".hex()),
        (*to, 0, 8, validity, "سلام".encode("utf-16-be").hex()),
        (*to, 64, 0, validity, "050003340201" + b"a".hex() * 153),
        (*to, 64, 0, validity, "050003340202" + b"a".hex() * 8),
    ]
    assert [answer["status"] for answer in smsc.all("answer")] == [0] * 4
    assert sorted((receipt.message_id, receipt.state) for receipt in box.receipts) == [
        (f"P000{number}", ReceiptState.DELIVERED) for number in range(1, 5)
    ]


async def test_smpp_twisted_finds_nothing_to_refuse() -> None:
    box = Box()

    async with smscs.smpp_twisted(receipts=1) as smsc:
        await _sent(smsc.port, box, 4)

    heard = [
        (bytes.fromhex(one["text"]), one["data_coding"].partition(".")[2], one["features"])
        for one in smsc.all("submit")
    ]
    assert heard == [
        (b"hello \x1b\x3c\x1b\x65\x1b\x3e", "SMSC_DEFAULT_ALPHABET", []),
        ("سلام".encode("utf-16-be"), "UCS2", []),
        (b"\x05\x00\x03\x34\x02\x01" + b"a" * 153, "SMSC_DEFAULT_ALPHABET", ["UDHI_INDICATOR_SET"]),
        (b"\x05\x00\x03\x34\x02\x02" + b"a" * 8, "SMSC_DEFAULT_ALPHABET", ["UDHI_INDICATOR_SET"]),
    ]
    assert "minutes=15, seconds=0" in smsc.all("submit")[0]["validity"]
    assert [answer["status"] for answer in smsc.all("answer")] == ["ESME_ROK"] * 4
    assert {receipt.state for receipt in box.receipts} == {ReceiptState.DELIVERED}
