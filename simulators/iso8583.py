"""ISO 8583:1987 as the terminal speaks it: ASCII fields, a hex bitmap, a MAC over the exact bytes.

A codec of its own on purpose: the gateway reads the same messages with another implementation. DE64 is always set and
stands last, behind DE70 and DE90 too, so that the MAC covers every byte before it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from simulators.emv_card import mac8

MESSAGE_BYTES_MAX = 2048
MAC_BYTES = 8
MAC_FIELD = 64
LENGTH_BYTES = 2
ICC_BYTES_MAX = 255


class IsoError(ValueError):
    """A message that has not the form of the dialect; says which data element."""


class Field(NamedTuple):
    """How a data element is written: digits of its length prefix (0: fixed), its size, and what it may hold."""

    prefix: int
    size: int
    pattern: str


FIELDS: Mapping[int, Field] = {
    2: Field(2, 19, r"\d*"),
    3: Field(0, 6, r"\d*"),
    4: Field(0, 12, r"\d*"),
    7: Field(0, 10, r"\d*"),
    11: Field(0, 6, r"\d*"),
    12: Field(0, 6, r"\d*"),
    13: Field(0, 4, r"\d*"),
    14: Field(0, 4, r"\d*"),
    22: Field(0, 3, r"\d*"),
    25: Field(0, 2, r"\d*"),
    32: Field(2, 11, r"\d*"),
    37: Field(0, 12, r"[0-9A-Za-z ]*"),
    38: Field(0, 6, r"[0-9A-Za-z ]*"),
    39: Field(0, 2, r"[0-9A-Za-z]*"),
    41: Field(0, 8, r"[ -~]*"),
    42: Field(0, 15, r"[ -~]*"),
    49: Field(0, 3, r"\d*"),
    70: Field(0, 3, r"\d*"),
    90: Field(0, 42, r"\d*"),
}
"""The text elements; DE55 (LLLVAR, binary) and DE64 (8 bytes, binary) stand apart."""

NAMES: Mapping[int, str] = {
    2: "token PAN",
    3: "processing code",
    4: "amount",
    7: "transmission time",
    11: "STAN",
    12: "local time",
    13: "local date",
    14: "expiry",
    22: "entry mode",
    25: "condition",
    32: "acquirer",
    37: "RRN",
    38: "approval",
    39: "response",
    41: "terminal",
    42: "acceptor",
    49: "currency",
    55: "chip data",
    64: "MAC",
    70: "network code",
    90: "original data",
}


@dataclass(frozen=True, slots=True)
class Message:
    """An MTI and its data elements; `icc` is DE55. DE64 is not among them: encode writes it, decode has checked it."""

    mti: str
    fields: Mapping[int, str]
    icc: bytes = b""

    def __getitem__(self, number: int) -> str:
        """A data element's text, empty when it is absent."""
        return self.fields.get(number, "")

    def shown(self) -> str:
        """One line a data element, for the trace."""
        lines = [f"DE{number} {NAMES[number]}: {value}" for number, value in sorted(self.fields.items())]
        if self.icc:
            lines.append(f"DE55 {NAMES[55]}: {self.icc.hex().upper()}")
        return "\n".join(lines)


def encode(message: Message, key: bytes) -> bytes:
    """The message's bytes with its MAC under the terminal's key (16 bytes); without the length header.

    Raises:
        IsoError: A value that has not the form of its data element.
    """
    numbers = sorted({*message.fields, *([55] if message.icc else [])})
    body = b"".join(_write(message, number) for number in numbers)
    head = message.mti.encode("ascii") + _bitmap([*numbers, MAC_FIELD])
    covered = head + body
    return covered + mac8(key, covered)


def decode(data: bytes, key: bytes) -> Message:
    """The message of these bytes (without the length header) after its MAC has been checked.

    Raises:
        IsoError: Wrong MAC, wrong form, bytes too few or too many.
    """
    if len(data) < 4 + 16 + MAC_BYTES or mac8(key, data[:-MAC_BYTES]) != data[-MAC_BYTES:]:
        raise IsoError("DE64: wrong MAC")
    body = data[:-MAC_BYTES]
    mti = _ascii(body[:4], r"\d{4}", "MTI")
    numbers, at = _read_bitmap(body)
    fields: dict[int, str] = {}
    icc = b""
    for number in numbers:
        prefix, size_max = (3, ICC_BYTES_MAX) if number == 55 else _format(number)[:2]
        size = int(_ascii(body[at : at + prefix], rf"\d{{{prefix}}}", f"DE{number}")) if prefix else size_max
        if size > size_max:
            raise IsoError(f"DE{number}: {size} are too many")
        at += prefix
        raw, at = body[at : at + size], at + size
        if len(raw) != size:
            raise IsoError(f"DE{number}: truncated")
        if number == 55:
            icc = raw
        else:
            fields[number] = _ascii(raw, FIELDS[number].pattern, f"DE{number}")
    if at != len(body):
        raise IsoError(f"{len(body) - at} bytes left over")
    return Message(mti, fields, icc)


def frame(data: bytes) -> bytes:
    """The message behind its length header of two bytes, big-endian."""
    if len(data) > MESSAGE_BYTES_MAX:
        raise IsoError(f"{len(data)} bytes are too long")
    return len(data).to_bytes(LENGTH_BYTES, "big") + data


def original_data(mti: str, stan: str, transmitted: str, acquirer: str) -> str:
    """DE90: MTI, STAN and DE7 of the original, its acquirer in 11 digits, 11 zeros; 42 digits."""
    return f"{mti}{stan}{transmitted}{acquirer:0>11}{'0' * 11}"


def _write(message: Message, number: int) -> bytes:
    if number == 55:
        return f"{len(message.icc):03d}".encode() + message.icc
    prefix, size, pattern = _format(number)
    value = message.fields[number]
    if not re.fullmatch(pattern, value, re.ASCII) or (len(value) > size if prefix else len(value) != size):
        raise IsoError(f"DE{number}: {len(value)} characters have not its form")
    length = f"{len(value):0{prefix}d}" if prefix else ""
    return (length + value).encode("ascii")


def _format(number: int) -> Field:
    try:
        return FIELDS[number]
    except KeyError:
        raise IsoError(f"DE{number} is not in the dialect") from None


def _bitmap(numbers: list[int]) -> bytes:
    size = 128 if max(numbers) > 64 else 64
    bits = sum(1 << (size - number) for number in numbers) | (1 << 127 if size == 128 else 0)
    return f"{bits:0{size // 4}X}".encode()


def _read_bitmap(body: bytes) -> tuple[list[int], int]:
    """The data elements before DE64, in their order, and where the first one starts."""
    size = 128 if int(_ascii(body[4:20], r"[0-9A-Fa-f]{16}", "bitmap"), 16) >> 63 else 64
    end = 4 + size // 4
    bits = int(_ascii(body[4:end], rf"[0-9A-Fa-f]{{{size // 4}}}", "bitmap"), 16)
    numbers = [number for number in range(2, size + 1) if bits >> (size - number) & 1]
    if MAC_FIELD not in numbers:
        raise IsoError("DE64 is absent")
    numbers.remove(MAC_FIELD)
    return numbers, end


def _ascii(raw: bytes, pattern: str, name: str) -> str:
    text = raw.decode("latin-1")
    if not re.fullmatch(pattern, text, re.ASCII):
        raise IsoError(f"{name}: has not its form")
    return text
