"""Tables of benefits: claims, the days that they cover, and everything that happened to them."""

from sqlalchemy import Column, ForeignKey, Index

from gateway.store import table
from wallet.types import Day, Int64, Moment, Text

claims = table(
    "benefits_claims",
    Column("id", Text, primary_key=True),
    Column("number", Text, nullable=False, unique=True),
    Column("call_key", Text, nullable=False, unique=True),
    Column("person_id", Text, nullable=False),
    Column("first_day", Day, nullable=False),
    Column("last_day", Day, nullable=False),
    Column("days", Int64, nullable=False),
    Column("amount_minor", Int64, nullable=False),
    Column("asset", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("submitted_at", Moment, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decided_at", Moment),
    Column("reason", Text, nullable=False),
    Column("approval_id", Text, nullable=False),
    Column("paid_at", Moment),
    Column("attempt", Int64, nullable=False),
    Column("due_at", Moment),
    Index("benefits_claims_person", "person_id", "id"),
    Index("benefits_claims_state", "state", "id"),
    Index("benefits_claims_due", "due_at"),
)
"""`due_at` is set while something must still be done without anybody asking: propose the release, or pay."""

days = table(
    "benefits_days",
    Column("person_id", Text, primary_key=True),
    Column("day", Day, primary_key=True),
    Column("claim_id", Text, ForeignKey("benefits_claims.id"), nullable=False),
)
"""Each day of each claim that was not rejected: the table itself refuses an overlap, whoever else writes just then."""

changes = table(
    "benefits_changes",
    Column("claim_id", Text, ForeignKey("benefits_claims.id"), primary_key=True),
    Column("seq", Int64, primary_key=True),
    Column("state", Text, nullable=False),
    Column("staff_id", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("at", Moment, nullable=False),
)
