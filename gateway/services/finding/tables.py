"""Tables of the index of last digits, see tails."""

from sqlalchemy import Column

from gateway.store import table
from wallet.types import Blob, Int64, Text

SEGMENTS = table(
    "finding_segments",
    Column("named", Text, primary_key=True),
    Column("bucket", Int64, primary_key=True),
    Column("segment", Int64, primary_key=True),
    Column("body", Blob, nullable=False),
)

REACHED = table(
    "finding_reached",
    Column("name", Text, primary_key=True),
    Column("segments", Int64, nullable=False),
)
"""One row, `log`: how many segments are whole. Whoever adds one holds it, so that each is made once."""
