"""Rows of this service's tables, and the values that they hold."""

from dataclasses import fields
from typing import Any

from sqlalchemy import Row

from gateway.services.payments.model import (
    ClaimCode,
    CodeState,
    Invoice,
    InvoiceState,
    Payment,
    PaymentKind,
    PaymentState,
    PayOutcome,
)
from wallet.money import ASSETS, Money


def payment_of(row: Row[Any]) -> Payment:
    """The payment in a row."""
    values = row._asdict()
    values["amount"] = Money(values.pop("amount_minor"), ASSETS[values.pop("asset")])
    values["kind"] = PaymentKind(row.kind)
    values["state"] = PaymentState(row.state)
    values["outcome"] = PayOutcome(row.outcome) if row.outcome is not None else None
    return Payment(**values)


def payment_row(payment: Payment) -> dict[str, object]:
    """The row of a payment."""
    row: dict[str, object] = {column.name: getattr(payment, column.name) for column in fields(payment)}
    del row["amount"]
    return row | {"amount_minor": payment.amount.minor, "asset": payment.amount.asset.code}


def invoice_of(row: Row[Any]) -> Invoice:
    """The invoice in a row."""
    return Invoice(
        row.id,
        row.person_id,
        row.period,
        Money(row.amount_minor, ASSETS[row.asset]),
        InvoiceState(row.state),
        row.made_by,
        row.made_at,
        row.paid_at,
    )


def code_of(row: Row[Any]) -> ClaimCode:
    """The claim code in a row."""
    amount = Money(row.amount_minor, ASSETS[row.asset])
    return ClaimCode(row.id, row.payer_id, row.msisdn, amount, CodeState(row.state), row.expires_at, row.redeemer_id)
