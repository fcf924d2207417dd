"""The PDUs of SMPP 3.4 as values: what all have in common, and those of a session (clauses 4.1, 4.2, 4.3, 4.11, 4.12).

Each class has its layout as data, which `layout` compiles both ways. Numbers of commands are smpplib's. No repr shows a
password, a message or the value of a TLV. Links make thousands a second: they are not frozen, which would take four
times as long, and `decode` fills them by position, while all others name what they give.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar, NamedTuple

from smpplib import command_codes, consts

RESPONSE = 0x8000_0000
"""The bit that a response's command_id has."""


class Tlv(NamedTuple):
    """An optional parameter as it is on the wire; the repr shows its length only, for it may be the message."""

    tag: int
    value: bytes

    def __repr__(self) -> str:
        return f"Tlv(0x{self.tag:04X}, {len(self.value)} octets)"


class Kind(Enum):
    """How a field lies on the wire."""

    BYTE = "octet"
    TEXT = "C-string"
    OCTETS = "octets behind their length"
    DESTS = "destinations behind their number"
    UNSUCCESS = "destinations that failed, behind their number"


class Field(NamedTuple):
    """One mandatory parameter."""

    name: str
    kind: Kind
    size: int = 1
    """Most octets, of a C-string with its NUL; of destinations, how many."""


def fields(*parts: str) -> tuple[Field, ...]:
    """`name` is an octet, `name:21` a C-string of at most 21 octets with its NUL."""
    return tuple(
        Field(name, Kind.TEXT, int(size)) if size else Field(name, Kind.BYTE)
        for name, _, size in (part.partition(":") for part in parts)
    )


@dataclass(slots=True)
class Pdu:
    """What every PDU has."""

    sequence: int = 0
    status: int = 0
    tlvs: tuple[Tlv, ...] = ()

    command_id: ClassVar[int] = 0
    layout: ClassVar[tuple[Field, ...]] = ()

    def tlv(self, tag: int) -> bytes | None:
        """Value of the first TLV with this tag."""
        return next((value for found, value in self.tlvs if found == tag), None)

    @property
    def is_response(self) -> bool:
        """Whether it answers a request of the same sequence number."""
        return self.command_id >= RESPONSE


def command(name: str) -> int:
    """The command_id of a PDU (5.1.2.1)."""
    return int(command_codes.commands[name])


@dataclass(slots=True)
class _Bind(Pdu):
    system_id: str = ""
    password: str = field(default="", repr=False)
    system_type: str = ""
    interface_version: int = consts.SMPP_VERSION_34
    addr_ton: int = 0
    addr_npi: int = 0
    address_range: str = ""

    layout = fields(
        "system_id:16", "password:9", "system_type:13", "interface_version", "addr_ton", "addr_npi", "address_range:41"
    )


class BindReceiver(_Bind):
    """4.1.3."""

    __slots__ = ()
    command_id = command("bind_receiver")


class BindTransmitter(_Bind):
    """4.1.1."""

    __slots__ = ()
    command_id = command("bind_transmitter")


class BindTransceiver(_Bind):
    """4.1.5."""

    __slots__ = ()
    command_id = command("bind_transceiver")


@dataclass(slots=True)
class _BindResp(Pdu):
    system_id: str = ""

    layout = fields("system_id:16")


class BindReceiverResp(_BindResp):
    """4.1.4."""

    __slots__ = ()
    command_id = command("bind_receiver_resp")


class BindTransmitterResp(_BindResp):
    """4.1.2."""

    __slots__ = ()
    command_id = command("bind_transmitter_resp")


class BindTransceiverResp(_BindResp):
    """4.1.6."""

    __slots__ = ()
    command_id = command("bind_transceiver_resp")


@dataclass(slots=True)
class Outbind(Pdu):
    """4.1.7; nobody answers it."""

    system_id: str = ""
    password: str = field(default="", repr=False)

    command_id = command("outbind")
    layout = fields("system_id:16", "password:9")


class Unbind(Pdu):
    """4.2.1."""

    __slots__ = ()
    command_id = command("unbind")


class UnbindResp(Pdu):
    """4.2.2."""

    __slots__ = ()
    command_id = command("unbind_resp")


class GenericNack(Pdu):
    """4.3.1."""

    __slots__ = ()
    command_id = command("generic_nack")


class EnquireLink(Pdu):
    """4.11.1."""

    __slots__ = ()
    command_id = command("enquire_link")


class EnquireLinkResp(Pdu):
    """4.11.2."""

    __slots__ = ()
    command_id = command("enquire_link_resp")


@dataclass(slots=True)
class AlertNotification(Pdu):
    """4.12.1; nobody answers it."""

    source_ton: int = 0
    source_npi: int = 0
    source: str = ""
    esme_ton: int = 0
    esme_npi: int = 0
    esme: str = ""

    command_id = command("alert_notification")
    layout = fields("source_ton", "source_npi", "source:65", "esme_ton", "esme_npi", "esme:65")
