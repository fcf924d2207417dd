"""Tables of approvals: what was proposed, and everything that happened to it."""

from sqlalchemy import Column, ForeignKey, Index, UniqueConstraint

from gateway.store import table
from gateway.store.endings import ending
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
    Column("amount", Int64),
    Column("asset", Text),
    Column("not_before", Moment),
    Column("band", JsonText),
    Column("barred", JsonText),
    Index("approvals_approvals_state", "state", "id"),
    Index("approvals_approvals_due", "due"),
)
"""`open_key` is kind and subject while nothing is decided: one is open at a time. `due` is the id while something is
still to be done about a decision. `band` is what kind and amount asked for when it was proposed: a policy that changes
later changes nothing of what waits."""
Index("approvals_approvals_tail", ending(approvals.c.id))

votes = table(
    "approvals_votes",
    Column("approval_id", Text, ForeignKey("approvals_approvals.id"), primary_key=True),
    Column("principal", Text, primary_key=True),
    Column("voter", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("at", Moment, nullable=False),
    UniqueConstraint("approval_id", "voter"),
)
"""Makers and those who agreed: the keys alone keep one person from being both, or two of either."""

delegations = table(
    "approvals_delegations",
    Column("id", Text, primary_key=True),
    Column("principal", Text, nullable=False),
    Column("delegate", Text, nullable=False),
    Column("kinds", JsonText, nullable=False),
    Column("begins", Moment, nullable=False),
    Column("ends", Moment, nullable=False),
    Column("reason", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_at", Moment, nullable=False),
    Index("approvals_delegations_delegate", "delegate", "ends"),
    Index("approvals_delegations_principal", "principal", "ends"),
)
"""Who stands in for whom; one that is taken back ends then, and its row stays."""

changes = table(
    "approvals_changes",
    Column("approval_id", Text, ForeignKey("approvals_approvals.id"), primary_key=True),
    Column("seq", Int64, primary_key=True),
    Column("what", Text, nullable=False),
    Column("staff_id", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("at", Moment, nullable=False),
)
