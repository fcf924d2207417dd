"""Terminal batches, cycles and what is settled for merchants."""

import sqlalchemy as sa
from alembic import op

import wallet.types as t

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

MERCHANTS = "merchants_merchants"


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _whole(name: str) -> sa.Column[int]:
    return sa.Column(name, t.Int64, nullable=False)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, t.Moment(), nullable=nullable)


def upgrade() -> None:
    """Forwards."""
    for name in ("iban", "fee_class"):
        op.add_column(MERCHANTS, sa.Column(name, sa.Text(), nullable=False, server_default=""))
    for name in ("iban_since", "iban_cool_until"):
        op.add_column(MERCHANTS, sa.Column(name, t.Moment()))
    op.create_table(
        "merchants_ibans",
        *map(_text, ("id", "merchant_id", "iban", "old_iban", "staff_id", "reason")),
        _moment("at"),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchants_merchants.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("merchants_ibans_merchant", "merchants_ibans", ["merchant_id", "id"])
    _batches()
    _cycles()
    _owed()


def _batches() -> None:
    op.create_table(
        "clearing_batches",
        *map(_text, ("id", "terminal_id", "merchant_id", "number")),
        _whole("round"),
        _text("state"),
        sa.Column("terminal_totals", t.JsonText()),
        sa.Column("host_totals", t.JsonText()),
        _whole("tries"),
        _moment("opened_at"),
        _moment("moved_at"),
        _moment("closed_at", nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("terminal_id", "number", "round"),
        sqlite_strict=True,
    )
    op.create_index("clearing_batches_state", "clearing_batches", ["state", "moved_at"])
    op.create_table(
        "clearing_members",
        *map(_text, ("taking_id", "batch_id")),
        sa.PrimaryKeyConstraint("taking_id"),
        sqlite_strict=True,
    )
    op.create_index("clearing_members_batch", "clearing_members", ["batch_id"])
    op.create_table(
        "clearing_uploads",
        *map(_text, ("batch_id", "kind", "stan", "rrn", "approval")),
        _whole("amount_minor"),
        _text("fate"),
        _moment("at"),
        sa.PrimaryKeyConstraint("batch_id", "kind", "stan", "rrn"),
        sqlite_strict=True,
    )
    op.create_table(
        "clearing_exceptions",
        *map(_text, ("id", "type", "subject", "batch_id", "merchant_id", "terminal_id")),
        sa.Column("detail", t.JsonText(), nullable=False),
        *map(_text, ("owner", "state")),
        _moment("opened_at"),
        *map(_text, ("reason", "resolved_by")),
        _moment("resolved_at", nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("type", "subject"),
        sqlite_strict=True,
    )
    op.create_index("clearing_exceptions_state", "clearing_exceptions", ["state", "owner", "id"])
    op.create_index("clearing_exceptions_batch", "clearing_exceptions", ["batch_id", "id"])


def _cycles() -> None:
    op.create_table(
        "clearing_cycles",
        _text("id"),
        sa.Column("business_on", t.Day(), nullable=False),
        _whole("number"),
        _moment("cut_at"),
        _text("state"),
        *map(_whole, ("item_count", "gross_minor", "fee_minor", "refund_minor", "fee_back_minor")),
        _moment("opened_at"),
        _moment("finished_at", nullable=True),
        _text("worker"),
        _moment("worker_until", nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("business_on", "number"),
        sqlite_strict=True,
    )
    op.create_index("clearing_cycles_state", "clearing_cycles", ["state", "cut_at"])
    op.create_table(
        "clearing_items",
        *map(_text, ("taking_id", "cycle_id", "merchant_id", "terminal_id", "batch_number", "kind", "original_id")),
        sa.Column("business_on", t.Day(), nullable=False),
        *map(_whole, ("amount_minor", "fee_minor")),
        _text("state"),
        _whole("attempt"),
        sa.PrimaryKeyConstraint("taking_id"),
        sqlite_strict=True,
    )
    op.create_index("clearing_items_cycle", "clearing_items", ["cycle_id", "state", "taking_id"])
    op.create_index("clearing_items_merchant", "clearing_items", ["cycle_id", "merchant_id", "taking_id"])
    op.create_index("clearing_items_state", "clearing_items", ["state", "taking_id"])
    op.create_index("clearing_items_original", "clearing_items", ["original_id"])
    sums = ("item_count", "gross_minor", "fee_minor", "refund_minor", "fee_back_minor", "net_minor", "due_minor")
    op.create_table(
        "clearing_shares",
        *map(_text, ("cycle_id", "merchant_id")),
        *map(_whole, (*sums, "carried_minor")),
        sa.PrimaryKeyConstraint("cycle_id", "merchant_id"),
        sqlite_strict=True,
    )
    op.create_index("clearing_shares_merchant", "clearing_shares", ["merchant_id", "cycle_id"])


def _owed() -> None:
    op.create_table(
        "clearing_carried",
        _text("merchant_id"),
        _whole("minor"),
        sa.PrimaryKeyConstraint("merchant_id"),
        sqlite_strict=True,
    )
    op.create_table(
        "clearing_dues",
        *map(_text, ("id", "merchant_id", "cycle_id")),
        _whole("amount_minor"),
        *map(_text, ("state", "batch_id", "heard", "item_id", "reason")),
        _moment("paid_at", nullable=True),
        _moment("returned_at", nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("clearing_dues_state", "clearing_dues", ["state", "id"])
    op.create_index("clearing_dues_merchant", "clearing_dues", ["merchant_id", "state", "id"])
