"""What a terminal may speak to its acquirer, and how a message is set off on the stream."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

from simulators.till import iso8583, shetab93
from simulators.till.iso8583 import MESSAGE_BYTES_MAX, IsoError, Message


class Dialect(Protocol):
    """Writes and reads messages of the house."""

    def encode(self, message: Message, key: bytes) -> bytes:
        """The bytes, MAC and all."""
        ...

    def decode(self, data: bytes, key: bytes) -> Message:
        """The message, its MAC checked."""
        ...


class House87:
    """The house's own words."""

    def encode(self, message: Message, key: bytes) -> bytes:
        """The bytes, MAC and all."""
        return iso8583.encode(message, key)

    def decode(self, data: bytes, key: bytes) -> Message:
        """The message, its MAC checked."""
        return iso8583.decode(data, key)


class Shetab93:
    """Those of 1993."""

    def encode(self, message: Message, key: bytes) -> bytes:
        """The bytes, MAC and all."""
        return shetab93.encode(message, key, datetime.now(UTC).date())

    def decode(self, data: bytes, key: bytes) -> Message:
        """The message, its MAC checked."""
        return shetab93.decode(data, key)


DIALECTS: Mapping[str, Dialect] = {"house87": House87(), "shetab93": Shetab93()}


class Framing(StrEnum):
    """The length before each message; it counts the message alone."""

    BINARY2 = "binary2"
    """Two bytes, big-endian."""
    ASCII4 = "ascii4"
    """Four digits."""

    def frame(self, data: bytes) -> bytes:
        """The message behind its length.

        Raises:
            IsoError: It is too long.
        """
        if len(data) > MESSAGE_BYTES_MAX:
            raise IsoError(f"{len(data)} bytes are too long")
        return (len(data).to_bytes(2) if self is Framing.BINARY2 else f"{len(data):04d}".encode()) + data

    async def size(self, reader: asyncio.StreamReader) -> int:
        """The length of the message that comes next.

        Raises:
            IsoError: No length, or one that is too long.
            EOFError: The other side hung up.
        """
        raw = await reader.readexactly(2 if self is Framing.BINARY2 else 4)
        if self is Framing.ASCII4 and not raw.isdigit():
            raise IsoError("the length is no number")
        size = int.from_bytes(raw) if self is Framing.BINARY2 else int(raw)
        if size > MESSAGE_BYTES_MAX:
            raise IsoError(f"a message of {size} bytes")
        return size
