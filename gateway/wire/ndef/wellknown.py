"""URI and Text records (NFC Forum RTD URI 1.0, RTD Text 1.0), and media records."""

import re
from dataclasses import dataclass

from gateway.errors import BadInput
from gateway.wire.ndef.records import Record, Tnf

_PREFIXES = (
    *("", "http://www.", "https://www.", "http://", "https://", "tel:", "mailto:"),
    *("ftp://anonymous:anonymous@", "ftp://ftp.", "ftps://", "sftp://", "smb://", "nfs://", "ftp://", "dav://"),
    *("news:", "telnet://", "imap:", "rtsp://", "urn:", "pop:", "sip:", "sips:", "tftp:", "btspp://", "btl2cap://"),
    *("btgoep://", "tcpobex://", "irdaobex://", "file://", "urn:epc:id:", "urn:epc:tag:", "urn:epc:pat:"),
    *("urn:epc:raw:", "urn:epc:", "urn:nfc:"),
)
"""By the code that stands for them (RTD URI table 3)."""
_UTF16 = 0x80
_RESERVED = 0x40
_LANGUAGE_SIZE = 0x3F
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")


@dataclass(frozen=True, slots=True)
class Text:
    """What a text record says, and in which language (RFC 5646)."""

    text: str
    language: str


def uri(address: str) -> Record:
    """A URI record, with the longest prefix that has a code.

    Raises:
        BadInput: Empty, or with characters that do not print.
    """
    if not _is_address(address):
        raise BadInput("NDEF: not an address")
    code = max((at for at, prefix in enumerate(_PREFIXES) if address.startswith(prefix)), key=_prefix_size)
    return Record(Tnf.WELL_KNOWN, "U", bytes([code]) + address[_prefix_size(code) :].encode())


def uri_of(record: Record) -> str:
    """The address of a URI record.

    Raises:
        BadInput: Another record, a code without a prefix, or not UTF-8.
    """
    payload = _payload(record, "U")
    if not payload or payload[0] >= len(_PREFIXES):
        raise BadInput("NDEF: an address with a prefix that does not exist")
    address = _PREFIXES[payload[0]] + _decoded(payload[1:], "utf-8")
    if not _is_address(address):
        raise BadInput("NDEF: not an address")
    return address


def text(words: str, language: str) -> Record:
    """A text record in UTF-8.

    Raises:
        BadInput: `language` is not a language code of up to 63 characters.
    """
    if not _is_language(language):
        raise BadInput("NDEF: not a language")
    return Record(Tnf.WELL_KNOWN, "T", bytes([len(language)]) + language.encode("ascii") + words.encode())


def text_of(record: Record) -> Text:
    """What a text record says.

    Raises:
        BadInput: Another record, no language, or not in the encoding that it says.
    """
    payload = _payload(record, "T")
    if not payload or payload[0] & _RESERVED:
        raise BadInput("NDEF: a text without a head")
    end = 1 + (payload[0] & _LANGUAGE_SIZE)
    language = _decoded(payload[1:end], "ascii")
    if len(language) != end - 1 or not _is_language(language):
        raise BadInput("NDEF: a text without a language")
    words = payload[end:]
    if not payload[0] & _UTF16:
        return Text(_decoded(words, "utf-8"), language)
    # Without a mark of its order UTF-16 is big-endian (RTD Text §3.4).
    marked = words.startswith((b"\xfe\xff", b"\xff\xfe"))
    return Text(_decoded(words, "utf-16" if marked else "utf-16-be"), language)


def media(type_: str, payload: bytes) -> Record:
    """A record of a media type (RFC 2046), as `application/vnd.tapdial.rx+cwt`."""
    return Record(Tnf.MEDIA, type_, payload)


def _payload(record: Record, type_: str) -> bytes:
    if record.tnf is not Tnf.WELL_KNOWN or record.type != type_:
        raise BadInput(f"NDEF: not a record of type {type_}")
    return record.payload


def _prefix_size(code: int) -> int:
    return len(_PREFIXES[code])


def _is_address(address: str) -> bool:
    return bool(address) and address.isprintable() and " " not in address


def _is_language(language: str) -> bool:
    return len(language) <= _LANGUAGE_SIZE and _LANGUAGE.fullmatch(language) is not None


def _decoded(octets: bytes, encoding: str) -> str:
    try:
        return octets.decode(encoding)
    except UnicodeDecodeError as problem:
        raise BadInput(f"NDEF: not {encoding}") from problem
