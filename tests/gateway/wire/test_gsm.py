"""GSM 03.38 and splitting: tables of examples, round trips, and smpplib as a second opinion where it is right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smpplib import gsm as smpplib_gsm

from gateway.wire import gsm
from gateway.wire.gsm import Coding, Header

BASIC = "".join(gsm.decode(bytes([value])) for value in range(0x80) if value != 0x1B)
EXTENDED = "\f^{}\\[~]|€"
gsm_texts = st.text(st.sampled_from(BASIC + EXTENDED), max_size=600)


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("", ""),
        ("@£$", "000102"),
        ("§", "5F"),
        ("€5", "1B6535"),
        ("a[b]\\", "611B3C621B3E1B2F"),
        ("\f", "1B0A"),
        ("Δ_Ω", "101115"),
        ("`", None),
        ("ç", None),
        ("\x1b", None),
        ("سلام", None),
    ],
)
def test_text_becomes_septets_of_the_default_alphabet(text: str, octets: str | None) -> None:
    assert gsm.encode(text) == (None if octets is None else bytes.fromhex(octets))


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        ("1B65", "€"),
        ("1B41", "A"),
        ("611B", "a "),
        ("1B1B61", " a"),
        ("80", "\ufffd"),
        ("1BFF61", "\ufffda"),
    ],
)
def test_odd_septets_read_as_the_standard_says_and_never_fail(octets: str, text: str) -> None:
    assert gsm.decode(bytes.fromhex(octets)) == text


@given(gsm_texts)
def test_what_is_encoded_decodes_to_itself(text: str) -> None:
    octets = gsm.encode(text)
    assert octets is not None
    assert gsm.decode(octets) == text


@given(st.binary(max_size=300))
def test_decoding_takes_any_octets(octets: bytes) -> None:
    gsm.decode(octets)
    gsm.decode_ucs2(octets)


@given(st.text(st.sampled_from((BASIC + EXTENDED).replace("§", "").replace("\f", "")), max_size=200))
def test_smpplib_encodes_the_same_except_for_its_known_defects(text: str) -> None:
    assert gsm.encode(text) == smpplib_gsm.gsm_encode(text)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Reçu à l'hôpital, œuvre", "Recu à l'hopital, oeuvre"),
        ("déjà payé", "déjà payé"),
        ("« 1 000 »…", '" 1 000 "...'),
        ("ÀÊÎ", "AEI"),
        ("Bonjour مریم", "Bonjour مریم"),
    ],
)
def test_a_few_letters_do_not_push_a_text_into_ucs2(text: str, plain: str) -> None:
    assert gsm.transliterate(text) == plain


@pytest.mark.parametrize(
    ("text", "header", "counts"),
    [
        ("a" * 160, Header.UDH8, [160]),
        ("a" * 161, Header.UDH8, [153, 8]),
        ("a" * 161, Header.UDH16, [152, 9]),
        ("€" * 80, Header.UDH8, [160]),
        ("€" * 81, Header.UDH8, [152, 10]),
        ("a" * 152 + "€" + "b" * 10, Header.UDH8, [152, 12]),
        ("س" * 70, Header.UDH8, [140]),
        ("س" * 71, Header.UDH8, [134, 8]),
        ("س" * 71, Header.UDH16, [132, 10]),
        ("س" * 66 + "😀" + "س" * 10, Header.UDH8, [132, 24]),
        ("", Header.UDH8, [0]),
    ],
)
def test_parts_fill_up_without_cutting_a_character(text: str, header: Header, counts: list[int]) -> None:
    parts = gsm.split(text, header=header)
    assert [len(part.data) for part in parts] == counts
    assert gsm.parts_count(text, header=header) == len(counts)


def test_headers_carry_reference_total_and_number() -> None:
    assert [part.header.hex() for part in gsm.split("a" * 200, reference=0x1234)] == ["050003340201", "050003340202"]
    parts = gsm.split("a" * 200, reference=0x1234, header=Header.UDH16)
    assert [part.header.hex() for part in parts] == ["06080412340201", "06080412340202"]
    assert gsm.split("a")[0].header == b""


def test_more_than_255_parts_are_refused() -> None:
    assert len(gsm.split("a" * 153 * 255)) == 255
    with pytest.raises(ValueError, match="256 parts"):
        gsm.split("a" * (153 * 255 + 1))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=500) | gsm_texts, st.sampled_from(Header))
def test_each_part_fits_and_reads_on_its_own(text: str, header: Header) -> None:
    parts = gsm.split(text, header=header)
    limit = {Coding.GSM: 160, Coding.UCS2: 140}
    for part in parts:
        room = limit[part.coding] if len(parts) == 1 else header.room(part.coding)
        assert len(part.data) <= room
        assert len(part.header) + len(part.data) * (7 if part.coding is Coding.GSM else 8) / 8 <= 140
    read = [gsm.decode(part.data) if part.coding is Coding.GSM else part.data.decode("utf-16-be") for part in parts]
    assert "".join(read) == text


def test_a_lone_surrogate_is_replaced_and_does_not_stop_a_message() -> None:
    assert gsm.decode_ucs2(gsm.split("س\ud800")[0].data) == "س?"


def test_the_text_is_not_in_the_repr() -> None:
    assert "data" not in repr(gsm.split("secret")[0])
