"""Tables of closing: days and their closings, leaves of their seals, explanations, and each day's figures."""

from sqlalchemy import Column, Index

from gateway.store import table
from wallet.types import Blob, Day, Int64, JsonText, Moment, Text

DAYS = table(
    "closing_days",
    Column("id", Text, primary_key=True),
    Column("day", Day, nullable=False),
    Column("state", Text, nullable=False),
    Column("checks", JsonText, nullable=False),
    Column("roots", JsonText, nullable=False),
    Column("digest", Blob, nullable=False),
    Column("block", Int64, nullable=False),
    Column("position", Int64, nullable=False),
    Column("head_hash", Blob, nullable=False),
    Column("trial_seal", Blob, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("sealed_at", Moment),
    Column("expires_at", Moment),
    Column("signed_by", JsonText, nullable=False),
    Column("signed_at", Moment),
    Column("reason", Text, nullable=False),
    Column("current_day", Day, unique=True),
    Column("open_key", Text, unique=True),
    Column("worker", Text, nullable=False),
    Column("worker_until", Moment),
    Index("closing_days_day", "day", "id"),
)
"""`current_day` is the day unless the closing is VOID, so that one counts; `open_key` is the same for each closing that
is going on, so that one does. What is signed covers every column up to `expires_at` but the state."""

LEAVES = table(
    "closing_leaves",
    Column("close_id", Text, primary_key=True),
    Column("section", Text, primary_key=True),
    Column("page", Int64, primary_key=True),
    Column("count", Int64, nullable=False),
    Column("names", Blob, nullable=False),
    Column("leaves", Blob, nullable=False),
    Column("root", Blob, nullable=False),
)
"""Many leaves a row, so that a day of a hundred thousand lines takes some megabytes: `names` are lines of text,
compressed (RFC 1950), `leaves` 32 octets each in the same order."""

SEALED = table(
    "closing_statements",
    Column("statement_id", Text, primary_key=True),
    Column("close_id", Text, nullable=False),
    Index("closing_statements_close", "close_id"),
)
"""Which closing has sealed a statement of the bank; one that comes late is sealed by the next."""

EXCUSES = table(
    "closing_excuses",
    Column("day", Day, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("facts", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("staff_id", Text, nullable=False),
    Column("at", Moment, nullable=False),
)
"""`facts` is a hash of what the check showed when it was explained."""

FIGURES = table(
    "closing_figures",
    Column("day", Day, primary_key=True),
    Column("position", Int64, nullable=False),
    Column("sums", JsonText, nullable=False),
)
"""The trial balance by role as it was booked by the end of a day that is over, which never changes any more."""
