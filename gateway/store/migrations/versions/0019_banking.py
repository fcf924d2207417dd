"""Orders to the bank, its answers and its statements."""

import sqlalchemy as sa
from alembic import op

import wallet.types as t

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "banking_orders",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("execute_on", t.Day(), nullable=False),
        sa.Column("count", t.Int64, nullable=False),
        sa.Column("minor", t.Int64, nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("attempts", t.Int64, nullable=False),
        sa.Column("next_at", t.Moment(), nullable=True),
        sa.Column("created_at", t.Moment(), nullable=False),
        sa.Column("changed_at", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_table(
        "banking_files",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("position", t.Int64, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", t.Int64, nullable=False),
        sa.Column("octets", t.Blob, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Text(), nullable=False),
        sa.Column("at", t.Moment(), nullable=False),
        sa.Column("attempts", t.Int64, nullable=False),
        sa.Column("next_at", t.Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("position"),
        sa.UniqueConstraint("staff_id", "name", "sha256"),
        sqlite_strict=True,
    )
    op.create_table(
        "banking_statements",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("file_id", sa.Text(), nullable=False),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("statement_id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("sequence", t.Int64, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("opening", t.Int64, nullable=True),
        sa.Column("closing", t.Int64, nullable=True),
        sa.Column("from_on", t.Day(), nullable=True),
        sa.Column("to_on", t.Day(), nullable=True),
        sa.Column("order_on", t.Day(), nullable=False),
        sa.Column("count", t.Int64, nullable=False),
        sa.Column("left_out", t.Int64, nullable=False),
        sa.Column("whole", t.Flag(), nullable=False),
        sa.Column("findings", t.JsonText(), nullable=False),
        sa.Column("at", t.Moment(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["banking_files.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account", "root", "sequence", "digest"),
        sqlite_strict=True,
    )
    op.create_table(
        "banking_lines",
        sa.Column("statement_id", sa.Text(), nullable=False),
        sa.Column("number", t.Int64, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("minor", t.Int64, nullable=False),
        sa.Column("booked_on", t.Day(), nullable=False),
        sa.Column("value_on", t.Day(), nullable=False),
        sa.Column("bank_reference", sa.Text(), nullable=False),
        sa.Column("end_to_end_id", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("payment_information_id", sa.Text(), nullable=False),
        sa.Column("count", t.Int64, nullable=False),
        sa.Column("reversal", t.Flag(), nullable=False),
        sa.Column("return_reason", sa.Text(), nullable=False),
        sa.Column("counterparty", sa.Text(), nullable=False),
        sa.Column("counterparty_account", sa.Text(), nullable=False),
        sa.Column("remittance", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["statement_id"], ["banking_statements.id"]),
        sa.PrimaryKeyConstraint("statement_id", "number"),
        sqlite_strict=True,
    )
    op.create_table(
        "banking_news",
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("place", t.Int64, nullable=False),
        sa.Column("end_to_end_id", sa.Text(), nullable=False),
        sa.Column("position", t.Int64, nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("minor", t.Int64, nullable=True),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("at", t.Moment(), nullable=False),
        sa.Column("told_at", t.Moment(), nullable=True),
        sa.PrimaryKeyConstraint("source_id", "place", "end_to_end_id"),
        sqlite_strict=True,
    )
    op.create_index("banking_orders_next", "banking_orders", ["next_at"])
    op.create_index("banking_orders_created", "banking_orders", ["created_at", "id"])
    op.create_index("banking_files_sha256", "banking_files", ["sha256"])
    op.create_index("banking_files_next", "banking_files", ["next_at"])
    op.create_index("banking_statements_series", "banking_statements", ["account", "root", "order_on", "sequence"])
    op.create_index("banking_statements_file", "banking_statements", ["file_id"])
    op.create_index("banking_news_payment", "banking_news", ["end_to_end_id"])
    untold = sa.text("told_at IS NULL")
    op.create_index(
        "banking_news_untold",
        "banking_news",
        ["position", "place", "end_to_end_id"],
        sqlite_where=untold,
        postgresql_where=untold,
    )
