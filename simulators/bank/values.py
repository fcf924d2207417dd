"""What the bank writes of: entries on an account, statements, and what it says of payments."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class Format(StrEnum):
    """Files that the bank may write beside pain.002."""

    CAMT_052 = "camt052"
    CAMT_053 = "camt053"
    CAMT_054 = "camt054"
    MT940 = "mt940"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed with the customer.

    Attributes:
        formats: Which files come.
        camt: Version of camt messages, `02` (2009) or `08` (2019).
        pain_002: Version of pain.002, `03` or `10`; '' for the one of the order's generation.
        bic: The bank's.
    """

    formats: frozenset[Format] = frozenset({Format.CAMT_053, Format.CAMT_054})
    camt: str = "08"
    pain_002: str = ""
    bic: str = "TAPDIRTHXXX"


@dataclass(frozen=True, slots=True)
class Detail:
    """One payment within an entry; `amount` has no sign."""

    end_to_end_id: str
    instr_id: str
    msg_id: str
    block_id: str
    amount: int
    name: str = field(repr=False)
    iban: str = field(repr=False)
    remittance: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line on an account.

    Attributes:
        ref: The bank's, unique (AcctSvcrRef).
        amount: Below zero if it was taken from the account.
        booked_on: The bank's day.
        at: The moment.
        reversal: It takes an earlier one back.
        reason: Of a return, or ''.
        batch: It stands for a whole block of an order.
        details: Of which payments it consists.
    """

    ref: str
    amount: int
    booked_on: date
    at: datetime
    reversal: bool
    reason: str
    batch: bool
    details: tuple[Detail, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What a camt message, an MT940 or a CSV is written of.

    Attributes:
        id: Of the message and of the statement.
        number: In the sequence of the account's statements, from 1; a report within the day has none.
        iban: The account.
        owner: Whose it is.
        opening: Balance before the first entry.
        entries: In the order of their booking.
        first_on: Day from which it tells.
        last_on: Day to which it does.
        made_at: When it was written.
    """

    id: str
    number: int
    iban: str
    owner: str
    opening: int
    entries: tuple[Entry, ...]
    first_on: date
    last_on: date
    made_at: datetime

    @property
    def closing(self) -> int:
        """Balance after the last entry."""
        return self.opening + sum(entry.amount for entry in self.entries)


@dataclass(frozen=True, slots=True)
class Said:
    """What the bank says of one payment in a pain.002."""

    block_id: str
    instr_id: str
    end_to_end_id: str
    status: str
    reason: str = ""
    amount: int | None = None


@dataclass(frozen=True, slots=True)
class Word:
    """A pain.002: of a whole group if `said` is empty.

    Attributes:
        id: Its MsgId.
        version: `03` or `10`.
        msg_id: Of the order that it is about.
        order_version: `03` or `09`.
        group: Status of the group.
        reason: Of a group that was rejected, or ''.
        text: The same in words.
        said: Payment by payment.
        made_at: When.
    """

    id: str
    version: str
    msg_id: str
    order_version: str
    group: str
    reason: str
    text: str
    said: tuple[Said, ...]
    made_at: datetime
