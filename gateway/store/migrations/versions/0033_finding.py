"""Finding: the index of last digits, and indexes of what people quote."""

import sqlalchemy as sa
from alembic import op

import wallet.types as t

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

TAILS = (
    "approvals_approvals",
    "benefits_claims",
    "payments_invoices",
    "payouts_batches",
    "payouts_items",
    "providers_fees",
    "providers_visits",
    "signing_documents",
)
LINES = ("bank_reference", "end_to_end_id", "message_id", "payment_information_id")
INDEXES = (
    ("banking_statements_name", "banking_statements", "statement_id"),
    ("clearing_batches_number", "clearing_batches", "number"),
    ("payments_codes_msisdn", "payments_codes", "msisdn"),
    ("payouts_items_reference", "payouts_items", "reference"),
    ("taps_refunds_approval", "taps_refunds", "approval"),
    ("taps_refunds_rrn", "taps_refunds", "rrn"),
    ("taps_taps_approval", "taps_taps", "approval"),
    ("taps_taps_stan", "taps_taps", "stan"),
)


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "finding_segments",
        sa.Column("named", sa.Text(), nullable=False),
        sa.Column("bucket", t.Int64, nullable=False),
        sa.Column("segment", t.Int64, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("named", "bucket", "segment"),
        sqlite_strict=True,
    )
    op.create_table(
        "finding_reached",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("segments", t.Int64, nullable=False),
        sa.PrimaryKeyConstraint("name"),
        sqlite_strict=True,
    )
    for name, table, column in INDEXES:
        op.create_index(name, table, [column])
    for column in LINES:
        said = sa.column(column) != sa.literal_column("''")
        op.create_index(f"banking_lines_{column}", "banking_lines", [column], sqlite_where=said, postgresql_where=said)
    op.drop_index("taps_taps_rrn", "taps_taps")
    op.create_index("taps_taps_rrn", "taps_taps", ["rrn", "merchant_id"])
    last = "right(id, 4)" if op.get_bind().dialect.name == "postgresql" else "substr(id, -4)"
    for table in TAILS:
        op.create_index(f"{table}_tail", table, [sa.text(last)])
