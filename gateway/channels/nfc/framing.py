"""Bodies behind two length bytes, read from a stream under timeouts."""

import asyncio
from enum import StrEnum

from gateway.wire.iso8583 import BODY_BYTES_MAX, LENGTH_BYTES

BODY_BYTES_MIN = 28
"""Message type, one bitmap, DE64."""
BODY_S = 10.0
"""How long a body may take once its length has come."""


class DropReason(StrEnum):
    """Why a connection was dropped without an answer."""

    BAD_LENGTH = "bad_length"
    SLOW = "slow"
    BAD_SIGN_ON = "bad_sign_on"
    BAD_MAC = "bad_mac"
    BAD_TYPE = "bad_type"
    TOO_MANY = "too_many_connections"


class Dropped(Exception):
    """The connection is to be dropped; the reason is for our counter only."""

    def __init__(self, reason: DropReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


async def read_body(reader: asyncio.StreamReader, silence: asyncio.Timeout) -> bytes | None:
    """The next body; None at the end of the stream, or when `silence` is over before its length has come.

    Raises:
        Dropped: A length that no message has, or a body that does not come.
    """
    try:
        async with silence:
            head = await reader.readexactly(LENGTH_BYTES)
    except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
        return None
    size = int.from_bytes(head)
    if not BODY_BYTES_MIN <= size <= BODY_BYTES_MAX:
        raise Dropped(DropReason.BAD_LENGTH)
    try:
        async with asyncio.timeout(BODY_S):
            return await reader.readexactly(size)
    except TimeoutError as problem:
        raise Dropped(DropReason.SLOW) from problem
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
