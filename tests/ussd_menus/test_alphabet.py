"""Letters and their sizes: what a person reads, and what it takes on the wire."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ussd_menus import gsm_septets, ucs2_units
from ussd_menus.alphabet import GSM_ALL, GSM_BASIC, GSM_EXTENSION, graphemes, into_gsm, into_persian, value_letters


def test_the_alphabet_is_that_of_ts_23_038() -> None:
    assert (len(GSM_BASIC), len(GSM_EXTENSION)) == (127, 10)  # 128 codes, one of them the escape


@pytest.mark.parametrize(
    ("text", "septets", "units"),
    [
        ("hello", 5, 5),
        ("€[]{}", 10, 5),
        ("^~\\|", 8, 4),
        ("éèàùìòÇ", 7, 7),
        ("ç", None, 1),
        ("؟", None, 1),
        ("سلام", None, 4),
        ("😀", None, 2),
        ("a\nb", 3, 3),
        ("\u200c", None, 1),
        ("", 0, 0),
    ],
)
def test_sizes_are_those_of_the_wire(text: str, septets: int | None, units: int) -> None:
    assert (gsm_septets(text), ucs2_units(text)) == (septets, units)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Où êtes-vous ? À l’hôpital, ça va…", "Où etes-vous ? A l'hopital, ca va..."),
        ("« cœur » naïf Noël déjà", '" coeur " naif Noel déjà'),
        ("Reçu : 1\u202f000 – merci", "Recu : 1 000 - merci"),
        ("Ça ÉÀÈ", "Ça ÉAE"),
        ("e\u0301", "é"),
        ("سلام", "????"),
        ("٣ ۳ ３", "3 3 3"),
        ("€[]", "€[]"),
    ],
)
def test_what_french_people_read_is_in_gsm(written: str, read: str) -> None:
    assert into_gsm(written) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("علي كريمي", "علی کریمی"),
        ("موسى", "موسی"),
        ("123 ٤٥٦", "۱۲۳ ۴۵۶"),
        ("می\u200cشود", "می شود"),
        ("\u200fسلام\u200e", "سلام"),
    ],
)
def test_persian_is_written_with_persian_letters_and_digits(written: str, read: str) -> None:
    assert into_persian(written) == read


@given(st.text(max_size=60))
def test_a_value_brought_into_gsm_takes_one_septet_a_letter(text: str) -> None:
    shown = into_gsm(value_letters(text))
    assert gsm_septets(shown) == len(shown)
    assert GSM_ALL.issuperset(shown)


@given(st.text(max_size=60))
def test_a_value_in_persian_takes_one_unit_a_letter(text: str) -> None:
    shown = into_persian(value_letters(text))
    assert ucs2_units(shown) == len(shown)


@given(st.text(max_size=60))
def test_graphemes_join_to_the_text_and_no_mark_stands_alone(text: str) -> None:
    pieces = graphemes(text)
    assert "".join(pieces) == text
    assert not any(unicodedata.combining(piece[0]) for piece in pieces[1:])
