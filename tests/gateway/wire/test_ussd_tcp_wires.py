"""The codecs of USSD over TCP: what is written is read again, and hostile octets are refused in linear time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import BadInput
from gateway.wire import framedxml, ussdc
from gateway.wire.framedxml import Frame
from gateway.wire.ussdc import Command, Operation, Pdu, Talk

FIELD = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), max_size=40)


def test_a_begin_has_the_octets_of_its_table() -> None:
    body = Talk(Operation.REQUEST, "989120000001", "hi", "142", 0x20).encode()
    octets = Pdu(Command.BEGIN, 7, ussdc.NO_CB, body=body).encode()

    head, body_hex = octets[:20].hex(" ", 4), octets[20:].hex()
    assert head == "00000032 0000006f 00000000 00000007 ffffffff"
    assert body_hex == f"2001{b'989120000001'.hex()}{'00' * 9}313432000f6869"


@given(st.lists(st.tuples(st.sampled_from(list(Command)), st.binary(max_size=300)), max_size=6), st.integers(0, 400))
def test_pdus_come_out_as_they_went_in_however_they_are_cut(sent: list[tuple[Command, bytes]], cut: int) -> None:
    made = [Pdu(command, 1, 2, 3, body) for command, body in sent]
    octets, buffer = b"".join(pdu.encode() for pdu in made), bytearray()
    found = []
    for piece in (octets[:cut], octets[cut:]):
        buffer += piece
        found += ussdc.pdus(buffer)

    assert (found, bytes(buffer)) == (made, b"")


@given(st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs", "Cc"]), max_size=91))
def test_a_string_is_read_as_it_was_written(text: str) -> None:
    talk = Talk(Operation.REQUEST, "989120000001", text)

    assert ussdc.talk_of(talk.encode()) == talk


CODED = [
    ("Solde: 500 IRR", 0x0F), ("déjà payé", 0x0F), ("être", 0x48), ("ça va", 0x48), ("1 €", 0x48),
    ("موجودی", 0x48),
]  # fmt: skip


@pytest.mark.parametrize(("text", "scheme"), CODED)
def test_a_page_that_gsm_7_cannot_carry_goes_as_ucs_2(text: str, scheme: int) -> None:
    assert Talk(Operation.REQUEST, "989120000001", text).encode()[27] == scheme


@pytest.mark.parametrize(
    "octets",
    [b"\0\0\0\x02" + b"\0" * 16, b"\xff" * 20, (ussdc.LENGTH_MAX + 1).to_bytes(4, "big") + b"\0" * 16],
)
def test_a_length_that_cannot_be_is_refused(octets: bytes) -> None:
    with pytest.raises(BadInput):
        ussdc.pdus(bytearray(octets))


@pytest.mark.parametrize(
    "body", [b"", b"\0" * 27, b"\0" * 300, b"\1\1" + b"\xff" * 25 + b"\x44x", b"\1\1" + b"1\0" * 12 + b"\0\x48a"]
)
def test_a_body_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(BadInput):
        ussdc.talk_of(body)


@given(st.dictionaries(st.sampled_from(["requestId", "msisdn", "userdata", "starCode"]), FIELD))
def test_frames_come_out_as_they_went_in(fields: dict[str, str]) -> None:
    frame = Frame("0000000000000042", "USSDRequest", fields)
    buffer = bytearray(frame.encode() * 2)

    assert framedxml.frames(buffer) == [frame, frame]
    assert not buffer


HOSTILE = [
    b'<!DOCTYPE a [<!ENTITY b "c">]><a><d>&b;</d></a>',
    b"<a><b><c>deep</c></b></a>",
    b"<a><b>1</b><b>2</b></a>",
    b"<a>" + b"".join(b"<b%d/>" % n for n in range(40)) + b"</a>",
    b"<a><b>",
    b"no xml",
    b'<?xml version="1.0" encoding="utf-7"?><a/>',
    b"\xff\xfe<a/>",
]


@pytest.mark.parametrize("octets", HOSTILE)
def test_hostile_xml_is_refused(octets: bytes) -> None:
    with pytest.raises(BadInput):
        framedxml.flat_xml(octets)


@given(st.binary(max_size=200))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    for read in (ussdc.pdus, framedxml.frames):
        try:
            read(bytearray(octets))
        except BadInput:
            continue
