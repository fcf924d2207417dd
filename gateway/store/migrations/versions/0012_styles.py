"""How each person wants pages: digits, rial or toman, easy; what kind of ticket it is and what it is about."""

import sqlalchemy as sa
from alembic import op

import wallet.types as t

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    op.add_column("people_persons", sa.Column("digits", sa.Text(), nullable=False, server_default="own"))
    op.add_column("people_persons", sa.Column("toman", t.Flag(), nullable=False, server_default="0"))
    op.add_column("people_persons", sa.Column("easy", t.Flag(), nullable=False, server_default="0"))
    op.add_column("message_tickets", sa.Column("kind", sa.Text(), nullable=False, server_default="complaint"))
    op.add_column("message_tickets", sa.Column("about", sa.Text(), nullable=False, server_default=""))
    waiting = sa.text("kind = 'call_back' AND state = 'open'")
    op.create_index(
        "message_tickets_call_back",
        "message_tickets",
        ["msisdn"],
        unique=True,
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
