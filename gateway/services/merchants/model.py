"""A merchant, its terminals, and the key that a terminal is given once."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


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
    """

    id: str
    number: str
    name: str
    owner_person_id: str
    city: str
    registered_at: datetime


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal: its id of eight characters (DE41), whose it is, and who of staff let or stopped it, when and why."""

    id: str
    merchant_id: str
    merchant_number: str
    merchant_name: str
    registered_at: datetime
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
