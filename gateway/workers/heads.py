"""Publishes the ledger's head when it has moved, and writes what was published to the file that is copied away."""

from datetime import timedelta
from typing import Protocol

from wallet.clock import Clock
from wallet.heads import SignedHead


class Publisher(Protocol):
    """Signs, stores and writes out heads. Satisfied by services.heads.Heads."""

    async def newest(self) -> SignedHead | None:
        """The newest published head."""
        ...

    async def publish(self) -> SignedHead | None:
        """Publish the head if it has moved."""
        ...

    async def write_out(self) -> int:
        """Bring the file up to the store; how many lines."""
        ...


class HeadsWorker:
    """Publishes at most every `publish_s` seconds, all processes together."""

    def __init__(self, heads: Publisher, clock: Clock, publish_s: int) -> None:
        self._heads = heads
        self._clock = clock
        self._every = timedelta(seconds=publish_s)

    async def tick(self) -> int:
        """Publish if it is time; how many heads were written to the file.

        Raises:
            LedgerCorrupt: The book no longer has what was published.
        """
        last = await self._heads.newest()
        # A head from the future, left by a clock that had jumped ahead, does not keep later ones back.
        if last is None or not timedelta() <= self._clock.now() - last.published_at < self._every:
            await self._heads.publish()
        return await self._heads.write_out()
