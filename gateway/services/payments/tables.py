"""Tables of payments: what was asked of the ledger, invoices, claim codes, and wrong tries at claim codes."""

from sqlalchemy import Column, Index, UniqueConstraint

from gateway.store import table
from gateway.store.endings import ending
from wallet.types import Blob, Int64, Moment, Text

payments = table(
    "payments_payments",
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("person_id", Text, nullable=False),
    Column("call_key", Text, nullable=False, unique=True),
    Column("amount_minor", Int64, nullable=False),
    Column("asset", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("leg", Text, nullable=False),
    Column("attempt", Int64, nullable=False),
    Column("payee_id", Text, nullable=False),
    Column("msisdn", Text, nullable=False),
    Column("branch", Text, nullable=False),
    Column("staff_id", Text, nullable=False),
    Column("reference", Text, nullable=False, unique=True),
    Column("state", Text, nullable=False),
    Column("outcome", Text),
    Column("balance_minor", Int64),
    Column("created_at", Moment, nullable=False),
    Column("settled_at", Moment),
    Index("payments_payments_person", "person_id", "id"),
    Index("payments_payments_cause", "cause"),
    Index("payments_payments_state", "state", "created_at"),
)

invoices = table(
    "payments_invoices",
    Column("id", Text, primary_key=True),
    Column("person_id", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("amount_minor", Int64, nullable=False),
    Column("asset", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("paid_at", Moment),
    Column("attempt", Int64, nullable=False),
    Column("payment_id", Text, nullable=False),
    UniqueConstraint("person_id", "period"),
    Index("payments_invoices_made_by", "made_by"),
)
"""`payment_id` is the payment that holds the invoice while it is PAYING, and the one that paid it."""
Index("payments_invoices_tail", ending(invoices.c.id))

codes = table(
    "payments_codes",
    Column("id", Text, primary_key=True),
    Column("payer_id", Text, nullable=False),
    Column("msisdn", Text, nullable=False),
    Column("amount_minor", Int64, nullable=False),
    Column("asset", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("mac", Blob),
    Column("expires_at", Moment, nullable=False),
    Column("redeemer_id", Text, nullable=False),
    Column("attempt", Int64, nullable=False),
    Column("payment_id", Text, nullable=False),
    Column("return_from", Moment, nullable=False),
    Index("payments_codes_mac", "mac"),
    Index("payments_codes_return", "state", "return_from"),
    Index("payments_codes_msisdn", "msisdn"),
)
"""`id` is that of the payment that puts the money in, `payment_id` of the one that takes it out; `mac` is the keyed
hash of number and code; `return_from` is when the sweep may send the money back."""

tries = table(
    "payments_tries",
    Column("person_id", Text, primary_key=True),
    Column("since", Moment, nullable=False),
    Column("taken", Int64, nullable=False),
)
"""Wrong claim codes that a person has typed in the day that began at `since`."""
