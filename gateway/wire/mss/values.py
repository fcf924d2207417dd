"""The messages of a mobile signature service as values; the field names in brackets are those of both forms.

A value is what stands on the wire, no more: reading it has checked types, lengths and forms, and fields that nobody
here knows are passed over. ETSI TS 102 204, 8; Kiuru's JSON.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, PlainValidator

from gateway.wire.mss.codes import FaultCode, Status
from gateway.wire.mss.fields import (
    TEXT_MAX,
    Instant,
    Msisdn,
    NcName,
    Number,
    Octets,
    Short,
    Uri,
    messaging_mode,
    number_of,
)
from gateway.wire.mss.terms import Additional, Encoding, Mode

LIST_MAX = 64


class Part(BaseModel):
    """A structure of a message."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True)


class ApInfo(Part):
    """Who asks (AP_Info); an answer echoes it, mostly without the password."""

    ap_id: Uri = Field(alias="AP_ID")
    password: Short | None = Field(None, alias="AP_PWD", repr=False)
    trans_id: NcName = Field(alias="AP_TransID")
    instant: Instant = Field(alias="Instant")
    url: Short | None = Field(None, alias="AP_URL")
    """Where an `asynchServerServer` service posts how it ended."""


class MsspId(Part):
    """Its name."""

    uri: Uri | None = Field(None, alias="URI")


class MsspInfo(Part):
    """Who is asked (MSSP_Info)."""

    mssp_id: MsspId = Field(default_factory=MsspId, alias="MSSP_ID")
    instant: Instant | None = Field(None, alias="Instant")


class MobileUser(Part):
    """Whose phone."""

    msisdn: Msisdn | None = Field(None, alias="MSISDN", repr=False)
    user_identifier: Short | None = Field(None, alias="UserIdentifier", repr=False)


class Data(Part):
    """What is signed, shown or sent (DataToBeSigned, DataToBeDisplayed, Message)."""

    data: Annotated[str, Field(max_length=TEXT_MAX)] = Field(alias="Data", repr=False)
    mime_type: Annotated[str, Field(max_length=64)] = Field(alias="MimeType")
    encoding: Annotated[str, Field(max_length=16)] = Field(Encoding.UTF8.value, alias="Encoding")


class UserLang(Part):
    """Language of the phone's own words, as EN."""

    value: Annotated[str, Field(pattern="^[A-Za-z]{2}$")] = Field(alias="Value")


class EventId(Part):
    """A code that both screens show."""

    value: Annotated[str, Field(max_length=64)] = Field(alias="Value")


class NoSpamCode(Part):
    """A word that the person has chosen against unwanted requests."""

    code: Annotated[str, Field(max_length=64)] | None = Field(None, alias="Code", repr=False)
    verify: Annotated[str, Field(pattern="^(yes|no)$")] = Field("no", alias="Verify")


class BatchItem(Part):
    """One of several that are signed under one PIN."""

    signed: Data = Field(alias="DataToBeSigned")
    displayed: Data | None = Field(None, alias="DataToBeDisplayed")


class Service(Part):
    """An additional service; of the fields the one that belongs to it."""

    description: Uri = Field(alias="Description")
    user_lang: UserLang | None = Field(None, alias="UserLang")
    event_id: EventId | None = Field(None, alias="EventID")
    no_spam: NoSpamCode | None = Field(None, alias="NoSpamCode")
    batch: Annotated[tuple[BatchItem, ...], Field(max_length=LIST_MAX)] | None = Field(
        None, alias="BatchSignatureRequest"
    )

    @classmethod
    def language(cls, code: str) -> "Service":
        """The phone's own words in this language."""
        return cls(description=Additional.USER_LANG.value, user_lang=UserLang(value=code.upper()))

    @classmethod
    def event(cls, code: str) -> "Service":
        """This code on the phone."""
        return cls(description=Additional.EVENT_ID.value, event_id=EventId(value=code))


class ServiceResponse(Part):
    """What an additional service answers; more than its name is not looked at."""

    description: Uri = Field(alias="Description")


class KeyReference(Part):
    """Which of the person's keys."""

    certificate_url: Short | None = Field(None, alias="CertificateURL")
    issuer_dn: Short | None = Field(None, alias="CertificateIssuerDN")


class Signature(Part):
    """A signature (MSS_Signature)."""

    octets: Octets = Field(alias="Base64Signature", repr=False)


class Pin(Part):
    """Whether the PIN is blocked."""

    blocked: bool = Field(False, validation_alias=AliasChoices("Blocked", "blocked"), serialization_alias="Blocked")


class UserCertificate(Part):
    """A key of the person with its certificates, the person's own first."""

    algorithm: Annotated[str, Field(max_length=16)] = Field("", alias="Algorithm")
    state: Annotated[str, Field(max_length=32)] = Field("", alias="State")
    certificates: Annotated[tuple[Octets, ...], Field(max_length=8)] = Field((), alias="X509Certificate", repr=False)


class CardDetails(Part):
    """The operator of the card."""

    mcc: Annotated[str, Field(max_length=3)] = Field(
        "", validation_alias=AliasChoices("Mcc", "MCC"), serialization_alias="Mcc"
    )
    mnc: Annotated[str, Field(max_length=3)] = Field(
        "", validation_alias=AliasChoices("Mnc", "MNC"), serialization_alias="Mnc"
    )


class Sscd(Part):
    """A SIM or an app that signs."""

    state: Annotated[str, Field(max_length=32)] = Field("", alias="State")
    pin: Pin = Field(default_factory=Pin, alias="PinStatus")
    certificates: Annotated[tuple[UserCertificate, ...], Field(max_length=16)] = Field(
        (), alias="MobileUserCertificate"
    )
    card: CardDetails | None = Field(None, alias="CardDetails")


class Sscds(Part):
    """What the person signs with."""

    sim: Sscd | None = Field(None, alias="Sim")
    apps: Annotated[tuple[Sscd, ...], Field(max_length=16)] = Field((), alias="App")


class ProfileExtension(Part):
    """Methics' extension of a profile's answer."""

    sscds: Sscds = Field(default_factory=Sscds, alias="Sscds")


class StatusDetail(Part):
    """More of a status."""

    profile: ProfileExtension | None = Field(None, alias="ProfileQueryExtension")


def _code(given: object) -> Status | FaultCode:
    number = number_of(given)
    return Status(number) if number in _STATUSES else FaultCode(number)


_STATUSES = frozenset(int(status) for status in Status)


class StatusCode(Part):
    """Its code; a fault's where a service posts by itself how a transaction has ended, for that has no faults."""

    value: Annotated[Status | FaultCode, PlainValidator(_code), PlainSerializer(lambda code: str(int(code)))] = Field(
        alias="Value"
    )


def _if_structure(given: object) -> object:
    """Services write words of their own there, too."""
    return None if isinstance(given, str) else given


class Standing(Part):
    """How it stands (Status)."""

    code: StatusCode = Field(alias="StatusCode")
    message: Annotated[str, Field(max_length=TEXT_MAX)] | None = Field(None, alias="StatusMessage")
    detail: Annotated[StatusDetail | None, BeforeValidator(_if_structure)] = Field(None, alias="StatusDetail")


class Message(Part):
    """Base of every message; NAME is its element or member."""

    NAME: ClassVar[str]
    OPERATION: ClassVar[str]
    """The SOAP port's operation; an answer is wrapped in its name and `Response`."""

    major: Number = Field(1, alias="MajorVersion")
    minor: Number = Field(1, alias="MinorVersion")
    ap: ApInfo = Field(alias="AP_Info")
    mssp: MsspInfo = Field(default_factory=MsspInfo, alias="MSSP_Info")


class SignatureRequest(Message):
    """Asks for a signature."""

    NAME = "MSS_SignatureReq"
    OPERATION = "MSS_Signature"

    mode: Annotated[Mode, BeforeValidator(messaging_mode)] = Field(alias="MessagingMode")
    timeout_s: Number | None = Field(None, alias="TimeOut")
    validity: Instant | None = Field(None, alias="ValidityDate")
    user: MobileUser = Field(alias="MobileUser")
    signed: Data = Field(alias="DataToBeSigned")
    displayed: Data | None = Field(None, alias="DataToBeDisplayed")
    profile: Uri | None = Field(None, alias="SignatureProfile")
    services: Annotated[tuple[Service, ...], Field(max_length=LIST_MAX)] = Field((), alias="AdditionalServices")
    format: Uri | None = Field(None, alias="MSS_Format")
    key: KeyReference | None = Field(None, alias="KeyReference")
    comparison: Annotated[str, Field(pattern="^(exact|minimum|better)$")] | None = Field(
        None, alias="SignatureProfileComparison"
    )


class SignatureResponse(Message):
    """The signature, or that it comes later."""

    NAME = "MSS_SignatureResp"
    OPERATION = "MSS_Signature"

    mssp_trans_id: NcName = Field(alias="MSSP_TransID")
    user: MobileUser = Field(default_factory=MobileUser, alias="MobileUser")
    signature: Signature | None = Field(None, alias="MSS_Signature")
    profile: Uri | None = Field(None, alias="SignatureProfile")
    standing: Standing = Field(alias="Status")
    services: Annotated[tuple[ServiceResponse, ...], Field(max_length=LIST_MAX)] = Field((), alias="ServiceResponses")


class StatusRequest(Message):
    """Asks how a transaction stands."""

    NAME = "MSS_StatusReq"
    OPERATION = "MSS_StatusQuery"

    mssp_trans_id: NcName = Field(alias="MSSP_TransID")


class StatusResponse(Message):
    """How it stands."""

    NAME = "MSS_StatusResp"
    OPERATION = "MSS_StatusQuery"

    mssp_trans_id: NcName | None = Field(None, alias="MSSP_TransID")
    user: MobileUser = Field(default_factory=MobileUser, alias="MobileUser")
    signature: Signature | None = Field(None, alias="MSS_Signature")
    standing: Standing = Field(alias="Status")


class ProfileRequest(Message):
    """Asks what a person can sign with."""

    NAME = "MSS_ProfileReq"
    OPERATION = "MSS_ProfileQuery"

    user: MobileUser = Field(alias="MobileUser")
    params: Short | None = Field(None, alias="Params")


class ProfileResponse(Message):
    """What a person can sign with."""

    NAME = "MSS_ProfileResp"
    OPERATION = "MSS_ProfileQuery"

    profiles: Annotated[tuple[Uri, ...], Field(max_length=LIST_MAX)] = Field((), alias="SignatureProfile")
    standing: Standing = Field(alias="Status")


class ReceiptRequest(Message):
    """Sends a text about a signature to the phone that made it."""

    NAME = "MSS_ReceiptReq"
    OPERATION = "MSS_Receipt"

    mssp_trans_id: NcName = Field(alias="MSSP_TransID")
    user: MobileUser = Field(alias="MobileUser")
    standing: Standing | None = Field(None, alias="Status")
    message: Data | None = Field(None, alias="Message")


class ReceiptResponse(Message):
    """That the text was taken."""

    NAME = "MSS_ReceiptResp"
    OPERATION = "MSS_Receipt"

    standing: Standing = Field(alias="Status")


MESSAGES: Sequence[type[Message]] = (
    SignatureRequest,
    SignatureResponse,
    StatusRequest,
    StatusResponse,
    ProfileRequest,
    ProfileResponse,
    ReceiptRequest,
    ReceiptResponse,
)


@dataclass(frozen=True, slots=True)
class Fault:
    """A refusal or failure, said with HTTP status 500 in both forms."""

    code: FaultCode
    reason: str = ""
    detail: str = ""
    by_receiver: bool = False
    """The service's own fault, not the sender's."""
