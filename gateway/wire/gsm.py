"""Text as short messages carry it: the GSM 7-bit default alphabet, UCS-2, and splitting into concatenated parts.

3GPP TS 23.038 clause 6.2.1 (alphabet and extension table), TS 23.040 clause 9.2.3.24 (concatenation headers). SMPP
carries septets unpacked, one an octet, so nothing here packs bits.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import NamedTuple

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = {
    "\f": 0x0A, "^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F, "[": 0x3C, "~": 0x3D, "]": 0x3E, "|": 0x40, "€": 0x65,
}  # fmt: skip
_ESCAPE = 0x1B

_ENCODED: Mapping[str, bytes] = {
    **{char: bytes([value]) for value, char in enumerate(_BASIC) if value != _ESCAPE},
    **{char: bytes([_ESCAPE, value]) for char, value in _EXTENSION.items()},
}
_EXTENDED: Mapping[int, str] = {value: char for char, value in _EXTENSION.items()}

_LOOKALIKES = str.maketrans(
    {
        "’": "'", "‘": "'", "“": '"', "”": '"', "«": '"', "»": '"', "…": "...", "–": "-", "—": "-",
        "œ": "oe", "Œ": "OE", "\u00a0": " ", "\u202f": " ", "`": "'", "ç": "c",
    }
)  # fmt: skip


class Coding(Enum):
    """How characters become octets, and how many a single message or a part holds.

    The value is SMPP's data_coding where the link's default alphabet is the GSM one (SMPP 3.4, 5.2.19).
    """

    GSM = 0
    LATIN1 = 3
    UCS2 = 8

    @property
    def octets_max(self) -> int:
        """Octets of a message that needs no concatenation: 160 septets, or 70 units of two octets."""
        return 160 if self is Coding.GSM else 140


class Language(IntEnum):
    """National language identifiers (TS 23.038, 6.2.1.2.4); DEFAULT is no shift table."""

    DEFAULT = 0


class Alphabet(NamedTuple):
    """How the octets of one short message read."""

    coding: "Coding"
    locking: Language = Language.DEFAULT
    single: Language = Language.DEFAULT

    def text(self, octets: bytes) -> str:
        """Text of the octets; never fails."""
        match self.coding:
            case Coding.GSM:
                return decode(octets)
            case Coding.LATIN1:
                return octets.decode("latin-1")
            case Coding.UCS2:
                return decode_ucs2(octets)


class Header(Enum):
    """Which concatenation header the parts carry; the value is the room it leaves, in septets and in octets."""

    UDH8 = (153, 134)
    """Reference of 8 bits, 6 octets long."""
    UDH16 = (152, 132)
    """Reference of 16 bits, 7 octets long."""

    def room(self, coding: Coding) -> int:
        """Octets of text in one part."""
        return self.value[0] if coding is Coding.GSM else self.value[1]

    def octets(self, reference: int, total: int, number: int) -> bytes:
        """The user data header of one part."""
        if self is Header.UDH8:
            return bytes([5, 0x00, 3, reference & 0xFF, total, number])
        return bytes([6, 0x08, 4, reference >> 8 & 0xFF, reference & 0xFF, total, number])


PARTS_MAX = 255
"""What one octet can count."""


@dataclass(frozen=True, slots=True)
class Part:
    """One short message: octets of text, after the user data header if there are several."""

    number: int
    coding: Coding
    data: bytes = field(repr=False)
    header: bytes = b""


def encode(text: str) -> bytes | None:
    """Unpacked septets, two for a character of the extension table; None if a character is in neither table."""
    try:
        return b"".join([_ENCODED[char] for char in text])
    except KeyError:
        return None


def decode(septets: bytes) -> str:
    """Text of unpacked septets; never fails.

    After an escape an unknown septet reads as in the basic table, a second escape or the end as a space (TS 23.038,
    6.2.1.1); an octet above 0x7F reads as U+FFFD.
    """
    return "".join(_decoded(septets))


def _decoded(septets: bytes) -> Iterator[str]:
    octets = iter(septets)
    for value in octets:
        if value != _ESCAPE:
            yield _BASIC[value] if value < 0x80 else "\ufffd"
            continue
        escaped = next(octets, _ESCAPE)
        if escaped == _ESCAPE:
            yield " "
        elif escaped < 0x80:
            yield _EXTENDED.get(escaped, _BASIC[escaped])
        else:
            yield "\ufffd"


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
    if encode(text) is not None:
        return text
    plain = "".join(_nearest(char) for char in unicodedata.normalize("NFC", text).translate(_LOOKALIKES))
    return plain if encode(plain) is not None else text


def _nearest(char: str) -> str:
    if char in _ENCODED:
        return char
    return "".join(part for part in unicodedata.normalize("NFKD", char) if not unicodedata.combining(part))


def coding_of(text: str) -> Coding:
    """The default alphabet if it can carry the text, else UCS-2."""
    return Coding.GSM if encode(text) is not None else Coding.UCS2


def split(text: str, *, reference: int = 0, header: Header = Header.UDH8) -> tuple[Part, ...]:
    """The short messages that carry `text`, in order; never cut inside an escape or surrogate pair.

    `reference` is the same in all parts and should differ from that of other texts to the same phone.

    Raises:
        ValueError: More than 255 parts.
    """
    coding = coding_of(text)
    pieces = _pieces(text, coding)
    whole = b"".join(pieces)
    if len(whole) <= coding.octets_max:
        return (Part(1, coding, whole),)
    texts = _filled(pieces, header.room(coding))
    if len(texts) > PARTS_MAX:
        raise ValueError(f"{len(texts)} parts, of at most {PARTS_MAX}")
    return tuple(
        Part(number, coding, data, header.octets(reference, len(texts), number))
        for number, data in enumerate(texts, start=1)
    )


def parts_count(text: str, *, header: Header = Header.UDH8) -> int:
    """How many short messages `text` costs.

    Raises:
        ValueError: More than 255 parts.
    """
    return len(split(text, header=header))


def _pieces(text: str, coding: Coding) -> list[bytes]:
    if coding is Coding.GSM:
        return [_ENCODED[char] for char in text]
    return [encode_ucs2(char) for char in text]


def _filled(pieces: list[bytes], room: int) -> list[bytes]:
    texts: list[bytes] = []
    current = bytearray()
    for piece in pieces:
        if len(current) + len(piece) > room:
            texts.append(bytes(current))
            current.clear()
        current += piece
    texts.append(bytes(current))
    return texts
