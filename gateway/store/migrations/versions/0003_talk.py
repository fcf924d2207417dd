"""Tables of notices and dialogues."""

import sqlalchemy as sa
from alembic import op

import wallet.types as t

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "dialogue_sessions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("adapter", sa.Text(), nullable=False),
        sa.Column("session_key", sa.Text(), nullable=False),
        sa.Column("msisdn", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("menu_version", sa.Text(), nullable=False),
        sa.Column("state", t.JsonText(), nullable=False),
        sa.Column("hops", t.Int64, nullable=False),
        sa.Column("answered_mac", sa.LargeBinary(), nullable=False),
        sa.Column("answered_length", t.Int64, nullable=False),
        sa.Column("reply", sa.LargeBinary(), nullable=True),
        sa.Column("reply_sealed", t.Flag(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", t.Int64, nullable=False),
        sa.Column("started_at", t.Moment(), nullable=False),
        sa.Column("deadline", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("adapter", "session_key"),
        sqlite_strict=True,
    )
    op.create_index("dialogue_sessions_deadline", "dialogue_sessions", ["status", "deadline"], unique=False)
    op.create_index("dialogue_sessions_msisdn", "dialogue_sessions", ["msisdn", "started_at"], unique=False)
    op.create_table(
        "notice_cursor",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", t.Int64, nullable=False),
        sa.PrimaryKeyConstraint("name"),
        sqlite_strict=True,
    )
    op.create_table(
        "notice_outbox",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("class_", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("lane", t.Int64, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("next_at", t.Moment(), nullable=False),
        sa.Column("valid_until", t.Moment(), nullable=False),
        sa.Column("lease", sa.Text(), nullable=True),
        sa.Column("lease_until", t.Moment(), nullable=True),
        sa.Column("attempts", t.Int64, nullable=False),
        sa.Column("resends", t.Int64, nullable=False),
        sa.Column("parts", t.Int64, nullable=False),
        sa.Column("status", t.Int64, nullable=False),
        sa.Column("created_at", t.Moment(), nullable=False),
        sa.Column("changed_at", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("cause", "class_", "person", "channel", name="notice_outbox_once"),
        sqlite_strict=True,
    )
    op.create_index(
        "notice_outbox_leased",
        "notice_outbox",
        ["lease_until"],
        unique=False,
        sqlite_where=sa.text("state = 'leased'"),
        postgresql_where=sa.text("state = 'leased'"),
    )
    op.create_index(
        "notice_outbox_ready",
        "notice_outbox",
        ["channel", "lane", "next_at", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'ready'"),
        postgresql_where=sa.text("state = 'ready'"),
    )
    op.create_table(
        "notice_parts",
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("number", t.Int64, nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sent_at", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("notice_id", "number"),
        sqlite_strict=True,
    )
    op.create_index("notice_parts_by_message", "notice_parts", ["link", "message_id"], unique=False)
    op.create_table(
        "notice_receipts",
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("received_at", t.Moment(), nullable=False),
        sa.Column("matched_at", t.Moment(), nullable=True),
        sa.PrimaryKeyConstraint("link", "message_id", "state"),
        sqlite_strict=True,
    )
    op.create_index(
        "notice_receipts_unmatched",
        "notice_receipts",
        ["received_at"],
        unique=False,
        sqlite_where=sa.text("matched_at IS NULL"),
        postgresql_where=sa.text("matched_at IS NULL"),
    )
