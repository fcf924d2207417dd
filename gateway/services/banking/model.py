"""Orders to the bank, and what the bank says of each payment."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from wallet.money import Money


class Scheme(StrEnum):
    """How the bank pays."""

    GROUP = "group"
    """In cycles, many at once (PAYA-like)."""
    SINGLE = "single"
    """At once, each by itself (SATNA-like), for large amounts."""


@dataclass(frozen=True, slots=True)
class BankPayment:
    """One payment of an order.

    Attributes:
        end_to_end_id: Unique in the institution for ever, at most 35 characters of A-Z, 0-9.
        amount: What.
        name: Of the payee.
        iban: Where to.
        remittance: What the payee reads, at most 140 characters.
        purpose: ISO 20022 external purpose code, or ''.
    """

    end_to_end_id: str
    amount: Money
    name: str = field(repr=False)
    iban: str = field(repr=False)
    remittance: str
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class BankOrder:
    """What a file is written of.

    Attributes:
        id: MsgId and idempotency key, at most 35 characters; the same again is the same file.
        cause: Business id of the batch.
        scheme: How the bank pays.
        execute_on: Requested day.
        count: How many payments follow.
        total: Their sum.
    """

    id: str
    cause: str
    scheme: Scheme
    execute_on: date
    count: int
    total: Money


class PaymentNews(StrEnum):
    """What the bank says of one payment."""

    ACCEPTED = "accepted"
    """ACTC, ACCP, ACSP, ACWC, PDNG: it will be paid."""
    REJECTED = "rejected"
    """RJCT: it was not paid, and no money moved."""
    SETTLED = "settled"
    """ACSC, or booked on a statement."""
    RETURNED = "returned"
    """Booked back after it was settled."""
    UNKNOWN_THERE = "unknown_there"
    """Answer to an enquiry: the bank has never had it."""


@dataclass(frozen=True, slots=True)
class News:
    """One thing that the bank says; told again until it is taken, so twice must be harmless.

    Attributes:
        end_to_end_id: Of which payment.
        what: See PaymentNews.
        amount: That the bank names, or None.
        reason: ISO 20022 reason code with RJCT and returns, or ''.
        source: Where it stands: `pain.002 MSG1`, `camt.053 STM7 line 4`.
        at: When the bank says that it was.
    """

    end_to_end_id: str
    what: PaymentNews
    amount: Money | None
    reason: str
    source: str
    at: datetime


class OrderState(StrEnum):
    """Where an order stands: writing -> written -> sending -> sent -> answered, or refused."""

    WRITING = "writing"
    """Wanted; whoever has ordered it writes its file, again if need be."""
    WRITTEN = "written"
    """The file is whole and safe on disk."""
    SENDING = "sending"
    """Handed over with an unknown outcome: the bank is asked before it is sent again."""
    SENT = "sent"
    ANSWERED = "answered"
    """The bank has said something of it (pain.002)."""
    REFUSED = "refused"
    """The bank does not take the file: nothing of it will be paid."""


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order as it is kept.

    Attributes:
        order: What was ordered.
        state: See OrderState.
        sha256: Of its file, hexadecimal; '' while it is written.
        status: What the bank last said of the whole (`ACCP`, `PART`, `RJCT`), or ''.
        reason: Why it was refused or why the last try failed, or ''.
        attempts: How often it was handed over.
        created_at: When it was ordered.
        changed_at: When its state last changed.
    """

    order: BankOrder
    state: OrderState
    sha256: str
    status: str
    reason: str
    attempts: int
    created_at: datetime
    changed_at: datetime


class FileState(StrEnum):
    """Where a file stands that has come: kept first, then taken or refused."""

    KEPT = "kept"
    TAKEN = "taken"
    REFUSED = "refused"
    """Not understood; the octets stay, and staff see why."""


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file of the bank as it is kept.

    Attributes:
        id: `bkf_…`.
        name: The bank's, or that of the file that staff have uploaded.
        sha256: Of its octets, hexadecimal.
        size: In octets.
        kind: `pain.002`, `camt.053`, `mt940`, `csv`…; '' while nobody knows.
        state: See FileState.
        reason: Why it was refused, or what staff should know of it; or ''.
        staff_id: Who brought it, '' for the bank's own door.
        at: When it came.
    """

    id: str
    name: str
    sha256: str
    size: int
    kind: str
    state: FileState
    reason: str
    staff_id: str
    at: datetime


class Finding(StrEnum):
    """What does not fit between a statement and the one before it; it is taken all the same, and staff see it."""

    GAP = "gap"
    """Numbers are missing before it."""
    OPENING = "opening"
    """It does not open with what the one before it closed with."""
    AGAIN = "again"
    """Another statement of that number came, with other content."""
    BATCH = "batch"
    """A booking of an order as a whole is of another sum than its payments make."""


@dataclass(frozen=True, slots=True)
class StatementRow:
    """A statement as it is kept; its lines are read by their own verb.

    Attributes:
        id: `stm_…`.
        file_id: Where it first came in.
        root: `camt.053`, `mt940`…
        statement_id: The bank's name of it.
        account: Whose.
        asset: Code.
        sequence: Its number, 0 where it has none.
        opening: Minor units, or None.
        closing: Minor units, or None.
        from_on: First day, or None.
        to_on: Last day, or None.
        count: Lines.
        left_out: Entries that the bank has not booked.
        findings: What does not fit.
        at: When it was taken.
    """

    id: str
    file_id: str
    root: str
    statement_id: str
    account: str
    asset: str
    sequence: int
    opening: int | None
    closing: int | None
    from_on: date | None
    to_on: date | None
    count: int
    left_out: int
    findings: tuple[Finding, ...]
    at: datetime


class ImportOutcome(StrEnum):
    """Answers to a file that staff bring."""

    TAKEN = "taken"
    ALREADY = "already"
    """The same octets, or statements, are in."""
    PARTLY = "partly"
    """A pack of which some members were refused; the others are in."""
    WAITING = "waiting"
    """Kept: a page of a statement of which others are missing; the last to come makes it whole."""
    REFUSED = "refused"
    """Not understood; the reason says where."""
    TOO_LARGE = "too_large"
    BESIDE = "beside"
    """Of a member of a pack alone: nothing of the bank, a folder or a note for people."""


@dataclass(frozen=True, slots=True)
class Gap:
    """What does not fit between a statement and the one before it in its series.

    Attributes:
        statement_id: `stm_…`, of the later one.
        account: Whose series.
        asset: Code of both balances.
        before: Number of the earlier one, 0 where it has none.
        number: Of the later one.
        missing: First and last number between them, or None where none is missing.
        closing: What the earlier one closed with, minor units, or None.
        opening: What the later one opens with, minor units, or None.
    """

    statement_id: str
    account: str
    asset: str
    before: int
    number: int
    missing: tuple[int, int] | None
    closing: int | None
    opening: int | None


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a file.

    Attributes:
        outcome: See ImportOutcome.
        statement_ids: The statements in it, new or not; of a pack those of all its members.
        reason: Why it was refused, or what staff should know of it; or ''.
        name: Of a member of a pack, as it may be shown.
        members: Of a pack, each with its own outcome, in the pack's order.
        gaps: What does not fit before these statements, and before those that follow them.
        file_id: `bkf_…` under which it is kept, or ''.
    """

    outcome: ImportOutcome
    statement_ids: Sequence[str] = ()
    reason: str = ""
    name: str = ""
    members: Sequence["Imported"] = ()
    gaps: Sequence[Gap] = ()
    file_id: str = ""
