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
"""Two rows. `narrow`: how many segments are whole; `wide`: how many slices of them are merged.

Whoever adds one holds its row, so that each is made once.
"""
