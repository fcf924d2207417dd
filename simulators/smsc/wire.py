"""smpplib's codec made safe for a server.

smpplib parses without checks and numbers PDUs as a client would, so framing, sequence numbers, lengths and refusals are
ours; so are TLVs, of which it loses or trips over each that it does not expect (`ussd_service_op` of a deliver_sm).
"""

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from smpplib import command_codes, consts, exceptions, smpp
from smpplib.ptypes import ostr

from simulators.smsc import lacking
from simulators.smsc.lacking import BadBody, Value

PDU_MAX = 70_000
HEADER_OCTETS = 16
RESPONSE = 0x8000_0000
TAGS: Mapping[str, int] = consts.OPTIONAL_PARAMS
"""Tags of TLVs by their names in SMPP 3.4, 5.3.2."""


class _Numbers:
    """What smpplib calls a client: it takes a number even for a PDU that it only parses, so it gets a worthless one."""

    sequence = 0

    def next_sequence(self) -> int:
        """Never used on the wire."""
        return 0


class Unframed(Exception):
    """A command_length that nothing can follow."""


@dataclass(frozen=True, slots=True)
class Pdu:
    """One PDU. A field that its sender left out reads as '', 0 or b''."""

    command: str
    sequence: int
    status: int
    values: Mapping[str, Value] = field(default_factory=dict, repr=False)
    tlvs: tuple[tuple[int, bytes], ...] = field(default=(), repr=False)

    def text(self, name: str) -> str:
        """A C-string."""
        return self.octets(name).decode("latin-1")

    def octets(self, name: str) -> bytes:
        """A C-string or a text, as it came."""
        value = self.values.get(name)
        return value if isinstance(value, bytes) else b""

    def number(self, name: str) -> int:
        """A number."""
        value = self.values.get(name)
        return value if isinstance(value, int) else 0

    def tlv(self, tag: str | int) -> bytes | None:
        """Octets of the first TLV of this tag or name; None if there is none."""
        wanted = TAGS[tag] if isinstance(tag, str) else tag
        return next((value for given, value in self.tlvs if given == wanted), None)


@dataclass(frozen=True, slots=True)
class Refused:
    """A PDU that cannot be read, and the command_status that its sender should get with the command `answer`."""

    sequence: int
    status: int
    answer: str = "generic_nack"


def make(
    command: str, sequence: int, status: int = 0, *, tlvs: Iterable[tuple[int, bytes]] = (), **values: object
) -> bytes:
    """Octets of a PDU; strings for C-strings, bytes for the message. `tlvs` stand after smpplib's own.

    Raises:
        ValueError: A field that the command has not, or a text that does not fit, which smpplib would drop or cut.
    """
    tail = b"".join(struct.pack(">HH", tag, len(value)) + value for tag, value in tlvs)
    if command in lacking.SHAPES:
        return framed(command, sequence, status, lacking.encode(command, values) + tail)
    made = smpp.make_pdu(command, client=_Numbers(), **values)
    for name, value in values.items():
        if name not in made.params:
            raise ValueError(f"{command} has no {name}")
        if isinstance(value, str) and len(value) >= made.params[name].max:
            raise ValueError(f"{name} of {command} is too long")
    return framed(command, sequence, status, made.generate_params() + tail)


def framed(command: str, sequence: int, status: int, body: bytes = b"") -> bytes:
    """A body behind its header."""
    code = command_codes.get_command_code(command)
    return struct.pack(">IIII", HEADER_OCTETS + len(body), code, status, sequence) + body


def read(octets: bytes) -> Pdu | Refused:
    """One whole PDU."""
    _, code, status, sequence = struct.unpack_from(">IIII", octets)
    try:
        command = command_codes.get_command_name(code)
    except exceptions.UnknownCommandError:
        return Refused(sequence, consts.SMPP_ESME_RINVCMDID)
    answer = "generic_nack" if code & RESPONSE or command in ("outbind", "alert_notification") else f"{command}_resp"
    body = octets[HEADER_OCTETS:]
    try:
        if not body and code & RESPONSE:
            return Pdu(command, sequence, status)
        values, tail = lacking.decode(command, body) if command in lacking.SHAPES else _mandatory(command, octets)
    except (BadBody, exceptions.PDUError, struct.error, ValueError, TypeError, IndexError):
        return Refused(sequence, consts.SMPP_ESME_RINVPARLEN, answer)
    tlvs = _walk(tail)
    if tlvs is None:
        return Refused(sequence, consts.SMPP_ESME_RINVOPTPARSTREAM, answer)
    return Pdu(command, sequence, status, values, tlvs)


def _mandatory(command: str, octets: bytes) -> tuple[dict[str, Value], bytes]:
    """The fields that smpplib reads, and the octets of the TLVs behind them.

    Raises:
        BadBody: Their lengths do not make up the body: smpplib takes such a body without a word.
    """
    pdu: Any = smpp.make_pdu(command, client=_Numbers())
    tails: list[bytes] = []
    pdu.parse_optional_params = tails.append
    pdu.parse(octets)
    values: dict[str, Value] = {}
    length = 0
    for name in pdu.params_order:
        if pdu.field_is_optional(name):
            break
        param, value = pdu.params[name], getattr(pdu, name)
        if value is None and not pdu.is_response():
            raise BadBody(name)
        if value is not None:
            values[name] = value
            length += param.size if param.type is int else len(value) + (param.type is not ostr)
    tail = b"".join(tails)
    if "short_message" in values and len(pdu.short_message) != pdu.sm_length:
        raise BadBody("short_message")
    # Of a response a field may be missing: some peers leave message_id out.
    if not pdu.is_response() and HEADER_OCTETS + length + len(tail) != len(octets):
        raise BadBody(command)
    return values, tail


def _walk(octets: bytes) -> tuple[tuple[int, bytes], ...] | None:
    """Every TLV as (tag, value), unknown and repeated ones too; None if the last one is cut."""
    found, at = [], 0
    while at < len(octets):
        if len(octets) - at < 4:
            return None
        tag, length = struct.unpack_from(">HH", octets, at)
        at += 4 + length
        if at > len(octets):
            return None
        found.append((tag, octets[at - length : at]))
    return tuple(found)


def frames(waiting: bytearray) -> list[bytes]:
    """Take the complete PDUs out of `waiting`; those before a bad length first, so ask until there are none.

    Raises:
        Unframed: A length that no PDU has.
    """
    taken: list[bytes] = []
    at = 0
    try:
        while len(waiting) - at >= HEADER_OCTETS:
            length = int.from_bytes(waiting[at : at + 4], "big")
            if not HEADER_OCTETS <= length <= PDU_MAX:
                if taken:
                    break
                raise Unframed
            if len(waiting) - at < length:
                break
            taken.append(bytes(waiting[at : at + length]))
            at += length
    finally:
        del waiting[:at]
    return taken
