"""A day as it is closed: its checklist, what is signed of it, how a check of its seal ends, and every answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from wallet.money import Money
from wallet.transfers import LogRow

DOCUMENT_KIND = "day_close"
"""Kind of the document that is signed."""


class CloseState(StrEnum):
    """Where the closing of a day stands."""

    DRAFT = "draft"
    """Asked for: the worker seals the day."""
    ASKED = "asked"
    """Sealed; a signature is waited for."""
    SIGNED = "signed"
    """Signed, and the ledger is closed through the day."""
    VOID = "void"
    """Given up; the reason says why. The day may be asked for again."""


class VoidReason(StrEnum):
    """Why a closing was given up."""

    CHECKS = "checks"
    """Something that blocks came up while the day was sealed."""
    REFUSED = "refused"
    """Who was asked to sign has refused."""
    EXPIRED = "expired"
    """Nobody signed in time."""
    CHANGED = "changed"
    """A row of the day was changed, or a late entry came in, after it was sealed."""
    INVALID = "invalid"
    """The signature does not verify, or is of something else."""
    BY_HAND = "by_hand"
    """The ledger was closed through the day by somebody else meanwhile."""


class CheckName(StrEnum):
    """What is looked at before a day is closed, in this order."""

    STATEMENTS = "statements"
    """Each trust account has a closing statement of the day that follows the one before it."""
    RECONCILED = "reconciled"
    """Each flow was reconciled through the day, with all that the bank has said of it."""
    TRIAL_BALANCE = "trial_balance"
    """Debits equal credits for each asset."""
    FLOAT_COVERED = "float_covered"
    """What is owed to people is no more than the money at the bank."""
    TRANSIT = "transit"
    """No money has lain longer on an account that it only passes through than it may."""
    UNKNOWN = "unknown"
    """Nothing of which nobody knows whether it was paid is older than it may be."""
    BREAKS = "breaks"
    """Each open break is explained, or has an owner and a day on which it is due."""
    HEADS = "heads"
    """The ledger's head was published at or after the day's end, and the book still has it."""


class FactName(StrEnum):
    """What a check shows; `of` says of which account, flow, role, asset or thing."""

    STATEMENT = "statement"
    """The bank's name of the statement."""
    MISSING = "missing"
    """There is none; the cell is the account."""
    READING = "reading"
    """A file is still read; the cell is the statement's name."""
    OPENING = "opening"
    CLOSING = "closing"
    EXPECTED_OPENING = "expected_opening"
    """What the statement before it closed with."""
    EXPECTED_NUMBER = "expected_number"
    NUMBER = "number"
    GAP = "gap"
    """How many numbers are missing."""
    DIFFERENCE = "difference"
    """Minor units by which two balances differ, or an amount is too little."""
    FINDING = "finding"
    """Name of a finding of banking: `again`, `batch`."""
    THROUGH = "through"
    """Last day that was reconciled; '' for never."""
    FINISHED = "finished"
    OUTDATED = "outdated"
    """It began before this came in: reconcile again."""
    DEBITS = "debits"
    CREDITS = "credits"
    FLOAT = "float"
    TRUST = "trust"
    BANK = "bank"
    """What the bank says that it has."""
    CASH = "cash"
    """Notes at branches, which cover nothing until they are at the bank."""
    BALANCE = "balance"
    STUCK = "stuck"
    """How much of it has lain there too long."""
    SINCE = "since"
    COUNT = "count"
    HOURS = "hours"
    """How old it may be."""
    OLDEST = "oldest"
    OPEN = "open"
    EXPLAINED = "explained"
    UNSIGNED = "unsigned"
    """Id of a break that nobody has signed for."""
    BLOCK = "block"
    POSITION = "position"
    PUBLISHED = "published"
    FAULT = "fault"
    MORE = "more"
    """How many others of the same kind are not shown."""
    REST = "rest"
    """The bank does not work on this day of the week."""


Cell = str | int | Money | date | datetime
"""`int` is a plain number; money is Money."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One figure of a check; `of` is '' where there is only one."""

    name: FactName
    cell: Cell
    of: str = ""


@dataclass(frozen=True, slots=True)
class Excuse:
    """Why a day is closed although a check failed; it holds for these facts and no others."""

    reason: str
    staff_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a day.

    Attributes:
        passed: Whether it holds.
        blocking: Whether the day cannot be closed while it does not.
        facts: What it was judged by; at most some dozens, the rest is counted.
        path: Where in the console it is put right.
        excusable: Whether an officer may explain why the day is closed nevertheless.
        excuse: That explanation, if there is one for these very facts.
    """

    name: CheckName
    passed: bool
    blocking: bool
    facts: Sequence[Fact]
    path: str
    excusable: bool = False
    excuse: Excuse | None = None

    @property
    def blocks(self) -> bool:
        """Whether it keeps the day from being closed now."""
        return self.blocking and not self.passed and self.excuse is None


@dataclass(frozen=True, slots=True)
class Checklist:
    """All checks of a day, in the order of CheckName."""

    day: date
    checks: Sequence[Check]
    at: datetime

    @property
    def clear(self) -> bool:
        """Whether nothing blocks."""
        return not any(check.blocks for check in self.checks)


@dataclass(frozen=True, slots=True)
class Root:
    """What vouches for one part of a day: SHA-256 over its leaves in their order."""

    section: str
    """`closing`, one of `sections.BANK`, or the name of a `SealSource`."""
    count: int
    root: bytes


@dataclass(frozen=True, slots=True)
class DayClose:
    """The closing of a day.

    Attributes:
        id: `dcl_…`; the subject of the document that is signed, and the cause of the ledger's closing.
        day: Business day.
        state: See CloseState.
        checks: As they were when it was sealed; as they were when it was asked for while it is DRAFT.
        digest: What is signed, 32 octets; b'' while it is DRAFT.
        roots: One for each part of the day; none while it is DRAFT.
        block: The published head of the ledger that vouches for the whole book.
        position: Of that head.
        head_hash: Of that block, 32 octets.
        trial_seal: Over the trial balance by effective date (wallet.periods), 32 octets.
        asked_by: Staff id.
        asked_at: When.
        sealed_at: When its roots were made.
        signed_by: Staff ids; none before it is SIGNED.
        signed_at: When the last of them signed.
        reason: Of VOID, else None.
    """

    id: str
    day: date
    state: CloseState
    checks: Sequence[Check]
    digest: bytes
    roots: Sequence[Root]
    block: int
    position: int
    head_hash: bytes
    trial_seal: bytes
    asked_by: str
    asked_at: datetime
    sealed_at: datetime | None
    signed_by: Sequence[str]
    signed_at: datetime | None
    reason: VoidReason | None


class CloseOutcome(StrEnum):
    """Answers to `ask`; the first that applies wins."""

    ASKED = "asked"
    """The worker seals the day; then somebody else signs."""
    ALREADY = "already"
    """It is being closed, or is closed."""
    NOT_OVER = "not_over"
    """The day is not over."""
    NOT_NEXT = "not_next"
    """Days are closed one after the other, and another one is next."""
    BY_HAND = "by_hand"
    """The ledger is closed through this day without us."""
    CHECKS = "checks"
    """Something blocks; the checklist says what."""


@dataclass(frozen=True, slots=True)
class CloseResult:
    """The answer to `ask`."""

    outcome: CloseOutcome
    close_id: str = ""
    """With ASKED and ALREADY."""
    checklist: Checklist | None = None
    """With ASKED and CHECKS."""
    next_day: date | None = None
    """With NOT_NEXT."""


class ExcuseOutcome(StrEnum):
    """Answers to `excuse`; the first that applies wins."""

    OK = "ok"
    REASON = "reason"
    """10 to 300 printable characters are wanted."""
    CLOSING = "closing"
    """The day is being closed, or is closed."""
    NOT_EXCUSABLE = "not_excusable"
    PASSED = "passed"
    """The check holds: there is nothing to explain."""


@dataclass(frozen=True, slots=True)
class RowFinding:
    """The first row that is not as it was sealed.

    Attributes:
        table: Its table, or the section of a source.
        key: Its key, `stm_…:4` where there are several columns.
        what: What is wrong, in English, for staff and the log.
    """

    table: str
    key: str
    what: str

    def __str__(self) -> str:
        return f"{self.table} {self.key}: {self.what}"


@dataclass(frozen=True, slots=True)
class Verified:
    """How a check of a closed day ended.

    Attributes:
        day: Which.
        close_id: Of its closing; '' if it was never closed.
        rows: How many sealed rows were read again, those of the ledger apart.
        transfers: How many rows of the ledger.
        finding: The first wrong row; None if all is as it was signed.
    """

    day: date
    close_id: str
    rows: int
    transfers: int
    finding: RowFinding | None

    @property
    def sound(self) -> bool:
        """Whether the day is closed and as it was signed."""
        return bool(self.close_id) and self.finding is None


@dataclass(frozen=True, slots=True)
class Cover:
    """What is owed to people in one asset, and what stands behind it, in minor units.

    Attributes:
        asset: Code.
        float_minor: On all accounts of OWED roles.
        trust_minor: On the trust account, as our ledger has it.
        cash_minor: Notes at branches.
        bank_minor: What the bank's last closing statement says; None if there is none.
        at: As of when.
    """

    asset: str
    float_minor: int
    trust_minor: int
    cash_minor: int
    bank_minor: int | None
    at: datetime

    @property
    def short_minor(self) -> int:
        """By how much the float is above the trust account, or 0."""
        return max(0, self.float_minor - self.trust_minor)


@dataclass(frozen=True, slots=True)
class CoverDay:
    """Float against trust at a day's end; today's is that of now."""

    day: date
    covers: Sequence[Cover]


class PeriodKind(StrEnum):
    """How much of a day or month is closed."""

    OPEN = "open"
    SOFT = "soft"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the calendar, as far as its days are closed.

    Attributes:
        first: Its first day.
        days: How many days it has.
        closed: How many of them are closed in the ledger.
        signed: How many of them somebody has signed for.
        gap: The first one that is not, of those that are over; None if there is none.
        state: CLOSED once every day of it is; SOFT while one of them is soft-closed in the ledger.
    """

    first: date
    days: int
    closed: int
    signed: int
    gap: date | None
    state: PeriodKind


@dataclass(frozen=True, slots=True)
class Late:
    """What came in after a day was closed and belongs to it; it stands in the open period, with a link.

    Attributes:
        entries: Of the ledger, each citing a row of the day, oldest first.
        statements: Ids of statements of the day that were brought later; the next close seals them.
    """

    entries: Sequence[LogRow]
    statements: Sequence[str]
