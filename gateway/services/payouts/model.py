"""Batches, their items, and every answer about them."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gateway.services.iban import masked_iban
from gateway.services.payouts.answers import PayoutOutcome, RowFault
from wallet.money import Money
from wallet.transfers import TransferCode


class Rail(StrEnum):
    """The way on which money goes out."""

    WALLET = "wallet"
    BANK = "bank"


class ItemState(StrEnum):
    """Where an item stands: what was sent is not yet paid, and unknown is not failed."""

    RECEIVED = "received"
    REJECTED = "rejected"
    """It will not be paid: the row was bad, or the rail has refused it before any money moved."""
    HELD = "held"
    """It waits for staff: a twin in another batch, a payee who has just changed account, a person who is blocked."""
    APPROVED = "approved"
    SENT = "sent"
    """Handed to the rail."""
    ACCEPTED = "accepted"
    """The rail has said that it will pay."""
    SETTLED = "settled"
    """The money has moved: posted to the wallet, or booked by the bank."""
    CONFIRMED = "confirmed"
    """The payee, or the time in which a return could come, says so."""
    UNKNOWN = "unknown"
    """Handed over, and no answer: the rail is asked before anything is sent again."""
    RETURNED = "returned"
    """It came back after it was settled; the money lies in suspense."""
    CANCELLED = "cancelled"


class BatchState(StrEnum):
    """Where a batch stands."""

    LOADING = "loading"
    DRAFT = "draft"
    """Rows are in and checked; nothing is frozen."""
    LOCKED = "locked"
    """Payees and amounts are frozen in the manifest; makers and checkers decide."""
    APPROVED = "approved"
    """Enough people have agreed; signatures may be wanted."""
    RUNNING = "running"
    """Released: the hold stands, items are paid."""
    PAUSED = "paused"
    DONE = "done"
    """Nothing is open but what can still come back."""
    REFUSED = "refused"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Debit:
    """Which account an item is paid from: a role of the chart and its owner, '' for a role that has none."""

    role: str
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Due:
    """Something that is owed and decided, which a source offers to a batch.

    Attributes:
        source_id: Business id of what it pays (`clm_…`, `fee_…`, `mrc_…:2026-11-27`); paid at most once.
        person_id: Whose wallet or account; '' where `iban` says where the money goes.
        name: Of the payee, as the bank wants it.
        iban: The account that it must go to; '' to ask the mapper.
        amount: What.
        debit: Which account pays.
        code: Why the money moves, in the ledger.
        purpose: ISO 20022 external purpose code, `SSBE`, `BENE`.
    """

    source_id: str
    person_id: str
    name: str
    iban: str
    amount: Money
    debit: Debit
    code: TransferCode
    purpose: str = "SSBE"


OPEN_STATES = frozenset({ItemState.APPROVED, ItemState.SENT, ItemState.ACCEPTED, ItemState.UNKNOWN})
"""States in which a running batch still owes something."""
PAID_STATES = frozenset({ItemState.SETTLED, ItemState.CONFIRMED, ItemState.RETURNED})
"""States in which the money has gone out, even if it came back."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What the officer says of a file before it is read; None for what is not said. `sha256` in hex digits."""

    count: int | None = None
    total_minor: int | None = None
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class PayoutResult:
    """The answer of a verb; `about` is the id of what it names: an earlier batch, the follow-up batch."""

    outcome: PayoutOutcome
    about: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch.

    Attributes:
        id: `bat_…`.
        number: Short and unique, for people and for EndToEndIds: 7 is shown as B7.
        name: As staff call it.
        state: See BatchState.
        source: `file`, or the name of a Source (`benefits`, `fees`); a follow-up has that of what it follows.
        line: Budget line that it is held against.
        debit: Which account pays rows of a file.
        declared: What was declared.
        content_sha256: Of the file, hex; '' of a source.
        follows: The batch that this one follows up, or ''.
        staff_id: Who made it.
        count: Items that were taken, those that staff have dropped since included.
        total: Their sum.
        bad: Lines that were not taken.
        reached: Lines, or ids of the source, that were read so far.
        loaded: Whether all is read.
        manifest: SHA-256 of what is paid, once it is locked; else b''.
        manifest_count: How many items it has.
        manifest_total: Their sum.
        cool_until: Before that nothing may be released: the latest change of a payee's account; or None.
        approval_id: What it was proposed as, or ''.
        stopped: A value of Stop, or ''.
        created_at: When it was made.
        locked_at: When it was locked, or None.
        approved_at: When enough people had agreed, or None.
        released_at: When the hold stood, or None.
        finished_at: When nothing was open any more, or None.
    """

    id: str
    number: int
    name: str
    state: BatchState
    source: str
    line: str
    debit: Debit
    declared: Declared
    content_sha256: str
    follows: str
    staff_id: str
    count: int
    total: Money
    bad: int
    reached: str
    loaded: bool
    manifest: bytes
    manifest_count: int
    manifest_total: Money
    cool_until: datetime | None
    approval_id: str
    stopped: str
    created_at: datetime
    locked_at: datetime | None
    approved_at: datetime | None
    released_at: datetime | None
    finished_at: datetime | None

    @property
    def label(self) -> str:
        """`B7`, as people say it and as the phone of the signer shows it."""
        return f"B{self.number}"


@dataclass(frozen=True, slots=True)
class Item:
    """One payment of a batch.

    Attributes:
        id: `itm_…`: its batch's with its place, so that it is found again after a crash.
        batch_id: Of which batch.
        seq: Its place, from 1: the line of the file less the heading.
        reference: Unique in the institution while it is open or paid.
        source_id: See Due; the reference for rows of a file.
        person_id: Whose wallet or account, or ''.
        name: Of the payee.
        iban: Where it goes, '' for the wallet; `masked` is what is shown.
        rail: The way it goes; known when the batch is locked.
        amount: What.
        debit: Which account pays.
        code: Why the money moves.
        purpose: ISO 20022 external purpose code.
        note: What the payee reads.
        state: See ItemState.
        reason: Why it stands there: a HeldReason, an outcome of the ledger, a reason code of the bank, or ''.
        flag: A value of Flag, or ''.
        desk: A value of DeskState, or ''.
        end_to_end_id: Of a payment by bank, or ''.
        order_id: Of the order that it went with, or ''.
        follows: The item that this one pays again, or ''.
        changed_at: When it came to its state.
    """

    id: str
    batch_id: str
    seq: int
    reference: str
    source_id: str
    person_id: str
    name: str = field(repr=False)
    iban: str = field(repr=False)
    rail: Rail
    amount: Money
    debit: Debit
    code: TransferCode
    purpose: str
    note: str = field(repr=False)
    state: ItemState
    reason: str
    flag: str
    desk: str
    end_to_end_id: str
    order_id: str
    follows: str
    changed_at: datetime

    @property
    def masked(self) -> str:
        """`…0001`, or '' of a wallet."""
        return masked_iban(self.iban)


@dataclass(frozen=True, slots=True)
class BadRow:
    """A line that was not taken: its number (the heading is 1), in which column ('' for the whole), and why."""

    line: int
    column: str
    fault: RowFault
    about: str = ""
    """With PAID_BEFORE the item that pays it."""


@dataclass(frozen=True, slots=True)
class Change:
    """A transition of items `first` to `last` on one rail ('' for all) that stood in `was`; of the batch with 0 and 0.

    `source` says who or what knew it: `staff`, `ledger`, `bank pain.002 MSG1`, `sweep`.
    """

    batch_id: str
    number: int
    first: int
    last: int
    rail: str
    was: str
    state: str
    reason: str
    source: str
    staff_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Tally:
    """How many items stand in a state on a rail, and their sum."""

    state: ItemState
    rail: Rail
    count: int
    total: Money


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a batch is; `done` of `count` items need nothing more from anybody but time."""

    tallies: tuple[Tally, ...]
    count: int
    done: int
    paid: Money
    lines: int
    """Rows read so far while it is loading."""


@dataclass(frozen=True, slots=True)
class Budget:
    """A budget line: what was given to it, what batches hold of it, what was spent, and what is left."""

    line: str
    given: Money
    held: Money
    spent: Money
    left: Money
