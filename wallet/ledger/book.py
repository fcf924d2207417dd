"""What one group sees and what it leaves: the figures of its accounts, what is known of its ids, the rows it books."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from wallet.accounts import Account, AccountState, ChangeOutcome, Limits
from wallet.ids import AccountId, TransferId
from wallet.periods import Period, PeriodOutcome
from wallet.transfers import Balances, BalancesAfter, Outcome, PostResult, Transfer, TransferKind


@dataclass(slots=True)
class Side:
    """An account's live figures while a group is decided, in minor units of `asset` (a code)."""

    id: AccountId
    asset: str
    state: AccountState
    debit_excess_max: int | None = None
    credit_excess_max: int | None = None
    debits_posted: int = 0
    credits_posted: int = 0
    debits_held: int = 0
    credits_held: int = 0
    version: int = 0

    @property
    def limits(self) -> Limits:
        """Its limits as they are now."""
        return Limits(self.debit_excess_max, self.credit_excess_max)

    def balances(self) -> Balances:
        """The figures as they are now."""
        return Balances(
            self.debits_posted, self.credits_posted, self.debits_held, self.credits_held, self.version
        )  # fmt: skip

    def restore(self, balances: Balances) -> None:
        """Go back to earlier figures."""
        self.debits_posted = balances.debits_posted
        self.credits_posted = balances.credits_posted
        self.debits_held = balances.debits_held
        self.credits_held = balances.credits_held
        self.version = balances.version


class Booked(NamedTuple):
    """A transfer row: the transfer, its place in the log and in its entry, both accounts' balances right after it."""

    position: int
    transfer: Transfer
    booked_at: datetime
    after: BalancesAfter
    entry_id: TransferId
    """Id of the first transfer of its entry."""
    leg: int
    """Its place in the entry, from 0."""


class Refused(NamedTuple):
    """A refusal row: under this id the answer stays the same for ever."""

    transfer: Transfer
    outcome: Outcome
    refused_at: datetime
    entry_id: TransferId
    leg: int


class Changed(NamedTuple):
    """A change row: what an account is from here on. The first one of an account is its opening."""

    account: Account
    state: AccountState
    limits: Limits
    cause: str
    changed_at: datetime


@dataclass(slots=True)
class Book:
    """All that the rules may know of the world for one group; they change it as they go.

    Attributes:
        position: Last position of the log.
        accounts: Accounts that the group names and that exist, and others that the writer remembers.
        known: Rows stored under the ids that the group names, those of the lapsed holds, and whatever is stored under
            the ids that their expiries will have.
        resolved: How each of the named holds ended, for those that did.
        lapsed: Holds whose time is over, in the order in which they expire.
        reversed: How much of each of the cited transfers was taken back, for those with reversals.
        closed_through: Last day of the closed periods; an effective date up to it is refused.
        soft_through: Last day of the soft-closed periods; an effective date up to it needs a citation.
    """

    position: int
    accounts: dict[AccountId, Side]
    known: dict[TransferId, Booked | Refused] = field(default_factory=dict)
    resolved: dict[TransferId, TransferKind] = field(default_factory=dict)
    lapsed: list[Transfer] = field(default_factory=list)
    reversed: dict[TransferId, int] = field(default_factory=dict)
    closed_through: date | None = None
    soft_through: date | None = None


@dataclass(slots=True)
class Decision:
    """What was decided: a result for each transfer, change and closing in order, and the rows to store."""

    results: list[PostResult] = field(default_factory=list)
    changes: list[ChangeOutcome] = field(default_factory=list)
    closings: list[PeriodOutcome] = field(default_factory=list)
    booked: list[Booked] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)
    periods: list[Period] = field(default_factory=list)
    expired: int = 0
