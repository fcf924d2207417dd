"""Sickness claims and every answer about them."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from wallet.money import Money


class ClaimState(StrEnum):
    """Where a claim stands."""

    SUBMITTED = "submitted"
    APPROVED = "approved"
    """A benefits officer has approved; a second person is to release the money."""
    RELEASED = "released"
    """Both have agreed; the money is on its way: the intent of the transfer."""
    PAID = "paid"
    REJECTED = "rejected"


class ClaimOutcome(StrEnum):
    """Answers to `claim`, in the order in which they are looked at."""

    OK = "ok"
    ORDER = "order"
    """The last day comes before the first."""
    TOO_LONG = "too_long"
    TOO_LATE = "too_late"
    """It began too long ago."""
    IN_FUTURE = "in_future"
    """It begins after today, or ends too far ahead."""
    OVERLAP = "overlap"
    """A day of it is in another claim of this person that was not rejected."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim for sickness benefit.

    Attributes:
        id: `clm_…`.
        number: What people are told, as `S-12345674`.
        person_id: Whose.
        first_day: First day of sickness.
        last_day: Last one, included.
        days: How many that is.
        amount: Days times the daily rate of the day on which it was submitted.
        state: See ClaimState.
        submitted_at: When.
        decided_by: Staff id of the officer, or ''.
        decided_at: When, or None.
        reason: Why it was rejected, or why its release was refused, or ''.
        approval_id: The approval by which it was released, or ''.
        paid_at: When, or None.
        call_key: Idempotency key of the call that submitted it, as `ses_…:n`.
    """

    id: str
    number: str
    person_id: str
    first_day: date
    last_day: date
    days: int
    amount: Money
    state: ClaimState
    submitted_at: datetime
    decided_by: str
    decided_at: datetime | None
    reason: str
    approval_id: str
    paid_at: datetime | None
    call_key: str


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """Answer to `claim`; with OK the claim."""

    outcome: ClaimOutcome
    claim: Claim | None = None
    days_max: int | None = None
    """With TOO_LONG: the most days there may be."""


class DecisionOutcome(StrEnum):
    """Answers to `approve` and `reject`."""

    OK = "ok"
    UNKNOWN = "unknown"
    NOT_PENDING = "not_pending"
    """Decided before."""


@dataclass(frozen=True, slots=True)
class ClaimChange:
    """A row of a claim's history; `staff_id` is '' where nobody of the staff did it."""

    claim_id: str
    seq: int
    state: ClaimState
    staff_id: str
    note: str
    at: datetime
