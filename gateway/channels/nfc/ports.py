"""What the terminals' door needs of services."""

from typing import Protocol

from gateway.services.taps import Verdict
from gateway.wire.iso8583 import Message


class Taps(Protocol):
    """Answers purchases, completions and reversals."""

    async def answer(self, message: Message, terminal_id: str) -> bytes:
        """The body of the answer."""
        ...

    async def plain_answer(self, message: Message, terminal_id: str, verdict: Verdict) -> bytes:
        """The body of an answer to a message without effect."""
        ...


class Batches(Protocol):
    """Answers what terminals say of their batches."""

    async def answer(self, message: Message, terminal_id: str) -> bytes:
        """The body of the answer."""
        ...


class Terminals(Protocol):
    """Where terminals are found."""

    async def terminal(self, terminal_id: str) -> object | None:
        """The terminal with this id."""
        ...
