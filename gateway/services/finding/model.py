"""What is found, and how a search may end."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class FoundKind(StrEnum):
    """What a hit is; where it leads follows from it."""

    PERSON = "person"
    CLAIM = "claim"
    PAYMENT = "payment"
    INVOICE = "invoice"
    CLAIM_CODE = "claim_code"
    CASH_IN = "cash_in"
    PAYOUT_BATCH = "payout_batch"
    PAYOUT_ITEM = "payout_item"
    BANK_ORDER = "bank_order"
    STATEMENT = "statement"
    STATEMENT_LINE = "statement_line"
    """`Found.id` is the statement's, `Found.number` the line's."""
    TAP = "tap"
    REFUND = "refund"
    TOKEN = "token"  # noqa: S105 - the kind of a thing, no secret
    TERMINAL = "terminal"
    TERMINAL_BATCH = "terminal_batch"
    CYCLE = "cycle"
    MERCHANT_DUE = "merchant_due"
    MERCHANT = "merchant"
    PROVIDER = "provider"
    FEE = "fee"
    VISIT = "visit"
    DOCUMENT = "document"
    APPROVAL = "approval"
    BREAK = "break"
    DAY_CLOSE = "day_close"
    CAUSE = "cause"
    """A cause of the ledger of another kind than those above."""
    TRANSFER = "transfer"
    """By its own id; `Found.id` is the UUID, `Found.cause` what caused it."""


class FoundBy(StrEnum):
    """What of it is like the text."""

    ID = "id"
    """The whole id."""
    PREFIX = "prefix"
    TAIL = "tail"
    """Its last digits."""
    PHONE = "phone"
    NUMBER = "number"
    """A number for people: of a claim, a merchant, a till, a visit, a batch."""
    END_TO_END = "end_to_end"
    MESSAGE = "message"
    """MsgId of an order to the bank."""
    PAYMENT_INFORMATION = "payment_information"
    """PmtInfId of a batch booking."""
    BANK_REFERENCE = "bank_reference"
    REFERENCE = "reference"
    """Of a payment, or of an item in its file."""
    RRN = "rrn"
    APPROVAL_CODE = "approval_code"
    STAN = "stan"
    TERMINAL = "terminal"
    BATCH_NUMBER = "batch_number"


class FindOutcome(StrEnum):
    """How a search ended; the first that applies."""

    TOO_SHORT = "too_short"
    """Fewer than four letters or digits."""
    UNREADABLE = "unreadable"
    """Longer than anything of ours, or with characters that nothing of ours has."""
    REASON = "reason"
    """It is a phone number, and whoever looks for a person says why."""
    NOTHING = "nothing"
    FOUND = "found"


@dataclass(frozen=True, slots=True)
class Found:
    """One hit.

    Attributes:
        kind: What it is.
        id: Its id; of a STATEMENT_LINE that of the statement.
        by: What of it is like the text.
        at: When it was made or first booked; None where nothing says so.
        on: The day instead, where only that is known: of a STATEMENT_LINE.
        minor: Its amount; None where it has none.
        asset: Of the amount, or ''.
        cause: Of a TRANSFER, what caused it, else ''.
        number: Of a STATEMENT_LINE its place, else 0.
        transfers: How many rows of the log have it as their cause, as far as was looked; 0 for none.
        name: For people: a name or a number, or ''.
    """

    kind: FoundKind
    id: str
    by: FoundBy
    at: datetime | None = None
    on: date | None = None
    minor: int | None = None
    asset: str = ""
    cause: str = ""
    number: int = 0
    transfers: int = 0
    name: str = ""


@dataclass(frozen=True, slots=True)
class Findings:
    """What a search gave: whole ids first, then references, then parts of ids, each newest first.

    Attributes:
        outcome: How it ended.
        text: What was looked for, tidied: digits and capitals as ours are.
        found: At most the limit.
        more: There was more than that.
        behind: Last digits of older entries of the ledger are still being indexed, so some may be missing.
    """

    outcome: FindOutcome
    text: str = ""
    found: Sequence[Found] = field(default=())
    more: bool = False
    behind: bool = False
