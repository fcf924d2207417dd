"""Where a message begins and ends in the stream: the ways peers write its length, read under timeouts."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from gateway.wire.iso8583 import BODY_BYTES_MAX

BODY_S = 10.0
"""How long a body may take once its length has come."""
HEADER_BYTES_MAX = 64
_TPDU_BYTES = 5
_SESSION_CONTROL = 2


class DropReason(StrEnum):
    """Why a connection was dropped without an answer."""

    BAD_LENGTH = "bad_length"
    SLOW = "slow"
    """A body that does not come, or answers that are not read."""
    BAD_SIGN_ON = "bad_sign_on"
    BAD_MAC = "bad_mac"
    BAD_TYPE = "bad_type"
    TOO_MANY = "too_many_connections"
    NOT_ALLOWED = "not_allowed"
    """It comes from an address that the listener does not know."""
    BLOCKED = "blocked"
    """Staff blocked or retired the terminal."""
    NO_KEYS = "no_keys"
    """The keys are away, so that nothing can be checked or answered; it asks again on its next line."""
    HALF_OPEN = "half_open"
    """It did not answer our echo."""


class Dropped(Exception):
    """The connection is to be dropped; the reason is for our counter only."""

    def __init__(self, reason: DropReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Silent(Exception):
    """Nothing came for as long as it was waited for."""


class LengthKind(StrEnum):
    """How the length before a message is written."""

    BINARY2 = "binary2"
    """Two bytes, the higher first."""
    BINARY4 = "binary4"
    ASCII4 = "ascii4"
    """Four digits."""
    BCD2 = "bcd2"
    """Four digits in two bytes."""
    VMLH = "vmlh"
    """Four bytes: length as in `binary2`, a reserved byte, and one whose first digit is 2 for session control: such a
    message is sent back as it came and means nothing else."""

    @property
    def size(self) -> int:
        """Bytes of the length."""
        return 2 if self in {LengthKind.BINARY2, LengthKind.BCD2} else 4


@dataclass(frozen=True, slots=True)
class Framing:
    """How one listener's messages are framed.

    Attributes:
        length: How the length is written.
        inclusive: Whether it counts its own bytes too.
        header_bytes: Bytes between length and body, such as a TPDU; counted, not read, and sent back with the answer.
        tpdu: The header is a TPDU of five bytes whose two addresses change places in the answer.
    """

    length: LengthKind = LengthKind.BINARY2
    inclusive: bool = False
    header_bytes: int = 0
    tpdu: bool = False

    def __post_init__(self) -> None:
        """A TPDU has its size.

        Raises:
            ValueError: It has another, or the header is too long.
        """
        if not 0 <= self.header_bytes <= HEADER_BYTES_MAX or (self.tpdu and self.header_bytes != _TPDU_BYTES):
            raise ValueError(f"a header has at most {HEADER_BYTES_MAX} bytes, a TPDU {_TPDU_BYTES}")

    def frame(self, body: bytes, header: bytes = b"") -> bytes:
        """The body behind its length; `header` is that of the message which it answers, b"" for zeros."""
        assert len(body) <= BODY_BYTES_MAX, "a message of ours is short"
        header = header or bytes(self.header_bytes)
        if self.tpdu:
            header = header[:1] + header[3:5] + header[1:3]
        return self._written(len(header) + len(body)) + header + body

    def size_of(self, head: bytes) -> int:
        """How many bytes follow the length; -1 for no length."""
        match self.length:
            case LengthKind.BINARY2 | LengthKind.BINARY4:
                size = int.from_bytes(head)
            case LengthKind.VMLH:
                size = int.from_bytes(head[:2])
            case LengthKind.ASCII4:
                size = int(head) if head.isdigit() else -1
            case LengthKind.BCD2:
                size = int(head.hex()) if head.hex().isdecimal() else -1
            case unreachable:
                assert_never(unreachable)
        return size - self.length.size if self.inclusive and size >= 0 else size

    def is_control(self, head: bytes) -> bool:
        """Whether the message behind this length keeps the session alive and says nothing else."""
        return self.length is LengthKind.VMLH and head[3] >> 4 == _SESSION_CONTROL

    def _written(self, size: int) -> bytes:
        size += self.length.size if self.inclusive else 0
        match self.length:
            case LengthKind.BINARY2:
                return size.to_bytes(2)
            case LengthKind.BINARY4:
                return size.to_bytes(4)
            case LengthKind.VMLH:
                return size.to_bytes(2) + bytes(2)
            case LengthKind.ASCII4:
                return f"{size:04d}".encode()
            case LengthKind.BCD2:
                return bytes.fromhex(f"{size:04d}")


@dataclass(frozen=True, slots=True)
class Frame:
    """What came: a message's body and what stood before it; or, of session control, the bytes to `send_back`."""

    body: bytes
    header: bytes = b""
    send_back: bytes = b""


async def read_frame(
    reader: asyncio.StreamReader, framing: Framing, silence: asyncio.Timeout, body_bytes_min: int
) -> Frame | None:
    """The next message; None at the end of the stream.

    Raises:
        Silent: `silence` was over before a length had come.
        Dropped: A length that no message has, or a body that does not come.
    """
    try:
        async with silence:
            head = await reader.readexactly(framing.length.size)
    except TimeoutError as problem:
        raise Silent from problem
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    size, control = framing.size_of(head), framing.is_control(head)
    least = 0 if control else framing.header_bytes + body_bytes_min
    if not least <= size <= framing.header_bytes + BODY_BYTES_MAX:
        raise Dropped(DropReason.BAD_LENGTH)
    try:
        async with asyncio.timeout(BODY_S):
            data = await reader.readexactly(size)
    except TimeoutError as problem:
        raise Dropped(DropReason.SLOW) from problem
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    if control:
        return Frame(b"", send_back=head + data)
    return Frame(data[framing.header_bytes :], data[: framing.header_bytes])
