"""Who treats people for the institution, what a visit is, and every answer about fees."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from wallet.money import Money


class ProviderKind(StrEnum):
    """What a provider is; prices and the expense account go by it."""

    DOCTOR = "doctor"
    HEALTH_CENTRE = "health_centre"
    PHARMACY = "pharmacy"
    LABORATORY = "laboratory"


class ProviderState(StrEnum):
    """Whether visits can be opened and fees paid."""

    PROPOSED = "proposed"
    """Entered by one; a second person is to agree."""
    ACTIVE = "active"
    SUSPENDED = "suspended"
    REFUSED = "refused"


class ListState(StrEnum):
    """Where a price list stands."""

    PROPOSED = "proposed"
    PUBLISHED = "published"
    REFUSED = "refused"


class VisitState(StrEnum):
    """Where a visit stands."""

    OPEN = "open"
    BILLED = "billed"
    EXPIRED = "expired"
    """Nobody has billed it in time."""


class VisitOutcome(StrEnum):
    """Answers to `open_visit` and `break_glass`, in the order in which they are looked at."""

    OK = "ok"
    UNKNOWN_TILL = "unknown_till"
    SUSPENDED = "suspended"
    SELF = "self"
    """Nobody is their own patient."""
    REASON_MISSING = "reason_missing"
    OVER_CAP = "over_cap"
    """More than may be done without the patient."""
    TOO_MANY = "too_many"
    """So many visits are open already that somebody must look."""


class LineReason(StrEnum):
    """Why a line was not approved as asked; the first that lowered it."""

    NOT_LISTED = "not_listed"
    DUPLICATE = "duplicate"
    """The same code stands in the bill already: quantities belong into one line."""
    QUANTITY = "quantity"
    PRICE = "price"
    """More was asked than the list says."""
    CAP = "cap"
    """More than the visit's cap in all."""
    OFFICER = "officer"


class FeeState(StrEnum):
    """Where a fee stands."""

    SUBMITTED = "submitted"
    """Adjudicated by the list; an officer is to decide."""
    APPROVED = "approved"
    """Decided; the money is being moved to the provider's account: the intent of the transfers."""
    OWED = "owed"
    """It stands in the provider's account and waits for a batch."""
    PAID = "paid"
    RETURNED = "returned"
    """It was paid out and came back."""
    REJECTED = "rejected"


class CoPayment(StrEnum):
    """What became of the patient's share."""

    NONE = "none"
    """There is none."""
    WAITING = "waiting"
    WALLET = "wallet"
    """Taken from the wallet, as the PIN that opened the visit agreed to."""
    CASH = "cash"
    """The wallet had not enough, or the patient had not agreed: the provider asks for it at the desk."""


class BillOutcome(StrEnum):
    """Answers to `bill`, in the order in which they are looked at."""

    OK = "ok"
    UNKNOWN_VISIT = "unknown_visit"
    NOT_YOURS = "not_yours"
    """Another provider's visit."""
    BILLED = "billed"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    NO_LINES = "no_lines"
    TOO_MANY_LINES = "too_many_lines"
    BAD_LINE = "bad_line"
    """A code of another form, a quantity or an amount that is none."""
    CHANGED = "changed"
    """The bill has other lines than the provider has agreed to send."""


class LineOutcome(StrEnum):
    """Answers to `add_line`, in the order in which they are looked at."""

    OK = "ok"
    CLOSED = "closed"
    """The visit can no longer be billed, or never could by this provider."""
    BAD_LINE = "bad_line"
    NOT_LISTED = "not_listed"
    TWICE = "twice"
    """The code stands in the bill already."""
    FULL = "full"
    """No more lines, or a sum that no phone shows."""


class FeeOutcome(StrEnum):
    """Answers to an officer's decision."""

    OK = "ok"
    UNKNOWN = "unknown"
    NOT_PENDING = "not_pending"
    OVER_ASKED = "over_asked"
    """An officer lowers lines and never raises them."""
    REASON_MISSING = "reason_missing"
    NOTHING_LEFT = "nothing_left"
    """No line is worth anything: that is a rejection."""
    OWN_VISIT = "own_visit"
    """Who opened the visit without the patient does not decide its fee."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A doctor or a health centre.

    Attributes:
        id: `prv_…`.
        till: Six digits that patients type, the last one a check digit.
        name: As patients know it.
        kind: See ProviderKind.
        msisdn: The phone that bills and reads the statement, `+989…`; one provider a number.
        language: Of its screens and notices.
        email: Where statements go, or ''.
        iban: Where fees are paid to.
        state: See ProviderState.
        registered_by: Staff id.
        registered_at: When.
    """

    id: str
    till: str
    name: str
    kind: ProviderKind
    msisdn: str
    language: str
    email: str
    iban: str
    state: ProviderState
    registered_by: str
    registered_at: datetime


@dataclass(frozen=True, slots=True)
class Price:
    """A line of a price list.

    Attributes:
        code: One to six digits without a zero before them, as a phone can type them.
        title: What it is.
        price: Of one.
        cover_percent: The institution's share, 0 to 100.
        quantity_max: Most that one visit may have of it.
    """

    code: str
    title: str
    price: Money
    cover_percent: int
    quantity_max: int


@dataclass(frozen=True, slots=True)
class PriceList:
    """A version of the prices of one kind of provider.

    Attributes:
        id: `prl_…`.
        kind: Whose prices.
        number: Its version, from 1, within the kind.
        effective_on: From this day on visits are priced by it, until a later one begins.
        state: See ListState.
        prices: By code.
        made_by: Staff id.
    """

    id: str
    kind: ProviderKind
    number: int
    effective_on: date
    state: ListState
    prices: tuple[Price, ...]
    made_by: str


@dataclass(frozen=True, slots=True)
class Visit:
    """A patient's visit to a provider.

    Attributes:
        id: `vis_…`.
        number: Eight digits, the last one a check digit; the provider bills by it.
        provider_id: Whose till.
        person_id: The patient.
        state: See VisitState.
        opened_at: When; prices are those of this day.
        expires_at: Until then it can be billed.
        opened_by: '' for the patient's own phone and PIN, else the staff id of who broke the glass.
        reason: Why the glass was broken, or ''.
        cap: The most that can be approved, or None.
    """

    id: str
    number: str
    provider_id: str
    person_id: str
    state: VisitState
    opened_at: datetime
    expires_at: datetime
    opened_by: str
    reason: str
    cap: Money | None


@dataclass(frozen=True, slots=True)
class AskedLine:
    """A line as the provider asks for it: how many of a code, and what for all of them."""

    code: str
    quantity: int
    asked: Money


@dataclass(frozen=True, slots=True)
class FeeLine:
    """A line with what became of it.

    Attributes:
        number: Its place in the bill, from 1.
        code: Of the price list.
        title: What the list calls it, or ''.
        quantity: How many were asked for.
        asked: What for.
        adjusted: What the list says at most.
        approved: What is owed, by the institution and the patient together.
        covered: The institution's part of that.
        reason: Why less was approved than asked, or None.
    """

    number: int
    code: str
    title: str
    quantity: int
    asked: Money
    adjusted: Money
    approved: Money
    covered: Money
    reason: LineReason | None


@dataclass(frozen=True, slots=True)
class Fee:
    """What a provider is owed for one visit.

    Attributes:
        id: `fee_…`.
        visit_id: Of which visit; one fee a visit.
        provider_id: Whose.
        person_id: The patient.
        state: See FeeState.
        asked: Sum of the lines as asked.
        covered: The institution's share.
        share: The patient's.
        co_payment: What became of that.
        submitted_at: When.
        decided_by: Staff id, `rule` where the list alone decided, or ''.
        decided_at: When, or None.
        reason: Why it was rejected, or the transfer refused, or ''.
        batch_id: The batch that pays it, or ''.
        paid_at: When, or None.
    """

    id: str
    visit_id: str
    provider_id: str
    person_id: str
    state: FeeState
    asked: Money
    covered: Money
    share: Money
    co_payment: CoPayment
    submitted_at: datetime
    decided_by: str
    decided_at: datetime | None
    reason: str
    batch_id: str
    paid_at: datetime | None

    @property
    def owed(self) -> Money:
        """What stands in the provider's account for it."""
        if self.co_payment is CoPayment.WALLET:
            return self.covered + self.share
        return self.covered


@dataclass(frozen=True, slots=True)
class VisitResult:
    """Answer to `open_visit` and `break_glass`; with OK the visit and the provider."""

    outcome: VisitOutcome
    visit: Visit | None = None
    provider: Provider | None = None


@dataclass(frozen=True, slots=True)
class BillResult:
    """Answer to `bill`; with OK the fee and its lines."""

    outcome: BillOutcome
    fee: Fee | None = None
    lines: tuple[FeeLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Drafted:
    """Answer to `add_line`: the bill as it stands, of so many lines and this sum."""

    outcome: LineOutcome
    lines: int
    asked: Money


@dataclass(frozen=True, slots=True)
class Change:
    """A row of the history of a provider, a visit or a fee; `staff_id` is '' where nobody of the staff did it."""

    subject_id: str
    seq: int
    what: str
    staff_id: str
    note: str
    at: datetime
