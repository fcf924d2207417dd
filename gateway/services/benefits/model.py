"""Claims of every kind and every answer about them."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from wallet.money import Money


class ClaimState(StrEnum):
    """Where a claim stands."""

    ATTESTING = "attesting"
    """An employer or a provider has been asked to confirm it."""
    SUBMITTED = "submitted"
    APPROVED = "approved"
    """A benefits officer has approved; a second person is to release the money, or a payout batch takes it along."""
    BATCHED = "batched"
    """A payout batch has taken it; nobody else pays it."""
    RELEASED = "released"
    """Both have agreed; the money is on its way: the intent of the transfer."""
    PAID = "paid"
    REJECTED = "rejected"
    OBJECTED = "objected"
    """Refused, and the person objects: another officer than the first is to decide."""


OPEN = frozenset({ClaimState.SUBMITTED, ClaimState.OBJECTED})
"""States in which an officer decides."""


class Attestation(StrEnum):
    """What the employer or provider says of a claim."""

    NONE = "none"
    """Its kind needs nobody's word."""
    ASKED = "asked"
    GIVEN = "given"
    DENIED = "denied"
    EXPIRED = "expired"
    """Nobody answered in time, or too many wrong codes came."""


class Verdict(StrEnum):
    """What the decision table proposes; an officer decides."""

    ELIGIBLE = "eligible"
    NOT = "not"
    LOOK = "look"
    """It needs a look."""


class Why(StrEnum):
    """Why a claim is refused, as the person is told: no word of it says what it was claimed for."""

    LATE = "late"
    UNCONFIRMED = "unconfirmed"
    PAPERS = "papers"
    CONTRIBUTIONS = "contributions"
    OTHER = "other"


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
    UNKNOWN_ATTESTER = "unknown_attester"
    SELF = "self"
    """The employer's or provider's phone is the claimant's own."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim for a benefit.

    Attributes:
        id: `clm_…`.
        number: What people are told, as `S-12345674`.
        person_id: Whose.
        first_day: First day of what is claimed, or the day of the event.
        last_day: Last one, included; the same day for an event.
        days: How many that is.
        amount: What the decision table says.
        state: See ClaimState.
        submitted_at: When.
        decided_by: Staff id of the officer, or ''.
        decided_at: When, or None.
        reason: Why it was rejected, or why its release was refused, or ''.
        approval_id: The approval by which it was released, or ''.
        paid_at: When, or None.
        call_key: Idempotency key of the call that submitted it, as `ses_…:n`.
        kind: Name of its kind, as `sickness`.
        attester_name: Of the employer or provider who was named, or ''.
        attestation: What they say.
        proposal: What the decision table proposes; '' for an old claim.
        proposal_why: The table's word for why.
        why: Why it was refused, or ''.
        first_officer: Who refused it first; another one decides after an objection.
        batch_id: The payout batch that has taken it, or ''.
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
    kind: str = "sickness"
    attester_name: str = ""
    attestation: Attestation = Attestation.NONE
    proposal: Verdict | None = None
    proposal_why: str = ""
    why: Why | None = None
    first_officer: str = ""
    batch_id: str = ""


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
    """Decided before, or not yet to be decided."""
    SAME_OFFICER = "same_officer"
    """The person objects to this officer's decision."""
    NO_AMOUNT = "no_amount"
    """No table says how much."""


class ObjectOutcome(StrEnum):
    """Answers to `object_to`, in the order in which they are looked at."""

    OK = "ok"
    UNKNOWN = "unknown"
    NOT_REFUSED = "not_refused"
    TWICE = "twice"
    """It was refused after an objection; that is the last word here."""
    TOO_LATE = "too_late"
    OVERLAP = "overlap"
    """The person has claimed these days anew."""


class AttestOutcome(StrEnum):
    """Answers to an attester."""

    OK = "ok"
    WRONG = "wrong"
    """No open claim of this phone has this code."""
    EXPIRED = "expired"


class AttesterOutcome(StrEnum):
    """Answers to naming an employer or provider."""

    OK = "ok"
    UNKNOWN = "unknown"
    SELF = "self"


@dataclass(frozen=True, slots=True)
class Attested:
    """Answer to an attester; with OK the claim that it is about, and who claims."""

    outcome: AttestOutcome
    claim: Claim | None = None
    claimant: str = ""


@dataclass(frozen=True, slots=True)
class Datum:
    """Something that was looked at, and where it comes from; both are words of the console and the menus."""

    datum: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """A datum of a claim, each time that the claim was looked at."""

    round: int
    datum: Datum
    at: datetime


@dataclass(frozen=True, slots=True)
class ClaimChange:
    """A row of a claim's history; `staff_id` is '' where nobody of the staff did it."""

    claim_id: str
    seq: int
    state: ClaimState
    staff_id: str
    note: str
    at: datetime
