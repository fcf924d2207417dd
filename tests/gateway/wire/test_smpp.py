"""The SMPP codec: round trips, limits, odd and hostile bytes."""

import contextlib
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smpplib import consts

from gateway.wire import smpp
from gateway.wire.smpp import Dest, DistributionList, Pdu, Status, Tag, Tlv, Unsuccess
from gateway.wire.smpp.codec import PDUS
from gateway.wire.smpp.pdus import Kind

tlvs = st.lists(st.builds(Tlv, st.integers(0, 0xFFFF), st.binary(max_size=40)), max_size=5).map(tuple)
latin = st.characters(min_codepoint=1, max_codepoint=0xFF)
octet, address = st.integers(0, 0xFF), st.text(latin, max_size=20)
dests = st.lists(st.builds(Dest, octet, octet, address) | st.builds(DistributionList, address), max_size=8).map(tuple)
unsuccess = st.lists(st.builds(Unsuccess, octet, octet, address, st.integers(0, 0xFFFF_FFFF)), max_size=8).map(tuple)


@st.composite
def pdus(draw: st.DrawFn) -> Pdu:
    """Any PDU with any values that its layout allows."""
    kind = draw(st.sampled_from(list(PDUS.values())))
    values: dict[str, Any] = {}
    for name, form, size in kind.layout:
        if form is Kind.BYTE:
            values[name] = draw(st.integers(0, 0xFF))
        elif form is Kind.TEXT:
            values[name] = draw(st.text(latin, max_size=size - 1))
        elif form is Kind.OCTETS:
            values[name] = draw(st.binary(max_size=size))
        else:
            values[name] = draw(dests if form is Kind.DESTS else unsuccess)
    numbers = st.integers(0, 0xFFFF_FFFF)
    return kind(sequence=draw(numbers), status=draw(numbers), tlvs=draw(tlvs), **values)


@given(pdus())
def test_every_pdu_reads_back_as_it_was_written(pdu: Pdu) -> None:
    assert smpp.decode(smpp.encode(pdu)) == pdu


@given(st.lists(pdus(), max_size=5), st.lists(st.integers(1, 60), min_size=1))
def test_a_stream_gives_the_same_pdus_however_it_is_cut(sent: list[Pdu], cuts: list[int]) -> None:
    stream = b"".join(map(smpp.encode, sent))
    decoder, read, at = smpp.Decoder(), list[object](), 0
    while at < len(stream):
        size = cuts[at % len(cuts)]
        read += decoder.feed(stream[at : at + size])
        at += size
    assert read == sent


@given(pdus(), st.data())
def test_changed_bytes_give_values_or_the_codecs_own_faults(pdu: Pdu, data: st.DataObject) -> None:
    octets = bytearray(smpp.encode(pdu))
    for _ in range(data.draw(st.integers(1, 6))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 0xFF))
    cut = bytes(octets[: data.draw(st.integers(0, len(octets)))])
    for read in (lambda: smpp.decode(cut), lambda: list(smpp.Decoder().feed(bytes(octets)))):
        with contextlib.suppress(smpp.PduFault):
            read()


@given(st.binary(max_size=200))
def test_any_bytes_give_values_or_the_codecs_own_faults(octets: bytes) -> None:
    with contextlib.suppress(smpp.FrameFault):
        list(smpp.Decoder().feed(octets))


@pytest.mark.parametrize(
    ("pdu", "field"),
    [
        (smpp.BindTransceiver(system_id="x" * 16), "system_id"),
        (smpp.BindTransceiver(password="x" * 9), "password"),
        (smpp.SubmitSm(source="1" * 21), "source"),
        (smpp.SubmitSm(dest="98\x00912"), "dest"),
        (smpp.SubmitSm(source="تست"), "source"),
        (smpp.SubmitSm(validity="0" * 17), "validity"),
        (smpp.SubmitSm(short_message=b"x" * 255), "short_message"),
        (smpp.SubmitSm(data_coding=256), "data_coding"),
        (smpp.SubmitSm(tlvs=(Tlv(0x1400, b"x" * 65_536),)), "TLV"),
        (smpp.SubmitSm(tlvs=(Tlv(0x1400, b"x" * 40_000), Tlv(0x1400, b"x" * 40_000))), "70000"),
        (smpp.SubmitSmResp(message_id="x" * 65), "message_id"),
        (smpp.SubmitSm(esm_class=-1), "esm_class"),
        (smpp.SubmitSm(priority=0x110000), "priority"),
        (smpp.AlertNotification(esme_npi=256), "esme_npi"),
        (smpp.ReplaceSm(short_message=b"x" * 255), "short_message"),
        (smpp.CancelSm(message_id="x" * 65), "message_id"),
        (smpp.SubmitMulti(dests=(Dest(1, 1, "98912"),) * 255), "dests"),
        (smpp.SubmitMulti(dests=(Dest(1, 1, "9" * 21),)), "address"),
        (smpp.SubmitMulti(dests=(Dest(256, 1, "98912"),)), "ton"),
        (smpp.SubmitMulti(dests=(DistributionList("pensioners of Tehran."),)), "list name"),
        (smpp.SubmitMultiResp(unsuccess=(Unsuccess(1, 1, "98912", 0),) * 256), "unsuccess"),
        (smpp.SubmitMultiResp(unsuccess=(Unsuccess(1, 1, "98912", 1 << 32),)), "status"),
        (smpp.EnquireLink(sequence=1 << 32), "sequence"),
        (smpp.EnquireLink(status=-1), "status"),
    ],
)
def test_what_does_not_fit_raises_instead_of_being_cut(pdu: Pdu, field: str) -> None:
    with pytest.raises(smpp.PduFault, match=field) as caught:
        smpp.encode(pdu)
    assert caught.value.command_id == pdu.command_id


def body(octets: str, command_id: int = 0x0000_0005) -> bytes:
    """A PDU with this body in hex."""
    raw = bytes.fromhex(octets)
    return struct.pack(">IIII", 16 + len(raw), command_id, 0, 7) + raw


EMPTY_MESSAGE = "00 0101 00 0101 00 000000 00 00 00000000"


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        ("", Status.INVALID_PARAMETER_LENGTH),
        ("41 42", Status.INVALID_PARAMETER_LENGTH),
        ("4142434445464700", Status.INVALID_PARAMETER_LENGTH),
        ("00 01", Status.INVALID_COMMAND_LENGTH),
        (EMPTY_MESSAGE, Status.INVALID_COMMAND_LENGTH),
        (EMPTY_MESSAGE + "05 4142", Status.INVALID_MESSAGE_LENGTH),
        (EMPTY_MESSAGE + "FF" + "41" * 255, Status.INVALID_MESSAGE_LENGTH),
        (EMPTY_MESSAGE + "00 0424", Status.INVALID_TLV_STREAM),
        (EMPTY_MESSAGE + "00 0424 0005 41", Status.INVALID_TLV_STREAM),
    ],
)
def test_a_broken_body_is_a_value_with_its_status_and_the_stream_goes_on(octets: str, status: Status) -> None:
    good = smpp.EnquireLink(sequence=8)
    broken, after = smpp.Decoder().feed(body(octets) + smpp.encode(good))
    assert isinstance(broken, smpp.BrokenPdu)
    assert (broken.status, broken.sequence, broken.is_response) == (status, 7, False)
    assert smpp.refuse(broken) == smpp.DeliverSmResp(sequence=7, status=status)
    assert after == good


def test_an_unknown_command_is_nacked() -> None:
    (broken,) = smpp.Decoder().feed(body("", command_id=0x0000_0999))
    assert isinstance(broken, smpp.BrokenPdu)
    assert smpp.refuse(broken) == smpp.GenericNack(sequence=7, status=Status.INVALID_COMMAND_ID)


MULTI = "00 0101 00 "


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        (MULTI, Status.INVALID_COMMAND_LENGTH),
        (MULTI + "FF", Status.INVALID_DESTS_COUNT),
        (MULTI + "01", Status.INVALID_DEST_FLAG),
        (MULTI + "01 03 41 00", Status.INVALID_DEST_FLAG),
        (MULTI + "01 01 01", Status.INVALID_COMMAND_LENGTH),
        (MULTI + "01 01 01 01 39", Status.INVALID_PARAMETER_LENGTH),
        (MULTI + "01 02" + "41" * 21 + "00", Status.INVALID_PARAMETER_LENGTH),
        (MULTI + "02 02 41 00", Status.INVALID_DEST_FLAG),
    ],
)
def test_a_broken_submit_multi_has_the_status_of_what_is_wrong(octets: str, status: Status) -> None:
    (broken,) = smpp.Decoder().feed(body(octets, command_id=smpp.SubmitMulti.command_id))
    assert isinstance(broken, smpp.BrokenPdu)
    assert broken.status == status
    assert smpp.refuse(broken) == smpp.SubmitMultiResp(sequence=7, status=status)


@pytest.mark.parametrize("octets", ["41 00", "41 00 01", "41 00 01 01 01 39 00 0000 00"])
def test_a_submit_multi_resp_that_ends_early_is_broken(octets: str) -> None:
    (broken,) = smpp.Decoder().feed(body(octets, command_id=smpp.SubmitMultiResp.command_id))
    assert isinstance(broken, smpp.BrokenPdu)
    assert broken.status == Status.INVALID_COMMAND_LENGTH


def test_a_submit_multi_goes_to_phones_and_lists() -> None:
    dests = (Dest(1, 1, "989120000001"), DistributionList("pensioners"))
    octets = smpp.encode(smpp.SubmitMulti(sequence=1, source="1420", dests=dests, short_message=b"hi"))
    assert octets[16:].hex(" ") == (
        "00 00 00 31 34 32 30 00 02 01 01 01 39 38 39 31 32 30 30 30 30 30 30 31 00 "
        "02 70 65 6e 73 69 6f 6e 65 72 73 00 00 00 00 00 00 00 00 00 00 02 68 69"
    )
    answer = smpp.SubmitMultiResp(message_id="m1", unsuccess=(Unsuccess(1, 1, "989120000001", Status.INVALID_DEST),))
    assert smpp.encode(answer)[16:].hex(" ") == "6d 31 00 01 01 01 39 38 39 31 32 30 30 30 30 30 30 31 00 00 00 00 0b"


def test_a_link_numbers_a_pdu_without_copying_it() -> None:
    pdu = smpp.SubmitSm(sequence=1, dest="98912")
    assert smpp.decode(smpp.encode(pdu, sequence=2)) == smpp.SubmitSm(sequence=2, dest="98912")


@pytest.mark.parametrize("length", [0, 15, smpp.PDU_MAX + 1, 0xFFFF_FFFF])
def test_a_length_nobody_may_claim_stops_the_stream_after_what_came_before(length: int) -> None:
    good = smpp.EnquireLink(sequence=1)
    stream = smpp.Decoder().feed(smpp.encode(good) + struct.pack(">IIII", length, 5, 0, 2))
    assert next(stream) == good
    with pytest.raises(smpp.FrameFault):
        next(stream)


def test_tlvs_are_kept_as_they_came() -> None:
    sent = (
        Tlv(0x1400, b"a"),
        Tlv(Tag.USSD_SERVICE_OP, b"\x02"),
        Tlv(0x1400, b""),
        Tlv(Tag.ITS_SESSION_INFO, b"\x05\x00"),
    )
    pdu = smpp.decode(smpp.encode(smpp.DeliverSm(tlvs=sent)))
    assert pdu.tlvs == sent
    assert pdu.tlv(0x1400) == b"a"
    assert pdu.tlv(0x9999) is None


def test_every_status_and_tag_is_one_of_the_standards() -> None:
    statuses = {value for name, value in vars(consts).items() if name.startswith("SMPP_ESME_R")}
    assert {int(status) for status in Status} == statuses
    assert {int(tag) for tag in Tag} <= set(consts.OPTIONAL_PARAMS.values())


@pytest.mark.parametrize("status", [Status.OK, Status.THROTTLED])
def test_a_response_may_leave_its_body_out(status: Status) -> None:
    assert smpp.decode(struct.pack(">IIII", 16, 0x8000_0004, status, 9)) == smpp.SubmitSmResp(sequence=9, status=status)


def test_the_payload_is_found_where_it_is() -> None:
    payload = (Tlv(Tag.MESSAGE_PAYLOAD, b"long"),)
    assert smpp.SubmitSm(short_message=b"short").payload == b"short"
    assert smpp.SubmitSm(tlvs=payload).payload == b"long"
    assert smpp.DataSm(tlvs=payload).payload == b"long"
    assert smpp.DataSm().payload == b""


def test_a_response_has_the_class_and_number_of_its_request() -> None:
    assert smpp.respond(smpp.DeliverSm(sequence=5), Status.SYSTEM_ERROR) == smpp.DeliverSmResp(sequence=5, status=8)
    assert smpp.respond(smpp.SubmitSm(sequence=6), message_id="a1") == smpp.SubmitSmResp(sequence=6, message_id="a1")


@pytest.mark.parametrize(
    "pdu",
    [
        smpp.BindTransceiver(password="hunter2"),
        smpp.Outbind(password="hunter2"),
        smpp.SubmitSm(short_message=b"hunter2"),
        smpp.DataSm(tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, b"hunter2"),)),
        smpp.SubmitMulti(short_message=b"hunter2", tlvs=(Tlv(0x1400, b"hunter2"),)),
        smpp.ReplaceSm(short_message=b"hunter2"),
    ],
)
def test_no_repr_shows_a_password_or_a_text(pdu: Pdu) -> None:
    assert "hunter2" not in repr(pdu)
