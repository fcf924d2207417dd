"""The PDUs of SMPP 3.4 as values (SMPP Protocol Specification v3.4, issue 1.2, clauses 4 and 5).

Each class has its layout as data, which `codec` walks both ways. Numbers of commands, statuses and TLVs are smpplib's.
No repr shows a password or a message.
"""

from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import ClassVar, NamedTuple

from smpplib import command_codes, consts

SHORT_MESSAGE_MAX = 254
RESPONSE = 0x8000_0000
"""The bit that a response's command_id has."""


class Status(IntEnum):
    """command_status values that the house uses by name (5.1.3); others stay plain numbers."""

    OK = consts.SMPP_ESME_ROK
    INVALID_MESSAGE_LENGTH = consts.SMPP_ESME_RINVMSGLEN
    INVALID_COMMAND_LENGTH = consts.SMPP_ESME_RINVCMDLEN
    INVALID_COMMAND_ID = consts.SMPP_ESME_RINVCMDID
    INVALID_BIND_STATUS = consts.SMPP_ESME_RINVBNDSTS
    ALREADY_BOUND = consts.SMPP_ESME_RALYBND
    SYSTEM_ERROR = consts.SMPP_ESME_RSYSERR
    BIND_FAILED = consts.SMPP_ESME_RBINDFAIL
    INVALID_PASSWORD = consts.SMPP_ESME_RINVPASWD
    INVALID_SYSTEM_ID = consts.SMPP_ESME_RINVSYSID
    QUEUE_FULL = consts.SMPP_ESME_RMSGQFUL
    THROTTLED = consts.SMPP_ESME_RTHROTTLED
    TEMPORARY_APP_ERROR = consts.SMPP_ESME_RX_T_APPN
    PERMANENT_APP_ERROR = consts.SMPP_ESME_RX_P_APPN
    INVALID_TLV_STREAM = consts.SMPP_ESME_RINVOPTPARSTREAM
    INVALID_PARAMETER_LENGTH = consts.SMPP_ESME_RINVPARLEN


class Tag(IntEnum):
    """TLVs that the house uses by name (5.3.2)."""

    RECEIPTED_MESSAGE_ID = consts.OPTIONAL_PARAMS["receipted_message_id"]
    MESSAGE_STATE = consts.OPTIONAL_PARAMS["message_state"]
    MESSAGE_PAYLOAD = consts.OPTIONAL_PARAMS["message_payload"]
    NETWORK_ERROR_CODE = consts.OPTIONAL_PARAMS["network_error_code"]
    USER_MESSAGE_REFERENCE = consts.OPTIONAL_PARAMS["user_message_reference"]
    SAR_REFERENCE = consts.OPTIONAL_PARAMS["sar_msg_ref_num"]
    SAR_TOTAL = consts.OPTIONAL_PARAMS["sar_total_segments"]
    SAR_NUMBER = consts.OPTIONAL_PARAMS["sar_segment_seqnum"]
    INTERFACE_VERSION = consts.OPTIONAL_PARAMS["sc_interface_version"]
    USSD_SERVICE_OP = consts.OPTIONAL_PARAMS["ussd_service_op"]
    ITS_SESSION_INFO = consts.OPTIONAL_PARAMS["its_session_info"]


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


class Field(NamedTuple):
    """One mandatory parameter."""

    name: str
    kind: Kind
    size: int = 1
    """Most octets, of a C-string with its NUL."""


def _fields(*parts: str) -> tuple[Field, ...]:
    """`name` is an octet, `name:21` a C-string of at most 21 octets with its NUL."""
    return tuple(
        Field(name, Kind.TEXT, int(size)) if size else Field(name, Kind.BYTE)
        for name, _, size in (part.partition(":") for part in parts)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
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


def _command(name: str) -> int:
    return int(command_codes.commands[name])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bind(Pdu):
    system_id: str = ""
    password: str = field(default="", repr=False)
    system_type: str = ""
    interface_version: int = consts.SMPP_VERSION_34
    addr_ton: int = 0
    addr_npi: int = 0
    address_range: str = ""

    layout = _fields(
        "system_id:16", "password:9", "system_type:13", "interface_version", "addr_ton", "addr_npi", "address_range:41"
    )


class BindReceiver(_Bind):
    """4.1.3."""

    __slots__ = ()
    command_id = _command("bind_receiver")


class BindTransmitter(_Bind):
    """4.1.1."""

    __slots__ = ()
    command_id = _command("bind_transmitter")


class BindTransceiver(_Bind):
    """4.1.5."""

    __slots__ = ()
    command_id = _command("bind_transceiver")


@dataclass(frozen=True, slots=True, kw_only=True)
class _BindResp(Pdu):
    system_id: str = ""

    layout = _fields("system_id:16")


class BindReceiverResp(_BindResp):
    """4.1.4."""

    __slots__ = ()
    command_id = _command("bind_receiver_resp")


class BindTransmitterResp(_BindResp):
    """4.1.2."""

    __slots__ = ()
    command_id = _command("bind_transmitter_resp")


class BindTransceiverResp(_BindResp):
    """4.1.6."""

    __slots__ = ()
    command_id = _command("bind_transceiver_resp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbind(Pdu):
    """4.1.7; nobody answers it."""

    system_id: str = ""
    password: str = field(default="", repr=False)

    command_id = _command("outbind")
    layout = _fields("system_id:16", "password:9")


class Unbind(Pdu):
    """4.2.1."""

    __slots__ = ()
    command_id = _command("unbind")


class UnbindResp(Pdu):
    """4.2.2."""

    __slots__ = ()
    command_id = _command("unbind_resp")


class GenericNack(Pdu):
    """4.3.1."""

    __slots__ = ()
    command_id = _command("generic_nack")


class EnquireLink(Pdu):
    """4.11.1."""

    __slots__ = ()
    command_id = _command("enquire_link")


class EnquireLinkResp(Pdu):
    """4.11.2."""

    __slots__ = ()
    command_id = _command("enquire_link_resp")


_ADDRESSES = "service_type:6 source_ton source_npi source:{0} dest_ton dest_npi dest:{0} esm_class"


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _ShortMessage(_Message):
    protocol_id: int = 0
    priority: int = 0
    schedule: str = ""
    validity: str = ""
    replace_if_present: int = 0
    default_message_id: int = 0
    short_message: bytes = field(default=b"", repr=False)

    layout = (
        *_fields(*_ADDRESSES.format(21).split(), "protocol_id", "priority", "schedule:17", "validity:17"),
        *_fields("registered_delivery", "replace_if_present", "data_coding", "default_message_id"),
        Field("short_message", Kind.OCTETS, SHORT_MESSAGE_MAX),
    )

    @property
    def payload(self) -> bytes:
        """The user data, wherever it is."""
        return self.short_message or self.tlv(Tag.MESSAGE_PAYLOAD) or b""


class SubmitSm(_ShortMessage):
    """4.4.1; `validity` is absolute or relative time of 16 characters (7.1.1) or ''."""

    __slots__ = ()
    command_id = _command("submit_sm")


class DeliverSm(_ShortMessage):
    """4.6.1."""

    __slots__ = ()
    command_id = _command("deliver_sm")


class DataSm(_Message):
    """4.7.1; its user data is a message_payload TLV."""

    __slots__ = ()
    command_id = _command("data_sm")
    layout = _fields(*_ADDRESSES.format(65).split(), "registered_delivery", "data_coding")


@dataclass(frozen=True, slots=True, kw_only=True)
class _MessageResp(Pdu):
    message_id: str = ""

    layout = _fields("message_id:65")


class SubmitSmResp(_MessageResp):
    """4.4.2; an error has no message_id."""

    __slots__ = ()
    command_id = _command("submit_sm_resp")


class DeliverSmResp(_MessageResp):
    """4.6.2; message_id is unused."""

    __slots__ = ()
    command_id = _command("deliver_sm_resp")


class DataSmResp(_MessageResp):
    """4.7.2."""

    __slots__ = ()
    command_id = _command("data_sm_resp")


@dataclass(frozen=True, slots=True, kw_only=True)
class QuerySm(Pdu):
    """4.8.1."""

    message_id: str = ""
    source_ton: int = 0
    source_npi: int = 0
    source: str = ""

    command_id = _command("query_sm")
    layout = _fields("message_id:65", "source_ton", "source_npi", "source:21")


@dataclass(frozen=True, slots=True, kw_only=True)
class QuerySmResp(Pdu):
    """4.8.2."""

    message_id: str = ""
    final_date: str = ""
    message_state: int = 0
    error_code: int = 0

    command_id = _command("query_sm_resp")
    layout = _fields("message_id:65", "final_date:17", "message_state", "error_code")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertNotification(Pdu):
    """4.12.1; nobody answers it."""

    source_ton: int = 0
    source_npi: int = 0
    source: str = ""
    esme_ton: int = 0
    esme_npi: int = 0
    esme: str = ""

    command_id = _command("alert_notification")
    layout = _fields("source_ton", "source_npi", "source:65", "esme_ton", "esme_npi", "esme:65")
