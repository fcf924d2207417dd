"""ISO 8583:1987 as the house speaks it: pyiso8583 behind one door, with what it lacks.

A body is ASCII MTI, bitmap of 16 or 32 hex digits, ASCII fields, DE52 and DE55 binary, and always DE64 (8 bytes,
AES-CMAC) as its last bytes, behind DE90 too; on the wire it follows its length as two bytes, big-endian. Added here:
content checked by type, canonical lengths and bitmaps, DE65 and DE128 refused, 2 KiB at most, the exact bytes that the
MAC covers.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import iso8583
from iso8583.specs import default_ascii

from gateway.errors import BadInput

ACQUIRER = "581420"
"""DE32 of every message of the house; also where merchant numbers (DE42) begin."""
LENGTH_BYTES = 2
BODY_BYTES_MAX = 2048
MAC_BYTES = 8
_BODY_BYTES_MIN = 4 + 16 + MAC_BYTES
_MASKED = frozenset({2, 14, 34, 35, 36, 45, 52, 55})
_REFUSED = frozenset({65, 128})
_BINARY = frozenset({52, 55})

_MONTH, _DAY, _HOUR, _SIXTY = r"(0[1-9]|1[0-2])", r"(0[1-9]|[12]\d|3[01])", r"([01]\d|2[0-3])", r"[0-5]\d"
_TIME = _HOUR + _SIXTY + _SIXTY
_PRINTABLE = r"[ -~]+"
_PATTERNS: dict[int, str] = {
    **dict.fromkeys((2, 3, 4, 5, 6, 8, 9, 10, 11, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27), r"\d+"),
    **dict.fromkeys((32, 33, 40, 49, 50, 51, 53, 66, 67, 68, 69, 70, 71, 72, *range(74, 91)), r"\d+"),
    7: _MONTH + _DAY + _TIME,
    12: _TIME,
    13: _MONTH + _DAY,
    14: r"\d\d" + _MONTH,
    15: _MONTH + _DAY,
    16: _MONTH + _DAY,
    17: _MONTH + _DAY,
    35: r"\d{1,19}[=D]\d+",
    37: r"[A-Za-z0-9 ]+",
    38: r"[A-Za-z0-9 ]+",
    39: r"[A-Za-z0-9]{2}",
    73: r"\d\d" + _MONTH + _DAY,
    90: r"\d{42}",
}
_CONTENT: dict[int, re.Pattern[str]] = {
    number: re.compile(_PATTERNS.get(number, _PRINTABLE), re.ASCII) for number in range(2, 128)
}
_MTI = re.compile(r"0[1-8]\d\d", re.ASCII)
_BITMAP = re.compile(rb"[0-9A-Fa-f]{16}")


def _spec() -> Mapping[str, Mapping[str, Any]]:
    spec: dict[str, Mapping[str, Any]] = {name: dict(line) for name, line in default_ascii.items()}
    spec["52"] = {**spec["52"], "data_enc": "b", "max_len": 8}
    spec["55"] = {**spec["55"], "data_enc": "b", "len_count": "bytes", "max_len": 999}
    return MappingProxyType(spec)


_SPEC = _spec()


@dataclass(frozen=True, slots=True)
class Message:
    """One message: text fields as str, DE52, DE55 and DE64 as bytes. The repr shows no card data."""

    mti: str
    fields: Mapping[int, str | bytes]

    def text(self, number: int) -> str:
        """A text field; '' when it is absent."""
        value = self.fields.get(number, "")
        assert isinstance(value, str), f"DE{number} is binary"
        return value

    def binary(self, number: int) -> bytes:
        """A binary field; empty when it is absent."""
        value = self.fields.get(number, b"")
        assert isinstance(value, bytes), f"DE{number} is text"
        return value

    def __repr__(self) -> str:
        """The fields in order, with account numbers, PIN blocks and chip data masked."""
        shown = (f"{number}={'***' if number in _MASKED else self.fields[number]!r}" for number in sorted(self.fields))
        return f"Message({self.mti}, {' '.join(shown)})"


class BadMessage(BadInput):
    """A body that is not a message. Its text names the field, never its content.

    Attributes:
        mti: The message type if it could be read, else ''.
        fields: The fields before the bad one, each checked.
    """

    def __init__(self, text: str, mti: str = "", fields: Mapping[int, str | bytes] = MappingProxyType({})) -> None:
        super().__init__(text)
        self.mti = mti
        self.fields = fields


def frame(body: bytes) -> bytes:
    """The body behind its two length bytes."""
    assert len(body) <= BODY_BYTES_MAX, "a message of ours is short"
    return len(body).to_bytes(LENGTH_BYTES) + body


def split_mac(body: bytes) -> tuple[bytes, bytes]:
    """The bytes that the MAC covers, and DE64; says nothing about what is in them.

    Raises:
        BadMessage: Too short or too long to be a message.
    """
    if not _BODY_BYTES_MIN <= len(body) <= BODY_BYTES_MAX:
        raise BadMessage(f"a body of {len(body)} bytes")
    return bytes(body[:-MAC_BYTES]), bytes(body[-MAC_BYTES:])


def decode(body: bytes) -> Message:
    """Read a body without its length bytes; DE64 is in the fields, unchecked.

    Raises:
        BadMessage: Anything that is not canonical, or of another type than its field's.
    """
    span, mac = split_mac(body)
    mti = span[:4].decode("ascii", "replace")
    if not _MTI.fullmatch(mti):
        raise BadMessage("the message type is not one of ISO 8583:1987")
    # DE64 is last on our wire, also behind DE90; pyiso8583 would look for it in the order of numbers.
    bare = mti.encode() + _bitmaps_without_64(span, mti)
    try:
        texts, raw = iso8583.decode(bare + span[len(bare) :], _SPEC)
    except iso8583.DecodeError as problem:
        known = _checked(problem.doc_dec, problem.doc_enc, mti, stop=problem.field)
        raise BadMessage(f"DE{problem.field}: {problem.msg}", mti, known) from None
    return Message(mti, MappingProxyType({**_checked(texts, raw, mti), 64: mac}))


def encode_span(message: Message) -> bytes:
    """Everything before DE64, with its bit set: what the MAC covers.

    Raises:
        BadMessage: Content of another type or length than its field's, a refused field, or too long a body.
    """
    mti = message.mti
    if not _MTI.fullmatch(mti):
        raise BadMessage("the message type is not one of ISO 8583:1987")
    if refused := sorted(number for number in message.fields if not 2 <= number <= 127 or number in _REFUSED):
        raise BadMessage(f"DE{refused[0]} is refused", mti)
    texts = {"t": mti}
    for number, value in message.fields.items():
        if number != 64:
            texts[str(number)] = value.hex().upper() if isinstance(value, bytes) else value
    try:
        encoded, raw = iso8583.encode(texts, _SPEC)
    except iso8583.EncodeError as problem:
        raise BadMessage(f"DE{problem.field}: {problem.msg}", mti) from None
    _checked(texts, raw, mti)
    if len(encoded) + MAC_BYTES > BODY_BYTES_MAX:
        raise BadMessage(f"a body of {len(encoded) + MAC_BYTES} bytes", mti)
    primary = int(encoded[4:20], 16) | 1
    return bytes(encoded[:4]) + f"{primary:016X}".encode() + bytes(encoded[20:])


def encode(message: Message) -> bytes:
    """The body of a message that has its DE64.

    Raises:
        BadMessage: As `encode_span`, or DE64 is not 8 bytes.
    """
    mac = message.fields.get(64)
    if not isinstance(mac, bytes) or len(mac) != MAC_BYTES:
        raise BadMessage("DE64 is not 8 bytes", message.mti)
    return encode_span(message) + mac


def _bitmaps_without_64(span: bytes, mti: str) -> bytes:
    """The one or two bitmaps in upper case with bit 64 cleared."""
    first = span[4:20]
    if not _BITMAP.fullmatch(first):
        raise BadMessage("the bitmap is not 16 hex digits", mti)
    primary = int(first, 16)
    if not primary & 1:
        raise BadMessage("DE64 is missing", mti)
    if not primary >> 63:
        return f"{primary & ~1:016X}".encode()
    second = span[20:36]
    if not _BITMAP.fullmatch(second):
        raise BadMessage("the second bitmap is not 16 hex digits", mti)
    secondary = int(second, 16)
    if secondary >> 63 or secondary & 1:
        raise BadMessage("DE65 and DE128 are refused", mti)
    if not secondary:
        raise BadMessage("the second bitmap is empty", mti)
    return f"{primary & ~1:016X}{secondary:016X}".encode()


def _checked(
    texts: Mapping[str, str], raw: Mapping[str, Mapping[str, bytes]], mti: str, *, stop: str = ""
) -> dict[int, str | bytes]:
    """The fields with their types; DE `stop` is the one at which pyiso8583 gave up."""
    fields: dict[int, str | bytes] = {}
    for name, text in texts.items():
        if name == stop or not name.isdecimal() or name == "1":
            continue
        number, data = int(name), raw[name]["data"]
        width = _SPEC[name]["len_type"]
        if not data:
            raise BadMessage(f"DE{name} is empty", mti, fields)
        if width and raw[name]["len"] != f"{len(data):0{width}d}".encode():
            raise BadMessage(f"DE{name}: its length is not {width} digits", mti, fields)
        if number not in _BINARY and not _CONTENT[number].fullmatch(text):
            raise BadMessage(f"DE{name}: its content has another type", mti, fields)
        fields[number] = data if number in _BINARY else text
    return fields
