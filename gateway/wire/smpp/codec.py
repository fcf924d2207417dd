"""PDUs to octets and back, and a stream of octets into PDUs.

Strict on lengths, tolerant on optional parameters: a C-string that is too long raises both ways instead of being cut,
while TLVs are kept as they came, unknown and repeated ones too.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gateway.errors import BadInput
from gateway.wire.smpp import pdus
from gateway.wire.smpp.pdus import RESPONSE, Field, Kind, Pdu, Status, Tlv

PDU_MAX = 70_000
"""Longest PDU in octets that is read or written; a message_payload TLV alone may have 65,535."""
HEADER_OCTETS = 16

_header = struct.Struct(">IIII")
_tlv_head = struct.Struct(">HH")


class PduFault(BadInput):
    """A PDU that cannot be read or written; the session lives on.

    Attributes:
        status: What a response to it says.
        command_id: Of the PDU, 0 if it has none.
        sequence: Of the PDU, 0 if it has none.
    """

    code = "smpp_pdu"

    def __init__(self, text: str, status: int, command_id: int = 0, sequence: int = 0) -> None:
        super().__init__(text)
        self.status = int(status)
        self.command_id = command_id
        self.sequence = sequence


class FrameFault(PduFault):
    """A command_length that nothing can follow: answer a generic_nack and close."""

    code = "smpp_frame"


@dataclass(frozen=True, slots=True)
class BrokenPdu:
    """A PDU that was framed but cannot be read. A request is answered with its status, a response is nobody's."""

    command_id: int
    sequence: int
    status: int
    reason: str

    @property
    def is_response(self) -> bool:
        """Whether it claims to answer a request."""
        return self.command_id >= RESPONSE


PDUS: dict[int, type[Pdu]] = {
    kind.command_id: kind
    for kind in (
        pdus.BindReceiver,
        pdus.BindReceiverResp,
        pdus.BindTransmitter,
        pdus.BindTransmitterResp,
        pdus.BindTransceiver,
        pdus.BindTransceiverResp,
        pdus.Outbind,
        pdus.Unbind,
        pdus.UnbindResp,
        pdus.GenericNack,
        pdus.EnquireLink,
        pdus.EnquireLinkResp,
        pdus.SubmitSm,
        pdus.SubmitSmResp,
        pdus.DeliverSm,
        pdus.DeliverSmResp,
        pdus.DataSm,
        pdus.DataSmResp,
        pdus.QuerySm,
        pdus.QuerySmResp,
        pdus.AlertNotification,
    )
}
"""Every PDU that is understood, by command_id."""


def encode(pdu: Pdu) -> bytes:
    """Octets of a PDU.

    Raises:
        PduFault: A field is too long, out of range, or not Latin-1; the text names the field, never its value.
    """
    body = bytearray()
    for name, kind, size in pdu.layout:
        value = getattr(pdu, name)
        if kind is Kind.BYTE:
            if not 0 <= value <= 0xFF:
                raise PduFault(f"{name} is not an octet", Status.INVALID_PARAMETER_LENGTH, pdu.command_id)
            body.append(value)
        elif kind is Kind.TEXT:
            body += _c_string(pdu, name, value, size)
        else:
            if len(value) > size:
                raise PduFault(f"{name} is longer than {size} octets", Status.INVALID_PARAMETER_LENGTH, pdu.command_id)
            body.append(len(value))
            body += value
    for tag, value in pdu.tlvs:
        if not 0 <= tag <= 0xFFFF or len(value) > 0xFFFF:
            raise PduFault("a TLV is out of range", Status.INVALID_TLV_STREAM, pdu.command_id)
        body += _tlv_head.pack(tag, len(value)) + value
    length = HEADER_OCTETS + len(body)
    if length > PDU_MAX:
        raise PduFault(f"longer than {PDU_MAX} octets", Status.INVALID_COMMAND_LENGTH, pdu.command_id)
    return _header.pack(length, pdu.command_id, pdu.status, pdu.sequence) + body


def _c_string(pdu: Pdu, name: str, value: str, size: int) -> bytes:
    try:
        octets = value.encode("latin-1")
    except UnicodeEncodeError:
        raise PduFault(f"{name} is not Latin-1", Status.INVALID_PARAMETER_LENGTH, pdu.command_id) from None
    if len(octets) >= size or 0 in octets:
        raise PduFault(
            f"{name} is longer than {size - 1} octets or has a NUL", Status.INVALID_PARAMETER_LENGTH, pdu.command_id
        )
    return octets + b"\0"


def decode(octets: bytes) -> Pdu:
    """The PDU that these octets are, all of them.

    Raises:
        FrameFault: No header, or a command_length that is not the number of octets.
        PduFault: A command that is not known, or a body that does not have its layout.
    """
    if len(octets) < HEADER_OCTETS:
        raise FrameFault("shorter than a header", Status.INVALID_COMMAND_LENGTH)
    length, command_id, status, sequence = _header.unpack_from(octets)
    if length != len(octets) or length > PDU_MAX:
        raise FrameFault("command_length is wrong", Status.INVALID_COMMAND_LENGTH, command_id, sequence)
    kind = PDUS.get(command_id)
    if kind is None:
        raise PduFault("unknown command_id", Status.INVALID_COMMAND_ID, command_id, sequence)
    if length == HEADER_OCTETS and command_id >= RESPONSE:
        # An error's response may leave its body out (4.4.2), and many senders leave it out of any response.
        return kind(sequence=sequence, status=status)
    try:
        values, at = _fields(octets, kind.layout)
        tlvs = _tlvs(octets, at)
    except PduFault as fault:
        raise PduFault(str(fault), fault.status, command_id, sequence) from None
    return kind(sequence=sequence, status=status, tlvs=tlvs, **values)


def _fields(octets: bytes, layout: tuple[Field, ...]) -> tuple[dict[str, Any], int]:
    values: dict[str, Any] = {}
    at, end = HEADER_OCTETS, len(octets)
    for name, kind, size in layout:
        if kind is Kind.TEXT:
            stop = octets.find(0, at, at + size)
            if stop < 0:
                raise PduFault(f"{name} has no end", Status.INVALID_PARAMETER_LENGTH)
            values[name] = octets[at:stop].decode("latin-1")
            at = stop + 1
            continue
        if at >= end:
            raise PduFault(f"{name} is missing", Status.INVALID_COMMAND_LENGTH)
        value = octets[at]
        at += 1
        if kind is Kind.BYTE:
            values[name] = value
        else:
            if value > size or at + value > end:
                raise PduFault(f"{name} is longer than it may be", Status.INVALID_MESSAGE_LENGTH)
            values[name] = octets[at : at + value]
            at += value
    return values, at


def _tlvs(octets: bytes, at: int) -> tuple[Tlv, ...]:
    if at == len(octets):
        return ()
    tlvs: list[Tlv] = []
    while at < len(octets):
        if at + 4 > len(octets):
            raise PduFault("octets behind the last TLV", Status.INVALID_TLV_STREAM)
        tag, length = _tlv_head.unpack_from(octets, at)
        at += 4
        if at + length > len(octets):
            raise PduFault("a TLV is longer than the PDU", Status.INVALID_TLV_STREAM)
        tlvs.append(Tlv(tag, octets[at : at + length]))
        at += length
    return tuple(tlvs)


class Decoder:
    """Cuts a stream into PDUs. Holds less than one PDU between two calls, whatever a peer claims to send."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def feed(self, octets: bytes) -> Iterator[Pdu | BrokenPdu]:
        """PDUs that are complete now, in order; must be exhausted before the next call.

        Raises:
            FrameFault: A command_length below 16 or above PDU_MAX; what came before it has been yielded.
        """
        waiting = self._waiting
        waiting += octets
        at = 0
        try:
            while len(waiting) - at >= HEADER_OCTETS:
                length, command_id, _, sequence = _header.unpack_from(waiting, at)
                if not HEADER_OCTETS <= length <= PDU_MAX:
                    raise FrameFault("command_length is out of range", Status.INVALID_COMMAND_LENGTH, 0, sequence)
                if len(waiting) - at < length:
                    return
                whole = bytes(waiting[at : at + length])
                at += length
                try:
                    pdu: Pdu | BrokenPdu = decode(whole)
                except PduFault as fault:
                    pdu = BrokenPdu(command_id, sequence, fault.status, str(fault))
                yield pdu
        finally:
            del waiting[:at]


_RESPONSES: dict[type[Pdu], type[Pdu]] = {
    kind: PDUS[command_id | RESPONSE]
    for command_id, kind in PDUS.items()
    if command_id < RESPONSE and command_id | RESPONSE in PDUS
}


def respond(request: Pdu, status: int = Status.OK, *, tlvs: tuple[Tlv, ...] = (), **values: str | int) -> Pdu:
    """The response to `request`, of its class and sequence number."""
    return _RESPONSES[type(request)](sequence=request.sequence, status=status, tlvs=tlvs, **values)


def refuse(broken: BrokenPdu) -> Pdu:
    """What a peer is told about a request of theirs that cannot be read: its response with the status, or a nack."""
    kind = PDUS.get(broken.command_id | RESPONSE, pdus.GenericNack)
    return kind(sequence=broken.sequence, status=broken.status)
