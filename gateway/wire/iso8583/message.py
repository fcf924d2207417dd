"""A message as values, what is wrong with one, and what its type says."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gateway.errors import BadInput

ACQUIRER = "581420"
"""DE32 of every message of the house; also where merchant numbers (DE42) begin."""
LENGTH_BYTES = 2
BODY_BYTES_MAX = 2048
MAC_BYTES = 8
_MASKED = frozenset({2, 14, 34, 35, 36, 45, 48, 52, 55, 102, 103})


@dataclass(frozen=True, slots=True)
class Message:
    """One message: text fields as str, binary ones as bytes. The repr shows no card data."""

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


def answer_mti(mti: str) -> str:
    """The type of the answer: 0110 to 0100 and to 0101, 0430 to 0420 and to 0421, 1814 to 1804."""
    # The last digit says who sent it first, and, odd, that it is a repeat: the answer answers the first.
    return f"{mti[:2]}{int(mti[2]) + 1}{int(mti[3]) & ~1}"


def is_request(mti: str) -> bool:
    """Whether a message of this type wants an answer (ISO 8583: the third digit is even, and no acknowledgement's)."""
    return len(mti) == 4 and mti.isdecimal() and int(mti[2]) % 2 == 0 and mti[2] != "8"


def frame(body: bytes) -> bytes:
    """The body behind its two length bytes, as the house's own framing has it."""
    assert len(body) <= BODY_BYTES_MAX, "a message of ours is short"
    return len(body).to_bytes(LENGTH_BYTES) + body
