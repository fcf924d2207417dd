"""What one link is: where it leads, how it binds, its timers, its pace, its alphabets and its dialects.

Bounds stand with the fields; `config` checks them when profiles come from a file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from gateway.peers.smsc.ids import IdForm, normal
from gateway.peers.smsc.keepalive import Timers
from gateway.peers.smsc.statuses import Action
from gateway.wire.gsm import Coding, Language, Splitting, Style

TON_INTERNATIONAL, TON_NETWORK_SPECIFIC, TON_ALPHANUMERIC = 1, 3, 5
NPI_UNKNOWN, NPI_ISDN = 0, 1
SHORT_CODE_DIGITS_MAX = 8

Octet = Annotated[int, Field(ge=0, le=255)]
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=3600)]
SecondsOrNever = Annotated[float, Field(ge=0, le=86_400)]
SystemId = Annotated[str, Field(max_length=15)]
Password = Annotated[str, Field(max_length=8)]
Sender = Annotated[str, Field(min_length=1, max_length=20, pattern=r"^[ -~]+$")]


class BindKind(StrEnum):
    """How a link binds."""

    TRX = "transceiver"
    """One transceiver."""
    TX = "transmitter"
    """A transmitter; its receipts come over no link."""
    RX = "receiver"
    """A receiver; nothing is sent over it."""
    PAIR = "pair"
    """A receiver and a transmitter that are one link: up when both are, and down with either."""


class SessionTlv(StrEnum):
    """Where an operator keeps the number of a USSD session."""

    ITS_SESSION_INFO = "its_session_info"
    """TLV 0x1383 of two octets, given back as it came."""
    ITS_COUNTED = "its_counted"
    """TLV 0x1383 as the standard has it: session number, then dialogue unit and end bit (5.3.2.43)."""
    USER_MESSAGE_REFERENCE = "user_message_reference"
    """TLV 0x0204."""
    VENDOR = "vendor"
    """Another TLV: `vendor_tag`."""


@dataclass(frozen=True, slots=True)
class UssdDialect:
    """How an operator says USSD over SMPP; numbers are values of ussd_service_op (5.3.2.44) or the operator's own.

    Attributes:
        session: Where the number of the session is.
        vendor_tag: The TLV of SessionTlv.VENDOR.
        begin: Ops of a first hop.
        proceed: Ops of a next hop.
        abort: Ops that end the session on the network's side.
        ask: Op of a page that waits for an answer.
        end: Op of a last page.
        service_type: Of what we send; what comes is USSD by it or by its op.
        notify: Op of a page that we push and that asks nothing; one that asks has `ask`.
        pushes_max: Pushes that may be in hand at once; 0 where the operator takes none.
        push_s: How long a phone may take to show what we push, or a person to answer it.
    """

    session: SessionTlv = SessionTlv.ITS_SESSION_INFO
    vendor_tag: Annotated[int, Field(ge=0, le=0xFFFF)] = 0x1401
    begin: tuple[Octet, ...] = (0x00, 0x01)
    proceed: tuple[Octet, ...] = (0x02, 0x10, 0x12)
    abort: tuple[Octet, ...] = (0x81,)
    ask: Octet = 0x02
    end: Octet = 0x11
    service_type: Annotated[str, Field(max_length=5)] = "USSD"
    notify: Octet = 0x03
    pushes_max: Annotated[int, Field(ge=0, le=1000)] = 0
    push_s: Seconds = 20.0


@dataclass(frozen=True, slots=True)
class OutbindDoor:
    """Where an SMSC may connect to us, say outbind, and be bound to on that connection.

    Attributes:
        host: Address to listen on.
        port: Port to listen on.
        system_id: What the SMSC calls itself in its outbind.
        password: What it proves it by.
    """

    host: str
    port: Annotated[int, Field(ge=0, le=65535)]
    system_id: SystemId
    password: Password = field(repr=False)


@dataclass(frozen=True, slots=True)
class LinkProfile:
    """One link.

    Attributes:
        name: In metrics and logs, and what receipts are matched by.
        host: Of the SMSC.
        port: Of the SMSC.
        system_id: 15 characters at most.
        password: 8 characters at most.
        sender: Source address of what we send: a short code, `+98…`, or up to 11 letters.
        senders: Other source addresses that this link may use.
        bind: Which binds make the link.
        system_type: 12 characters at most; most SMSCs want none.
        service_type: Of what we send, 5 characters at most.
        address_ton: Type of number of the addresses that we serve, said at the bind.
        address_npi: Numbering plan of these.
        address_range: The addresses that we serve, as the SMSC wants them.
        tls: Whether the line is encrypted and the SMSC's certificate checked.
        tls_ca_file: Certificates that may sign the SMSC's; '' for those of the system.
        tls_hostname: Name that the certificate must have; '' for `host`.
        outbind: Where the SMSC connects to us instead; None if we connect.
        window: How many submit_sm may wait for their answers.
        rate_max: PDUs per second at most, each part counts; throttling lowers the pace below it.
        bind_s: How long connecting, and then binding, may take.
        response_s: How long an answer may take; after it a message is uncertain.
        enquire_s: Silence after which the SMSC is asked whether it is still there; 0 is never.
        enquire_response_s: How long it may take to say so.
        inactivity_s: Silence after which the line is given up; 0 is never.
        retry_min_s: Wait before the first new try after a lost connection; it doubles, with jitter.
        retry_max_s: Longest wait; also the wait after a bind that is refused for what we are.
        ids: How message ids are made equal, in answers and receipts alike.
        ids_resp: Steps before these for ids of answers alone.
        ids_receipt: Steps before these for ids of receipts alone.
        splitting: How parts of long texts belong together: udh8, udh16, sar or payload.
        codings: Alphabets that it may send; the first that has all characters of a text carries it.
        languages: Whose national tables phones on it read.
        data_coding: Number of each alphabet that we send, where it is not the standard's.
        data_coding_in: Alphabet of each data_coding that we receive, where it is not the standard's.
        statuses: What statuses mean for a message, where it is not the default.
        ussd: How this operator says USSD.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
    host: Annotated[str, Field(min_length=1)]
    port: Port
    system_id: SystemId
    password: Password = field(repr=False)
    sender: Sender
    senders: tuple[Sender, ...] = ()
    bind: BindKind = BindKind.TRX
    system_type: Annotated[str, Field(max_length=12)] = ""
    service_type: Annotated[str, Field(max_length=5)] = ""
    address_ton: Octet = 0
    address_npi: Octet = 0
    address_range: Annotated[str, Field(max_length=40)] = ""
    tls: bool = False
    tls_ca_file: str = ""
    tls_hostname: str = ""
    outbind: OutbindDoor | None = None
    window: Annotated[int, Field(ge=1, le=1000)] = 10
    rate_max: Annotated[float, Field(gt=0, le=10_000)] = 100.0
    bind_s: Seconds = 10.0
    response_s: Seconds = 10.0
    enquire_s: SecondsOrNever = 30.0
    enquire_response_s: Seconds = 10.0
    inactivity_s: SecondsOrNever = 120.0
    retry_min_s: Seconds = 1.0
    retry_max_s: Seconds = 60.0
    ids: tuple[IdForm, ...] = ()
    ids_resp: tuple[IdForm, ...] = ()
    ids_receipt: tuple[IdForm, ...] = ()
    splitting: Splitting = Splitting.UDH8
    codings: Annotated[tuple[Coding, ...], Field(min_length=1)] = (Coding.GSM, Coding.UCS2)
    languages: tuple[Language, ...] = ()
    data_coding: Mapping[Coding, Octet] = field(default_factory=dict)
    data_coding_in: Mapping[Octet, Coding] = field(default_factory=dict)
    statuses: Mapping[int, Action] = field(default_factory=dict)
    ussd: UssdDialect = field(default_factory=UssdDialect)

    @property
    def style(self) -> Style:
        """How it carries texts."""
        return Style(self.splitting, self.codings, self.languages)

    def id_of_resp(self, message_id: str) -> str:
        """The id of a submit_sm_resp as it is kept."""
        return normal(message_id, (*self.ids_resp, *self.ids))

    def id_of_receipt(self, message_id: str) -> str:
        """The id of a receipt as it is looked up."""
        return normal(message_id, (*self.ids_receipt, *self.ids))

    @property
    def timers(self) -> Timers:
        """Those of a session."""
        return Timers(self.response_s, self.enquire_s, self.enquire_response_s, self.inactivity_s)


@dataclass(frozen=True, slots=True)
class Address:
    """An address as SMPP has it: type of number, numbering plan, digits or letters (SMPP 3.4, 5.2.5 to 5.2.7)."""

    ton: int
    npi: int
    digits: str

    @classmethod
    def of(cls, address: str) -> "Address":
        """International behind a `+`, a short code up to 8 digits, letters as alphanumeric, else unknown."""
        if address.startswith("+"):
            return cls(TON_INTERNATIONAL, NPI_ISDN, address[1:])
        if not address.isdecimal():
            return cls(TON_ALPHANUMERIC, NPI_UNKNOWN, address)
        if len(address) <= SHORT_CODE_DIGITS_MAX:
            return cls(TON_NETWORK_SPECIFIC, NPI_UNKNOWN, address)
        return cls(0, NPI_ISDN, address)

    def text(self) -> str:
        """As the house writes it: a `+` before an international number."""
        return f"+{self.digits}" if self.ton == TON_INTERNATIONAL and self.digits.isdecimal() else self.digits
