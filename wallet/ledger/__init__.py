"""The ledger: pure rules, one writer that groups commits, its schema, its only SQL, the chain and the check."""

from wallet.ledger.front import Block, Finding, Head, Ledger, Verified
from wallet.ledger.lookups import Moved, Reference, Span

__all__ = ["Block", "Finding", "Head", "Ledger", "Moved", "Reference", "Span", "Verified"]
