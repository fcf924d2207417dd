"""What reconciliation compares: rows of the ledger, of a rail and of the bank, as values; and what became of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple


class Side(StrEnum):
    """Whose book a row stands in."""

    LEDGER = "ledger"
    RAIL = "rail"
    """What our own service for that way of money says: payout items, takings of terminals, fees."""
    BANK = "bank"


class Row(NamedTuple):
    """One movement in one book.

    Attributes:
        side: Whose book.
        id: Unique in its side: the transfer, the payout item, `stm_…:4`; leads back to its cause.
        minor: Minor units, positive where money comes into the account that the flow is about, never nothing.
        asset: Code.
        on: Business day on which the book has it.
        value_on: Value date.
        own: What ledger and rail both call it (the item's business id), or ''.
        end_to_end_id: What we and the bank both call it, or ''; it may repeat.
        batch: MsgId or PmtInfId of the order that it belongs to, or ''.
        reference: Any other reference: the bank's own, a document's number; or ''.
        party: Name of the other side, or ''.
        account: Account of the other side, or ''.
        text: Remittance and the like, or ''.
        count: For how many payments a batch booking stands, 0 where nobody says, 1 for a single one.
        back: It takes another back: a return, a reversal.
        undoes: The row's id, in the same side, that it takes back, where the book says so; or ''.
        railed: A rail must have it too: the ledger posts it for an item of a rail.
    """

    side: Side
    id: str
    minor: int
    asset: str
    on: date
    value_on: date
    own: str = ""
    end_to_end_id: str = ""
    batch: str = ""
    reference: str = ""
    party: str = ""
    account: str = ""
    text: str = ""
    count: int = 1  # type: ignore[assignment]
    back: bool = False
    undoes: str = ""
    railed: bool = False


class Verdict(StrEnum):
    """What becomes of a row; each row of each side ends in exactly one."""

    MATCHED = "matched"
    ONLY_OURS = "only_ours"
    """In the ledger, the rail or both, and not where else it must be."""
    ONLY_THEIRS = "only_theirs"
    """The bank has it alone."""
    DIFFERS = "differs"
    """Everybody has it, and they do not say the same."""


class Rule(StrEnum):
    """By what rows were put together, in the order in which it is tried."""

    DECIDED = "decided"
    """Staff have said so."""
    OWN = "own"
    """Ledger and rail have one name for it."""
    END_TO_END = "end_to_end"
    """EndToEndId and amount."""
    BATCH = "batch"
    """A booking of an order as a whole, by MsgId or PmtInfId."""
    REFERENCE = "reference"
    """Another reference that only one row on each side has, and the amount."""
    SUM = "sum"
    """The only set of rows whose amounts make exactly this one's."""
    UNDONE = "undone"
    """A return or reversal with what it takes back: together they are nothing."""
    ALONE = "alone"
    """Nothing was found."""


class BreakType(StrEnum):
    """What is wrong with a group that is not MATCHED."""

    MISSING_LEDGER = "missing_ledger"
    MISSING_RAIL = "missing_rail"
    MISSING_BANK = "missing_bank"
    AMOUNT = "amount"
    DUPLICATE = "duplicate"
    """One more of something that is matched already."""
    TIMING = "timing"
    """The days lie further apart than the flow's terms allow."""
    RETURNED = "returned"
    """Money came back, and nobody has booked it, or nobody knows what it takes back."""


class Group(NamedTuple):
    """Rows that belong together, and what becomes of all of them.

    Attributes:
        rows: Of one side or more, ordered by side and id; at least one.
        verdict: See Verdict.
        rule: The weakest rule that was needed.
        broken: None exactly with MATCHED.
        difference_minor: Minor units by which the sides differ: bank less ours where the bank is one of them, rail less
            ledger otherwise; with one side alone its whole amount.
    """

    rows: Sequence[Row]
    verdict: Verdict
    rule: Rule
    broken: BreakType | None = None
    difference_minor: int = 0


@dataclass(frozen=True, slots=True)
class Terms:
    """What a flow allows.

    Attributes:
        sides: Which books have a say, two or three of them. A row that is not `railed` needs no RAIL.
        days: How many days the same thing may lie apart between two books.
        minor: How many minor units it may differ by.
    """

    sides: frozenset[Side]
    days: int = 3
    minor: int = 0


class Reason(StrEnum):
    """Why a suggestion was made; each has its words in every language."""

    SAME_AMOUNT = "same_amount"
    NEAR_AMOUNT = "near_amount"
    DIGITS_SWAPPED = "digits_swapped"
    """The amounts, or the references, differ by two neighbouring digits that changed places."""
    SUM_OF_SEVERAL = "sum_of_several"
    SAME_DAY = "same_day"
    NEAR_DAY = "near_day"
    LIKE_REFERENCE = "like_reference"
    SAME_ACCOUNT = "same_account"
    LIKE_NAME = "like_name"
    SAME_BATCH = "same_batch"
    TAKES_BACK = "takes_back"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What might belong together; nobody links it but staff.

    Attributes:
        rows: Of open groups, each of them whole.
        score: 1 to 100.
        reasons: In words, the strongest first.
    """

    rows: Sequence[Row]
    score: int
    reasons: Sequence[Reason]


@dataclass(frozen=True, slots=True)
class Decided:
    """What staff have said of rows, by (side, id): they belong together, or they do not.

    Attributes:
        rows: Two or more.
        together: True links them whatever the rules find; False keeps the rules from putting these in one group.
    """

    rows: frozenset[tuple[Side, str]]
    together: bool
