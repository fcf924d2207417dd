"""Faults of the wallet. A refusal is never here: it is a member of wallet.transfers.Outcome.

WalletFault
├── LedgerUnavailable   the database cannot be reached or answers too late; nothing is known to have moved
├── LedgerBusy          the writer's queue is full; nothing was taken
└── LedgerCorrupt       schema, guards or rows are not what they must be; stop and call somebody
"""

from typing import ClassVar


class WalletFault(Exception):
    """Base of all faults here; the text is safe to log."""

    retryable: ClassVar[bool] = False


class LedgerUnavailable(WalletFault):
    """The ledger's database cannot be reached; asking again with the same ids is harmless."""

    retryable = True


class LedgerBusy(WalletFault):
    """More transfers wait than the writer takes; asking again with the same ids is harmless."""

    retryable = True


class LedgerCorrupt(WalletFault):
    """The schema is not current, a trigger is missing, or the database refused a row that the rules allowed."""
