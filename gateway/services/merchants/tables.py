"""Tables of merchants. A terminal's key is derived, so there is none to store."""

from sqlalchemy import Column, ForeignKey, Index

from gateway.store import table
from wallet.types import Moment, Text

merchants = table(
    "merchants_merchants",
    Column("id", Text, primary_key=True),
    Column("number", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("owner_person_id", Text, nullable=False),
    Column("city", Text, nullable=False),
    Column("registered_at", Moment, nullable=False),
    # Where it is paid; '' for its owner's own account.
    Column("iban", Text, nullable=False),
    Column("iban_since", Moment),
    Column("iban_cool_until", Moment),
    Column("fee_class", Text, nullable=False),
    Column("category", Text, nullable=False, server_default="0000"),
)

ibans = table(
    "merchants_ibans",
    Column("id", Text, primary_key=True),
    Column("merchant_id", Text, ForeignKey("merchants_merchants.id"), nullable=False),
    Column("iban", Text, nullable=False),
    Column("old_iban", Text, nullable=False),
    Column("staff_id", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Index("merchants_ibans_merchant", "merchant_id", "id"),
)
"""Every change of a merchant's account: who, why, and from which."""

terminals = table(
    "merchants_terminals",
    Column("id", Text, primary_key=True),
    Column("merchant_id", Text, ForeignKey("merchants_merchants.id"), nullable=False),
    Column("registered_at", Moment, nullable=False),
    Column("state", Text, nullable=False, server_default="active"),
    Column("state_reason", Text, nullable=False, server_default=""),
    Column("state_by", Text, nullable=False, server_default=""),
    Column("state_at", Moment),
    Index("merchants_terminals_merchant", "merchant_id", "id"),
)
