"""The names that services agree on, and the limits of what a phone shows (ETSI TS 102 204, FiCom, Kiuru)."""

import re
from enum import StrEnum

from gateway.wire import gsm

MSS_NS = "http://uri.etsi.org/TS102204/v1.1.2#"
FICOM_NS = "http://mss.ficom.fi/TS102204/v1.0.0#"
METHICS_NS = "http://www.methics.fi/TS102204/ext/v1.0.0"
SOAP_NS = "http://www.w3.org/2003/05/soap-envelope"

SIGNING_PROFILE = "http://alauda.mobi/nonRepudiation"
AUTHENTICATION_PROFILE = "http://alauda.mobi/digitalSignature"
PROFILES = frozenset(
    {
        SIGNING_PROFILE,
        AUTHENTICATION_PROFILE,
        "http://mid.swisscom.ch/STK-LoA4",
        "http://mid.swisscom.ch/Device-LoA4",
        "http://mid.swisscom.ch/Any-LoA4",
    }
)
"""Profiles that services are known to offer; a service may have its own."""

GSM_CHARACTERS_MAX = 239
"""Septets of the default alphabet that a SIM shows."""
OTHER_CHARACTERS_MAX = 119
"""16-bit units that it shows if one letter is outside that alphabet."""
_HALVES = re.compile("[\ud800-\udfff]")
_NUMBER = re.compile(r"\+?[0-9]{5,15}")
_NCNAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")


class Format(StrEnum):
    """Forms of a signature."""

    PKCS7 = f"{MSS_NS}PKCS7"
    CMS = f"{MSS_NS}CMS-Signature"
    PKCS1 = "http://www.methics.fi/KiuruMSSP/v3.2.0#PKCS1"
    FICOM_PKCS1 = f"{FICOM_NS}PKCS1"


class MimeType(StrEnum):
    """What the data to be signed are; a hash is shown as digits, or not at all, unless a text to show comes with it."""

    TEXT = "text/plain"
    TEXT_GSM = "text/plain;gsm"
    TEXT_UCS2 = "text/plain;ucs2"
    SHA1 = "application/x-sha1"
    SHA256 = "application/x-sha256"
    SHA384 = "application/x-sha384"
    OCTETS = "application/octet-stream"


class Encoding(StrEnum):
    """How data are written."""

    UTF8 = "UTF-8"
    BASE64 = "BASE64"


class Mode(StrEnum):
    """Who tells whom how it ended; `asynchClientServer` is `asynch` in JSON."""

    SYNCH = "synch"
    POLLED = "asynchClientServer"
    PUSHED = "asynchServerServer"


class Additional(StrEnum):
    """Additional services of a signature."""

    USER_LANG = f"{FICOM_NS}userLang"
    NO_SPAM = f"{FICOM_NS}noSpam"
    EVENT_ID = f"{FICOM_NS}eventId"
    PERSON_IDENTITY = f"{FICOM_NS}personIdentity"
    VALIDATE = f"{FICOM_NS}validate"
    DISPLAY_NAME = f"{FICOM_NS}displayName"
    BATCH_SIGN = "http://www.methics.fi/KiuruMSSP/v5.0.0#batchsign"


def is_transaction_id(text: str) -> bool:
    """Whether a text is an NCName of at most 64 ASCII characters: it begins with a letter (or `_`), has no colon."""
    return _NCNAME.fullmatch(text) is not None


def is_number(text: str) -> bool:
    """Whether a text is a telephone number, with or without its plus sign."""
    return _NUMBER.fullmatch(text) is not None


def room_for(text: str) -> tuple[int, int]:
    """How long a text is and how long it may be, in septets or in 16-bit units, as its letters ask for."""
    septets = gsm.encode(text)
    if septets is not None:
        return len(septets), GSM_CHARACTERS_MAX
    return len(gsm.encode_ucs2(text)) // 2, OTHER_CHARACTERS_MAX


def fits(text: str) -> bool:
    """Whether a phone shows the text whole; half a surrogate pair is no text."""
    length, room = room_for(text)
    return 0 < length <= room and not _HALVES.search(text)


def prefixed(prefix: str, text: str) -> str:
    """The text with the prefix that names us, without which a service refuses it (107)."""
    return text if text.startswith(prefix) else prefix + text
