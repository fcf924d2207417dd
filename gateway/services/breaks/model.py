"""Breaks as values: what does not agree, who looks after it, what was booked for it, and what happened."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from wallet.ids import TransferId
from wallet.reconciliation import Bucket
from wallet.reconciliation.rows import BreakType, Side

Key = tuple[Side, str]
"""A row, as reconciliation names it: whose book, and its id there."""
KEYS_MAX = 1000
"""Rows of one break that are named at once; a booking of a large order stands for more."""
TEXT_MAX = 1000
REASON_MAX = 300
DUE_DAYS_MAX = 366
EVIDENCE_MAX = 1024 * 1024
"""Octets of one file."""
EVIDENCES_MAX = 20


class BreakState(StrEnum):
    """Where a break stands."""

    OPEN = "open"
    EXPLAINED = "explained"
    """Staff have said what it is; it lasts until its rows agree."""
    PROPOSED = "proposed"
    """One of the staff wants something posted for it; others decide, or it is being posted."""
    RESOLVED = "resolved"


class BreakReason(StrEnum):
    """What staff say it is."""

    BANK_LATE = "bank_late"
    BANK_ERROR = "bank_error"
    OUR_ERROR = "our_error"
    DUPLICATE = "duplicate"
    RETURNED = "returned"
    FEE = "fee"
    UNKNOWN_PAYER = "unknown_payer"
    TIMING = "timing"
    OTHER = "other"


class Resolution(StrEnum):
    """By what a break was resolved; `Break.resolved_by` names it."""

    MATCHED = "matched"
    """A run found its rows matched."""
    POSTED = "posted"
    """Something was posted for it."""
    MERGED = "merged"
    """Its rows stand in another break."""


@dataclass(frozen=True, slots=True)
class Break:
    """Something that does not agree.

    Attributes:
        id: `brk_…`.
        flow: Value of the flow's name.
        group_id: `rcg_…` as of `run_id`.
        minor: Minor units of `asset`, as of Group.difference_minor: bank less ours, or rail less ledger.
        opened_on: Since when its money stands open; what its age counts from.
        due_on: By when somebody must have dealt with it.
        owner: Staff id, or '' while nobody looks after it.
        reason: What staff say it is, and `note` in their words.
        row_count: Rows of its group.
        keys: Of them, at most KEYS_MAX, from `by_id` only; lists have none.
        run_id: The run that has seen it last.
        posting_id: What is proposed or being posted, or was posted last; or ''.
        resolved_by: Run, posting or break; see Resolution.
    """

    id: str
    flow: str
    group_id: str
    type: BreakType
    minor: int
    asset: str
    opened_on: date
    due_on: date
    owner: str
    state: BreakState
    reason: BreakReason | None
    note: str
    row_count: int
    run_id: str
    posting_id: str
    resolved_at: datetime | None
    resolution: Resolution | None
    resolved_by: str
    keys: tuple[Key, ...] = ()


class Event(StrEnum):
    """What happened to a break."""

    OPENED = "opened"
    FOLLOWED = "followed"
    """A run found its group changed; the note says what it was."""
    MERGED = "merged"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    """Its rows came back, what was posted was undone, or staff said so."""
    ASSIGNED = "assigned"
    DUE = "due"
    OVERDUE = "overdue"
    COMMENTED = "commented"
    ATTACHED = "attached"
    EXPLAINED = "explained"
    PROPOSED = "proposed"
    REFUSED = "refused"
    """The checker has rejected it."""
    POSTED = "posted"
    NOT_POSTED = "not_posted"
    """It was agreed to, and the ledger refused it, or the break was another by then."""
    LINKED = "linked"
    """Reconciliation was told that what was posted belongs to the break's rows."""
    NOT_LINKED = "not_linked"
    """It would not have it so: the next run finds what was posted by itself, or opens a break of it."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One row of a break's history; `staff_id` is '' where the house did it, `run_id` '' where no run did."""

    break_id: str
    seq: int
    what: Event
    staff_id: str
    note: str
    run_id: str
    at: datetime


class EvidenceKind(StrEnum):
    """What a file is by its content; the value is also the ending of its name."""

    PDF = "pdf"
    PNG = "png"
    JPG = "jpg"
    EML = "eml"
    CSV = "csv"
    TXT = "txt"

    @property
    def media_type(self) -> str:
        """How it is served, as an attachment and never otherwise."""
        return _MEDIA[self]


_MEDIA = {
    EvidenceKind.PDF: "application/pdf",
    EvidenceKind.PNG: "image/png",
    EvidenceKind.JPG: "image/jpeg",
    # A letter is not opened as one: a reader of mail would fetch what it points to.
    EvidenceKind.EML: "text/plain",
    EvidenceKind.CSV: "text/csv",
    EvidenceKind.TXT: "text/plain",
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """A file that somebody has attached; `number` counts from 1 within the break, `name` is cleaned."""

    break_id: str
    number: int
    name: str
    kind: EvidenceKind
    sha256: bytes
    size: int
    staff_id: str
    at: datetime


class Action(StrEnum):
    """What can be posted for a break; the value ends the kind of its approval."""

    WRITE_OFF = "write_off"
    BOOKING = "booking"
    CORRECTION = "correction"
    """A reversal, with what is right or without: also how what was posted for a break is undone."""


class Counter(StrEnum):
    """The accounts that what the bank has booked may stand against; roles of the chart without an owner."""

    BANK_CHARGES = "bank_charges"
    BANK_INTEREST = "bank_interest"
    SUSPENSE = "suspense"
    CONTRIBUTION_INCOME = "contribution_income"
    FUNDING = "funding"


class PostingState(StrEnum):
    """How far a posting is."""

    ASKED = "asked"
    REFUSED = "refused"
    """The checker has rejected it."""
    STALE = "stale"
    """It was agreed to, and the break was another by then, or a rail might still settle it: nothing was posted."""
    INTENDED = "intended"
    """Agreed to; it is being posted."""
    FAILED = "failed"
    """The ledger has refused it."""
    POSTED = "posted"


@dataclass(frozen=True, slots=True)
class Named:
    """An account by its role and owner, '' for a role that has none."""

    role: str
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Correct:
    """What should have been booked, in the break's asset."""

    debit: Named
    credit: Named
    minor: int


@dataclass(frozen=True, slots=True)
class Posting:
    """What was proposed for a break, and what became of it.

    Attributes:
        id: `bkp_…`.
        number: From 1 within the break.
        debit: What is posted, for a correction what is right; None for a plain reversal.
        minor: Minor units of it, or of what is taken back.
        corrects: The transfer that is taken back, or that a write-off belongs to.
        undoes: The posting of this break that it takes back, or ''.
        staff_id: Maker.
        approval_id: `apr_…`.
        transfers: What stands in the ledger.
        outcome: The ledger's or the rules' answer where it was not posted, or ''.
    """

    id: str
    break_id: str
    number: int
    action: Action
    state: PostingState
    debit: Named | None
    credit: Named | None
    minor: int
    asset: str
    corrects: TransferId | None
    undoes: str
    reason: str
    staff_id: str
    approval_id: str
    transfers: tuple[TransferId, ...]
    outcome: str
    at: datetime
    finished_at: datetime | None


class BreakOutcome(StrEnum):
    """Answers to every verb about one break; each refusal has its words."""

    OK = "ok"
    UNKNOWN = "unknown"
    RESOLVED = "resolved"
    """It needs nothing more; it can be reopened, and commented on."""
    NOT_RESOLVED = "not_resolved"
    WAITING = "waiting"
    """Something is proposed or being posted for it."""
    OWNER_UNKNOWN = "owner_unknown"
    DATE = "date"
    """Before today, or more than DUE_DAYS_MAX ahead."""
    TEXT_MISSING = "text_missing"
    TEXT_LONG = "text_long"
    FILE_EMPTY = "file_empty"
    FILE_LARGE = "file_large"
    FILE_KIND = "file_kind"
    """It is none of EvidenceKind by its content."""
    FILES_MANY = "files_many"
    FILE_KNOWN = "file_known"
    """This break has the same file already."""
    NOTHING_DIFFERS = "nothing_differs"
    """The sides do not differ by an amount: there is nothing to post."""
    PENDING = "pending"
    """A rail may still settle something of it."""
    SUGGESTED = "suggested"
    """Rows of the other side explain it exactly: link them."""
    OWED = "owed"
    """The money is somebody's: it is booked to suspense or corrected, never given up."""
    POSTED_BY_SERVICE = "posted_by_service"
    """A service of ours has not posted what it must."""
    NOT_OF_BANK = "not_of_bank"
    """Only what the bank has and the ledger has not can be booked."""
    COUNTER = "counter"
    """Money of this kind and direction does not belong to that account."""
    TRANSFER = "transfer"
    """No transfer of this break, none that can be taken back, or nothing is left of it."""
    ACCOUNT = "account"
    """What should be right names no account of the chart, or twice the same."""
    AMOUNT = "amount"
    """Not a whole amount of minor units above nothing that the ledger takes."""
    CORRECT_IT = "correct_it"
    """Our own rows are wrong: they are corrected, not written off."""


@dataclass(frozen=True, slots=True)
class BreakRow:
    """A row of a break, as far as breaks need it; see wallet.reconciliation.rows.Row."""

    side: Side
    id: str
    minor: int
    on: date
    own: str = ""
    end_to_end_id: str = ""
    batch: str = ""
    back: bool = False


@dataclass(frozen=True, slots=True)
class May:
    """What could be proposed for a break now: OK, or why not.

    Attributes:
        counters: What it could be booked against; none unless `booking` is OK.
        corrections: Transfers of the break that could be taken back, at most KEYS_MAX.
        undo: Whether what was posted for it could be taken back.
    """

    write_off: BreakOutcome
    booking: BreakOutcome
    counters: tuple[Counter, ...]
    corrections: tuple[TransferId, ...]
    undo: BreakOutcome


@dataclass(frozen=True, slots=True)
class AgeLine:
    """Standing breaks of one age and asset: how many, and their amounts without signs in minor units."""

    bucket: Bucket
    asset: str
    count: int
    minor: int


@dataclass(frozen=True, slots=True)
class TotalLine:
    """Breaks of one flow, type, state and asset; `minor` as of AgeLine."""

    flow: str
    type: BreakType
    state: BreakState
    asset: str
    count: int
    minor: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What a run has found of breaks."""

    opened: int = 0
    followed: int = 0
    merged: int = 0
    resolved: int = 0
    reopened: int = 0
