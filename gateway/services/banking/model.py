"""Orders to the bank, and what the bank says of each payment."""

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
