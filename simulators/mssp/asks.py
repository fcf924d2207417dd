"""What an application provider asks, read from the fields of a message whatever form they came in."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from simulators.mssp.codes import Code, Refusal

NC_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9._-]{0,127}", re.ASCII)
NUMBER = re.compile(r"\+?[1-9][0-9]{5,14}", re.ASCII)
TIMEOUT_S, TIMEOUT_MAX_S = 80, 600
DIGEST_MIME, OCTETS_MIME, TEXT_MIME = "application/x-sha256", "application/octet-stream", "text/plain"
Fields = Mapping[str, str]
"""Fields by the standard's names; those of the parts below AP_Info and the like stand flat among the others."""


class Mode(StrEnum):
    """How the answer comes back."""

    SYNCH = "synch"
    CLIENT_SERVER = "asynchClientServer"
    SERVER_SERVER = "asynchServerServer"


@dataclass(frozen=True, slots=True)
class Header:
    """AP_Info: who asks."""

    ap_id: str
    password: str = field(repr=False)
    transaction: str
    instant: datetime
    instant_text: str


@dataclass(frozen=True, slots=True)
class SignAsk:
    """MSS_SignatureReq; `data` is a digest where the MIME type says so."""

    header: Header
    msisdn: str
    mode: Mode
    timeout_s: int
    valid_until: datetime | None
    mime: str
    data: bytes = field(repr=False)
    displayed: str = field(repr=False)
    profile: str
    format: str
    services: tuple[str, ...]
    language: str


@dataclass(frozen=True, slots=True)
class StatusAsk:
    """MSS_StatusReq."""

    header: Header
    mssp_transaction: str


@dataclass(frozen=True, slots=True)
class ProfileAsk:
    """MSS_ProfileReq."""

    header: Header
    msisdn: str


@dataclass(frozen=True, slots=True)
class ReceiptAsk:
    """MSS_ReceiptReq."""

    header: Header
    msisdn: str
    mssp_transaction: str
    text: str = field(repr=False)


def read_sign(fields: Fields, services: tuple[str, ...] = ()) -> SignAsk:
    """A request for a signature.

    Raises:
        Refusal: 101 or 102, with what is wrong.
    """
    header, msisdn = read_header(fields), _msisdn(fields)
    mime = _needed(fields, "MimeType").split(";")[0].strip().lower()
    data = _data(mime, _needed(fields, "Data"), fields.get("Encoding", ""))
    displayed = fields.get("DataToBeDisplayed", "")
    if not displayed:
        if mime != TEXT_MIME:
            raise Refusal(Code.MISSING_PARAM, "DataToBeDisplayed")
        displayed = data.decode()
    until = fields.get("ValidityDate", "")
    return SignAsk(
        header, msisdn, _mode(fields), _timeout(fields), _moment(until, "ValidityDate") if until else None,
        mime, data, displayed, fields.get("SignatureProfile", ""), fields.get("MSS_Format", ""), services,
        fields.get("UserLang", ""),
    )  # fmt: skip


def read_status(fields: Fields) -> StatusAsk:
    """A question about a transaction.

    Raises:
        Refusal: 101 or 102.
    """
    return StatusAsk(read_header(fields), _needed(fields, "MSSP_TransID"))


def read_profile(fields: Fields) -> ProfileAsk:
    """A question about a person.

    Raises:
        Refusal: 101 or 102.
    """
    return ProfileAsk(read_header(fields), _msisdn(fields))


def read_receipt(fields: Fields) -> ReceiptAsk:
    """A receipt.

    Raises:
        Refusal: 101 or 102.
    """
    header, msisdn = read_header(fields), _msisdn(fields)
    return ReceiptAsk(header, msisdn, _needed(fields, "MSSP_TransID"), _needed(fields, "Message"))


def read_header(fields: Fields) -> Header:
    """AP_Info.

    Raises:
        Refusal: 101 or 102.
    """
    if fields.get("MajorVersion", "1") not in {"1", "2"}:
        raise Refusal(Code.INCOMPATIBLE_INTERFACE, "MajorVersion")
    transaction = _needed(fields, "AP_TransID")
    if not NC_NAME.fullmatch(transaction):
        raise Refusal(Code.WRONG_PARAM, "AP_TransID is no NCName")
    instant = _needed(fields, "Instant")
    return Header(_needed(fields, "AP_ID"), fields.get("AP_PWD", ""), transaction, _moment(instant, "Instant"), instant)


def _needed(fields: Fields, name: str) -> str:
    value = fields.get(name, "")
    if not value:
        raise Refusal(Code.MISSING_PARAM, name)
    return value


def _msisdn(fields: Fields) -> str:
    number = _needed(fields, "MSISDN").strip()
    if not NUMBER.fullmatch(number):
        raise Refusal(Code.WRONG_PARAM, "Illegal msisdn")
    return f"+{number.removeprefix('+')}"


def _mode(fields: Fields) -> Mode:
    mode = fields.get("MessagingMode", "") or Mode.SYNCH
    try:
        # The JSON form says asynch.
        return Mode.CLIENT_SERVER if mode == "asynch" else Mode(mode)
    except ValueError:
        raise Refusal(Code.WRONG_PARAM, "MessagingMode") from None


def _timeout(fields: Fields) -> int:
    text = fields.get("TimeOut", "") or str(TIMEOUT_S)
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:6]) <= TIMEOUT_MAX_S):
        raise Refusal(Code.WRONG_PARAM, "TimeOut")
    return int(text)


def _moment(text: str, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(Code.WRONG_PARAM, f"{name} is no dateTime") from None
    if moment.tzinfo is None:
        raise Refusal(Code.WRONG_PARAM, f"{name} has no zone")
    return moment


def _data(mime: str, text: str, encoding: str) -> bytes:
    if mime == TEXT_MIME:
        return text.encode()
    if mime not in {DIGEST_MIME, OCTETS_MIME}:
        raise Refusal(Code.WRONG_PARAM, "MimeType")
    if encoding and encoding.lower() != "base64":
        raise Refusal(Code.WRONG_PARAM, "Encoding")
    try:
        octets = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refusal(Code.WRONG_PARAM, "DataToBeSigned is no base64") from None
    if mime == DIGEST_MIME and len(octets) != 32:
        raise Refusal(Code.WRONG_DATA_LENGTH, "a digest of SHA-256 has 32 octets")
    return octets
