"""ISO 8583 as the terminal keeps and writes it: ASCII elements, a hex bitmap, a MAC over the exact bytes.

A codec of its own on purpose: the gateway reads the same messages with another implementation. Everything in the
terminal speaks the house's dialect of 1987; another dialect is written from it, see `shetab93`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from simulators.emv_card import mac8

MESSAGE_BYTES_MAX = 2048
MAC_BYTES = 8
MAC_FIELD, MAC_FIELD_HIGH = 64, 128
ICC_FIELD = 55
ICC_BYTES_MAX = 255


class IsoError(ValueError):
    """A message that has not the form of the dialect; says which data element."""


class Field(NamedTuple):
    """How a data element is written: digits of its length prefix (0: fixed), its size, and what it may hold."""

    prefix: int
    size: int
    pattern: str


DIGITS, LETTERS, TEXT = r"\d*", r"[0-9A-Za-z ]*", r"[ -~]*"

COMMON: Mapping[int, Field] = {
    2: Field(2, 19, DIGITS),
    3: Field(0, 6, DIGITS),
    4: Field(0, 12, DIGITS),
    7: Field(0, 10, DIGITS),
    11: Field(0, 6, DIGITS),
    14: Field(0, 4, DIGITS),
    23: Field(0, 3, DIGITS),
    24: Field(0, 3, DIGITS),
    32: Field(2, 11, DIGITS),
    37: Field(0, 12, LETTERS),
    38: Field(0, 6, LETTERS),
    41: Field(0, 8, TEXT),
    42: Field(0, 15, TEXT),
    48: Field(3, 999, TEXT),
    49: Field(0, 3, DIGITS),
    54: Field(3, 120, TEXT),
    60: Field(3, 999, TEXT),
    74: Field(0, 10, DIGITS),
    75: Field(0, 10, DIGITS),
    76: Field(0, 10, DIGITS),
    77: Field(0, 10, DIGITS),
    86: Field(0, 16, DIGITS),
    87: Field(0, 16, DIGITS),
    88: Field(0, 16, DIGITS),
    89: Field(0, 16, DIGITS),
    97: Field(0, 17, r"[CD]\d*"),
}
"""Text elements that both dialects write alike; DE55 (chip data) and the MAC stand apart."""

HOUSE87_FIELDS: Mapping[int, Field] = {
    **COMMON,
    12: Field(0, 6, DIGITS),
    13: Field(0, 4, DIGITS),
    22: Field(0, 3, DIGITS),
    25: Field(0, 2, DIGITS),
    39: Field(0, 2, r"[0-9A-Za-z]*"),
    70: Field(0, 3, DIGITS),
    90: Field(0, 42, DIGITS),
    95: Field(0, 42, DIGITS),
}

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
    23: "sequence number",
    24: "function",
    25: "condition",
    32: "acquirer",
    37: "RRN",
    38: "approval",
    39: "response",
    41: "terminal",
    42: "acceptor",
    48: "account reference",
    49: "currency",
    54: "amounts",
    55: "chip data",
    60: "batch",
    64: "MAC",
    70: "network code",
    74: "refunds",
    75: "refunds taken back",
    76: "purchases",
    77: "purchases taken back",
    86: "refunded",
    87: "refunded and taken back",
    88: "sold",
    89: "sold and taken back",
    90: "original data",
    95: "replacement amounts",
    97: "net",
}


@dataclass(frozen=True, slots=True)
class Message:
    """An MTI and its data elements; `icc` is DE55. The MAC is not among them: encode writes it, decode has checked it.

    `was_minor` is the amount of the original that a completion or a partial reversal is about; only 1993 tells it.
    """

    mti: str
    fields: Mapping[int, str]
    icc: bytes = b""
    was_minor: int = 0

    def __getitem__(self, number: int) -> str:
        """A data element's text, empty when it is absent."""
        return self.fields.get(number, "")

    def shown(self) -> str:
        """One line a data element, for the trace."""
        lines = [f"DE{number} {NAMES[number]}: {value}" for number, value in sorted(self.fields.items())]
        if self.icc:
            lines.append(f"DE55 {NAMES[55]}: {self.icc.hex().upper()}")
        return "\n".join(lines)

    @property
    def answer_mti(self) -> str:
        """The type of its answer: 0110 to 0100, 0430 to 0420 and to 0421."""
        return f"{self.mti[:2]}{int(self.mti[2]) + 1}0"


@dataclass(frozen=True, slots=True)
class Codec:
    """One dialect's bytes.

    Attributes:
        fields: Its text elements.
        hex_binary: DE55 and the MAC are upper-case hex digits, and a length counts digits; else they are bytes.
        high_mac: The MAC is DE128 where an element above 64 is there; else it is always DE64. It stands last anyway.
    """

    fields: Mapping[int, Field]
    hex_binary: bool = False
    high_mac: bool = False

    def encode(self, message: Message, key: bytes) -> bytes:
        """The message's bytes with its MAC under the terminal's key (16 bytes); without the length header.

        Raises:
            IsoError: A value that has not the form of its data element.
        """
        numbers = sorted({*message.fields, *([ICC_FIELD] if message.icc else [])})
        body = b"".join(self._write(message, number) for number in numbers)
        mac_field = MAC_FIELD_HIGH if self.high_mac and numbers and numbers[-1] > MAC_FIELD else MAC_FIELD
        covered = message.mti.encode("ascii") + _bitmap([*numbers, mac_field]) + body
        return covered + self._binary(mac8(key, covered))

    def decode(self, data: bytes, key: bytes) -> Message:
        """The message of these bytes (without the length header) after its MAC has been checked.

        Raises:
            IsoError: Wrong MAC, wrong form, bytes too few or too many.
        """
        mac_size = MAC_BYTES * (2 if self.hex_binary else 1)
        body = data[:-mac_size]
        if len(data) < 4 + 16 + mac_size or self._binary(mac8(key, body)) != data[-mac_size:]:
            raise IsoError("wrong MAC")
        mti = _ascii(body[:4], r"\d{4}", "MTI")
        numbers, at = _read_bitmap(body, high=self.high_mac)
        fields: dict[int, str] = {}
        icc = b""
        for number in numbers:
            raw, at = self._raw(body, number, at)
            if number == ICC_FIELD:
                icc = self._bytes(raw)
            else:
                fields[number] = _ascii(raw, self.fields[number].pattern, f"DE{number}")
        if at != len(body):
            raise IsoError(f"{len(body) - at} bytes left over")
        return Message(mti, fields, icc)

    def _raw(self, body: bytes, number: int, at: int) -> tuple[bytes, int]:
        icc_max = ICC_BYTES_MAX * (2 if self.hex_binary else 1)
        prefix, size_max = (3, icc_max) if number == ICC_FIELD else self._format(number)[:2]
        size = int(_ascii(body[at : at + prefix], rf"\d{{{prefix}}}", f"DE{number}")) if prefix else size_max
        if size > size_max:
            raise IsoError(f"DE{number}: {size} are too many")
        at += prefix
        raw = body[at : at + size]
        if len(raw) != size:
            raise IsoError(f"DE{number}: truncated")
        return raw, at + size

    def _write(self, message: Message, number: int) -> bytes:
        if number == ICC_FIELD:
            value = self._binary(message.icc)
            return f"{len(value):03d}".encode() + value
        prefix, size, pattern = self._format(number)
        text = message.fields[number]
        if not re.fullmatch(pattern, text, re.ASCII) or (len(text) > size if prefix else len(text) != size):
            raise IsoError(f"DE{number}: {len(text)} characters have not its form")
        length = f"{len(text):0{prefix}d}" if prefix else ""
        return (length + text).encode("ascii")

    def _format(self, number: int) -> Field:
        try:
            return self.fields[number]
        except KeyError:
            raise IsoError(f"DE{number} is not in the dialect") from None

    def _binary(self, raw: bytes) -> bytes:
        return raw.hex().upper().encode() if self.hex_binary else raw

    def _bytes(self, raw: bytes) -> bytes:
        return bytes.fromhex(_ascii(raw, r"([0-9A-F]{2})*", "DE55")) if self.hex_binary else raw


HOUSE87 = Codec(HOUSE87_FIELDS)
"""DE64 is always set and stands last, behind DE70 and DE90 too, so that the MAC covers every byte before it."""
encode = HOUSE87.encode
decode = HOUSE87.decode


def original_data(mti: str, stan: str, transmitted: str, acquirer: str) -> str:
    """DE90: MTI, STAN and DE7 of the original, its acquirer in 11 digits, 11 zeros; 42 digits."""
    return f"{mti}{stan}{transmitted}{acquirer:0>11}{'0' * 11}"


def _bitmap(numbers: list[int]) -> bytes:
    size = 128 if max(numbers) > 64 else 64
    bits = sum(1 << (size - number) for number in numbers) | (1 << 127 if size == 128 else 0)
    return f"{bits:0{size // 4}X}".encode()


def _read_bitmap(body: bytes, *, high: bool) -> tuple[list[int], int]:
    """The data elements before the MAC, in their order, and where the first one starts."""
    size = 128 if int(_ascii(body[4:20], r"[0-9A-Fa-f]{16}", "bitmap"), 16) >> 63 else 64
    end = 4 + size // 4
    bits = int(_ascii(body[4:end], rf"[0-9A-Fa-f]{{{size // 4}}}", "bitmap"), 16)
    numbers = [number for number in range(2, size + 1) if bits >> (size - number) & 1]
    mac_field = MAC_FIELD_HIGH if high and size == 128 else MAC_FIELD
    if mac_field not in numbers:
        raise IsoError(f"DE{mac_field} is absent")
    numbers.remove(mac_field)
    return numbers, end


def _ascii(raw: bytes, pattern: str, name: str) -> str:
    text = raw.decode("latin-1")
    if not re.fullmatch(pattern, text, re.ASCII):
        raise IsoError(f"{name}: has not its form")
    return text
