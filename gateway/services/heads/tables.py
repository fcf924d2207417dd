"""Table of published heads. Rows are only ever added, one for a block at most."""

from sqlalchemy import Column

from gateway.store import table
from wallet.types import Blob, Int64, Moment, Text

published_heads = table(
    "heads_published",
    Column("block", Int64, primary_key=True, autoincrement=False),
    Column("position", Int64, nullable=False),
    Column("hash", Blob, nullable=False),
    Column("booked_at", Moment, nullable=False),
    Column("published_at", Moment, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("signature", Blob, nullable=False),
)
