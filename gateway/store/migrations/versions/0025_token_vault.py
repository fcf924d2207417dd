"""Locks of tokens and accounts, and limited-use keys that are replenished."""

import sqlalchemy as sa
from alembic import op

import wallet.types as t

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

TOKENS, KEYS = "tokens_tokens", "tokens_limited_keys"


def upgrade() -> None:
    """Forwards."""
    _columns()
    _tables()


def _columns() -> None:
    for name, before in (("last4", ""), ("number", ""), ("trid", ""), ("device_key_kind", "ed25519")):
        op.add_column(TOKENS, sa.Column(name, sa.Text(), nullable=False, server_default=before))
    for name, least in (("dki", "1"), ("locks", "0"), ("card_locks", "0"), ("atc_proved", "0")):
        op.add_column(TOKENS, sa.Column(name, t.Int64, nullable=False, server_default=least))
    op.add_column(TOKENS, sa.Column("expiry_told", sa.Text(), nullable=False, server_default=""))
    # Whoever had suspended a token until now was of the staff, and may lift it as before.
    op.execute("UPDATE tokens_tokens SET locks = 2 WHERE state = 'suspended'")
    op.create_index("tokens_tokens_par", TOKENS, ["par", "id"], unique=False)
    op.create_index("tokens_tokens_last4", TOKENS, ["last4", "id"], unique=False)
    op.create_index("tokens_tokens_expiry", TOKENS, ["expiry_told", "expiry"], unique=False)
    op.add_column(KEYS, sa.Column("made_at", t.Moment(), nullable=False, server_default="0"))
    for name, before in (("dki", "1"), ("amount_minor", "0"), ("amount_max_minor", "1000000000000"), ("channels", "7")):
        op.add_column(KEYS, sa.Column(name, t.Int64, nullable=False, server_default=before))
    for name, before in (("way", "provision"), ("push", "")):
        op.add_column(KEYS, sa.Column(name, sa.Text(), nullable=False, server_default=before))
    op.create_index("tokens_limited_keys_push", KEYS, ["push", "valid_until"], unique=False)
    op.add_column("tokens_uses", sa.Column("ac", sa.LargeBinary(), nullable=True))
    op.add_column("tokens_history", sa.Column("event", sa.Text(), nullable=False, server_default="state"))
    op.add_column("tokens_history", sa.Column("actor_class", sa.Text(), nullable=False, server_default=""))


def _tables() -> None:
    op.create_table(
        "tokens_accounts",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("par", sa.Text(), nullable=False),
        sa.Column("generation", t.Int64, nullable=False),
        sa.Column("locks", t.Int64, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("actor_class", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("person_id"),
        sqlite_strict=True,
    )
    op.create_table(
        "tokens_numbers",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("token_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["token_id"], ["tokens_tokens.id"]),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("token_id"),
        sqlite_strict=True,
    )
    op.create_table(
        "tokens_assurances",
        sa.Column("token_id", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", t.Moment(), nullable=False),
        sa.ForeignKeyConstraint(["token_id"], ["tokens_tokens.id"]),
        sa.PrimaryKeyConstraint("token_id", "method"),
        sqlite_strict=True,
    )
    op.create_table(
        "tokens_nonces",
        sa.Column("token_id", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("at", t.Moment(), nullable=False),
        sa.ForeignKeyConstraint(["token_id"], ["tokens_tokens.id"]),
        sa.PrimaryKeyConstraint("token_id", "nonce"),
        sqlite_strict=True,
    )
    op.create_index("tokens_nonces_at", "tokens_nonces", ["at"], unique=False)
    op.create_table(
        "tokens_tries",
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("day", t.Day(), nullable=False),
        sa.Column("times", t.Int64, nullable=False),
        sa.PrimaryKeyConstraint("subject", "day"),
        sqlite_strict=True,
    )
