"""The PDUs of SMPP 3.4 that carry messages, or ask about them, as values (clauses 4.4 to 4.10)."""

from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.wire.smpp.numbers import Tag
from gateway.wire.smpp.pdus import Field, Kind, Pdu, command, fields

SHORT_MESSAGE_MAX = 254
DESTS_MAX = 254
UNSUCCESS_MAX = 255

_FLAGS = ("registered_delivery", "replace_if_present", "data_coding", "default_message_id")
_ADDRESSES = "service_type:6 source_ton source_npi source:{0} dest_ton dest_npi dest:{0} esm_class"


@dataclass(slots=True)
class _Message(Pdu):
    service_type: str = ""
    source_ton: int = 0
    source_npi: int = 0
    source: str = ""
    dest_ton: int = 0
    dest_npi: int = 0
    dest: str = ""
    esm_class: int = 0
    registered_delivery: int = 0
    data_coding: int = 0

    @property
    def payload(self) -> bytes:
        """The user data, wherever it is."""
        return self.tlv(Tag.MESSAGE_PAYLOAD) or b""


@dataclass(slots=True)
class _ShortMessage(_Message):
    protocol_id: int = 0
    priority: int = 0
    schedule: str = ""
    validity: str = ""
    replace_if_present: int = 0
    default_message_id: int = 0
    short_message: bytes = field(default=b"", repr=False)

    layout = (
        *fields(*_ADDRESSES.format(21).split(), "protocol_id", "priority", "schedule:17", "validity:17"),
        *fields(*_FLAGS),
        Field("short_message", Kind.OCTETS, SHORT_MESSAGE_MAX),
    )

    @property
    def payload(self) -> bytes:
        """The user data, wherever it is."""
        return self.short_message or self.tlv(Tag.MESSAGE_PAYLOAD) or b""


class SubmitSm(_ShortMessage):
    """4.4.1; `validity` is absolute or relative time of 16 characters (7.1.1) or ''."""

    __slots__ = ()
    command_id = command("submit_sm")


class DeliverSm(_ShortMessage):
    """4.6.1."""

    __slots__ = ()
    command_id = command("deliver_sm")


class DataSm(_Message):
    """4.7.1; its user data is a message_payload TLV."""

    __slots__ = ()
    command_id = command("data_sm")
    layout = fields(*_ADDRESSES.format(65).split(), "registered_delivery", "data_coding")


class Dest(NamedTuple):
    """A phone that a submit_multi goes to (4.5.1.1)."""

    ton: int
    npi: int
    address: str


class DistributionList(NamedTuple):
    """A list that the SMSC keeps, by its name (4.5.1.1)."""

    name: str


class Unsuccess(NamedTuple):
    """A phone that a submit_multi does not go to, and its status (4.5.2.1)."""

    ton: int
    npi: int
    address: str
    status: int


@dataclass(slots=True)
class SubmitMulti(Pdu):
    """4.5.1; at most 254 destinations."""

    service_type: str = ""
    source_ton: int = 0
    source_npi: int = 0
    source: str = ""
    dests: tuple[Dest | DistributionList, ...] = ()
    esm_class: int = 0
    protocol_id: int = 0
    priority: int = 0
    schedule: str = ""
    validity: str = ""
    registered_delivery: int = 0
    replace_if_present: int = 0
    data_coding: int = 0
    default_message_id: int = 0
    short_message: bytes = field(default=b"", repr=False)

    command_id = command("submit_multi")
    layout = (
        *fields("service_type:6", "source_ton", "source_npi", "source:21"),
        Field("dests", Kind.DESTS, DESTS_MAX),
        *fields("esm_class", "protocol_id", "priority", "schedule:17", "validity:17", *_FLAGS),
        Field("short_message", Kind.OCTETS, SHORT_MESSAGE_MAX),
    )


@dataclass(slots=True)
class SubmitMultiResp(Pdu):
    """4.5.2."""

    message_id: str = ""
    unsuccess: tuple[Unsuccess, ...] = ()

    command_id = command("submit_multi_resp")
    layout = (*fields("message_id:65"), Field("unsuccess", Kind.UNSUCCESS, UNSUCCESS_MAX))


@dataclass(slots=True)
class _MessageResp(Pdu):
    message_id: str = ""

    layout = fields("message_id:65")


class SubmitSmResp(_MessageResp):
    """4.4.2; an error has no message_id."""

    __slots__ = ()
    command_id = command("submit_sm_resp")


class DeliverSmResp(_MessageResp):
    """4.6.2; message_id is unused."""

    __slots__ = ()
    command_id = command("deliver_sm_resp")


class DataSmResp(_MessageResp):
    """4.7.2."""

    __slots__ = ()
    command_id = command("data_sm_resp")


@dataclass(slots=True)
class QuerySm(Pdu):
    """4.8.1."""

    message_id: str = ""
    source_ton: int = 0
    source_npi: int = 0
    source: str = ""

    command_id = command("query_sm")
    layout = fields("message_id:65", "source_ton", "source_npi", "source:21")


@dataclass(slots=True)
class QuerySmResp(Pdu):
    """4.8.2."""

    message_id: str = ""
    final_date: str = ""
    message_state: int = 0
    error_code: int = 0

    command_id = command("query_sm_resp")
    layout = fields("message_id:65", "final_date:17", "message_state", "error_code")


@dataclass(slots=True)
class CancelSm(Pdu):
    """4.9.1; without a message_id it cancels all that match the rest."""

    service_type: str = ""
    message_id: str = ""
    source_ton: int = 0
    source_npi: int = 0
    source: str = ""
    dest_ton: int = 0
    dest_npi: int = 0
    dest: str = ""

    command_id = command("cancel_sm")
    layout = fields(
        "service_type:6", "message_id:65", "source_ton", "source_npi", "source:21", "dest_ton", "dest_npi", "dest:21"
    )


class CancelSmResp(Pdu):
    """4.9.2."""

    __slots__ = ()
    command_id = command("cancel_sm_resp")


@dataclass(slots=True)
class ReplaceSm(Pdu):
    """4.10.1."""

    message_id: str = ""
    source_ton: int = 0
    source_npi: int = 0
    source: str = ""
    schedule: str = ""
    validity: str = ""
    registered_delivery: int = 0
    default_message_id: int = 0
    short_message: bytes = field(default=b"", repr=False)

    command_id = command("replace_sm")
    layout = (
        *fields("message_id:65", "source_ton", "source_npi", "source:21", "schedule:17", "validity:17"),
        *fields("registered_delivery", "default_message_id"),
        Field("short_message", Kind.OCTETS, SHORT_MESSAGE_MAX),
    )


class ReplaceSmResp(Pdu):
    """4.10.2."""

    __slots__ = ()
    command_id = command("replace_sm_resp")
