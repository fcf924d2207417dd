"""What is found of payments."""

from gateway.services.finding import FoundBy, FoundKind, Looked
from gateway.services.payments.tables import codes, invoices, payments

LOOKED = (
    Looked(
        FoundKind.PAYMENT,
        payments.c.id,
        "pay",
        references={FoundBy.REFERENCE: payments.c.reference},
        at=payments.c.created_at,
        minor=payments.c.amount_minor,
        asset=payments.c.asset,
    ),
    Looked(
        FoundKind.INVOICE,
        invoices.c.id,
        "inv",
        tails=True,
        at=invoices.c.made_at,
        minor=invoices.c.amount_minor,
        asset=invoices.c.asset,
        name=invoices.c.period,
    ),
    Looked(
        FoundKind.CLAIM_CODE,
        codes.c.id,
        "cco",
        references={FoundBy.PHONE: codes.c.msisdn},
        minor=codes.c.amount_minor,
        asset=codes.c.asset,
    ),
)
