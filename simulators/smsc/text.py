"""The text inside short messages: GSM 03.38 and UCS-2 both ways, parts taken and made, parts put together."""

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from enum import StrEnum

from smpplib import consts

from simulators import gsm
from simulators.smsc.wire import TAGS, Pdu

UDHI = 0x40
WAITING_MAX = 10_000
UCS2_CODINGS = frozenset({consts.SMPP_ENCODING_ISO10646, 0x18})
GSM_CODINGS = frozenset({consts.SMPP_ENCODING_DEFAULT, consts.SMPP_ENCODING_IA5, 0x10, *range(0xF0, 0xF4)})
"""What this SMSC reads as GSM 03.38: its default, what node-smpp calls so, and the codings of message classes."""


class Splitting(StrEnum):
    """How a text that does not fit is sent."""

    UDH8 = "udh8"
    UDH16 = "udh16"
    SAR = "sar"
    PAYLOAD = "payload"


def text_of(octets: bytes, data_coding: int) -> str:
    """What a phone would show."""
    if data_coding in UCS2_CODINGS:
        return octets.decode("utf-16-be", "replace")
    if data_coding not in GSM_CODINGS:
        return octets.decode("latin-1")
    shown, escaped = [], False
    for octet in octets:
        if octet == 0x1B and not escaped:
            escaped = True
            continue
        plain = gsm.ALPHABET[octet] if octet < 0x80 else "\ufffd"
        shown.append(gsm.EXTENSION.get(octet, plain) if escaped else plain)
        escaped = False
    return "".join(shown)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a long message: which one, of how many, and its place."""

    reference: int
    total: int
    number: int
    octets: bytes = field(repr=False)


def piece_of(pdu: Pdu) -> Piece:
    """The user data of a message and its place, by user data header, by SAR TLVs, or alone."""
    octets = pdu.octets("short_message") or pdu.tlv("message_payload") or b""
    if pdu.number("esm_class") & UDHI and octets:
        header, rest = octets[1 : 1 + octets[0]], octets[1 + octets[0] :]
        place = _concatenation(header)
        return Piece(*place, rest) if place else Piece(0, 1, 1, rest)
    names = ("sar_msg_ref_num", "sar_total_segments", "sar_segment_seqnum")
    reference, total, number = (int.from_bytes(pdu.tlv(name) or b"", "big") for name in names)
    return Piece(reference, total, number or 1, octets) if total else Piece(0, 1, 1, octets)


def _concatenation(header: bytes) -> tuple[int, int, int] | None:
    while len(header) >= 2:
        element, length = header[0], header[1]
        value = header[2 : 2 + length]
        if element == 0x00 and len(value) == 3:
            return value[0], value[1], value[2]
        if element == 0x08 and len(value) == 4:
            return int.from_bytes(value[:2], "big"), value[2], value[3]
        header = header[2 + length :]
    return None


class Joiner:
    """Puts the parts of long messages together, in whatever order they come; forgets the oldest of too many."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[tuple[str, str, int, int], dict[int, str]] = OrderedDict()

    def joined(self, sender: str, msisdn: str, piece: Piece, text: str) -> str | None:
        """The whole text when its last missing part has come, which reads `text`, else None."""
        if piece.total <= 1:
            return text
        key = (sender, msisdn, piece.reference, piece.total)
        parts = self._waiting.setdefault(key, {})
        parts[piece.number] = text
        if len(self._waiting) > WAITING_MAX:
            self._waiting.popitem(last=False)
        if len(parts) < piece.total:
            return None
        del self._waiting[key]
        return "".join(parts[number] for number in sorted(parts))


@dataclass(frozen=True, slots=True)
class Part:
    """One deliver_sm of a text that a phone sends."""

    octets: bytes = field(repr=False)
    data_coding: int
    esm_class: int = 0
    tlvs: tuple[tuple[int, bytes], ...] = ()


def split(text: str, splitting: Splitting = Splitting.UDH8, *, ucs2: bool = False) -> tuple[Part, ...]:
    """The parts of a text as a phone would cut it; never inside an escape pair or a surrogate pair.

    GSM 03.38 where every character is in it, unless `ucs2`; 160 septets or 70 units fit into one (3GPP TS 23.040).
    """
    plain = not ucs2 and all(letter in gsm.OCTETS for letter in text)
    letters = [gsm.OCTETS[letter] if plain else letter.encode("utf-16-be") for letter in text]
    coding = consts.SMPP_ENCODING_DEFAULT if plain else consts.SMPP_ENCODING_ISO10646
    whole = b"".join(letters)
    if len(whole) <= (160 if plain else 140):
        return (Part(whole, coding),)
    if splitting is Splitting.PAYLOAD:
        return (Part(b"", coding, tlvs=((TAGS["message_payload"], whole),)),)
    room = (
        {Splitting.UDH8: 153, Splitting.UDH16: 152, Splitting.SAR: 153}[splitting]
        if plain
        else 134 - 2 * (splitting is Splitting.UDH16)
    )
    pieces = [b""]
    for letter in letters:
        if len(pieces[-1]) + len(letter) > room:
            pieces.append(b"")
        pieces[-1] += letter
    reference = secrets.randbelow(0x100 if splitting is Splitting.UDH8 else 0x1_0000)
    return tuple(
        _placed(octets, coding, splitting, (reference, len(pieces), number)) for number, octets in enumerate(pieces, 1)
    )


def _placed(octets: bytes, coding: int, splitting: Splitting, place: tuple[int, int, int]) -> Part:
    reference, total, number = place
    match splitting:
        case Splitting.UDH8:
            return Part(bytes([5, 0, 3, reference, total, number]) + octets, coding, UDHI)
        case Splitting.UDH16:
            return Part(bytes([6, 8, 4, *reference.to_bytes(2, "big"), total, number]) + octets, coding, UDHI)
        case Splitting.SAR | Splitting.PAYLOAD:
            names = ("sar_msg_ref_num", "sar_total_segments", "sar_segment_seqnum")
            values = (reference.to_bytes(2, "big"), bytes([total]), bytes([number]))
            return Part(octets, coding, tlvs=tuple(zip(map(TAGS.__getitem__, names), values, strict=True)))
