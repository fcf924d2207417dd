"""PDUs to octets and back, and a stream of octets into PDUs.

Strict on lengths, tolerant on optional parameters: a C-string that is too long raises both ways instead of being cut,
while TLVs are kept as they came, unknown and repeated ones too.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from operator import itemgetter
from typing import Any, NamedTuple

from gateway.wire.smpp import messages, pdus
from gateway.wire.smpp.faults import FrameFault, PduFault
from gateway.wire.smpp.layout import Read, Write, readers, writers
from gateway.wire.smpp.numbers import Status
from gateway.wire.smpp.pdus import RESPONSE, Pdu, Tlv

PDU_MAX = 70_000
"""Longest PDU in octets that is read or written; a message_payload TLV alone may have 65,535."""
HEADER_OCTETS = 16

_header = struct.Struct(">IIII")
_tlv_head = struct.Struct(">HH")


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
        messages.SubmitSm,
        messages.SubmitSmResp,
        messages.DeliverSm,
        messages.DeliverSmResp,
        messages.SubmitMulti,
        messages.SubmitMultiResp,
        messages.DataSm,
        messages.DataSmResp,
        messages.QuerySm,
        messages.QuerySmResp,
        messages.CancelSm,
        messages.CancelSmResp,
        messages.ReplaceSm,
        messages.ReplaceSmResp,
        pdus.AlertNotification,
    )
}
"""Every PDU that is understood, by command_id."""


class _Compiled(NamedTuple):
    """A PDU's layout as the steps that read and write it."""

    kind: type[Pdu]
    read: tuple[Read, ...]
    write: tuple[Write, ...]
    in_order: Callable[[list[Any]], tuple[Any, ...]] | None
    """Brings values from the layout's order into that of the class's fields; None if they are the same."""

    @classmethod
    def of(cls, kind: type[Pdu]) -> "_Compiled":
        laid = [field.name for field in kind.layout]
        declared = [field.name for field in dataclass_fields(kind)][len(dataclass_fields(Pdu)) :]
        assert sorted(laid) == sorted(declared), kind
        in_order = None if laid == declared else itemgetter(*map(laid.index, declared))
        return cls(kind, readers(kind.layout), writers(kind.layout), in_order)


_COMPILED = {command_id: _Compiled.of(kind) for command_id, kind in PDUS.items()}


def encode(pdu: Pdu, *, sequence: int | None = None) -> bytes:
    """Octets of a PDU, with `sequence` in place of its own if given, so that a link need not copy it.

    Raises:
        PduFault: A field is too long, out of range, or not Latin-1; the text names the field, never its value.
    """
    command_id = pdu.command_id
    number = pdu.sequence if sequence is None else sequence
    try:
        body = b"".join([write(pdu) for write in _COMPILED[command_id].write])
        if pdu.tlvs:
            body += b"".join(map(_tlv_octets, pdu.tlvs))
    except PduFault as fault:
        fault.command_id, fault.sequence = command_id, number
        raise
    length = HEADER_OCTETS + len(body)
    if length > PDU_MAX:
        raise PduFault(f"longer than {PDU_MAX} octets", Status.INVALID_COMMAND_LENGTH, command_id, number)
    try:
        return _header.pack(length, command_id, pdu.status, number) + body
    except struct.error:
        raise PduFault("sequence or status has not 32 bits", Status.INVALID_PARAMETER_LENGTH, command_id) from None


def _tlv_octets(tlv: Tlv) -> bytes:
    tag, value = tlv
    if not 0 <= tag <= 0xFFFF or len(value) > 0xFFFF:
        raise PduFault("a TLV is out of range", Status.INVALID_TLV_STREAM)
    return _tlv_head.pack(tag, len(value)) + value


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
    return _decoded(octets, command_id, status, sequence)


def _decoded(octets: bytes, command_id: int, status: int, sequence: int) -> Pdu:
    """The PDU whose octets these are; its header was read."""
    compiled = _COMPILED.get(command_id)
    if compiled is None:
        raise PduFault("unknown command_id", Status.INVALID_COMMAND_ID, command_id, sequence)
    kind, steps, _, in_order = compiled
    if len(octets) == HEADER_OCTETS and command_id >= RESPONSE:
        # An error's response may leave its body out (4.4.2), and many senders leave it out of any response.
        return kind(sequence, status)
    values: list[Any] = []
    at = HEADER_OCTETS
    try:
        for read in steps:
            at = read(octets, at, values)
        tlvs = _tlvs(octets, at) if at < len(octets) else ()
    except PduFault as fault:
        fault.command_id, fault.sequence = command_id, sequence
        raise
    return kind(sequence, status, tlvs, *(values if in_order is None else in_order(values)))


def _tlvs(octets: bytes, at: int) -> tuple[Tlv, ...]:
    tlvs: list[Tlv] = []
    end = len(octets)
    while at < end:
        if at + 4 > end:
            raise PduFault("octets behind the last TLV", Status.INVALID_TLV_STREAM)
        tag, length = _tlv_head.unpack_from(octets, at)
        start = at + 4
        at = start + length
        if at > end:
            raise PduFault("a TLV is longer than the PDU", Status.INVALID_TLV_STREAM)
        tlvs.append(Tlv(tag, octets[start:at]))
    return tuple(tlvs)


class Decoder:
    """Cuts a stream into PDUs. Holds less than one PDU between two calls, whatever a peer claims to send."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._needed = HEADER_OCTETS
        """Octets that must have come before there is anything to read."""

    def feed(self, octets: bytes) -> Iterator[Pdu | BrokenPdu]:
        """PDUs that are complete now, in order; must be exhausted before the next call.

        Raises:
            FrameFault: A command_length below 16 or above PDU_MAX; what came before it has been yielded.
        """
        if self._waiting:
            self._waiting += octets
            if len(self._waiting) < self._needed:
                return
            octets = bytes(self._waiting)
            self._waiting.clear()
        at, end = 0, len(octets)
        self._needed = HEADER_OCTETS
        try:
            while end - at >= HEADER_OCTETS:
                length, command_id, status, sequence = _header.unpack_from(octets, at)
                if not HEADER_OCTETS <= length <= PDU_MAX:
                    raise FrameFault("command_length is out of range", Status.INVALID_COMMAND_LENGTH, 0, sequence)
                if end - at < length:
                    self._needed = length
                    return
                start, at = at, at + length
                try:
                    pdu: Pdu | BrokenPdu = _decoded(octets[start:at], command_id, status, sequence)
                except PduFault as fault:
                    pdu = BrokenPdu(command_id, sequence, fault.status, str(fault))
                yield pdu
        finally:
            self._waiting += octets[at:]


_RESPONSES: dict[type[Pdu], type[Pdu]] = {
    kind: PDUS[command_id | RESPONSE]
    for command_id, kind in PDUS.items()
    if command_id < RESPONSE and command_id | RESPONSE in PDUS
}


def respond(request: Pdu, status: int = Status.OK, *, tlvs: tuple[Tlv, ...] = (), **values: object) -> Pdu:
    """The response to `request`, of its class and sequence number."""
    return _RESPONSES[type(request)](sequence=request.sequence, status=status, tlvs=tlvs, **values)


def refuse(broken: BrokenPdu) -> Pdu:
    """What a peer is told about a request of theirs that cannot be read: its response with the status, or a nack."""
    kind = PDUS.get(broken.command_id | RESPONSE, pdus.GenericNack)
    return kind(sequence=broken.sequence, status=broken.status)
