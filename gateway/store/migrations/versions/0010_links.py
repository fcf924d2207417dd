"""Table of links' reports."""

import sqlalchemy as sa
from alembic import op

import wallet.types as t

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "link_reports",
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", t.JsonText(), nullable=False),
        sa.Column("since", t.Moment(), nullable=False),
        sa.Column("seen_at", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("process", "name"),
        sqlite_strict=True,
    )
