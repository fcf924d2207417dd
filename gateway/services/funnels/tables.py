"""Tables of funnels: counts of sessions by day, and how far the sessions were counted."""

from sqlalchemy import Column

from gateway.store import table
from wallet.types import Day, Int64, Text

COUNTS = table(
    "funnels_counts",
    Column("day", Day, primary_key=True),
    Column("what", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("wire", Text, primary_key=True),
    Column("operator", Text, primary_key=True),
    Column("language", Text, primary_key=True),
    Column("number", Int64, nullable=False),
)

REACHED = table(
    "funnels_reached",
    Column("name", Text, primary_key=True),
    Column("session_id", Text, nullable=False),
)
"""One row, `sessions`: the last session that was counted. Whoever counts holds it, so that each is counted once."""
