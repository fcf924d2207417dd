"""Where people are paid."""

import sqlalchemy as sa
from alembic import op

import wallet.types as t

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "payees_accounts",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sealed", t.Blob),
        sa.Column("mac", t.Blob),
        sa.Column("tail", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("since", t.Moment()),
        sa.Column("cool_until", t.Moment()),
        sa.Column("frozen", t.Flag(), nullable=False),
        sa.Column("offered_sealed", t.Blob),
        sa.Column("offered_mac", t.Blob),
        sa.Column("offered_tail", sa.Text(), nullable=False),
        sa.Column("offered_at", t.Moment()),
        sa.PrimaryKeyConstraint("person_id"),
        sqlite_strict=True,
    )
    op.create_index("payees_accounts_mac", "payees_accounts", ["mac"])
    op.create_table(
        "payees_changes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("call_key", sa.Text(), nullable=False),
        sa.Column("sealed", t.Blob),
        sa.Column("mac", t.Blob),
        sa.Column("tail", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("old_kind", sa.Text(), nullable=False),
        sa.Column("old_sealed", t.Blob),
        sa.Column("old_mac", t.Blob),
        sa.Column("old_tail", sa.Text(), nullable=False),
        sa.Column("old_name", sa.Text(), nullable=False),
        sa.Column("msisdn", sa.Text(), nullable=False),
        sa.Column("by_whom", sa.Text(), nullable=False),
        sa.Column("at", t.Moment(), nullable=False),
        sa.Column("cool_until", t.Moment()),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("call_key"),
        sqlite_strict=True,
    )
    op.create_index("payees_changes_person", "payees_changes", ["person_id", "id"])
