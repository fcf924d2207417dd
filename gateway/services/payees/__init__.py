"""Payees: where each person wants to be paid, who changed that and when."""

from gateway.services.payees.model import (
    G2P_CODES,
    AccountKind,
    ChangeKind,
    PayeeAccount,
    PayeeChange,
    PayeeOutcome,
    PayeeResult,
    SharedAccount,
)
from gateway.services.payees.payees import Payees
from gateway.services.payees.ports import PayeeParts

__all__ = [
    "G2P_CODES",
    "AccountKind",
    "ChangeKind",
    "PayeeAccount",
    "PayeeChange",
    "PayeeOutcome",
    "PayeeParts",
    "PayeeResult",
    "Payees",
    "SharedAccount",
]
