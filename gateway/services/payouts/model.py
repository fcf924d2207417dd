"""Batches, their items, and every answer about them."""

from dataclasses import dataclass
from enum import StrEnum

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
