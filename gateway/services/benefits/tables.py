"""Tables of benefits: claims, the days and events they cover, who attests them, and all that happened to them."""

from sqlalchemy import Column, ForeignKey, Index

from gateway.store import table
from gateway.store.endings import ending
from wallet.types import Blob, Day, Int64, Moment, Text

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
    Column("kind", Text, nullable=False),
    Column("attester_code", Text, nullable=False),
    Column("attester_name", Text, nullable=False),
    Column("attestation", Text, nullable=False),
    Column("proposal", Text, nullable=False),
    Column("proposal_why", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("first_officer", Text, nullable=False),
    Column("batch_id", Text, nullable=False),
    Column("item_id", Text, nullable=False),
    Index("benefits_claims_person", "person_id", "id"),
    Index("benefits_claims_batch", "batch_id", "state", "id"),
    Index("benefits_claims_state", "state", "id"),
    Index("benefits_claims_due", "due_at"),
)
"""`due_at` is set while something must still be done without anybody asking: look at it when its attestation has come
or its time is over, propose the release, or pay. `item_id` is the last item of a payout that has ended, with how."""
Index("benefits_claims_tail", ending(claims.c.id))

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

events = table(
    "benefits_events",
    Column("person_id", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("day", Day, primary_key=True),
    Column("claim_id", Text, ForeignKey("benefits_claims.id"), nullable=False),
)
"""The day of each claim of a kind that covers no days, so that one event is claimed once."""

evidence = table(
    "benefits_evidence",
    Column("claim_id", Text, ForeignKey("benefits_claims.id"), primary_key=True),
    Column("round", Int64, primary_key=True),
    Column("datum", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("at", Moment, nullable=False),
)
"""What was looked at, each time that a claim was looked at."""

attesters = table(
    "benefits_attesters",
    Column("code", Text, primary_key=True),
    Column("sort", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("msisdn", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("added_by", Text, nullable=False),
    Column("added_at", Moment, nullable=False),
)

attestations = table(
    "benefits_attestations",
    Column("id", Text, primary_key=True),
    Column("claim_id", Text, ForeignKey("benefits_claims.id"), nullable=False, unique=True),
    Column("msisdn", Text, nullable=False),
    Column("mac", Blob, nullable=False),
    Column("tries", Int64, nullable=False),
    Column("state", Text, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("seen_at", Moment),
    Column("answered_at", Moment),
    Index("benefits_attestations_msisdn", "msisdn", "state"),
)
"""`mac` is that of the code; `seen_at` is when the attester opened it on the screen, and may answer without it."""
