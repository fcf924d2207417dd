"""What other libraries do wrong on this wire, as smpplib 2.2.4, aiosmpplib 0.7.4 and Jasmin do: ours must not."""

import contextlib
import struct
import time
import tracemalloc

import pytest

from gateway.wire import gsm, smpp
from gateway.wire.smpp import Pdu, Tag, Tlv

SOURCE_SUBADDRESS, SOURCE_SUBUNIT, DEST_SUBUNIT = 0x0202, 0x000D, 0x0005
CALLBACK_PRESENTATION = 0x0302
VENDOR = 0x1400

ANY_TLV = (
    Tlv(Tag.USSD_SERVICE_OP, b"\x02"),
    Tlv(Tag.ITS_SESSION_INFO, b"\x05\x00"),
    Tlv(VENDOR, b"session 7"),
    Tlv(Tag.ADDITIONAL_STATUS, b"busy\0"),
    Tlv(Tag.DELIVERY_FAILURE, b"\x01"),
    Tlv(DEST_SUBUNIT, b"\x01"),
    Tlv(CALLBACK_PRESENTATION, b"\x00"),
)


@pytest.mark.parametrize("tlv", ANY_TLV, ids=repr)
@pytest.mark.parametrize(
    "kind", [smpp.SubmitSm, smpp.SubmitSmResp, smpp.DeliverSm, smpp.DataSm, smpp.BindTransceiverResp]
)
def test_any_tlv_is_read_in_any_pdu(kind: type[Pdu], tlv: Tlv) -> None:
    """smpplib raises KeyError for 0x0501 in a deliver_sm, Jasmin refuses the PDU."""
    assert smpp.decode(smpp.encode(kind(tlvs=(tlv,)))).tlvs == (tlv,)


@pytest.mark.parametrize("value", [b"", b"\x07", b"\x00\x07", b"\x00\x00\x07"])
def test_a_number_of_an_odd_length_costs_neither_itself_nor_the_next_tlv(value: bytes) -> None:
    """smpplib reads past a user_message_reference of one octet and loses what follows."""
    sent = (Tlv(Tag.USER_MESSAGE_REFERENCE, value), Tlv(Tag.RECEIPTED_MESSAGE_ID, b"42\0"))
    assert smpp.decode(smpp.encode(smpp.DeliverSm(tlvs=sent))).tlvs == sent


@pytest.mark.parametrize("tag", [Tag.RECEIPTED_MESSAGE_ID, SOURCE_SUBADDRESS, Tag.ITS_SESSION_INFO])
@pytest.mark.parametrize("value", [b"ab12", b"ab12\0", b"\x05\x00"])
def test_the_last_octet_of_a_tlv_is_kept_nul_or_not(tag: int, value: bytes) -> None:
    """smpplib drops it, so that receipts match nothing; aiosmpplib strips NULs from a USSD session."""
    assert smpp.decode(smpp.encode(smpp.DeliverSm(tlvs=(Tlv(tag, value),)))).tlv(tag) == value


def test_a_tlv_is_as_long_as_it_was_given() -> None:
    """smpplib writes a subunit of two octets, and an alert on delivery not at all."""
    octets = smpp.encode(smpp.SubmitSm(tlvs=(Tlv(SOURCE_SUBUNIT, b"\x01"), Tlv(Tag.ALERT_ON_DELIVERY, b""))))
    assert octets.endswith(bytes.fromhex("000D 0001 01 130C 0000"))


@pytest.mark.parametrize(
    "pdu",
    [
        smpp.BindTransceiver(password="twelve chars"),
        smpp.SubmitSm(source="a sender of 24 characters"),
        smpp.SubmitSm(dest="۰۹۱۲"),
        smpp.SubmitSm(short_message=b"x" * 255),
        smpp.SubmitSm(short_message=b"x" * 300),
    ],
)
def test_too_long_or_unwritable_is_refused_and_not_cut(pdu: Pdu) -> None:
    with pytest.raises(smpp.PduFault):
        smpp.encode(pdu)


def test_a_sequence_number_is_the_one_that_was_given() -> None:
    """smpplib ignores it, and takes one of ours when it reads."""
    assert smpp.decode(smpp.encode(smpp.SubmitSm(sequence=99))).sequence == 99


@pytest.mark.parametrize("cut", range(1, 60))
def test_a_truncated_pdu_is_never_taken_for_a_whole_one(cut: int) -> None:
    whole = smpp.encode(smpp.SubmitSm(source="1420", dest="98912", short_message=b"hello", tlvs=(Tlv(VENDOR, b"x"),)))
    short = whole[:-cut]
    lying = struct.pack(">I", max(len(short), 16)) + short[4:]
    if short.endswith(b"hello"):
        # Without its TLV it is a whole one.
        assert not smpp.decode(lying).tlvs
        return
    for octets in (short, lying):
        with pytest.raises(smpp.PduFault):
            smpp.decode(octets)


@pytest.mark.parametrize("claimed", [0xFFFF_FFFF, smpp.PDU_MAX])
def test_a_peer_that_claims_gigabytes_and_goes_on_sending_costs_no_memory(claimed: int) -> None:
    """smpplib's client gathers whatever a command_length says; ours holds less than one PDU."""
    decoder, chunk = smpp.Decoder(), bytes(8_192)
    tracemalloc.start()
    try:
        with contextlib.suppress(smpp.FrameFault):
            list(decoder.feed(struct.pack(">IIII", claimed, 5, 0, 1)))
            for _ in range(2_000):
                list(decoder.feed(chunk))
        # The 16 MB that it sends would be four times this; a PDU of nothing but empty TLVs takes a part of it.
        assert tracemalloc.get_traced_memory()[1] < 4 * 1024 * 1024
    finally:
        tracemalloc.stop()


def test_a_long_pdu_that_trickles_in_takes_time_in_proportion() -> None:
    pdu = smpp.DataSm(tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, bytes(65_535)),))
    octets, decoder = smpp.encode(pdu), smpp.Decoder()
    read: list[object] = []
    started = time.thread_time()
    for at in range(len(octets)):
        read += decoder.feed(octets[at : at + 1])
    # A decoder that copied what waits would move gigabytes.
    assert time.thread_time() - started < 1.0
    assert read == [pdu]


def test_an_unreadable_pdu_does_not_stop_the_ones_behind_it() -> None:
    broken = struct.pack(">IIII", 17, smpp.DeliverSm.command_id, 0, 1) + b"x"
    unknown = struct.pack(">IIII", 16, 0x0999, 0, 2)
    good = smpp.DeliverSm(sequence=3)
    read = list(smpp.Decoder().feed(broken + unknown + smpp.encode(good)))
    assert [type(pdu) for pdu in read] == [smpp.BrokenPdu, smpp.BrokenPdu, smpp.DeliverSm]


@pytest.mark.parametrize(
    ("text", "octets"), [("§", b"\x5f"), ("`", None), ("\x1b", None), ("€", b"\x1b\x65"), ("ç", None), ("Ç", b"\x09")]
)
def test_signs_that_others_send_wrongly_are_sent_as_the_table_has_them(text: str, octets: bytes | None) -> None:
    assert gsm.encode(text) == octets


def test_what_is_not_over_one_pdu_is_never_lost_for_want_of_a_style() -> None:
    """aiosmpplib loses a long message when it is told to use neither a payload nor a header."""
    for splitting in gsm.Splitting:
        parts = gsm.split("€" * 200, style=gsm.Style(splitting))
        assert "".join(part.alphabet.text(part.data) for part in parts) == "€" * 200


def test_a_16_bit_reference_leaves_no_stray_octet_in_a_received_text() -> None:
    """Jasmin cuts six octets of any header."""
    assert gsm.user_data(bytes.fromhex("06 08 04 1234 02 01") + b"text", udhi=True).octets == b"text"
