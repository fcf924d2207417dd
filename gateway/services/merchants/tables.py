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
)

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
