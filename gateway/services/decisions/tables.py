"""The table of versions: a file is kept as it was, and never changes; what stands is told by its state."""

from sqlalchemy import Column, Index

from gateway.store import table
from wallet.types import Blob, Day, Int64, Moment, Text

versions = table(
    "decisions_versions",
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("body", Blob, nullable=False),
    Column("first_day", Day, nullable=False),
    Column("last_day", Day),
    Column("state", Text, nullable=False),
    Column("rank", Int64, nullable=False),
    Column("shipped_key", Text, unique=True),
    Column("note", Text, nullable=False),
    Column("maker", Text, nullable=False),
    Column("checker", Text, nullable=False),
    Column("approval_id", Text, nullable=False),
    Column("proposed_at", Moment, nullable=False),
    Column("decided_at", Moment),
    Index("decisions_versions_name", "name", "state", "id"),
)
"""Of the versions that hold on a day the one of the highest `rank`, then the one that was published last, decides. What
comes with the software has rank 0, so that a new release of it never overrules what the institution has published."""
