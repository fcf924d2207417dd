"""Decision tables."""

import sqlalchemy as sa
from alembic import op

import wallet.types as t

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "decisions_versions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("first_day", t.Day(), nullable=False),
        sa.Column("last_day", t.Day(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("rank", t.Int64, nullable=False),
        sa.Column("shipped_key", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("maker", sa.Text(), nullable=False),
        sa.Column("checker", sa.Text(), nullable=False),
        sa.Column("approval_id", sa.Text(), nullable=False),
        sa.Column("proposed_at", t.Moment(), nullable=False),
        sa.Column("decided_at", t.Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("shipped_key"),
        sqlite_strict=True,
    )
    op.create_index("decisions_versions_name", "decisions_versions", ["name", "state", "id"], unique=False)
