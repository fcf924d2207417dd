"""How a service moves money: one Protocol for all that open accounts and post; more than that each says itself."""

from typing import Protocol

from wallet.accounts import Account
from wallet.transfers import PostResult, Transfer


class Ledger(Protocol):
    """The part of the wallet's ledger that moves money; satisfied by app's CountedLedger."""

    async def open_accounts(self, *accounts: Account) -> None:
        """Open accounts; harmless when they are open."""
        ...

    async def post(self, *transfers: Transfer) -> list[PostResult]:
        """Post transfers."""
        ...
