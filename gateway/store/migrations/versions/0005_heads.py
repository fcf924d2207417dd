"""Table of published heads."""

import sqlalchemy as sa
from alembic import op

import wallet.types as t

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "heads_published",
        sa.Column("block", t.Int64, autoincrement=False, nullable=False),
        sa.Column("position", t.Int64, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("booked_at", t.Moment(), nullable=False),
        sa.Column("published_at", t.Moment(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("block"),
        sqlite_strict=True,
    )
