"""What the terminals' door needs of services."""

from collections.abc import Sequence
from typing import Protocol

from gateway.wire.iso8583 import Message


class Answering(Protocol):
    """Answers one kind of messages; all are in the house's dialect. Satisfied by taps and by clearing."""

    async def answer(self, message: Message, terminal_id: str) -> bytes:
        """The body of the answer, in the house's dialect, with its MAC."""
        ...


class Terminals(Protocol):
    """Where terminals are found."""

    async def terminal(self, terminal_id: str) -> object | None:
        """The terminal with this id."""
        ...

    async def stopped(self, terminal_ids: Sequence[str]) -> frozenset[str]:
        """Which of these staff blocked or retired."""
        ...
