"""The tables of the GSM 7-bit alphabet: the default ones, and those of each national language (TS 23.038).

The default table is that of 6.2.1, its extension that of 6.2.1.1, the single shift tables are those of Annex A.2, the
locking ones those of A.3. The national ones were compared with four public transcriptions: Android's GsmAlphabet.java,
oFono's util.c, gsmcodecs (from release 18) and lib3gpp23038 (from release 16). Where they differ, so does the standard
from what it means: Kannada's locking table prints U+0CAA twice where phones have U+0CA1 first, which is what stands
here; Telugu's single shift table has no euro sign, which only Android adds.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple

ESCAPE = 0x1B
NOTHING = "\ufffd"
"""Stands where a table has no character."""


class Language(IntEnum):
    """National language identifiers (TS 23.038, 6.2.1.2.4); DEFAULT is no shift table."""

    DEFAULT = 0
    TURKISH = 1
    SPANISH = 2
    PORTUGUESE = 3
    BENGALI = 4
    GUJARATI = 5
    HINDI = 6
    KANNADA = 7
    MALAYALAM = 8
    ORIYA = 9
    PUNJABI = 10
    TAMIL = 11
    TELUGU = 12
    URDU = 13


class Shift(NamedTuple):
    """What a language puts in place of the default tables; 128 characters each."""

    locking: str | None
    """In place of the default alphabet; Spanish has none."""
    single: str
    """In place of the extension table, read after an escape."""


def _with(table: str, changes: Mapping[int, str]) -> str:
    return "".join(changes.get(at, char) for at, char in enumerate(table))


def _run(first: int, chars: str) -> dict[int, str]:
    return dict(enumerate(chars, start=first))


BASIC = (
    f"@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ{NOTHING}ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_BLANK = NOTHING * 128
EXTENSION = _with(
    _BLANK,
    {0x0A: "\f", 0x14: "^", **_run(0x28, "{}"), 0x2F: "\\", **_run(0x3C, "[~]"), 0x40: "|", 0x65: "€"},
)

# What the locking tables of the scripts of India and of Urdu have in common, and their single shift tables.
_LOCKING = _with(
    _BLANK,
    {0x0A: "\n", 0x0D: "\r", **_run(0x20, " !"), **_run(0x28, ")("), 0x2C: ",", 0x2E: ".",
     **_run(0x30, "0123456789:;"), 0x3F: "?", **_run(0x61, "abcdefghijklmnopqrstuvwxyz")},
)  # fmt: skip
_SINGLE = _with(
    EXTENSION,
    {**_run(0x00, "@£$¥¿\"¤%&'\f*+"), **_run(0x0E, "-/<=>¡^¡_#*"), **_run(0x41, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")},
)


def _filled(table: str, places: list[int], base: int, chars: str) -> str:
    """`table` with characters in its free places: two digits are the low octet of a code point, `--` is nothing."""
    given = iter(chars.split())
    changes = {}
    for place in places:
        char = next(given, "--")
        if char != "--":
            changes[place] = char if len(char) == 1 else chr(base + int(char, 16))
    assert next(given, None) is None, "more characters than free places"
    return _with(table, changes)


_LOCKING_FREE = [place for place in range(128) if _LOCKING[place] == NOTHING and place != ESCAPE]
_SINGLE_FREE = [place for place in range(0x19, 0x40) if _SINGLE[place] == NOTHING and place != ESCAPE]


def _script(base: int, locking: str, single: str) -> Shift:
    return Shift(
        _filled(_LOCKING, _LOCKING_FREE, base, locking),
        _filled(_SINGLE, _SINGLE_FREE, base, single),
    )


_TELUGU = _script(
    0x0C00,
    "01 02 03 05 06 07 08 09 0A 0B 0C -- 0E 0F 10 -- 12 13 14 15 16 17 18 19 1A 1B 1C 1D 1E 1F 20 21 "
    "22 23 24 25 26 27 28 -- 2A 2B 2C 2D 2E 2F 30 31 32 33 -- 35 36 37 38 39 -- 3D 3E 3F 40 41 42 43 "
    "44 -- 46 47 48 -- 4A 4B 4C 4D 55 56 60 61 62 63",
    "-- -- 66 67 68 69 6A 6B 6C 6D 6E 6F 58 59 78 79 7A 7B 7C 7D 7E 7F",
)

SHIFTS: Mapping[Language, Shift] = {
    Language.TURKISH: Shift(
        _with(BASIC, {0x04: "€", 0x07: "ı", **_run(0x0B, "Ğğ"), **_run(0x1C, "Şş"), 0x40: "İ", 0x60: "ç"}),
        _with(EXTENSION, {0x47: "Ğ", 0x49: "İ", 0x53: "Ş", 0x63: "ç", 0x67: "ğ", 0x69: "ı", 0x73: "ş"}),
    ),
    Language.SPANISH: Shift(
        None,
        _with(
            EXTENSION,
            {0x09: "ç", 0x41: "Á", 0x49: "Í", 0x4F: "Ó", 0x55: "Ú", 0x61: "á", 0x69: "í", 0x6F: "ó", 0x75: "ú"},
        ),
    ),
    Language.PORTUGUESE: Shift(
        _with(
            BASIC,
            {0x04: "ê", **_run(0x06, "úíóç"), **_run(0x0B, "Ôô"), **_run(0x0E, "Áá"), **_run(0x12, "ªÇÀ∞^\\€Ó|"),
             **_run(0x1C, "ÂâÊ"), 0x24: "º", 0x40: "Í", **_run(0x5B, "ÃÕÚ"), 0x60: "~", **_run(0x7B, "ãõ`")},
        ),
        _with(
            EXTENSION,
            {0x05: "ê", 0x09: "ç", **_run(0x0B, "Ôô"), **_run(0x0E, "Áá"), **_run(0x12, "ΦΓ^ΩΠΨΣΘ"), 0x1F: "Ê",
             0x41: "À", 0x49: "Í", 0x4F: "Ó", 0x55: "Ú", **_run(0x5B, "ÃÕ"), 0x61: "Â", 0x69: "í", 0x6F: "ó",
             0x75: "ú", **_run(0x7B, "ãõ"), 0x7F: "â"},
        ),
    ),
    Language.BENGALI: _script(
        0x0900,
        "81 82 83 85 86 87 88 89 8A 8B 8C -- -- 8F 90 -- -- 93 94 95 96 97 98 99 9A 9B 9C 9D 9E 9F A0 A1 "
        "A2 A3 A4 A5 A6 A7 A8 -- AA AB AC AD AE AF B0 -- B2 -- -- -- B6 B7 B8 B9 BC BD BE BF C0 C1 C2 C3 "
        "C4 -- -- C7 C8 -- -- CB CC CD CE D7 DC DD F0 F1",
        "E6 E7 E8 E9 EA EB EC ED EE EF DF E0 E1 E2 E3 F2 F3 F4 F5 F6 F7 F8 F9 FA",
    ),
    Language.GUJARATI: _script(
        0x0A00,
        "81 82 83 85 86 87 88 89 8A 8B 8C 8D -- 8F 90 91 -- 93 94 95 96 97 98 99 9A 9B 9C 9D 9E 9F A0 A1 "
        "A2 A3 A4 A5 A6 A7 A8 -- AA AB AC AD AE AF B0 -- B2 B3 -- B5 B6 B7 B8 B9 BC BD BE BF C0 C1 C2 C3 "
        "C4 C5 -- C7 C8 C9 -- CB CC CD D0 E0 E1 E2 E3 F1",
        "। ॥ E6 E7 E8 E9 EA EB EC ED EE EF",
    ),
    Language.HINDI: _script(
        0x0900,
        "01 02 03 05 06 07 08 09 0A 0B 0C 0D 0E 0F 10 11 12 13 14 15 16 17 18 19 1A 1B 1C 1D 1E 1F 20 21 "
        "22 23 24 25 26 27 28 29 2A 2B 2C 2D 2E 2F 30 31 32 33 34 35 36 37 38 39 3C 3D 3E 3F 40 41 42 43 "
        "44 45 46 47 48 49 4A 4B 4C 4D 50 72 7B 7C 7E 7F",
        "64 65 66 67 68 69 6A 6B 6C 6D 6E 6F 51 52 53 54 58 59 5A 5B 5C 5D 5E 5F 60 61 62 63 70 71",
    ),
    Language.KANNADA: _script(
        0x0C00,
        "-- 82 83 85 86 87 88 89 8A 8B 8C -- 8E 8F 90 -- 92 93 94 95 96 97 98 99 9A 9B 9C 9D 9E 9F A0 A1 "
        "A2 A3 A4 A5 A6 A7 A8 -- AA AB AC AD AE AF B0 B1 B2 B3 -- B5 B6 B7 B8 B9 BC BD BE BF C0 C1 C2 C3 "
        "C4 -- C6 C7 C8 -- CA CB CC CD D5 D6 E0 E1 E2 E3",
        "। ॥ E6 E7 E8 E9 EA EB EC ED EE EF DE F1 F2",
    ),
    Language.MALAYALAM: _script(
        0x0D00,
        "-- 02 03 05 06 07 08 09 0A 0B 0C -- 0E 0F 10 -- 12 13 14 15 16 17 18 19 1A 1B 1C 1D 1E 1F 20 21 "
        "22 23 24 25 26 27 28 -- 2A 2B 2C 2D 2E 2F 30 31 32 33 34 35 36 37 38 39 -- 3D 3E 3F 40 41 42 43 "
        "44 -- 46 47 48 -- 4A 4B 4C 4D 57 60 61 62 63 79",
        "। ॥ 66 67 68 69 6A 6B 6C 6D 6E 6F 70 71 72 73 74 75 7A 7B 7C 7D 7E 7F",
    ),
    Language.ORIYA: _script(
        0x0B00,
        "01 02 03 05 06 07 08 09 0A 0B 0C -- -- 0F 10 -- -- 13 14 15 16 17 18 19 1A 1B 1C 1D 1E 1F 20 21 "
        "22 23 24 25 26 27 28 -- 2A 2B 2C 2D 2E 2F 30 -- 32 33 -- 35 36 37 38 39 3C 3D 3E 3F 40 41 42 43 "
        "44 -- -- 47 48 -- -- 4B 4C 4D 56 57 60 61 62 63",
        "। ॥ 66 67 68 69 6A 6B 6C 6D 6E 6F 5C 5D 5F 70 71",
    ),
    Language.PUNJABI: _script(
        0x0A00,
        "01 02 03 05 06 07 08 09 0A -- -- -- -- 0F 10 -- -- 13 14 15 16 17 18 19 1A 1B 1C 1D 1E 1F 20 21 "
        "22 23 24 25 26 27 28 -- 2A 2B 2C 2D 2E 2F 30 -- 32 33 -- 35 36 -- 38 39 3C -- 3E 3F 40 41 42 -- "
        "-- -- -- 47 48 -- -- 4B 4C 4D 51 70 71 72 73 74",
        "। ॥ 66 67 68 69 6A 6B 6C 6D 6E 6F 59 5A 5B 5C 5E 75",
    ),
    Language.TAMIL: _script(
        0x0B00,
        "-- 82 83 85 86 87 88 89 8A -- -- -- 8E 8F 90 -- 92 93 94 95 -- -- -- 99 9A -- 9C -- 9E 9F -- -- "
        "-- A3 A4 -- -- -- A8 A9 AA -- -- -- AE AF B0 B1 B2 B3 B4 B5 B6 B7 B8 B9 -- -- BE BF C0 C1 C2 -- "
        "-- -- C6 C7 C8 -- CA CB CC CD D0 D7 F0 F1 F2 F9",
        "। ॥ E6 E7 E8 E9 EA EB EC ED EE EF F3 F4 F5 F6 F7 F8 FA",
    ),
    Language.TELUGU: _TELUGU._replace(single=_TELUGU.single.replace("€", NOTHING)),
    Language.URDU: _script(
        0x0600,
        "27 22 28 7B 80 7E A6 2A C2 7F 79 7D 7A 7C 2B 2C 81 84 83 85 86 87 2D 2E 2F 8C 88 89 8A 8F 8D 30 "
        "31 91 93 99 32 96 98 9A 33 34 35 36 37 38 39 41 42 A9 AA AB AF B3 B1 44 45 46 BA BB BC 48 C4 D5 "
        "C1 BE 21 CC D0 D2 4D 50 4F 57 54 55 51 53 56 70",
        "00 01 F0 F1 F2 F3 F4 F5 F6 F7 F8 F9 0C 0D 0E 0F 10 11 12 13 14 1B 1F 40 52 58 6B 6C 72 73 CD D4",
    ),
}  # fmt: skip
"""The tables of each language but DEFAULT."""
