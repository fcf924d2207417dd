"""Texts into short messages: how a link may carry them, how many there are, and where they are cut.

3GPP TS 23.040, clause 9.2.3.24 (headers and the room that they leave); SMPP 3.4, clauses 5.3.2.22 to 24 (SAR) and
5.3.2.32 (message_payload).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.wire.gsm.alphabets import Alphabet, Coding
from gateway.wire.gsm.header import Place, concatenation, header, shifts
from gateway.wire.gsm.tables import SHIFTS, Language

PARTS_MAX = 255
"""What one octet can count."""
PAYLOAD_MAX = 65_535
"""Octets of a message_payload TLV."""


class Splitting(StrEnum):
    """How the parts of a long text belong together."""

    UDH8 = "udh8"
    """By a user data header with a reference of 8 bits."""
    UDH16 = "udh16"
    """By a user data header with a reference of 16 bits."""
    SAR = "sar"
    """By the TLVs sar_msg_ref_num, sar_total_segments and sar_segment_seqnum; the SMSC makes the header."""
    PAYLOAD = "payload"
    """The text is one message_payload TLV, whatever its length; the SMSC cuts it."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a link may carry texts.

    Attributes:
        splitting: Of texts that one short message does not hold; PAYLOAD is for all texts.
        codings: The first that has all characters of a text carries it.
        languages: Whose shift tables GSM may use, tried in this order where the default alphabet does not suffice.
    """

    splitting: Splitting = Splitting.UDH8
    codings: tuple[Coding, ...] = (Coding.GSM, Coding.UCS2)
    languages: tuple[Language, ...] = ()


DEFAULT = Style()


@dataclass(frozen=True, slots=True)
class Part:
    """One short message: octets of text, after the user data header if there is one.

    Attributes:
        number: From 1.
        total: How many parts the text has.
        reference: The same in all parts.
        alphabet: How `data` reads.
        data: The text, septets unpacked.
        header: What stands before it, with its length; empty where nothing needs saying or TLVs say it.
    """

    number: int
    total: int
    reference: int
    alphabet: Alphabet
    data: bytes = field(repr=False)
    header: bytes = b""

    @property
    def coding(self) -> Coding:
        """Of the alphabet."""
        return self.alphabet.coding


@dataclass(frozen=True, slots=True)
class Preview:
    """What a text will cost.

    Attributes:
        parts: Short messages.
        alphabet: That carries it.
        units: What the text takes: septets of GSM, characters of Latin-1, 16-bit units of UCS-2.
        units_left: Room in the last part.
    """

    parts: int
    alphabet: Alphabet
    units: int
    units_left: int


_GSM = (Coding.GSM,)
_DEFAULT_ALPHABET = Alphabet(Coding.GSM)
_SHORT = Coding.GSM.room()


def split(text: str, *, reference: int = 0, style: Style = DEFAULT) -> tuple[Part, ...]:
    """The short messages that carry `text`, in order; never cut inside an escape or surrogate pair.

    `reference` should differ from that of other texts to the same phone; its low 8 or 16 bits are used.

    Raises:
        ValueError: More than 255 parts, more than a payload holds, or no coding of the style has all characters.
    """
    if style.codings[:1] == _GSM and len(text) <= _SHORT:
        # Most texts are such, and need nobody to look for anything cheaper.
        octets = _DEFAULT_ALPHABET.octets(text)
        if octets is not None and len(octets) <= _SHORT:
            return (Part(1, 1, reference, _DEFAULT_ALPHABET, octets),)
    alphabet, texts = _cheapest(text, style)
    total = len(texts)
    if total == 1:
        return (Part(1, 1, reference, alphabet, texts[0], header(shifts(alphabet.locking, alphabet.single))),)
    return tuple(
        Part(number, total, reference, alphabet, data, _header(Place(reference, total, number), alphabet, style))
        for number, data in enumerate(texts, start=1)
    )


def parts_count(text: str, *, style: Style = DEFAULT) -> int:
    """How many short messages `text` costs.

    Raises:
        ValueError: As split does.
    """
    return len(_cheapest(text, style)[1])


def preview(text: str, style: Style = DEFAULT) -> Preview:
    """What `text` costs, before anything is sent.

    Raises:
        ValueError: As split does.
    """
    alphabet, texts = _cheapest(text, style)
    width = 2 if alphabet.coding is Coding.UCS2 else 1
    left = _room(alphabet, style, parts=len(texts)) - len(texts[-1])
    return Preview(len(texts), alphabet, sum(map(len, texts)) // width, left // width)


def _cheapest(text: str, style: Style) -> tuple[Alphabet, list[bytes]]:
    """The texts of the parts in the first alphabet that has all characters; among equals the one with fewest parts."""
    for equals in _alphabets(style):
        carried = [
            (alphabet, _filled(text, octets, alphabet, style))
            for alphabet in equals
            if (octets := alphabet.octets(text)) is not None
        ]
        if carried:
            alphabet, texts = min(carried, key=lambda each: (len(each[1]), sum(map(len, each[1]))))
            if len(texts) > PARTS_MAX:
                raise ValueError(f"{len(texts)} parts, of at most {PARTS_MAX}")
            return alphabet, texts
    raise ValueError("no coding of the link has all characters")


_PLAIN = {coding: (Alphabet(coding),) for coding in Coding}


def _alphabets(style: Style) -> Iterator[tuple[Alphabet, ...]]:
    for coding in style.codings:
        yield _PLAIN[coding]
        if coding is Coding.GSM:
            yield from map(_national, style.languages)


def _national(language: Language) -> tuple[Alphabet, ...]:
    """A language's tables alone and together: two cost more header, one more escapes."""
    single = Alphabet(Coding.GSM, single=language)
    if SHIFTS[language].locking is None:
        return (single,)
    return single, Alphabet(Coding.GSM, locking=language), Alphabet(Coding.GSM, language, language)


def _filled(text: str, octets: bytes, alphabet: Alphabet, style: Style) -> list[bytes]:
    if len(octets) <= _room(alphabet, style, parts=1):
        return [octets]
    if style.splitting is Splitting.PAYLOAD:
        raise ValueError(f"{len(octets)} octets, more than a payload holds")
    room = _room(alphabet, style, parts=PARTS_MAX)
    texts: list[bytes] = []
    current = bytearray()
    for piece in alphabet.pieces(text) or ():
        if len(current) + len(piece) > room:
            texts.append(bytes(current))
            current.clear()
        current += piece
    texts.append(bytes(current))
    return texts


def _room(alphabet: Alphabet, style: Style, *, parts: int) -> int:
    """Octets of text in each of so many parts."""
    named = len(shifts(alphabet.locking, alphabet.single))
    if style.splitting is Splitting.PAYLOAD:
        return PAYLOAD_MAX - (named + 1 if named else 0)
    joined = 0
    if parts > 1:
        # An SMSC makes a header of SAR's TLVs, and their reference has 16 bits.
        joined = 5 if style.splitting is Splitting.UDH8 else 6
    return alphabet.coding.room(named + joined + 1 if named + joined else 0)


def _header(place: Place, alphabet: Alphabet, style: Style) -> bytes:
    named = shifts(alphabet.locking, alphabet.single)
    if style.splitting is Splitting.SAR:
        return header(named)
    return header(concatenation(place, wide=style.splitting is Splitting.UDH16), named)
