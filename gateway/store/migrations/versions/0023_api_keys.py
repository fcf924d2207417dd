"""Keys of other institutions' systems, and what each has asked before."""

import sqlalchemy as sa
from alembic import op

import wallet.types as t

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "apikeys_keys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("mac", t.Blob, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", t.JsonText(), nullable=False),
        sa.Column("created_at", t.Moment(), nullable=False),
        sa.Column("expires_at", t.Moment()),
        sa.Column("revoked_at", t.Moment()),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("mac"),
        sqlite_strict=True,
    )
    op.create_table(
        "apikeys_calls",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("began_at", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("key_id", "call"),
        sqlite_strict=True,
    )
    op.create_index("apikeys_calls_began", "apikeys_calls", ["began_at"])
