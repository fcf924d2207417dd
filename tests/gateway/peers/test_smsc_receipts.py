"""Delivery receipts as SMSCs really write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.peers.smsc import LinkProfile
from gateway.peers.smsc.receipts import is_receipt, receipt_of
from gateway.services.notices import ReceiptState
from gateway.wire.smpp import DataSm, DeliverSm, Tag, Tlv

PROFILE = LinkProfile("smsc", "127.0.0.1", 2775, "tapdial", "demo", "1420")
D, F, E, P = ReceiptState.DELIVERED, ReceiptState.FAILED, ReceiptState.EXPIRED, ReceiptState.PENDING


@pytest.mark.parametrize(
    ("text", "message_id", "state", "error"),
    [
        ("id:0123 sub:001 dlvrd:001 submit date:2611220800 done date:2611220801 stat:DELIVRD err:000 text:x",
         "0123", D, "000"),
        ("ID:ab-CD SUBMIT DATE:20261122080001 DONE DATE:20261122080002 STAT:delivrd ERR:0", "ab-CD", D, "0"),
        ('id:"77" stat:UNDELIV err:EC-12 text:', "77", F, "EC-12"),
        ("id: 42 stat: EXPIRED", "42", E, ""),
        ("id:1 stat:REJECTD err:0a1", "1", F, "0a1"),
        ("id:1 stat:DELETED", "1", F, ""),
        ("id:1 stat:UNKNOWN", "1", F, ""),
        ("id:1 stat:ACCEPTD", "1", P, ""),
        ("id:1 stat:ENROUTE", "1", P, ""),
        ("id:1", "1", P, ""),
        ("id:1 stat:DELIVRD err:" + "9" * 50, "1", D, "9" * 20),
        ("id:1 stat:UNDELIV err:\x000\x7f1", "1", F, "01"),
    ],
)  # fmt: skip
def test_the_text_of_a_receipt_is_read(text: str, message_id: str, state: ReceiptState, error: str) -> None:
    receipt = receipt_of(PROFILE, DeliverSm(esm_class=0x04, short_message=text.encode()))
    assert receipt is not None
    assert (receipt.link, receipt.message_id, receipt.state, receipt.error) == ("smsc", message_id, state, error)


def tlvs(message_id: bytes, state: int | None = None, error: bytes | None = None) -> tuple[Tlv, ...]:
    found = [Tlv(Tag.RECEIPTED_MESSAGE_ID, message_id)]
    if state is not None:
        found.append(Tlv(Tag.MESSAGE_STATE, bytes([state])))
    if error is not None:
        found.append(Tlv(Tag.NETWORK_ERROR_CODE, error))
    return tuple(found)


@pytest.mark.parametrize(
    ("pdu", "message_id", "state", "error"),
    [
        (DeliverSm(esm_class=4, tlvs=tlvs(b"a1\0", 2)), "a1", D, ""),
        (DeliverSm(esm_class=4, tlvs=tlvs(b"a1", 5, b"\x03\x01\x02")), "a1", F, "3:258"),
        (DeliverSm(esm_class=4, short_message=b"id:b2 stat:UNDELIV", tlvs=tlvs(b"a1", 2)), "a1", D, ""),
        (DeliverSm(esm_class=4, short_message=b"id:b2 stat:UNDELIV", tlvs=tlvs(b"a1")), "a1", F, ""),
        (DeliverSm(esm_class=0, tlvs=tlvs(b"a1", 3)), "a1", E, ""),
        (DeliverSm(esm_class=0x20, tlvs=tlvs(b"a1", 2)), "a1", P, ""),
        (DeliverSm(esm_class=0x44, tlvs=tlvs(b"a1", 1)), "a1", P, ""),
        (DeliverSm(esm_class=4, tlvs=tlvs(b"a1", 99)), "a1", P, ""),
        (DataSm(esm_class=4, tlvs=tlvs(b"a1", 8)), "a1", F, ""),
        (DataSm(esm_class=4, tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, b"id:c3 stat:DELIVRD"),)), "c3", D, ""),
    ],
)
def test_tlvs_say_it_before_the_text(pdu: DeliverSm | DataSm, message_id: str, state: ReceiptState, error: str) -> None:
    receipt = receipt_of(PROFILE, pdu)
    assert receipt is not None
    assert (receipt.message_id, receipt.state, receipt.error) == (message_id, state, error)


@pytest.mark.parametrize(
    ("pdu", "claims"),
    [
        (DeliverSm(short_message=b"id:1 stat:DELIVRD"), False),
        (DeliverSm(esm_class=0x40, short_message=b"BAL"), False),
        (DeliverSm(esm_class=0x08, short_message=b"id:1 stat:DELIVRD"), False),
        (DeliverSm(esm_class=0x04, short_message=b"hello"), True),
        (DeliverSm(esm_class=0x04), True),
    ],
)
def test_what_names_no_message_is_no_receipt(pdu: DeliverSm, *, claims: bool) -> None:
    assert receipt_of(PROFILE, pdu) is None
    assert is_receipt(pdu) is claims


@given(st.binary(max_size=254), st.integers(0, 255), st.binary(max_size=20))
def test_no_bytes_upset_the_reading(text: bytes, esm_class: int, tlv: bytes) -> None:
    state = Tlv(Tag.MESSAGE_STATE, tlv)
    receipt_of(PROFILE, DeliverSm(esm_class=esm_class, short_message=text, tlvs=(state, Tlv(0x001E, tlv))))
