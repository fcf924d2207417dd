"""Refunds, partial answers and batches of taps."""

import sqlalchemy as sa
from alembic import op

import wallet.types as t

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

TAPS = "taps_taps"
TEXTS = {
    "class": "0100", "batch_number": "000000", "par": "", "last4": "", "cycle_id": "", "owner": "", "checks": "",
}  # fmt: skip
NUMBERS = (
    "part_minor", "keep_minor", "hold_minor", "hold_number", "shrink_minor", "undone_minor", "refunded_minor",
    "settled_minor",
)  # fmt: skip


def upgrade() -> None:
    """Forwards."""
    for name, before in TEXTS.items():
        op.add_column(TAPS, sa.Column(name, sa.Text(), nullable=False, server_default=before))
    for name in NUMBERS:
        op.add_column(TAPS, sa.Column(name, t.Int64, nullable=False, server_default="0"))
    op.add_column(TAPS, sa.Column("captured_at", t.Moment()))
    # Until now a tap was held whole, and what went back after its capture was all of it.
    op.execute("UPDATE taps_taps SET keep_minor = amount_minor, hold_minor = amount_minor")
    # It went to what a merchant is paid at once, so no cycle moves it again.
    moved = "UPDATE taps_taps SET captured_at = changed_at, cycle_id = 'before', settled_minor = capture_minor"
    op.execute(f"{moved} WHERE state IN ('captured', 'refunded')")
    op.execute("UPDATE taps_taps SET undone_minor = capture_minor WHERE state = 'refunded'")
    op.add_column("taps_originals", sa.Column("kind", sa.Text(), nullable=False, server_default="purchase"))
    op.create_index("taps_taps_terminal", TAPS, ["terminal_id", "batch_number"])
    op.create_index("taps_taps_rrn", TAPS, ["merchant_id", "rrn"])
    op.create_index("taps_taps_cycle", TAPS, ["cycle_id", "captured_at"])
    _refunds()
    op.create_table(
        "taps_attempts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("class", sa.Text(), nullable=False),
        sa.Column("terminal_id", sa.Text(), nullable=False),
        sa.Column("stan", sa.Text(), nullable=False),
        sa.Column("rrn", sa.Text(), nullable=False),
        sa.Column("amount_minor", t.Int64, nullable=False),
        sa.Column("last4", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("checks", sa.Text(), nullable=False),
        sa.Column("at", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("taps_attempts_at", "taps_attempts", ["at"])


def _refunds() -> None:
    name = "taps_refunds"
    texts = (
        "tap_id", "kind", "terminal_id", "stan", "rrn", "merchant_id", "person_id", "approval", "batch_number",
        "source", "state", "verdict", "cycle_id", "owner",
    )  # fmt: skip
    op.create_table(
        name,
        sa.Column("id", sa.Text(), nullable=False),
        *(sa.Column(text, sa.Text(), nullable=False) for text in texts),
        sa.Column("amount_minor", t.Int64, nullable=False),
        sa.Column("reversal", t.Flag(), nullable=False),
        sa.Column("attempt", t.Int64, nullable=False),
        sa.Column("unfinished", t.Flag(), nullable=False),
        sa.Column("made_at", t.Moment(), nullable=False),
        sa.Column("changed_at", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    for index, columns in {
        "tap": ["tap_id", "id"],
        "unfinished": ["unfinished", "changed_at"],
        "terminal": ["terminal_id", "batch_number"],
        "cycle": ["cycle_id", "id"],
    }.items():
        op.create_index(f"{name}_{index}", name, columns)
