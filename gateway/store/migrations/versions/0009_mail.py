"""Tables of mail: who may send text messages by e-mail and how many a day, HTML of letters, addresses that bounced."""

import sqlalchemy as sa
from alembic import op

import wallet.types as t

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    op.add_column("notice_outbox", sa.Column("html", sa.Text(), nullable=True))
    op.add_column("people_persons", sa.Column("email_bounced", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "forwarding_senders",
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_mac", sa.LargeBinary(), nullable=False),
        sa.Column("daily_max", t.Int64, nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("taken", t.Int64, nullable=False),
        sa.Column("added_at", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("address"),
        sqlite_strict=True,
    )
