"""The link against SMSCs of three other houses: node-smpp, Net::SMPP with odd TLVs, and smpp.twisted3, a strict one."""

from gateway.services.notices import PartState, ReceiptState
from tests.gateway.peers.smsc_stubs import Box, link_to, message, running, until
from tests.peers import smscs

TEXTS = ("hello [€]", "سلام", "a" * 161)
"""Alphabets and a text of two parts: four short messages."""


async def _sent(port: int, box: Box, receipts: int) -> None:
    """Send the texts over a link of its own, wait for the receipts, take leave."""
    async with running(link_to(port, box, bind_s=5.0, response_s=5.0)) as link:
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
