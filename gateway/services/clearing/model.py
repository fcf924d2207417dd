"""Terminal batches, cycles, exceptions and what is owed to merchants, as staff and others of the house see them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from wallet.money import Money


class BatchState(StrEnum):
    """Where a terminal's batch stands. A batch is compared, never waited for: its taps are settled anyway."""

    OPEN = "open"
    """It has taps; the terminal has not sent its totals yet."""
    UPLOADING = "uploading"
    """Totals differ: the terminal sends its items, then its totals again."""
    AGREED = "agreed"
    """Both sides had the same totals, at once or after its items were sent."""
    HEALED = "healed"
    """They differed: what could be healed was, the rest are exceptions."""
    UNCONFIRMED = "unconfirmed"
    """Its totals never came; an exception."""


CLOSED = frozenset({BatchState.AGREED, BatchState.HEALED, BatchState.UNCONFIRMED})
"""States in which a batch waits for nothing."""


class Kind(StrEnum):
    """What an item of a batch is; the values are those of a taking."""

    PURCHASE = "purchase"
    REFUND = "refund"


class ExceptionType(StrEnum):
    """What staff must look at."""

    UNKNOWN_ITEM = "unknown_item"
    """The terminal has what the host never approved, or approved otherwise."""
    MISSING_AT_TERMINAL = "missing_at_terminal"
    """The host has taken what the terminal does not have; it is kept."""
    AMOUNT_DIFFERS = "amount_differs"
    """Both have it, with two amounts; the host's is settled."""
    NOT_HEALED = "not_healed"
    """An approved tap whose completion was lost, and whose money could not be captured any more."""
    UPLOAD_INCOMPLETE = "upload_incomplete"
    """The items that were sent never came to the totals."""
    UNCONFIRMED = "unconfirmed"
    """A batch without totals after so many days."""
    NOT_POSTED = "not_posted"
    """The ledger has refused to settle a taking."""
    PAYOUT_RETURNED = "payout_returned"
    """A merchant's money has come back from the bank; it waits for another account."""


class ExceptionState(StrEnum):
    """Whether somebody must still look."""

    OPEN = "open"
    RESOLVED = "resolved"


DESK = "desk"
"""Owner of an exception that no one of the staff has taken yet: everybody at the clearing desk."""
HOUSE = "house"
"""Who has resolved an exception that resolved itself."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts and sums of what stands in a batch; reversed items are counted in none of them."""

    debits: int = 0
    debits_minor: int = 0
    credits: int = 0
    credits_minor: int = 0

    @property
    def net_minor(self) -> int:
        """What the merchant has earned: purchases less refunds."""
        return self.debits_minor - self.credits_minor


@dataclass(frozen=True, slots=True)
class TerminalBatch:
    """One batch of one terminal.

    Attributes:
        id: `tbt_…`.
        number: Six digits (DE60).
        round: From 1; a number that is used again after its batch was closed begins another round.
        terminal_totals: What the terminal has said last, or None.
        host_totals: What the host had at that moment, or None.
        tries: How often totals have differed.
    """

    id: str
    terminal_id: str
    merchant_id: str
    number: str
    round: int
    state: BatchState
    terminal_totals: Totals | None
    host_totals: Totals | None
    tries: int
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Upload:
    """One item as the terminal has sent it; `fate` is what became of it, '' until its batch is closed."""

    kind: Kind
    stan: str
    rrn: str
    approval: str
    amount: Money
    fate: str


@dataclass(frozen=True, slots=True)
class ClearingException:
    """Something that staff must look at.

    Attributes:
        id: `exc_…`.
        subject: What it is about: a batch, an item of one, a taking, a due.
        owner: Staff id, or DESK.
        detail: Figures and codes that say what was found, by name.
        reason: Why it was resolved, and `resolved_by` whom (staff id, or HOUSE).
    """

    id: str
    type: ExceptionType
    subject: str
    batch_id: str
    merchant_id: str
    terminal_id: str
    detail: Mapping[str, str]
    owner: str
    state: ExceptionState
    opened_at: datetime
    reason: str
    resolved_by: str
    resolved_at: datetime | None


class ResolveOutcome(StrEnum):
    """Answers to taking or resolving an exception."""

    OK = "ok"
    UNKNOWN = "unknown"
    RESOLVED = "resolved"
    """It is resolved already."""
    REASON_MISSING = "reason_missing"


class CycleState(StrEnum):
    """How far a cycle is; each step is finished before the next begins, also after a kill."""

    MARKING = "marking"
    """It takes what is unsettled up to its cut."""
    POSTING = "posting"
    SUMMING = "summing"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Cycle:
    """One settlement cycle.

    Attributes:
        id: `cyc_…`.
        business_on: The day of the house on which its takings up to the cut were taken.
        number: From 1 within the day, as the calendar has it; from 51 for one that staff asked for.
        cut_at: It takes what the host took before this moment.
        count: Takings in it.
        gross: What was moved out of clearing; fees, refunds after settlement, and fee shares given back.
    """

    id: str
    business_on: date
    number: int
    cut_at: datetime
    state: CycleState
    count: int
    gross: Money
    fees: Money
    refunds: Money
    fees_back: Money
    opened_at: datetime
    finished_at: datetime | None

    @property
    def net_minor(self) -> int:
        """What merchants are owed more, or less, by it."""
        return self.gross.minor - self.fees.minor - self.refunds.minor + self.fees_back.minor


@dataclass(frozen=True, slots=True)
class Share:
    """What a cycle has come to for one merchant: `due` goes to a payout batch, `carried` is what it owes the next."""

    cycle_id: str
    merchant_id: str
    count: int
    gross: Money
    fees: Money
    refunds: Money
    fees_back: Money
    net_minor: int
    due: Money
    carried: Money


@dataclass(frozen=True, slots=True)
class CycleItem:
    """One taking in a cycle; `id` is the cause of its transfers."""

    id: str
    cycle_id: str
    merchant_id: str
    terminal_id: str
    kind: Kind
    business_on: date
    amount: Money
    fee: Money
    state: str


class DueState(StrEnum):
    """Where a merchant's due stands."""

    FREE = "free"
    BATCHED = "batched"
    PAID = "paid"
    RETURNED = "returned"
    """The bank sent it back; it is put back into the merchant's payable."""
    WAITING = "waiting"
    """It is back in payable and waits for another account, or for staff."""
    NETTED = "netted"
    """Refunds of a later cycle have eaten it; what they left is another due."""


@dataclass(frozen=True, slots=True)
class MerchantDue:
    """What one cycle owes one merchant: `mrc_…:2026-11-27:1`; `reason` is the bank's, if it came back."""

    id: str
    merchant_id: str
    cycle_id: str
    amount: Money
    state: DueState
    batch_id: str
    reason: str
    paid_at: datetime | None
