"""The terminal's ISO 8583 against bytes written by hand and MACs from openssl."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators import emv_card
from simulators.till import iso8583
from simulators.till.dialects import Framing
from simulators.till.iso8583 import IsoError, Message
from tests.simulators.acquirer import KEY

SIGN_ON = Message("0800", {7: "1122080000", 11: "000001", 41: "TERM0001", 70: "001"})
SIGN_ON_BYTES = b"0800" + b"82200000008000010400000000000000" + b"1122080000" + b"000001" + b"TERM0001" + b"001"
SIGN_ON_MAC = bytes.fromhex("6b357ef6135edf08")

_DIGITS = "0123456789"


def test_a_sign_on_has_the_bytes_of_the_house_dialect_and_the_mac_of_openssl() -> None:
    assert iso8583.encode(SIGN_ON, KEY) == SIGN_ON_BYTES + SIGN_ON_MAC
    assert iso8583.decode(SIGN_ON_BYTES + SIGN_ON_MAC, KEY) == SIGN_ON


def test_without_a_field_beyond_64_the_bitmap_has_sixteen_digits_and_the_mac_still_stands_last() -> None:
    message = Message("0110", {2: "5814", 39: "00"}, bytes.fromhex("910AAABB"))

    data = iso8583.encode(message, KEY)

    assert data[:-8] == b"0110" + b"4000000002000201" + b"045814" + b"00" + b"004" + bytes.fromhex("910AAABB")


def test_the_length_header_is_two_bytes_big_endian_and_at_most_2048() -> None:
    assert Framing.BINARY2.frame(b"x" * 300)[:2] == bytes([1, 44])
    with pytest.raises(IsoError):
        Framing.BINARY2.frame(b"x" * 2049)


def test_the_original_data_has_42_digits_in_five_parts() -> None:
    assert iso8583.original_data("0100", "000007", "1122080000", "581420") == (
        "0100" + "000007" + "1122080000" + "00000581420" + "00000000000"
    )


@pytest.mark.parametrize(
    ("label", "fields"),
    [
        ("amount too short", {4: "25000"}),
        ("letters in an amount", {4: "00000002500A"}),
        ("a digit of another script", {4: "00000002500۵"}),
        ("PAN too long", {2: "1" * 20}),
        ("an element that the dialect lacks", {5: "x"}),
    ],
)
def test_a_value_without_the_form_of_its_element_is_not_written(label: str, fields: dict[int, str]) -> None:
    with pytest.raises(IsoError):
        iso8583.encode(Message("0100", fields), KEY)
    assert label


@pytest.mark.parametrize("position", range(0, len(SIGN_ON_BYTES) + 8, 7))
def test_one_flipped_bit_anywhere_is_seen(position: int) -> None:
    data = bytearray(SIGN_ON_BYTES + SIGN_ON_MAC)
    data[position] ^= 1

    with pytest.raises(IsoError):
        iso8583.decode(bytes(data), KEY)


@given(
    pan=st.text(_DIGITS, min_size=12, max_size=19),
    amount=st.integers(0, 10**12 - 1),
    acceptor=st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=15, max_size=15),
    icc=st.binary(min_size=1, max_size=255),
    code=st.sampled_from(["", "001", "301"]),
)
def test_what_is_written_reads_the_same(pan: str, amount: int, acceptor: str, icc: bytes, code: str) -> None:
    fields = {2: pan, 4: f"{amount:012d}", 42: acceptor, **({70: code} if code else {})}
    message = Message("0100", fields, icc)

    assert iso8583.decode(iso8583.encode(message, KEY), KEY) == message


@given(body=st.binary(max_size=120))
def test_bytes_with_a_right_mac_and_no_form_are_refused_as_such(body: bytes) -> None:
    data = body + emv_card.mac8(KEY, body)
    try:
        iso8583.decode(data, KEY)
    except IsoError:
        return
