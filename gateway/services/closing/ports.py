"""What this service needs of others, said as small Protocols; gateway/app joins them."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Protocol

from gateway.services.banking import BankLeaf, DayStatement
from gateway.services.signing import Document, Proof
from wallet.accounts import Account
from wallet.heads import SignedHead
from wallet.ids import AccountId
from wallet.ledger import Block, Head, Verified
from wallet.periods import Period, PeriodClose, PeriodOutcome
from wallet.transfers import Balances, LogRow, Movement, RoleSum


class Sealed(Protocol):
    """How far days are closed, for whoever must leave them alone. Satisfied by Closing."""

    async def closed_through(self) -> date | None:
        """The last day that is signed or being closed; None before the first."""
        ...


class SealSource(Protocol):
    """A service whose rows of a day are sealed with it.

    A name is `table:key`, once in a source, at most 200 printable characters; a leaf is the SHA-256 of the row's
    canonical content. The same day and moment give the same names and leaves for ever, unless somebody has changed a
    row behind our back. A leaf of 32 zero octets is of a row that contradicts others: nothing is sealed with it.
    """

    def seal(self, through: date, at: datetime) -> AsyncIterator[tuple[str, bytes]]:
        """The rows of a business day as they stood at a moment, in any order."""
        ...


class BankBooks(Protocol):
    """What the bank has said. Satisfied by banking.BankDays."""

    async def accounts(self) -> Sequence[str]:
        """The trust accounts."""
        ...

    async def closings(self, day: date) -> Sequence[DayStatement]:
        """Closing statements that cover a day."""
        ...

    async def latest(self, through: date) -> Sequence[DayStatement]:
        """The last one of each account with a closing balance."""
        ...

    async def reading(self, day: date) -> Sequence[str]:
        """Names of statements that are still read."""
        ...

    async def settled(self, first: date, through: date, since: datetime) -> Sequence[str]:
        """Ids of statements of these days, and of earlier ones that came after a moment."""
        ...

    def leaves(self, ids: Collection[str]) -> AsyncIterator[Sequence[BankLeaf]]:
        """Every row of these statements."""
        ...

    async def misjudged(self, statement_id: str) -> bool:
        """Whether a statement's findings are not those that follow from its neighbours."""
        ...


@dataclass(frozen=True, slots=True)
class FlowRun:
    """The last run of a flow that was finished; `through` None where there is none.

    `banked` says that the flow reads the bank's statements.
    """

    flow: str
    through: date | None
    started_at: datetime | None
    finished_at: datetime | None
    banked: bool = False


class FlowRuns(Protocol):
    """What was reconciled."""

    async def runs(self) -> Sequence[FlowRun]:
        """One for each flow that there is."""
        ...


@dataclass(frozen=True, slots=True)
class BreakCount:
    """How many breaks of one state stand; `minor` is the sum of what they are about, whatever its sign."""

    explained: bool
    asset: str
    count: int
    minor: int


@dataclass(frozen=True, slots=True)
class UnsignedBreak:
    """An open break that nobody has signed for."""

    id: str
    minor: int
    asset: str


class OpenBreaks(Protocol):
    """What does not agree and is not resolved."""

    async def unsigned(self, through: date, *, limit: int) -> Sequence[UnsignedBreak]:
        """Breaks of a day or before that are neither explained nor have an owner and a day that is not over."""
        ...

    async def counts(self) -> Sequence[BreakCount]:
        """All that stand."""
        ...


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something of which nobody knows how it ended."""

    id: str
    minor: int
    since: datetime


class Doubts(Protocol):
    """A service that may not know what became of something: payments by bank, taps."""

    async def unknown(self, before: datetime, *, limit: int) -> Sequence[Doubt]:
        """What was unknown before a moment and still is, oldest first."""
        ...


class Papers(Protocol):
    """Documents that are signed. Satisfied by signing.Documents."""

    async def ask(self, document: Document, *, anew: bool = False) -> object:
        """Put one up; the same kind, subject and digest is the same one."""
        ...

    async def withdraw(self, kind: str, subject: str, reason: str) -> object:
        """Ask nobody any more."""
        ...

    async def proof(self, kind: str, subject: str, digest: bytes) -> Proof:
        """What can be proved now."""
        ...


class PublishedHeads(Protocol):
    """Satisfied by heads.Heads."""

    async def newest(self) -> SignedHead | None:
        """The newest published head."""
        ...

    async def publish(self) -> SignedHead | None:
        """Publish if the log has moved."""
        ...

    async def fault_of(self, block: int, head_hash: bytes) -> str | None:
        """What is wrong with the published head of a block that has this hash; None if it was signed so."""
        ...


class Book(Protocol):
    """The ledger. Satisfied by wallet.ledger.Ledger."""

    async def head(self) -> Head:
        """The end of the log."""
        ...

    async def block(self, number: int) -> Block | None:
        """The block of this number."""
        ...

    async def position_at(self, at: datetime) -> int:
        """The last position booked at a moment or before."""
        ...

    async def accounts(
        self, *, after_code: str = "", limit: int = 1000, position: int | None = None
    ) -> list[tuple[Account, Balances]]:
        """Accounts in order of their codes, as of a position."""
        ...

    async def account(self, account: AccountId) -> Account | None:
        """An account by id."""
        ...

    async def balances_at(self, account: AccountId, *, position: int | None = None) -> Balances | None:
        """Its balances as of a position."""
        ...

    async def movements(self, account: AccountId, *, limit: int, before: int | None = None) -> list[Movement]:
        """The last movements, newest first."""
        ...

    async def movements_between(self, account: AccountId, *, after: int, through: int, limit: int) -> list[Movement]:
        """Movements between two positions, oldest first."""
        ...

    async def trial_balance(self) -> Sequence[RoleSum]:
        """Today's sums by kind, role and asset."""
        ...

    async def standings(
        self, position: int, *, limit: int, after: AccountId | None = None
    ) -> Sequence[tuple[Account, Balances]]:
        """Accounts as of a position in order of their ids."""
        ...

    async def shifts(
        self, side: Literal["debit", "credit"], position: int, through: date, seen: int
    ) -> Mapping[AccountId, int]:
        """What rows with an effective date of their own add to one side of their accounts."""
        ...

    async def close_period(self, asked: PeriodClose) -> PeriodOutcome:
        """Close the book through a day."""
        ...

    async def periods(self) -> list[Period]:
        """Every closing."""
        ...

    async def late(self, first: int, last: int, *, after: int, limit: int) -> list[LogRow]:
        """What was booked after a position and cites one of a run of positions."""
        ...

    async def verify(self, progress: Callable[[int, int], None] | None = None) -> Verified:
        """Re-read everything."""
        ...
