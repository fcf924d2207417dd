"""The national tables: rows that are known from the standard, and what each of them must satisfy."""

import unicodedata

import pytest

from gateway.services.notices.notice import NoticeClass
from gateway.services.notices.words import Words
from gateway.wire import gsm
from gateway.wire.gsm import Alphabet, Coding, Language, Style
from gateway.wire.gsm.tables import BASIC, ESCAPE, EXTENSION, NOTHING, SHIFTS

NATIONAL = [language for language in Language if language is not Language.DEFAULT]
EVERY = [
    (locking, single) for locking in Language for single in Language if locking == single or 0 in (locking, single)
]

SCRIPTS = {
    Language.BENGALI: "BENGALI",
    Language.GUJARATI: "GUJARATI",
    Language.HINDI: "DEVANAGARI",
    Language.KANNADA: "KANNADA",
    Language.MALAYALAM: "MALAYALAM",
    Language.ORIYA: "ORIYA",
    Language.PUNJABI: "GURMUKHI",
    Language.TAMIL: "TAMIL",
    Language.TELUGU: "TELUGU",
    Language.URDU: "ARABIC",
}


@pytest.mark.parametrize(
    ("language", "septet", "char"),
    [
        *((Language.TURKISH, *row) for row in ((0x04, "€"), (0x07, "ı"), (0x0B, "Ğ"), (0x40, "İ"), (0x60, "ç"))),
        *((Language.PORTUGUESE, *row) for row in ((0x08, "ó"), (0x15, "∞"), (0x18, "€"), (0x60, "~"), (0x7D, "`"))),
        *((Language.BENGALI, *row) for row in ((0x03, "অ"), (0x7B, "ৗ"), (0x7F, "ৱ"), (0x3D, "প"))),
        *((Language.GUJARATI, *row) for row in ((0x0C, "ઍ"), (0x60, "ૐ"), (0x7F, "૱"))),
        *((Language.HINDI, *row) for row in ((0x0E, "ऎ"), (0x15, "क"), (0x3C, "ऩ"), (0x5F, "्"), (0x7F, "ॿ"))),
        *((Language.KANNADA, *row) for row in ((0x24, "ಡ"), (0x3D, "ಪ"), (0x60, "ೕ"))),
        *((Language.MALAYALAM, *row) for row in ((0x2E, "."), (0x48, "ഴ"), (0x7F, "൹"))),
        *((Language.ORIYA, *row) for row in ((0x0F, "ଏ"), (0x60, "ୖ"), (0x49, "ଵ"))),
        *((Language.PUNJABI, *row) for row in ((0x47, "\u0a33"), (0x4A, "\u0a36"), (0x7F, "ੴ"))),
        *((Language.TAMIL, *row) for row in ((0x3C, "ன"), (0x48, "ழ"), (0x7F, "௹"))),
        *((Language.TELUGU, *row) for row in ((0x12, "ఒ"), (0x60, "ౕ"), (0x7F, "ౣ"))),
        *((Language.URDU, *row) for row in ((0x00, "ا"), (0x05, "پ"), (0x47, "ک"), (0x4A, "گ"), (0x59, "ی"))),
        *((Language.URDU, *row) for row in ((0x2F, "ژ"), (0x5D, "\u0650"), (0x5E, "\u064f"), (0x7F, "\u0670"))),
    ],
)
def test_a_locking_table_has_the_letters_of_the_standard(language: Language, septet: int, char: str) -> None:
    assert gsm.decode(bytes([septet]), locking=language) == char
    assert Alphabet(Coding.GSM, locking=language).pieces(char) == [bytes([septet])]


@pytest.mark.parametrize(
    ("language", "septet", "char"),
    [
        *((Language.TURKISH, *row) for row in ((0x47, "Ğ"), (0x63, "ç"), (0x69, "ı"), (0x65, "€"))),
        *((Language.SPANISH, *row) for row in ((0x09, "ç"), (0x41, "Á"), (0x75, "ú"), (0x3C, "["))),
        *((Language.PORTUGUESE, *row) for row in ((0x05, "ê"), (0x12, "Φ"), (0x61, "Â"), (0x7F, "â"))),
        *((Language.BENGALI, *row) for row in ((0x19, "০"), (0x24, "\u09df"), (0x34, "৺"))),
        *((Language.GUJARATI, *row) for row in ((0x19, "।"), (0x1C, "૦"), (0x25, "૯"))),
        *((Language.HINDI, *row) for row in ((0x26, "\u0951"), (0x27, "\u0952"), (0x2C, "\u0958"), (0x3A, "ॱ"))),
        *((Language.KANNADA, *row) for row in ((0x26, "ೞ"), (0x2A, "ೲ"), (0x3C, "["))),
        *((Language.MALAYALAM, *row) for row in ((0x2E, "ൺ"), (0x34, "ൿ"))),
        *((Language.ORIYA, *row) for row in ((0x20, "୪"), (0x26, "\u0b5c"), (0x2C, "ୱ"))),
        *((Language.PUNJABI, *row) for row in ((0x26, "\u0a59"), (0x2D, "ੵ"))),
        *((Language.TAMIL, *row) for row in ((0x24, "௮"), (0x2E, "௺"))),
        *((Language.TELUGU, *row) for row in ((0x1C, "౦"), (0x32, "౿"))),
        *((Language.URDU, *row) for row in ((0x1C, "۰"), (0x25, "۹"), (0x26, "،"), (0x33, "؟"), (0x3F, "۔"))),
    ],
)
def test_a_single_shift_table_has_the_letters_of_the_standard(language: Language, septet: int, char: str) -> None:
    assert gsm.decode(bytes([ESCAPE, septet]), single=language) == char
    if char not in BASIC:
        assert Alphabet(Coding.GSM, Language.DEFAULT, language).pieces(char) == [bytes([ESCAPE, septet])]


@pytest.mark.parametrize(("locking", "single"), EVERY)
def test_all_characters_of_each_pair_of_tables_come_back(locking: Language, single: Language) -> None:
    alphabet = Alphabet(Coding.GSM, locking, single)
    main = (SHIFTS[locking].locking if locking else None) or BASIC
    shifted = SHIFTS[single].single if single else EXTENSION
    text = "".join(char for char in main + shifted if char != NOTHING)
    pieces = alphabet.pieces(text)
    assert pieces is not None
    assert alphabet.text(b"".join(pieces)) == text
    assert max(map(len, pieces)) == 2


@pytest.mark.parametrize("language", NATIONAL)
def test_tables_repeat_no_character_but_those_that_the_standard_repeats(language: Language) -> None:
    for table in SHIFTS[language]:
        if table is not None:
            assert len(table) == 128
            chars = [char for char in table if char != NOTHING]
            repeated = {char for char in chars if chars.count(char) > 1}
            # The single shift tables of India and of Urdu have these two twice.
            assert repeated == ({"*", "¡"} if language in SCRIPTS and table is SHIFTS[language].single else set())
            assert table[0x0A] in "\n\f"
            assert table[ESCAPE] == NOTHING


@pytest.mark.parametrize(("language", "script"), SCRIPTS.items())
def test_a_language_has_letters_of_its_own_script_only(language: Language, script: str) -> None:
    for table in SHIFTS[language]:
        for char in table or "":
            if ord(char) >= 0x0600 and char not in f"{NOTHING}€":
                shared = ("DEVANAGARI DANDA", "DEVANAGARI DOUBLE DANDA", "EXTENDED ARABIC-INDIC DIGIT")
                assert unicodedata.name(char).startswith((script, *shared)), hex(ord(char))


def test_what_a_single_shift_table_lacks_reads_as_in_the_locking_table() -> None:
    assert gsm.decode(bytes([ESCAPE, 0x04]), locking=Language.TURKISH, single=Language.TURKISH) == "€"
    assert gsm.decode(bytes([ESCAPE, 0x65]), locking=Language.TELUGU, single=Language.TELUGU) == "e"


def test_urdu_carries_persian_only_without_two_letters_and_the_non_joiner() -> None:
    """It has ک گ ی and the digits, which cost two septets, but neither ه nor غ: what has those stays UCS-2."""
    urdu = Style(languages=(Language.URDU,))
    texts = Words(zone="Asia/Tehran", service_code="*1420#").languages["fa"].texts
    paid = texts[NoticeClass.TAP_PAID].format(amount="۵۰۰,۰۰۰ ریال", at="۳ آذر ۱۴۰۵ ۱۲:۳۰")
    shown, plain = gsm.preview(paid, urdu), gsm.preview(paid)
    assert (shown.alphabet, plain.alphabet) == ((Coding.GSM, Language.URDU, Language.URDU), (Coding.UCS2, 0, 0))
    # Of 152 septets and of 70 units.
    assert (shown.units, plain.units) == (66, 51)
    assert (gsm.parts_count(paid * 2, style=urdu), gsm.parts_count(paid * 2)) == (1, 2)
    for letter in "هغ\u200c\u200e":
        assert gsm.preview(letter, urdu).alphabet.coding is Coding.UCS2
    carried = [class_ for class_, text in texts.items() if gsm.preview(text, urdu).alphabet.coding is Coding.GSM]
    assert len(carried) <= len(texts) / 4, "few Persian notices gain by Urdu's table"
