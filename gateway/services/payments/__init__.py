"""Payments: contributions, money from person to person, claim codes, cash-in."""

from gateway.services.payments.invoices import INVOICES_JOB
from gateway.services.payments.model import (
    ClaimCode,
    CodeState,
    Invoice,
    InvoiceState,
    Payee,
    PayeeKind,
    Payment,
    PaymentKind,
    PaymentState,
    PayOutcome,
    PayResult,
    RedeemOutcome,
    RedeemResult,
)
from gateway.services.payments.payments import Payments
from gateway.services.payments.rules import period_of

__all__ = [
    "INVOICES_JOB",
    "ClaimCode",
    "CodeState",
    "Invoice",
    "InvoiceState",
    "PayOutcome",
    "PayResult",
    "Payee",
    "PayeeKind",
    "Payment",
    "PaymentKind",
    "PaymentState",
    "Payments",
    "RedeemOutcome",
    "RedeemResult",
    "period_of",
]
