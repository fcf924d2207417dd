"""What this service needs of others, said as small Protocols; app.py joins them."""

from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection

from wallet.transfers import PostResult, Transfer


class Ledger(Protocol):
    """The part of the wallet's ledger that taps move money with."""

    async def post(self, *transfers: Transfer) -> list[PostResult]:
        """Post transfers."""
        ...


class TokenInfo(Protocol):
    """A token, as far as a tap needs one."""

    @property
    def id(self) -> str:
        """`tok_…`."""
        ...

    @property
    def person_id(self) -> str:
        """Whose wallet pays."""
        ...

    @property
    def psn(self) -> str:
        """PAN sequence number."""
        ...

    @property
    def expiry(self) -> str:
        """YYMM."""
        ...


class TokenVault(Protocol):
    """Where tokens are found and used up."""

    async def find_by_pan(self, pan: str) -> TokenInfo | None:
        """The token with this PAN."""
        ...

    def use(
        self,
        tx: Connection,
        token_id: str,
        luk_id: bytes,
        atc: int,
        now: datetime,
        *,
        amount_minor: int,
        channel: str,
        ac: bytes = b"",
    ) -> str:
        """Move the counter of a tap whose cryptogram `ac` was good; a value of UseOutcome, `ok` to go on.

        `channel` is `tap`, `transit` or `offline`.
        """
        ...

    async def count_bad_cryptogram(self, token_id: str) -> None:
        """Count a cryptogram that did not verify."""
        ...


class TerminalInfo(Protocol):
    """A registered terminal."""

    @property
    def merchant_id(self) -> str:
        """`mer_…`."""
        ...

    @property
    def merchant_number(self) -> str:
        """DE42."""
        ...


class Terminals(Protocol):
    """Where terminals are found."""

    async def terminal(self, terminal_id: str) -> TerminalInfo | None:
        """The terminal with this id."""
        ...
