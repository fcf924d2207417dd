"""A merchant, its terminals, and the key that a terminal is given once."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gateway.services.iban import masked_iban

NO_CATEGORY = "0000"


class TerminalState(StrEnum):
    """Whether a terminal may sign on."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    """Staff stopped it until they say otherwise."""
    RETIRED = "retired"
    """For ever."""


@dataclass(frozen=True, slots=True)
class Merchant:
    """Somebody who takes taps.

    Attributes:
        id: `mer_…`; owns the ledger's accounts `merchant_clearing` and `merchant_payable`.
        number: Fifteen digits, DE42 of every message.
        name: As staff and receipts show it.
        owner_person_id: The person behind it.
        city: Where it is.
        iban: Where it is paid; '' for its owner's own account.
        iban_since: When that was last changed.
        iban_cool_until: Before that nothing is paid to it, so that a change by a thief can be noticed.
        fee_class: What the schedule of fees may treat apart, or ''.
        category: Its merchant category (ISO 18245), four digits; `0000` until somebody says which.
    """

    id: str
    number: str
    name: str
    owner_person_id: str
    city: str
    registered_at: datetime
    category: str = NO_CATEGORY
    iban: str = field(default="", repr=False)
    iban_since: datetime | None = None
    iban_cool_until: datetime | None = None
    fee_class: str = ""

    @property
    def masked(self) -> str:
        """`…0001`, or ''."""
        return masked_iban(self.iban)


@dataclass(frozen=True, slots=True)
class IbanChange:
    """A change of the account that a merchant is paid to, masked."""

    merchant_id: str
    iban: str
    old_iban: str
    staff_id: str
    reason: str
    at: datetime


class IbanOutcome(StrEnum):
    """Answers to a change of a merchant's account."""

    OK = "ok"
    UNKNOWN = "unknown"
    BAD_IBAN = "bad_iban"
    REASON_MISSING = "reason_missing"
    SAME = "same"
    """It is paid there already."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal: its id of eight characters (DE41), whose it is, and who of staff let or stopped it, when and why."""

    id: str
    merchant_id: str
    merchant_number: str
    merchant_name: str
    registered_at: datetime
    city: str = ""
    category: str = NO_CATEGORY
    state: TerminalState = TerminalState.ACTIVE
    state_reason: str = ""
    state_by: str = ""
    state_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TerminalKey:
    """What is put into a terminal by hand at its registration; shown once and stored nowhere.

    `key` is the terminal's MAC key, 16 bytes; `merchant_number` is its DE42.
    """

    terminal_id: str
    merchant_number: str
    key: bytes = field(repr=False)
