"""Payouts: batches of payments, from a decision to the day on which the bank says that the money arrived."""

from gateway.services.payouts.answers import DeskState, Flag, HeldReason, PayoutOutcome, RowFault, Stop
from gateway.services.payouts.book import FILE, Parts
from gateway.services.payouts.making import APPROVAL_KIND
from gateway.services.payouts.model import (
    BadRow,
    Batch,
    BatchState,
    Budget,
    Change,
    Debit,
    Declared,
    Due,
    Item,
    ItemState,
    PayoutResult,
    Progress,
    Rail,
    Tally,
)
from gateway.services.payouts.payouts import Payouts
from gateway.services.payouts.ports import Known, Source, Verdict
from gateway.services.payouts.reached import Reached, ReachedItems
from gateway.services.payouts.releasing import DOCUMENT_KIND

__all__ = [
    "APPROVAL_KIND",
    "DOCUMENT_KIND",
    "FILE",
    "BadRow",
    "Batch",
    "BatchState",
    "Budget",
    "Change",
    "Debit",
    "Declared",
    "DeskState",
    "Due",
    "Flag",
    "HeldReason",
    "Item",
    "ItemState",
    "Known",
    "Parts",
    "PayoutOutcome",
    "PayoutResult",
    "Payouts",
    "Progress",
    "Rail",
    "Reached",
    "ReachedItems",
    "RowFault",
    "Source",
    "Stop",
    "Tally",
    "Verdict",
]
