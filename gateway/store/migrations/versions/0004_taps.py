"""Tables of merchants, tokens and taps."""

import sqlalchemy as sa
from alembic import op

import wallet.types as t

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "merchants_merchants",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner_person_id", sa.Text(), nullable=False),
        sa.Column("city", sa.Text(), nullable=False),
        sa.Column("registered_at", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number"),
        sqlite_strict=True,
    )
    op.create_table(
        "taps_messages",
        sa.Column("acquirer", sa.Text(), nullable=False),
        sa.Column("terminal_id", sa.Text(), nullable=False),
        sa.Column("stan", sa.Text(), nullable=False),
        sa.Column("local_on", t.Day(), nullable=False),
        sa.Column("class", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("tap_id", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("at", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("acquirer", "terminal_id", "stan", "local_on", "class"),
        sqlite_strict=True,
    )
    op.create_table(
        "taps_originals",
        sa.Column("acquirer", sa.Text(), nullable=False),
        sa.Column("terminal_id", sa.Text(), nullable=False),
        sa.Column("stan", sa.Text(), nullable=False),
        sa.Column("rrn", sa.Text(), nullable=False),
        sa.Column("tap_id", sa.Text(), nullable=False),
        sa.Column("at", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("acquirer", "terminal_id", "stan", "rrn"),
        sqlite_strict=True,
    )
    op.create_table(
        "taps_taps",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("terminal_id", sa.Text(), nullable=False),
        sa.Column("stan", sa.Text(), nullable=False),
        sa.Column("rrn", sa.Text(), nullable=False),
        sa.Column("merchant_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("token_id", sa.Text(), nullable=False),
        sa.Column("atc", t.Int64, nullable=False),
        sa.Column("amount_minor", t.Int64, nullable=False),
        sa.Column("approval", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("capture_minor", t.Int64, nullable=False),
        sa.Column("reversal", t.Flag(), nullable=False),
        sa.Column("refund_attempt", t.Int64, nullable=False),
        sa.Column("unfinished", t.Flag(), nullable=False),
        sa.Column("made_at", t.Moment(), nullable=False),
        sa.Column("expires_at", t.Moment(), nullable=False),
        sa.Column("changed_at", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("taps_taps_held", "taps_taps", ["state", "expires_at"], unique=False)
    op.create_index("taps_taps_unfinished", "taps_taps", ["unfinished", "changed_at"], unique=False)
    op.create_table(
        "tokens_activations",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.Column("tries", t.Int64, nullable=False),
        sa.Column("expires_at", t.Moment(), nullable=False),
        sa.Column("token_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("person_id"),
        sqlite_strict=True,
    )
    op.create_table(
        "tokens_tokens",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("pan_mac", sa.LargeBinary(), nullable=False),
        sa.Column("pan_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("psn", sa.Text(), nullable=False),
        sa.Column("expiry", sa.Text(), nullable=False),
        sa.Column("par", sa.Text(), nullable=False),
        sa.Column("device_key", sa.LargeBinary(), nullable=False),
        sa.Column("seal_key", sa.LargeBinary(), nullable=False),
        sa.Column("assurance", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("atc_high", t.Int64, nullable=False),
        sa.Column("atc_seen", t.Int64, nullable=False),
        sa.Column("bad_cryptograms", t.Int64, nullable=False),
        sa.Column("made_at", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("pan_mac"),
        sqlite_strict=True,
    )
    op.create_index("tokens_tokens_person", "tokens_tokens", ["person_id", "id"], unique=False)
    op.create_table(
        "merchants_terminals",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("merchant_id", sa.Text(), nullable=False),
        sa.Column("registered_at", t.Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant_id"],
            ["merchants_merchants.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("merchants_terminals_merchant", "merchants_terminals", ["merchant_id", "id"], unique=False)
    op.create_table(
        "tokens_history",
        sa.Column("token_id", sa.Text(), nullable=False),
        sa.Column("number", t.Int64, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", t.Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["token_id"],
            ["tokens_tokens.id"],
        ),
        sa.PrimaryKeyConstraint("token_id", "number"),
        sqlite_strict=True,
    )
    op.create_table(
        "tokens_limited_keys",
        sa.Column("token_id", sa.Text(), nullable=False),
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("uses", t.Int64, nullable=False),
        sa.Column("uses_max", t.Int64, nullable=False),
        sa.Column("valid_until", t.Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["token_id"],
            ["tokens_tokens.id"],
        ),
        sa.PrimaryKeyConstraint("token_id", "id"),
        sqlite_strict=True,
    )
    op.create_table(
        "tokens_uses",
        sa.Column("token_id", sa.Text(), nullable=False),
        sa.Column("atc", t.Int64, nullable=False),
        sa.Column("luk_id", sa.LargeBinary(), nullable=False),
        sa.Column("at", t.Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["token_id"],
            ["tokens_tokens.id"],
        ),
        sa.PrimaryKeyConstraint("token_id", "atc"),
        sqlite_strict=True,
    )
