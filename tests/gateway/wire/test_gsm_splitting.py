"""Splitting: how many parts, where they are cut, and the headers before them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire import gsm
from gateway.wire.gsm import Coding, Language, Splitting, Style
from tests.gateway.wire.test_gsm import gsm_texts

UDH8 = Style()
UDH16 = Style(Splitting.UDH16)
SAR = Style(Splitting.SAR)
PAYLOAD = Style(Splitting.PAYLOAD)
LATIN = Style(codings=(Coding.LATIN1, Coding.UCS2))
TURKISH = Style(languages=(Language.TURKISH,))
TURKISH_16 = Style(Splitting.UDH16, languages=(Language.TURKISH,))
URDU = Style(languages=(Language.TURKISH, Language.URDU))
STYLES = (UDH8, UDH16, SAR, PAYLOAD, LATIN, TURKISH, URDU, Style(Splitting.SAR, languages=tuple(Language)[1:]))

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=500) | gsm_texts | st.text("ığş€İçabc", max_size=500)


@pytest.mark.parametrize(
    ("text", "style", "counts"),
    [
        ("a" * 160, UDH8, [160]),
        ("a" * 161, UDH8, [153, 8]),
        ("a" * 161, UDH16, [152, 9]),
        ("a" * 161, SAR, [152, 9]),
        ("a" * 65_535, PAYLOAD, [65_535]),
        ("€" * 80, UDH8, [160]),
        ("€" * 81, UDH8, [152, 10]),
        ("a" * 152 + "€" + "b" * 10, UDH8, [152, 12]),
        ("a" * 151 + "€" + "b" * 10, SAR, [151, 12]),
        ("س" * 70, UDH8, [140]),
        ("س" * 71, UDH8, [134, 8]),
        ("س" * 71, UDH16, [132, 10]),
        ("س" * 71, SAR, [132, 10]),
        ("س" * 66 + "😀" + "س" * 10, UDH8, [132, 24]),
        ("س" * 65 + "😀" + "س" * 10, SAR, [130, 24]),
        ("ê" * 140, LATIN, [140]),
        ("ê" * 141, LATIN, [134, 7]),
        ("ê" * 141, Style(Splitting.UDH16, LATIN.codings), [133, 8]),
        # One table leaves 155 septets and 149 of a part, two leave 152 and 146.
        ("ğ" * 155, TURKISH, [155]),
        ("ğ" * 156, TURKISH, [149, 7]),
        ("س" * 155, URDU, [155]),
        ("س" * 156, URDU, [149, 7]),
        ("س" * 150 + "،", URDU, [152]),
        ("س" * 150 + "،،", URDU, [146, 8]),
        ("س" * 145 + "،" + "س" * 10, URDU, [145, 12]),
        ("", UDH8, [0]),
    ],
)
def test_parts_fill_up_without_cutting_a_character(text: str, style: Style, counts: list[int]) -> None:
    parts = gsm.split(text, style=style)
    assert [len(part.data) for part in parts] == counts
    assert gsm.parts_count(text, style=style) == len(counts)


@pytest.mark.parametrize(
    ("text", "style", "headers"),
    [
        ("a", UDH8, [""]),
        ("a" * 200, UDH8, ["050003340201", "050003340202"]),
        ("a" * 200, UDH16, ["06080412340201", "06080412340202"]),
        ("a" * 200, SAR, ["", ""]),
        ("a" * 200, PAYLOAD, [""]),
        ("ş" * 100 + "ı", TURKISH, ["03250101"]),
        ("è" * 100 + "ı", TURKISH, ["03240101"]),
        ("ş" * 200, TURKISH, ["080003340201250101", "080003340202250101"]),
        ("ş" * 200, TURKISH_16, ["09080412340201250101", "09080412340202250101"]),
        ("ş" * 200, Style(Splitting.SAR, languages=(Language.TURKISH,)), ["03250101", "03250101"]),
        ("ş" * 200, Style(Splitting.PAYLOAD, languages=(Language.TURKISH,)), ["03250101"]),
        ("س" * 20 + "۱۲", URDU, ["06 24010D 25010D"]),
        ("á", Style(languages=(Language.SPANISH,)), ["03240102"]),
    ],
)  # fmt: skip
def test_headers_carry_the_place_and_the_tables(text: str, style: Style, headers: list[str]) -> None:
    parts = gsm.split(text, reference=0x1234, style=style)
    assert [part.header.hex() for part in parts] == [bytes.fromhex(header).hex() for header in headers]
    assert {(part.total, part.reference) for part in parts} == {(len(headers), 0x1234)}


@pytest.mark.parametrize(
    ("text", "style", "coding", "locking", "single"),
    [
        ("abc", URDU, Coding.GSM, 0, 0),
        ("caffè Aralık", TURKISH, Coding.GSM, 0, 1),
        ("Aralık", TURKISH, Coding.GSM, 1, 0),
        ("ağış", Style(languages=(Language.URDU, Language.TURKISH)), Coding.GSM, 1, 0),
        ("ağış 漢", TURKISH, Coding.UCS2, 0, 0),
        ("ê", Style(codings=(Coding.GSM, Coding.LATIN1)), Coding.LATIN1, 0, 0),
        ("é", Style(codings=(Coding.LATIN1, Coding.GSM)), Coding.LATIN1, 0, 0),
        ("€", Style(codings=(Coding.LATIN1, Coding.GSM)), Coding.GSM, 0, 0),
        ("abc", Style(codings=(Coding.UCS2, Coding.GSM)), Coding.UCS2, 0, 0),
    ],
)
def test_the_first_alphabet_that_has_all_characters_carries_a_text(
    text: str, style: Style, coding: Coding, locking: int, single: int
) -> None:
    assert gsm.split(text, style=style)[0].alphabet == (coding, locking, single)


def test_what_no_coding_of_the_link_has_is_refused() -> None:
    with pytest.raises(ValueError, match="no coding"):
        gsm.split("سلام", style=Style(codings=(Coding.GSM, Coding.LATIN1)))


def test_more_than_255_parts_or_a_full_payload_are_refused() -> None:
    assert len(gsm.split("a" * 153 * 255)) == 255
    with pytest.raises(ValueError, match="256 parts"):
        gsm.split("a" * (153 * 255 + 1))
    with pytest.raises(ValueError, match="65536 octets"):
        gsm.parts_count("a" * 65_536, style=PAYLOAD)


@given(texts, st.sampled_from(STYLES), st.integers(0, 0xFFFF))
def test_each_part_fits_and_reads_on_its_own(text: str, style: Style, reference: int) -> None:
    parts = gsm.split(text, reference=reference, style=style)
    read = []
    for part in parts:
        if style.splitting is not Splitting.PAYLOAD:
            bits = 7 if part.coding is Coding.GSM else 8
            # The header of SAR is made by the SMSC, with 16 bits of reference.
            made = 7 - bool(part.header) if style.splitting is Splitting.SAR and part.total > 1 else 0
            assert len(part.header) + made + -(-len(part.data) * bits // 8) <= 140
        found = gsm.user_data(part.header + part.data, udhi=bool(part.header))
        assert (part.coding, found.locking, found.single) == part.alphabet
        assert found.octets == part.data
        if part.total > 1 and style.splitting is not Splitting.SAR:
            bits = 0xFFFF if style.splitting is Splitting.UDH16 else 0xFF
            assert found.place == (reference & bits, part.total, part.number)
        read.append(part.alphabet.text(part.data))
    assert [part.number for part in parts] == list(range(1, len(parts) + 1))
    assert "".join(read) == text


@pytest.mark.parametrize(
    ("text", "style", "parts", "units", "units_left"),
    [
        ("", UDH8, 1, 0, 160),
        ("a" * 150 + "€", UDH8, 1, 152, 8),
        ("a" * 161, UDH8, 2, 161, 145),
        ("س" * 60 + "😀", UDH8, 1, 62, 8),
        ("س" * 71, UDH16, 2, 71, 61),
        ("ê" * 141, LATIN, 2, 141, 127),
        ("ğ" * 150, TURKISH, 1, 150, 5),
        ("a" * 200, PAYLOAD, 1, 200, 65_335),
    ],
)
def test_a_preview_counts_parts_and_the_room_that_is_left(
    text: str, style: Style, parts: int, units: int, units_left: int
) -> None:
    shown = gsm.preview(text, style)
    assert (shown.parts, shown.units, shown.units_left) == (parts, units, units_left)
    assert shown.alphabet == gsm.split(text, style=style)[0].alphabet


@pytest.mark.parametrize(
    ("octets", "place", "tables", "rest"),
    [
        ("", None, (0, 0), ""),
        ("0500037F0302 61", (0x7F, 3, 2), (0, 0), "61"),
        ("0608047FFF0302 61", (0x7FFF, 3, 2), (0, 0), "61"),
        ("0500037F0302", (0x7F, 3, 2), (0, 0), ""),
        ("03240101 61", None, (0, 1), "61"),
        ("0625010D24010D 61", None, (13, 13), "61"),
        ("0A 0003010203 00037F0302 61", (0x7F, 3, 2), (0, 0), "61"),
        ("0A 0003010201 0003020202 61", (2, 2, 2), (0, 0), "61"),
        ("00 61", None, (0, 0), "61"),
        # Broken ones: part 3 of 2, part 0, no parts, a language of nobody, elements past the header's end, odd lengths.
        ("050003010203 61", None, (0, 0), "61"),
        ("050003010200 61", None, (0, 0), "61"),
        ("050003010000 61", None, (0, 0), "61"),
        ("0324010E 61", None, (0, 0), "61"),
        ("05000A010201 61", None, (0, 0), "61"),
        ("0400020102 61", None, (0, 0), "61"),
        ("0100 61", None, (0, 0), "61"),
        ("FF 61", None, (0, 0), "FF61"),
        ("02 61", None, (0, 0), "0261"),
    ],
)
def test_a_received_header_is_read_and_a_broken_one_costs_no_text(
    octets: str, place: tuple[int, int, int] | None, tables: tuple[int, int], rest: str
) -> None:
    found = gsm.user_data(bytes.fromhex(octets), udhi=True)
    assert found == (place, *tables, bytes.fromhex(rest))


def test_octets_without_the_indicator_are_all_text() -> None:
    octets = bytes.fromhex("0500037F0302")
    assert gsm.user_data(octets, udhi=False).octets == octets


@given(st.binary(max_size=200))
def test_any_octets_are_read_as_user_data(octets: bytes) -> None:
    found = gsm.user_data(octets, udhi=True)
    assert octets.endswith(found.octets)


def test_a_lone_surrogate_is_replaced_and_does_not_stop_a_message() -> None:
    assert gsm.decode_ucs2(gsm.split("س\ud800")[0].data) == "س?"


def test_no_repr_shows_the_text() -> None:
    part = gsm.split("secret")[0]
    assert "data" not in repr(part)
    assert "secret" not in repr(gsm.user_data(part.data, udhi=False))
