"""What staff see of sessions."""

import sqlalchemy as sa
from alembic import op

import wallet.types as t

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "funnels_counts",
        sa.Column("day", t.Day(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("wire", sa.Text(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("number", t.Int64, nullable=False),
        sa.PrimaryKeyConstraint("day", "what", "name", "version", "wire", "operator", "language"),
        sqlite_strict=True,
    )
    op.create_table(
        "funnels_reached",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        sqlite_strict=True,
    )
