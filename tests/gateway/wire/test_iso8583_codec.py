"""ISO 8583: the house profile's bytes, strict content, round trips and fuzz."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire import iso8583
from gateway.wire.iso8583 import BadMessage, Message

MAC = b"\x01\x02\x03\x04\x05\x06\x07\x08"
DIGITS = "0123456789"
REQUEST = (
    b"0100" + b"723C048108C08201"
    b"16581420000000000200000000000001234511220800000000421130001122291107100"
    b"06581420632600000042TERM0001581420000000019364006\x82\x02\x00\x40\x95\x00" + MAC
)  # fmt: skip
VALUES: dict[int, str | bytes] = {
    2: "5814200000000002", 3: "000000", 4: "000000012345", 7: "1122080000", 11: "000042", 12: "113000", 13: "1122",
    14: "2911", 22: "071", 25: "00", 32: "581420", 37: "632600000042", 41: "TERM0001", 42: "581420000000019",
    49: "364", 55: b"\x82\x02\x00\x40\x95\x00", 64: MAC,
}  # fmt: skip


def numeric(length: int) -> st.SearchStrategy[str]:
    return st.text(DIGITS, min_size=length, max_size=length)


MESSAGES = st.builds(
    Message,
    st.sampled_from(["0100", "0110", "0220", "0230", "0420", "0430", "0800", "0810"]),
    st.fixed_dictionaries(
        {64: st.binary(min_size=8, max_size=8)},
        optional={
            2: st.text(DIGITS, min_size=1, max_size=19),
            4: numeric(12),
            11: numeric(6),
            12: st.times().map(lambda moment: f"{moment:%H%M%S}"),
            13: st.dates().map(lambda day: f"{day:%m%d}"),
            32: st.text(DIGITS, min_size=1, max_size=11),
            41: st.text(DIGITS + "ABCabc -", min_size=8, max_size=8),
            52: st.binary(min_size=8, max_size=8),
            55: st.binary(min_size=1, max_size=999),
            70: numeric(3),
            90: numeric(42),
        },
    ),
)


def test_a_message_is_the_bytes_of_the_house_profile() -> None:
    assert iso8583.decode(REQUEST) == Message("0100", VALUES)
    assert iso8583.encode(Message("0100", VALUES)) == REQUEST


def test_de64_is_last_behind_de90() -> None:
    body = iso8583.encode(Message("0420", {11: "000043", 90: "0" * 42, 64: MAC}))
    assert body == b"0420" + b"8020000000000001" + b"0000004000000000" + b"000043" + b"0" * 42 + MAC
    assert iso8583.decode(body).fields == {11: "000043", 90: "0" * 42, 64: MAC}


@given(message=MESSAGES)
def test_what_is_encoded_decodes_to_the_same_message(message: Message) -> None:
    body = iso8583.encode(message)
    assert iso8583.decode(body) == message
    assert iso8583.split_mac(body) == (iso8583.encode_span(message), message.fields[64])


@given(body=st.binary(max_size=300))
def test_any_bytes_decode_or_are_a_bad_message(body: bytes) -> None:
    try:
        iso8583.decode(body)
    except BadMessage:
        return


@given(message=MESSAGES, at=st.integers(0, 3000), byte=st.integers(0, 255), cut=st.integers(0, 40))
def test_a_changed_or_cut_message_decodes_canonically_or_is_bad(message: Message, at: int, byte: int, cut: int) -> None:
    body = bytearray(iso8583.encode(message))
    body[at % len(body)] = byte
    changed = bytes(body[: len(body) - cut])
    try:
        found = iso8583.decode(changed)
    except BadMessage:
        return
    assert iso8583.encode(found).upper() == changed.upper()


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        (b"0100723C", b"01A0723C", "message type"),
        (b"0100723C", b"2100723C", "message type"),
        (b"723C048108C08201", b"723C048108C0820Z", "bitmap"),
        (b"723C048108C08201", b"723C048108C0 201", "bitmap"),
        (b"723C048108C08201", b"723C048108C08200", "DE64 is missing"),
        (b"165814200000000002", b"165814200A00000002", "DE2"),
        (b"165814200000000002", b"-15814200000000002", "DE2"),
        (b"000000012345", b"00000001234A", "DE4"),
        (b"1122080000", b"1322080000", "DE7"),
        (b"113000", b"253000", "DE12"),
        (b"00\x30\x36581420", b"00+6581420", "DE32"),
        (b"TERM0001", b"TERM\xc3\xa901", "DE41"),
        (b"TERM0001", b"TERM\x00001", "DE41"),
        (b"364006", b"36400A", "DE55"),
        (b"364006", b"364 06", "DE55|DE49"),
        (b"364006", b"364005", "Extra data"),
        (b"364006", b"364999", "DE55"),
    ],
)
def test_bad_content_is_refused_and_its_field_named(old: bytes, new: bytes, named: str) -> None:
    assert REQUEST.count(old) == 1
    with pytest.raises(BadMessage, match=named) as caught:
        iso8583.decode(REQUEST.replace(old, new))
    assert "5814200000000002" not in str(caught.value)


def test_a_bad_message_keeps_what_came_before_the_bad_field() -> None:
    with pytest.raises(BadMessage) as caught:
        iso8583.decode(REQUEST.replace(b"TERM0001", b"TERM\x00001"))
    assert caught.value.mti == "0100"
    assert caught.value.fields[11] == "000042"
    assert 41 not in caught.value.fields


@pytest.mark.parametrize("secondary", [1 << 63, 1, 0])
def test_de65_de128_and_an_empty_second_bitmap_are_refused(secondary: int) -> None:
    body = b"0800" + f"{1 << 63 | 1:016X}{secondary:016X}".encode() + b"0" * 16 + MAC
    with pytest.raises(BadMessage, match=r"refused|empty"):
        iso8583.decode(body)


@pytest.mark.parametrize("number", [0, 1, 65, 128, 129])
def test_a_refused_field_is_not_encoded(number: int) -> None:
    with pytest.raises(BadMessage, match=f"DE{number}"):
        iso8583.encode_span(Message("0100", {number: "0"}))


@pytest.mark.parametrize(
    "fields", [{4: "12"}, {4: "00000000000A"}, {2: ""}, {55: b"\0" * 1000}, {37: "é" * 12}, {52: b"1"}]
)
def test_content_of_another_type_is_not_encoded(fields: dict[int, str | bytes]) -> None:
    with pytest.raises(BadMessage):
        iso8583.encode_span(Message("0100", fields))


@pytest.mark.parametrize("size", [0, 27, 2049])
def test_a_body_is_neither_too_short_nor_too_long(size: int) -> None:
    with pytest.raises(BadMessage, match="a body of"):
        iso8583.split_mac(bytes(size))


def test_a_message_above_two_kilobytes_is_not_encoded() -> None:
    long: dict[int, str | bytes] = {48: "A" * 999, 55: b"\0" * 999, 60: "A" * 100}
    with pytest.raises(BadMessage, match="a body of"):
        iso8583.encode_span(Message("0100", long))


def test_the_repr_masks_card_data() -> None:
    shown = repr(Message("0100", {**VALUES, 35: "5814200000000002D2911", 52: b"12345678"}))
    assert "5814200000000002" not in shown
    assert "82020040" not in shown
    assert "12345678" not in shown.replace("000000012345678", "")
    assert "11='000042'" in shown


def test_the_longest_body_takes_no_longer_than_its_length_says() -> None:
    body = b"0800" + b"F" * 15 + b"F" + b"7FFFFFFFFFFFFFFE" + b"9" * (2048 - 44) + MAC
    began = time.perf_counter()
    for _ in range(200):
        with pytest.raises(BadMessage):
            iso8583.decode(body)
    assert time.perf_counter() - began < 2
