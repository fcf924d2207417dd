"""What a session remembers for its resume, its trail and its reports."""

import sqlalchemy as sa
from alembic import op

import wallet.types as t

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TABLE = "dialogue_sessions"
UNWIPED = sa.text("status <> 'live' AND state <> '{}'")


def upgrade() -> None:
    """Forwards."""
    for name in ("operator", "service_code", "origin", "offer", "aside", "end_reason", "reported"):
        op.add_column(TABLE, sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.add_column(TABLE, sa.Column("answered_at", t.Moment(), nullable=False, server_default="0"))
    op.add_column(TABLE, sa.Column("ended_at", t.Moment(), nullable=True))
    op.add_column(TABLE, sa.Column("result", sa.LargeBinary(), nullable=True))
    op.add_column(TABLE, sa.Column("trail", t.JsonText(), nullable=False, server_default="[]"))
    op.create_index(
        "dialogue_sessions_unwiped",
        TABLE,
        ["answered_at"],
        unique=False,
        sqlite_where=UNWIPED,
        postgresql_where=UNWIPED,
    )
