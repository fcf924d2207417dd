"""What a token may be used for, and how often."""

import sqlalchemy as sa
from alembic import op

import wallet.types as t

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

SPANS = ("day", "week", "month", "unverified")


def upgrade() -> None:
    """Forwards."""
    op.add_column("merchants_merchants", sa.Column("category", sa.Text(), nullable=False, server_default="0000"))
    op.create_table(
        "controls_controls",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("version", t.Int64, nullable=False),
        sa.Column("content", t.JsonText(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "party"),
        sqlite_strict=True,
    )
    op.create_table(
        "controls_history",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("version", t.Int64, nullable=False),
        sa.Column("content", t.JsonText(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "party", "version"),
        sqlite_strict=True,
    )
    op.create_table(
        "controls_used",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("since", t.Moment(), nullable=False),
        *(sa.Column(name, t.Day(), nullable=False) for name in ("day", "week", "month")),
        *(sa.Column(f"{span}_{what}", t.Int64, nullable=False) for span in SPANS for what in ("count", "minor")),
        sa.PrimaryKeyConstraint("subject"),
        sqlite_strict=True,
    )
    op.create_table(
        "taps_declined",
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount_minor", t.Int64, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("cause"),
        sqlite_strict=True,
    )
    op.create_index("taps_declined_due", "taps_declined", ["state", "at"], unique=False)
    op.create_index("taps_declined_person", "taps_declined", ["person_id", "at"], unique=False)
    op.create_table(
        "controls_programmes",
        sa.Column("merchant_id", sa.Text(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("merchant_id", "programme"),
        sqlite_strict=True,
    )
