"""The default alphabet: tables of examples, round trips, and smpplib as a second opinion where it is right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smpplib import gsm as smpplib_gsm

from gateway.wire import gsm

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
