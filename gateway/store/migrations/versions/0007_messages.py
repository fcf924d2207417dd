"""Tables of messages."""

import sqlalchemy as sa
from alembic import op

import wallet.types as t

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    _messages()
    _answers()


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("dest", sa.Text(), nullable=False),
        sa.Column("reference", t.Int64, nullable=False),
        sa.Column("total", t.Int64, nullable=False),
        sa.Column("whole", t.Flag(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", t.Int64, nullable=False),
        sa.Column("lease", sa.Text(), nullable=True),
        sa.Column("lease_until", t.Moment(), nullable=True),
        sa.Column("taken_at", t.Moment(), nullable=False),
        sa.Column("changed_at", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index(
        "messages_open",
        "messages",
        ["source", "id"],
        unique=False,
        sqlite_where=sa.text("state IN ('ready', 'leased')"),
        postgresql_where=sa.text("state IN ('ready', 'leased')"),
    )
    op.create_index(
        "messages_ended",
        "messages",
        ["changed_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('done', 'failed')"),
        postgresql_where=sa.text("state IN ('done', 'failed')"),
    )
    op.create_index("messages_source", "messages", ["source", "reference"], unique=False)
    op.create_index(
        "messages_collecting",
        "messages",
        ["source", "dest", "reference", "total"],
        unique=True,
        sqlite_where=sa.text("state = 'collecting'"),
        postgresql_where=sa.text("state = 'collecting'"),
    )
    op.create_table(
        "message_parts",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("number", t.Int64, nullable=False),
        sa.Column("coding", sa.Text(), nullable=False),
        sa.Column("locking", t.Int64, nullable=False),
        sa.Column("single", t.Int64, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"]),
        sa.PrimaryKeyConstraint("message_id", "number"),
        sqlite_strict=True,
    )
    op.create_table(
        "message_seen",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
        sqlite_strict=True,
    )
    op.create_index("message_seen_age", "message_seen", ["seen_at"], unique=False)
    op.create_table(
        "message_limits",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("since", t.Moment(), nullable=False),
        sa.Column("taken", t.Int64, nullable=False),
        sa.PrimaryKeyConstraint("source", "what"),
        sqlite_strict=True,
    )
    op.create_index("message_limits_age", "message_limits", ["since"], unique=False)


def _answers() -> None:
    op.create_table(
        "message_opt_outs",
        sa.Column("msisdn", sa.Text(), nullable=False),
        sa.Column("since", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("msisdn"),
        sqlite_strict=True,
    )
    op.create_table(
        "message_questions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("msisdn", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("options", t.JsonText(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_by", sa.Text(), nullable=False),
        sa.Column("asked_at", t.Moment(), nullable=False),
        sa.Column("valid_until", t.Moment(), nullable=False),
        sa.Column("answered_at", t.Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("kind", "cause", "msisdn", name="message_questions_once"),
        sqlite_strict=True,
    )
    op.create_index("message_questions_open", "message_questions", ["msisdn", "answer", "id"], unique=False)
    op.create_index("message_questions_kind", "message_questions", ["kind", "answer"], unique=False)
    op.create_table(
        "message_tickets",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("msisdn", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("closed_by", sa.Text(), nullable=False),
        sa.Column("opened_at", t.Moment(), nullable=False),
        sa.Column("closed_at", t.Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("cause"),
        sa.UniqueConstraint("number"),
        sqlite_strict=True,
    )
    op.create_index("message_tickets_state", "message_tickets", ["state", "id"], unique=False)
    op.create_index("message_tickets_msisdn", "message_tickets", ["msisdn", "opened_at"], unique=False)
