"""Brings the bank's files home. A bank that is away is no failure of ours: its door says so itself."""

from typing import Protocol

from gateway.errors import PeerUnavailable


class Inbox(Protocol):
    """Where files go. Satisfied by services.banking.Banking."""

    async def fetch(self) -> int:
        """Keep and take what waits at the bank; how many files."""
        ...


class BankFiles:
    """One tick, one look."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def tick(self) -> int:
        """Take files home; how many, 0 while the bank is away, so that the loop rests."""
        try:
            return await self._inbox.fetch()
        except (PeerUnavailable, TimeoutError):
            return 0
