"""What this service needs of others, said as small Protocols; app.py joins them."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from gateway.services.payouts.model import Due


class Verdict(StrEnum):
    """How an item of a source ended."""

    PAID = "paid"
    NOT_PAID = "not_paid"
    """It may be offered to another batch."""
    RETURNED = "returned"
    """It was paid and came back; the returns desk has it."""


class Source(Protocol):
    """Where decided claims come from: benefits, provider fees, later merchants. Every verb is harmless twice."""

    async def due(self, *, after: str, limit: int) -> Sequence[Due]:
        """What is decided and in no batch, in order of `source_id`, from after that one."""
        ...

    async def taken(self, source_ids: Sequence[str], batch_id: str) -> Sequence[str]:
        """Reserve for a batch; those that were free or are this batch's already."""
        ...

    async def left(self, source_ids: Sequence[str], batch_id: str) -> None:
        """The batch gives them up: they are due again."""
        ...

    async def ended(self, source_id: str, verdict: Verdict, item_id: str, at: datetime) -> None:
        """What came of it."""
        ...
