"""smpplib's codec made safe for a server, and the text inside a short message.

smpplib parses without checks and numbers PDUs as a client would, so framing, sequence numbers and refusals are ours.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from smpplib import consts, exceptions, smpp

PDU_MAX = 70_000
HEADER_OCTETS = 16
UDHI = 0x40

_GSM = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_ESCAPED = dict(zip(b"\x0a\x14\x28\x29\x2f\x3c\x3d\x3e\x40\x65", "\f^{}\\[~]|€", strict=True))


class _Numbers:
    """What smpplib calls a client: it takes a number even for a PDU that it only parses, so it gets a worthless one."""

    sequence = 0

    def next_sequence(self) -> int:
        """Never used on the wire."""
        return 0


class Unframed(Exception):
    """A command_length that nothing can follow."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A PDU that smpplib cannot read, and the command_status that its sender should get."""

    sequence: int
    status: int


def make(command: str, sequence: int, status: int = 0, **values: object) -> bytes:
    """Octets of a PDU; strings for C-strings, bytes for the message."""
    pdu = smpp.make_pdu(command, client=_Numbers(), **values)
    # smpplib ignores both as arguments.
    pdu.sequence = sequence
    pdu.status = status
    return bytes(pdu.generate())


def read(octets: bytes) -> Any:  # noqa: ANN401 - smpplib's PDUs have no types
    """A PDU of smpplib's, or Refused."""
    sequence = int.from_bytes(octets[12:16], "big")
    try:
        return smpp.parse_pdu(octets, client=_Numbers(), allow_unknown_opt_params=True)
    except exceptions.UnknownCommandError:
        return Refused(sequence, consts.SMPP_ESME_RINVCMDID)
    except (exceptions.PDUError, struct.error, KeyError, ValueError, TypeError, IndexError):
        return Refused(sequence, consts.SMPP_ESME_RINVOPTPARSTREAM)


def frames(waiting: bytearray) -> list[bytes]:
    """Take the complete PDUs out of `waiting`.

    Raises:
        Unframed: A length that no PDU has.
    """
    taken = []
    while len(waiting) >= HEADER_OCTETS:
        length = int.from_bytes(waiting[:4], "big")
        if not HEADER_OCTETS <= length <= PDU_MAX:
            raise Unframed
        if len(waiting) < length:
            break
        taken.append(bytes(waiting[:length]))
        del waiting[:length]
    return taken


def text_of(octets: bytes, data_coding: int) -> str:
    """What a phone would show."""
    if data_coding == consts.SMPP_ENCODING_ISO10646:
        return octets.decode("utf-16-be", "replace")
    if data_coding not in (consts.SMPP_ENCODING_DEFAULT, consts.SMPP_ENCODING_IA5):
        return octets.decode("latin-1")
    shown, escaped = [], False
    for octet in octets:
        if octet == 0x1B and not escaped:
            escaped = True
            continue
        plain = _GSM[octet] if octet < 0x80 else "\ufffd"
        shown.append(_GSM_ESCAPED.get(octet, plain) if escaped else plain)
        escaped = False
    return "".join(shown)


def whole(pdu: Any) -> bool:  # noqa: ANN401 - smpplib's PDUs have no types
    """Whether a submit_sm has all its fields: smpplib takes a truncated one without a word."""
    return pdu.sm_length is not None and len(pdu.short_message or b"") == pdu.sm_length


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a long message: which one, of how many, and its place."""

    reference: int
    total: int
    number: int
    octets: bytes = field(repr=False)


def piece_of(pdu: Any) -> Piece:  # noqa: ANN401 - smpplib's PDUs have no types
    """The user data of a submit_sm and its place, by user data header, by SAR TLVs, or alone."""
    octets = pdu.short_message or pdu.message_payload or b""
    if pdu.esm_class & UDHI and octets:
        header, rest = octets[1 : 1 + octets[0]], octets[1 + octets[0] :]
        place = _concatenation(header)
        return Piece(*place, rest) if place else Piece(0, 1, 1, rest)
    if pdu.sar_total_segments:
        return Piece(pdu.sar_msg_ref_num or 0, pdu.sar_total_segments, pdu.sar_segment_seqnum or 1, octets)
    return Piece(0, 1, 1, octets)


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
    """Puts the parts of long messages together, in whatever order they come."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str, int, int], dict[int, str]] = {}

    def add(self, sender: str, msisdn: str, piece: Piece, data_coding: int) -> str | None:
        """The whole text when its last missing part has come, else None."""
        text = text_of(piece.octets, data_coding)
        if piece.total <= 1:
            return text
        key = (sender, msisdn, piece.reference, piece.total)
        parts = self._waiting.setdefault(key, {})
        parts[piece.number] = text
        if len(parts) < piece.total:
            return None
        del self._waiting[key]
        return "".join(parts[number] for number in sorted(parts))


def fields(pdu: Any) -> Mapping[str, str]:  # noqa: ANN401 - smpplib's PDUs have no types
    """The C-strings of a PDU as text: smpplib gives them as bytes, and encodes only text."""
    names = ("system_id", "password", "source_addr", "destination_addr", "message_id")
    return {name: (getattr(pdu, name, None) or b"").decode("latin-1") for name in names}
