"""Tables of campaigns, of people's preferred channels, and of the mailbox."""

import sqlalchemy as sa
from alembic import op

import wallet.types as t

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "campaigns_campaigns",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("templates", t.JsonText(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("hours", t.Int64, nullable=False),
        sa.Column("staff_id", sa.Text(), nullable=False),
        sa.Column("approval_id", sa.Text(), nullable=False),
        sa.Column("total", t.Int64, nullable=False),
        sa.Column("bad", t.Int64, nullable=False),
        sa.Column("parts", t.Int64, nullable=False),
        sa.Column("ucs2", t.Int64, nullable=False),
        sa.Column("reached", sa.Text(), nullable=False),
        sa.Column("queued_to", t.Int64, nullable=False),
        sa.Column("paced", t.Int64, nullable=False),
        sa.Column("paced_from", t.Moment()),
        sa.Column("taken_to", t.Int64, nullable=False),
        sa.Column("counts", t.JsonText(), nullable=False),
        sa.Column("counted_at", t.Moment()),
        sa.Column("created_at", t.Moment(), nullable=False),
        sa.Column("released_at", t.Moment()),
        sa.Column("finished_at", t.Moment()),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_table(
        "campaigns_rows",
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("number", t.Int64, autoincrement=False, nullable=False),
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("msisdn", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("parts", t.Int64, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "number"),
        sa.UniqueConstraint("campaign_id", "msisdn", name="campaigns_rows_once"),
        sqlite_strict=True,
    )
    op.create_table(
        "campaigns_bad_rows",
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("line", t.Int64, autoincrement=False, nullable=False),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.Column("column", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "line"),
        sqlite_strict=True,
    )
    op.create_table(
        "notice_preferences",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("channels", t.JsonText(), nullable=False),
        sa.Column("changed_at", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("person"),
        sqlite_strict=True,
    )
    op.create_table(
        "notice_followed",
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("followed_at", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("notice_id"),
        sqlite_strict=True,
    )
    op.create_table(
        "notice_mailbox",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("class_", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("put_at", t.Moment(), nullable=False),
        sa.Column("read_at", t.Moment()),
        sa.Column("kept_until", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("person", "cause", "class_", name="notice_mailbox_once"),
        sqlite_strict=True,
    )
    op.create_index("notice_mailbox_kept", "notice_mailbox", ["kept_until"])
    lost = sa.text("state IN ('refused', 'failed', 'expired', 'uncertain')")
    op.create_index("notice_outbox_lost", "notice_outbox", ["changed_at"], sqlite_where=lost, postgresql_where=lost)
