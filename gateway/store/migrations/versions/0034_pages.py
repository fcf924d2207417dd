"""Pages of statements that came in files of their own, until all of them are in."""

import sqlalchemy as sa
from alembic import op

import wallet.types as t

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "banking_pages",
        sa.Column("file_id", sa.Text(), nullable=False),
        sa.Column("place", t.Int64, nullable=False),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("sequence", t.Int64, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("statement_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("file_id", "place"),
        sa.ForeignKeyConstraint(["file_id"], ["banking_files.id"]),
        sqlite_strict=True,
    )
    op.create_index("banking_pages_series", "banking_pages", ["account", "root", "sequence"])
