"""Closing: days that were closed, their checklists and seals."""

import sqlalchemy as sa
from alembic import op

import wallet.types as t

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "closing_days",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("day", t.Day(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("checks", t.JsonText(), nullable=False),
        sa.Column("roots", t.JsonText(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("block", t.Int64, nullable=False),
        sa.Column("position", t.Int64, nullable=False),
        sa.Column("head_hash", sa.LargeBinary(), nullable=False),
        sa.Column("trial_seal", sa.LargeBinary(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", t.Moment(), nullable=False),
        sa.Column("sealed_at", t.Moment(), nullable=True),
        sa.Column("expires_at", t.Moment(), nullable=True),
        sa.Column("signed_by", t.JsonText(), nullable=False),
        sa.Column("signed_at", t.Moment(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("current_day", t.Day(), nullable=True),
        sa.Column("open_key", sa.Text(), nullable=True),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("worker_until", t.Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("current_day"),
        sa.UniqueConstraint("open_key"),
        sqlite_strict=True,
    )
    op.create_index("closing_days_day", "closing_days", ["day", "id"])
    op.create_table(
        "closing_leaves",
        sa.Column("close_id", sa.Text(), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("page", t.Int64, nullable=False),
        sa.Column("count", t.Int64, nullable=False),
        sa.Column("names", sa.LargeBinary(), nullable=False),
        sa.Column("leaves", sa.LargeBinary(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("close_id", "section", "page"),
        sqlite_strict=True,
    )
    op.create_table(
        "closing_statements",
        sa.Column("statement_id", sa.Text(), nullable=False),
        sa.Column("close_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("statement_id"),
        sqlite_strict=True,
    )
    op.create_index("closing_statements_close", "closing_statements", ["close_id"])
    op.create_table(
        "closing_excuses",
        sa.Column("day", t.Day(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Text(), nullable=False),
        sa.Column("at", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("day", "name", "facts"),
        sqlite_strict=True,
    )
    op.create_table(
        "closing_figures",
        sa.Column("day", t.Day(), nullable=False),
        sa.Column("position", t.Int64, nullable=False),
        sa.Column("sums", t.JsonText(), nullable=False),
        sa.PrimaryKeyConstraint("day"),
        sqlite_strict=True,
    )
