"""Bands of approvals, votes and delegates."""

import sqlalchemy as sa
from alembic import op

import wallet.types as t

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    approvals = "approvals_approvals"
    op.add_column(approvals, sa.Column("amount", t.Int64, nullable=True))
    op.add_column(approvals, sa.Column("asset", sa.Text(), nullable=True))
    op.add_column(approvals, sa.Column("not_before", t.Moment(), nullable=True))
    op.add_column(approvals, sa.Column("band", t.JsonText(), nullable=True))
    op.add_column(approvals, sa.Column("barred", t.JsonText(), nullable=True))
    op.create_table(
        "approvals_votes",
        sa.Column("approval_id", sa.Text(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("voter", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("at", t.Moment(), nullable=False),
        sa.ForeignKeyConstraint(["approval_id"], ["approvals_approvals.id"]),
        sa.PrimaryKeyConstraint("approval_id", "principal"),
        sa.UniqueConstraint("approval_id", "voter"),
        sqlite_strict=True,
    )
    op.create_table(
        "approvals_delegations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("delegate", sa.Text(), nullable=False),
        sa.Column("kinds", t.JsonText(), nullable=False),
        sa.Column("begins", t.Moment(), nullable=False),
        sa.Column("ends", t.Moment(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("approvals_delegations_delegate", "approvals_delegations", ["delegate", "ends"], unique=False)
    op.create_index("approvals_delegations_principal", "approvals_delegations", ["principal", "ends"], unique=False)
