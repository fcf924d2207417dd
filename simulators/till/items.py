"""What stands in a terminal's batch, and what it adds up to."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from simulators.till.iso8583 import Message


class ItemKind(StrEnum):
    """What was done."""

    PURCHASE = "purchase"
    REFUND = "refund"


class ItemState(StrEnum):
    """Whether it counts."""

    TAKEN = "taken"
    UNDONE = "undone"
    """Voided, or taken back."""
    REFUSED = "refused"
    """Approved here without a line, and the acquirer would not have it: the merchant's loss."""


@dataclass(frozen=True, slots=True)
class Item:
    """One purchase or refund.

    Attributes:
        original: The message that began it, without chip data; its DE2 is what a refund names.
        amount_minor: What it counts for; less than the original's DE4 after a partial approval or reversal.
        approval: DE38, '' as long as there is none.
        offline: Approved here, below the floor limit.
    """

    original: Message
    kind: ItemKind
    amount_minor: int
    approval: str = ""
    offline: bool = False
    state: ItemState = ItemState.TAKEN

    @property
    def stan(self) -> str:
        """The trace number of the original, by which it is known."""
        return self.original[11]

    @property
    def counts(self) -> bool:
        """Whether it is in the totals."""
        return self.state is ItemState.TAKEN

    def changed(self, **to: object) -> "Item":
        """With other values."""
        return replace(self, **to)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Totals:
    """A batch in numbers: purchases (debits) and refunds (credits), and what of each was taken back."""

    debits: int = 0
    debits_minor: int = 0
    credits: int = 0
    credits_minor: int = 0

    @property
    def net(self) -> str:
        """DE97: the sign and sixteen digits of what the merchant gets (D) or owes (C)."""
        minor = self.debits_minor - self.credits_minor
        return f"{'C' if minor < 0 else 'D'}{abs(minor):016d}"

    @classmethod
    def of(cls, items: Iterable[Item]) -> "Totals":
        """The sums of the items that count."""
        counted = [item for item in items if item.counts]
        debits = [item.amount_minor for item in counted if item.kind is ItemKind.PURCHASE]
        refunds = [item.amount_minor for item in counted if item.kind is ItemKind.REFUND]
        return cls(len(debits), sum(debits), len(refunds), sum(refunds))
