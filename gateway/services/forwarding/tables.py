"""Table of who may send text messages by e-mail. Tokens are kept as keyed hashes only."""

from sqlalchemy import Column

from gateway.store import table
from wallet.types import Blob, Int64, Moment, Text

senders = table(
    "forwarding_senders",
    Column("address", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("token_mac", Blob, nullable=False),
    Column("daily_max", Int64, nullable=False),
    # The business day that `taken` counts, as 2026-11-22; another day begins at none.
    Column("day", Text, nullable=False),
    Column("taken", Int64, nullable=False),
    Column("added_at", Moment, nullable=False),
)
