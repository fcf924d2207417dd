"""Batches and their items."""

import sqlalchemy as sa
from alembic import op

import wallet.types as t

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    _batches()
    _items()
    _rest()


def _batches() -> None:
    op.create_table(
        "payouts_batches",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("number", t.Int64, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("debit_role", sa.Text(), nullable=False),
        sa.Column("debit_owner", sa.Text(), nullable=False),
        sa.Column("declared", t.JsonText(), nullable=False),
        sa.Column("content_sha256", sa.Text(), nullable=False),
        sa.Column("follows", sa.Text(), nullable=False),
        sa.Column("chosen", t.JsonText(), nullable=False),
        sa.Column("staff_id", sa.Text(), nullable=False),
        sa.Column("item_count", t.Int64, nullable=False),
        sa.Column("total_minor", t.Int64, nullable=False),
        sa.Column("bad", t.Int64, nullable=False),
        sa.Column("changes", t.Int64, nullable=False),
        sa.Column("reached", sa.Text(), nullable=False),
        sa.Column("loaded", t.Flag(), nullable=False),
        sa.Column("manifest", t.Blob, nullable=False),
        sa.Column("manifest_count", t.Int64, nullable=False),
        sa.Column("manifest_minor", t.Int64, nullable=False),
        sa.Column("cool_until", t.Moment()),
        sa.Column("approval_id", sa.Text(), nullable=False),
        sa.Column("makers", t.JsonText(), nullable=False),
        sa.Column("locked_by", sa.Text(), nullable=False),
        sa.Column("stopped", sa.Text(), nullable=False),
        sa.Column("hold", sa.Text(), nullable=False),
        sa.Column("hold_try", t.Int64, nullable=False),
        sa.Column("hold_budget", t.Int64, nullable=False),
        sa.Column("hold_cover", t.Int64, nullable=False),
        sa.Column("hold_until", t.Moment()),
        sa.Column("hold_next", t.Moment()),
        sa.Column("created_at", t.Moment(), nullable=False),
        sa.Column("locked_at", t.Moment()),
        sa.Column("approved_at", t.Moment()),
        sa.Column("released_at", t.Moment()),
        sa.Column("finished_at", t.Moment()),
        sa.Column("due_at", t.Moment()),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number"),
        sqlite_strict=True,
    )
    op.create_index(
        "payouts_batches_content",
        "payouts_batches",
        ["content_sha256"],
    )
    op.create_index(
        "payouts_batches_due",
        "payouts_batches",
        ["due_at"],
    )


def _items() -> None:
    op.create_table(
        "payouts_items",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("seq", t.Int64, nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("iban", sa.Text(), nullable=False),
        sa.Column("rail", sa.Text(), nullable=False),
        sa.Column("amount_minor", t.Int64, nullable=False),
        sa.Column("debit_role", sa.Text(), nullable=False),
        sa.Column("debit_owner", sa.Text(), nullable=False),
        sa.Column("code", t.Int64, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("frozen", t.Flag(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("flag", sa.Text(), nullable=False),
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("end_to_end_id", sa.Text()),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("follows", sa.Text(), nullable=False),
        sa.Column("owed", sa.Text(), nullable=False),
        sa.Column("once", sa.Text()),
        sa.Column("tell", sa.Text(), nullable=False),
        sa.Column("changed_at", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("once"),
        sqlite_strict=True,
    )
    op.create_index(
        "payouts_items_end_to_end",
        "payouts_items",
        ["end_to_end_id"],
        unique=True,
    )
    op.create_index(
        "payouts_items_order",
        "payouts_items",
        ["order_id", "seq"],
        sqlite_where=sa.text("order_id != ''"),
        postgresql_where=sa.text("order_id != ''"),
    )
    op.create_index(
        "payouts_items_returned",
        "payouts_items",
        ["id"],
        sqlite_where=sa.text("state = 'returned'"),
        postgresql_where=sa.text("state = 'returned'"),
    )
    op.create_index(
        "payouts_items_state",
        "payouts_items",
        ["batch_id", "state", "seq"],
    )
    op.create_index(
        "payouts_items_tell",
        "payouts_items",
        ["batch_id", "seq"],
        sqlite_where=sa.text("tell != ''"),
        postgresql_where=sa.text("tell != ''"),
    )


def _rest() -> None:
    op.create_table(
        "payouts_bad_rows",
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("line", t.Int64, nullable=False),
        sa.Column("column", sa.Text(), nullable=False),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("batch_id", "line"),
        sqlite_strict=True,
    )
    op.create_table(
        "payouts_changes",
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("number", t.Int64, nullable=False),
        sa.Column("first", t.Int64, nullable=False),
        sa.Column("last", t.Int64, nullable=False),
        sa.Column("rail", sa.Text(), nullable=False),
        sa.Column("was", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Text(), nullable=False),
        sa.Column("at", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("batch_id", "number"),
        sqlite_strict=True,
    )
    op.create_table(
        "payouts_files",
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("number", t.Int64, nullable=False),
        sa.Column("octets", t.Blob, nullable=False),
        sa.PrimaryKeyConstraint("batch_id", "number"),
        sqlite_strict=True,
    )
    op.create_table(
        "payouts_orders",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("first", t.Int64, nullable=False),
        sa.Column("last", t.Int64, nullable=False),
        sa.Column("item_count", t.Int64, nullable=False),
        sa.Column("total_minor", t.Int64, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("made_at", t.Moment(), nullable=False),
        sa.Column("handed_at", t.Moment()),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index(
        "payouts_orders_batch",
        "payouts_orders",
        ["batch_id", "id"],
    )
    op.create_table(
        "payouts_appropriations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("amount_minor", t.Int64, nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", t.Moment(), nullable=False),
        sa.Column("posted_at", t.Moment()),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
