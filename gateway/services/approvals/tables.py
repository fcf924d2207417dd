"""Tables of approvals: what was proposed, and everything that happened to it."""

from sqlalchemy import Column, ForeignKey, Index

from gateway.store import table
from wallet.types import Int64, JsonText, Moment, Text

approvals = table(
    "approvals_approvals",
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("payload", JsonText, nullable=False),
    Column("maker", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("proposed_at", Moment, nullable=False),
    Column("checker", Text, nullable=False),
    Column("decided_at", Moment),
    Column("reason", Text, nullable=False),
    Column("result", Text, nullable=False),
    Column("open_key", Text, unique=True),
    Column("due", Text),
    Index("approvals_approvals_state", "state", "id"),
    Index("approvals_approvals_due", "due"),
)
"""`open_key` is kind and subject while nothing is decided: one is open at a time. `due` is the id while something is
still to be done about a decision."""

changes = table(
    "approvals_changes",
    Column("approval_id", Text, ForeignKey("approvals_approvals.id"), primary_key=True),
    Column("seq", Int64, primary_key=True),
    Column("what", Text, nullable=False),
    Column("staff_id", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("at", Moment, nullable=False),
)
