"""Text as octets and back: the GSM 7-bit alphabet with its national tables, Latin-1, and UCS-2.

3GPP TS 23.038, clauses 6.2.1 (alphabet, extension and shift tables) and 6.2.3 (UCS-2). SMPP carries septets unpacked,
one an octet, so nothing here packs bits.
"""

import codecs
import re
import unicodedata
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache, lru_cache
from typing import NamedTuple

from gateway.wire.gsm.tables import BASIC, ESCAPE, EXTENSION, NOTHING, SHIFTS, Language

_LOOKALIKES = str.maketrans(
    {
        "’": "'", "‘": "'", "“": '"', "”": '"', "«": '"', "»": '"', "…": "...", "–": "-", "—": "-",
        "œ": "oe", "Œ": "OE", "\u00a0": " ", "\u202f": " ", "`": "'", "ç": "c",
    }
)  # fmt: skip


_PERSIAN = re.compile("[\u0627-\u063a\u0641-\u064a]")
"""Letters that nothing of the default alphabet comes near to; most texts of the house begin with one."""
USER_DATA_MAX = 140
"""Octets of a short message on the air, header and packed text (TS 23.040, 9.2.3.16)."""


class Coding(Enum):
    """How characters become octets, and how many a single message or a part holds.

    The value is SMPP's data_coding where the link's default alphabet is the GSM one (SMPP 3.4, 5.2.19).
    """

    GSM = 0
    LATIN1 = 3
    UCS2 = 8

    def room(self, header_octets: int = 0) -> int:
        """Octets of text in one short message behind a user data header; of GSM, septets, one an octet.

        140 octets in all, of which septets get what is left as bits (TS 23.040, 9.2.3.16 and 9.2.3.24).
        """
        left = USER_DATA_MAX - header_octets
        return left * 8 // 7 if self is Coding.GSM else left


class Alphabet(NamedTuple):
    """How the octets of one short message read."""

    coding: Coding
    locking: Language = Language.DEFAULT
    single: Language = Language.DEFAULT

    def text(self, octets: bytes) -> str:
        """Text of the octets; never fails."""
        match self.coding:
            case Coding.GSM:
                return decode(octets, locking=self.locking, single=self.single)
            case Coding.LATIN1:
                return octets.decode("latin-1")
            case Coding.UCS2:
                return decode_ucs2(octets)

    def octets(self, text: str) -> bytes | None:
        """Octets of a text; None if the alphabet does not have one of its characters."""
        try:
            match self.coding:
                case Coding.GSM:
                    return codecs.charmap_encode(text, "strict", _encoded(self.locking, self.single))[0]
                case Coding.LATIN1:
                    return text.encode("latin-1")
                case Coding.UCS2:
                    return encode_ucs2(text)
        except UnicodeEncodeError:
            return None

    def pieces(self, text: str) -> list[bytes] | None:
        """Octets of each character, which may not be cut; None if the alphabet does not have one of them."""
        if self.octets(text) is None:
            return None
        if self.coding is Coding.GSM:
            encoded = _encoded(self.locking, self.single)
            return [encoded[ord(char)] for char in text]
        codec = "latin-1" if self.coding is Coding.LATIN1 else "utf-16-be"
        return [char.encode(codec, "replace") for char in text]


@cache
def _encoded(locking: Language, single: Language) -> Mapping[int, bytes]:
    """Septets by code point; where tables repeat one, the first place counts, and the locking table before all."""
    behind_escape = enumerate(EXTENSION if single is Language.DEFAULT else SHIFTS[single].single)
    septets = [(char, bytes([ESCAPE, value])) for value, char in behind_escape]
    septets[:0] = [(char, bytes([value])) for value, char in enumerate(_main(locking))]
    return {ord(char): octets for char, octets in reversed(septets) if char != NOTHING}


def _main(locking: Language) -> str:
    """The table of what stands without an escape; Spanish has none of its own."""
    return BASIC if locking is Language.DEFAULT else SHIFTS[locking].locking or BASIC


def encode(text: str) -> bytes | None:
    """Unpacked septets, two for a character of the extension table; None if a character is in neither table."""
    return Alphabet(Coding.GSM).octets(text)


def decode(septets: bytes, *, locking: Language = Language.DEFAULT, single: Language = Language.DEFAULT) -> str:
    """Text of unpacked septets; never fails.

    After an escape a septet that the single shift table does not have reads as without it, a second escape or the end
    as a space (TS 23.038, 6.2.1.1); an octet above 0x7F, or a place that the locking table leaves empty, as U+FFFD.
    """
    return "".join(_decoded(septets, _main(locking), SHIFTS[single].single if single else EXTENSION))


def _decoded(septets: bytes, main: str, single: str) -> Iterator[str]:
    octets = iter(septets)
    for value in octets:
        if value != ESCAPE:
            yield main[value] if value < 0x80 else NOTHING
            continue
        escaped = next(octets, ESCAPE)
        if escaped == ESCAPE:
            yield " "
        elif escaped < 0x80:
            yield main[escaped] if single[escaped] == NOTHING else single[escaped]
        else:
            yield NOTHING


def encode_ucs2(text: str) -> bytes:
    """Big-endian 16-bit units; characters outside the basic plane as surrogate pairs, which phones read as UTF-16."""
    return text.encode("utf-16-be", "replace")


def decode_ucs2(octets: bytes) -> str:
    """Text of big-endian 16-bit units; never fails, half a unit or pair reads as U+FFFD."""
    return octets.decode("utf-16-be", "replace")


def transliterate(text: str) -> str:
    """The same words in the default alphabet where a few letters or signs would push the whole text into UCS-2.

    `ê` becomes `e`, `œ` `oe`, a typographic quote a plain one. A text that has more than that against it, such as a
    Persian name, is given back as it was.
    """
    if _PERSIAN.search(text) or encode(text) is not None:
        return text
    plain = ""
    for char in unicodedata.normalize("NFC", text).translate(_LOOKALIKES):
        near = _nearest(char)
        if near is None:
            # Its first Persian letter ends it: nothing of the rest matters.
            return text
        plain += near
    return plain if encode(plain) is not None else text


@lru_cache(4096)
def _nearest(char: str) -> str | None:
    """What comes nearest to a letter in the default alphabet, or None."""
    if ord(char) in _encoded(Language.DEFAULT, Language.DEFAULT):
        return char
    plain = "".join(part for part in unicodedata.normalize("NFKD", char) if not unicodedata.combining(part))
    return plain if encode(plain) is not None else None


def coding_of(text: str) -> Coding:
    """The default alphabet if it can carry the text, else UCS-2."""
    return Coding.GSM if encode(text) is not None else Coding.UCS2
