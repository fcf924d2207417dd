"""What this service needs of others, said as small Protocols; app.py joins them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection

from gateway.keys import KeyStore
from gateway.observe import Metrics
from gateway.services.taps.deciding import Decider
from gateway.settings import Settings
from gateway.store import Store
from wallet.accounts import Chart
from wallet.clock import Clock
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
    def par(self) -> str:
        """Payment account reference."""
        ...

    @property
    def cvn(self) -> str:
        """The profile of its cryptograms, a value of Cvn."""
        ...

    @property
    def psn(self) -> str:
        """PAN sequence number."""
        ...

    @property
    def expiry(self) -> str:
        """YYMM."""
        ...


@dataclass(frozen=True, slots=True)
class TokenUse:
    """A tap whose cryptogram `ac` was good. `channel` is `tap`, `transit` or `offline`."""

    token_id: str
    luk_id: bytes
    atc: int
    amount_minor: int
    channel: str
    at: datetime
    ac: bytes = field(repr=False)


class TokenVault(Protocol):
    """Where tokens are found and used up."""

    async def find_by_pan(self, pan: str) -> TokenInfo | None:
        """The token with this PAN."""
        ...

    async def token(self, token_id: str) -> TokenInfo | None:
        """The token with this id."""
        ...

    def use_all(self, tx: Connection, taps: Sequence[TokenUse]) -> Sequence[str]:
        """Move the counters of taps whose cryptograms were good, in this order; values of UseOutcome, `ok` to go on."""
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

    @property
    def category(self) -> str:
        """Merchant category, four digits."""
        ...

    @property
    def city(self) -> str:
        """Where it stands."""
        ...


class Terminals(Protocol):
    """Where terminals are found."""

    async def terminal(self, terminal_id: str) -> TerminalInfo | None:
        """The terminal with this id."""
        ...


class Counters(Protocol):
    """Where the taps of an account are counted against its holder's limits."""

    def give_back(
        self, tx: Connection, par: str, token_id: str, made_at: datetime, amount_minor: int, *, whole: bool
    ) -> None:
        """Take a tap, or a part of one, out of what was counted."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What the service is joined with."""

    store: Store
    ledger: Ledger
    chart: Chart
    keys: KeyStore
    tokens: TokenVault
    terminals: Terminals
    clock: Clock
    settings: Settings
    metrics: Metrics
    decider: Decider
