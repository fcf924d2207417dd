"""The user data header: which part of a long message this is, and in which national tables it reads.

3GPP TS 23.040, clauses 9.2.3.24 (header), .1 and .8 (concatenation), .15 and .16 (national language shift).
"""

from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from gateway.wire.gsm.tables import Language


class Element(IntEnum):
    """Identifiers of information elements (TS 23.040, 9.2.3.24)."""

    CONCATENATION_8 = 0x00
    CONCATENATION_16 = 0x08
    SINGLE_SHIFT = 0x24
    LOCKING_SHIFT = 0x25


class Place(NamedTuple):
    """Which part of a long message: the reference that its parts share, how many there are, its number from 1."""

    reference: int
    total: int
    number: int


class UserData(NamedTuple):
    """A received user data header, read, and the octets of text behind it."""

    place: Place | None
    locking: Language
    single: Language
    octets: bytes

    def __repr__(self) -> str:
        return f"UserData({self.place}, {self.locking!r}, {self.single!r}, {len(self.octets)} octets)"


def user_data(octets: bytes, *, udhi: bool) -> UserData:
    """Read what a message carries; `udhi` is the indicator in its esm_class (SMPP 3.4, 5.2.12).

    Never fails: a header that claims more octets than there are is text, an element that does not fit its header ends
    the reading of it, one that makes no sense (part 3 of 2, an unknown language) is as if absent, and of two alike the
    last counts (9.2.3.24).
    """
    if not udhi or not octets or octets[0] >= len(octets):
        return UserData(None, Language.DEFAULT, Language.DEFAULT, octets)
    length = octets[0]
    place: Place | None = None
    locking = single = Language.DEFAULT
    for tag, value in _elements(octets[1 : 1 + length]):
        match tag, len(value):
            case (Element.CONCATENATION_8, 3) | (Element.CONCATENATION_16, 4):
                place = _place(value) or place
            case Element.SINGLE_SHIFT, 1:
                single = _language(value[0], single)
            case Element.LOCKING_SHIFT, 1:
                locking = _language(value[0], locking)
            case _:
                pass
    return UserData(place, locking, single, octets[1 + length :])


def concatenation(place: Place, *, wide: bool) -> bytes:
    """The element that says where a part belongs; its reference has 16 bits if `wide`, else 8."""
    if wide:
        return bytes([Element.CONCATENATION_16, 4, place.reference >> 8 & 0xFF, place.reference & 0xFF, *place[1:]])
    return bytes([Element.CONCATENATION_8, 3, place.reference & 0xFF, *place[1:]])


def shifts(locking: Language, single: Language) -> bytes:
    """The elements that name national tables; empty for the default ones."""
    if locking is single is Language.DEFAULT:
        return b""
    return b"".join(
        bytes([tag, 1, language])
        for tag, language in ((Element.SINGLE_SHIFT, single), (Element.LOCKING_SHIFT, locking))
        if language is not Language.DEFAULT
    )


def header(*elements: bytes) -> bytes:
    """The elements behind their length; empty without any."""
    joined = b"".join(elements)
    return bytes([len(joined)]) + joined if joined else b""


def _elements(octets: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 2 <= len(octets):
        tag, length = octets[at], octets[at + 1]
        value = octets[at + 2 : at + 2 + length]
        if len(value) < length:
            return
        yield tag, value
        at += 2 + length


def _place(value: bytes) -> Place | None:
    *reference, total, number = value
    return Place(int.from_bytes(reference), total, number) if 1 <= number <= total else None


def _language(value: int, before: Language) -> Language:
    try:
        return Language(value)
    except ValueError:
        return before
