"""Huawei's binary protocol between a USSD centre and an application ("CSP"): a 20-octet header, then the body.

Header, big-endian: length (of all), command, status, sender_cb, receiver_cb; a CB is a number of a dialogue that its
side chose, and the two swap places with the direction. Bodies:

    bind       account 11, password 9, system type 13 (C-octet strings, padded with NUL), version 4 (0x10)
    bind_resp  account 11
    begin, continue, end
               version 1, operation 1, msisdn 21, service code 4 (three digits at most, begin only), coding 1,
               string of 182 octets at most, which begins with `@*123*4@` where it names the code
    abort, unbind, shake and the answers have none

Source: three independent open implementations that agree, not the vendor's document: verify with the operator. Strings
are plain, not packed: 8-bit under the codings 0x0F and 0x44, UTF-16 under 0x48 and 0x11 (3GPP TS 23.038 clause 5).
"""

import struct
from dataclasses import dataclass, field
from enum import IntEnum

from gateway.errors import BadInput
from gateway.wire import gsm

HEADER = struct.Struct(">IIIII")
LENGTH_MAX = 1_024
STRING_MAX = 182
MSISDN_OCTETS = 21
"""Width of the field; its last octet is NUL."""
VERSION = 0x10
NO_CB = 0xFFFFFFFF
"""The receiver's CB while it has not chosen one."""


class Command(IntEnum):
    """What a PDU is."""

    BIND = 0x65
    UNBIND = 0x66
    BIND_RESP = 0x67
    UNBIND_RESP = 0x68
    BEGIN = 0x6F
    CONTINUE = 0x70
    END = 0x71
    ABORT = 0x72
    SWITCH = 0x74
    CHARGE_IND = 0x75
    CHARGE_IND_RESP = 0x76
    SHAKE = 0x83
    SHAKE_RESP = 0x84


class Operation(IntEnum):
    """What a string of a dialogue is for."""

    REQUEST = 1
    NOTIFY = 2
    RESPONSE = 3
    RELEASE = 4


class CodeScheme(IntEnum):
    """How the string is written, and how the centre encodes it for the phone."""

    GSM = 0x0F
    UCS2_WITH_LANGUAGE = 0x11
    OCTETS = 0x44
    UCS2 = 0x48


@dataclass(frozen=True, slots=True)
class Pdu:
    """One PDU; the body may hold a password or a PIN. `command` is an int, for there may be ones not known here."""

    command: int
    sender_cb: int = 0
    receiver_cb: int = 0
    status: int = 0
    body: bytes = field(default=b"", repr=False)

    def encode(self) -> bytes:
        """The octets."""
        length = HEADER.size + len(self.body)
        return HEADER.pack(length, self.command, self.status, self.sender_cb, self.receiver_cb) + self.body


@dataclass(frozen=True, slots=True)
class Talk:
    """The body of a begin, continue or end."""

    operation: int
    msisdn: str = field(repr=False)
    text: str = field(repr=False)
    service_code: str = ""
    version: int = VERSION

    def encode(self) -> bytes:
        """The octets; the coding is UCS-2 where GSM-7 or Latin-1 lacks a letter and the text has at most 91 letters.

        Raises:
            BadInput: The string has more than 182 octets.
        """
        scheme, octets = _octets(self.text)
        if len(octets) > STRING_MAX:
            raise BadInput(f"a USSD string has at most {STRING_MAX} octets, not {len(octets)}")
        head = struct.pack(">BB", self.version, self.operation)
        return head + c_octets(self.msisdn, MSISDN_OCTETS) + c_octets(self.service_code, 4) + bytes([scheme]) + octets


def pdus(buffer: bytearray) -> list[Pdu]:
    """Take whole PDUs off the front of `buffer`; what is left is the beginning of the next.

    Raises:
        BadInput: A length that cannot be; nothing after it can be found.
    """
    found, at = [], 0
    while len(buffer) - at >= HEADER.size:
        length, command, status, sender_cb, receiver_cb = HEADER.unpack_from(buffer, at)
        if not HEADER.size <= length <= LENGTH_MAX:
            raise BadInput(f"a PDU of {length} octets")
        if len(buffer) - at < length:
            break
        body = bytes(buffer[at + HEADER.size : at + length])
        found.append(Pdu(command, sender_cb, receiver_cb, status, body))
        at += length
    del buffer[:at]
    return found


def talk_of(body: bytes) -> Talk:
    """Read the body of a begin, continue or end.

    Raises:
        BadInput: It is cut short, too long, or its string is not in its coding.
    """
    if not 28 <= len(body) <= 28 + STRING_MAX:
        raise BadInput(f"a body of {len(body)} octets")
    version, operation = body[0], body[1]
    return Talk(operation, _text(body[2:23]), _string(body[27], body[28:]), _text(body[23:27]), version)


def bind_body(account: str, password: str, system_type: str = "") -> bytes:
    """The body of a bind.

    Raises:
        BadInput: Something is too long for its field.
    """
    return c_octets(account, 11) + c_octets(password, 9) + c_octets(system_type, 13) + struct.pack(">I", VERSION)


def c_octets(text: str, width: int) -> bytes:
    """A NUL-terminated string in a field of `width` octets.

    Raises:
        BadInput: It is too long or not ASCII.
    """
    if not text.isascii() or len(text) >= width or "\0" in text:
        raise BadInput(f"a field of {width} octets takes {width - 1} ASCII letters")
    return text.encode().ljust(width, b"\0")


def _text(octets: bytes) -> str:
    try:
        return octets.split(b"\0", 1)[0].decode("ascii")
    except UnicodeDecodeError as problem:
        raise BadInput("a field is not ASCII") from problem


def _octets(text: str) -> tuple[CodeScheme, bytes]:
    plain, wide = text.encode("latin-1", "replace"), text.encode("utf-16-be", "replace")
    if gsm.coding_of(text) is gsm.Coding.GSM and plain.decode("latin-1") == text:
        return CodeScheme.GSM, plain
    # The phone gets GSM-7 or UCS-2: an `ê` is in Latin-1 and not in GSM-7, a `€` in GSM-7 and not in Latin-1. Of a page
    # that is too long for UCS-2, better one with a `?` in it than none.
    return (CodeScheme.UCS2, wide) if len(wide) <= STRING_MAX else (CodeScheme.GSM, plain)


def _string(scheme: int, octets: bytes) -> str:
    try:
        match scheme:
            case CodeScheme.UCS2:
                text = octets.decode("utf-16-be")
            case CodeScheme.UCS2_WITH_LANGUAGE:
                # A language's two septets in two octets stand before the text.
                text = octets[2:].decode("utf-16-be")
            case CodeScheme.GSM | CodeScheme.OCTETS:
                text = octets.decode("latin-1")
            case _:
                raise BadInput(f"coding 0x{scheme:02X} is not known")
    except UnicodeDecodeError as problem:
        raise BadInput("the string is not in its coding") from problem
    return text.rstrip("\0")
