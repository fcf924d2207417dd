"""A hand-written list of published heads for the API's doors."""

from collections.abc import Sequence
from datetime import UTC, datetime

from wallet.heads import SignedHead

PUBLIC_KEY = bytes(range(32))


def head(block: int) -> SignedHead:
    at = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
    return SignedHead(block, block * 3, bytes([block % 256]) * 32, at, at, "0123456789abcdef", bytes(64))


class PublishedHeads:
    """The heads of blocks 1 to `count`; `fault` is what asking raises."""

    def __init__(self, count: int = 0) -> None:
        self.heads = [head(block) for block in range(1, count + 1)]
        self.fault: Exception | None = None

    async def latest(self, limit: int) -> Sequence[SignedHead]:
        if self.fault is not None:
            raise self.fault
        return self.heads[-limit:]

    async def public_key(self) -> bytes:
        if self.fault is not None:
            raise self.fault
        return PUBLIC_KEY
