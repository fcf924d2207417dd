"""Indexes by which the outbox finds what expires and counts what is uncertain without reading everything."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    for name, column, state in (
        ("notice_outbox_expiring", "valid_until", "ready"),
        ("notice_outbox_uncertain", "changed_at", "uncertain"),
    ):
        where = sa.text(f"state = '{state}'")
        op.create_index(name, "notice_outbox", [column], unique=False, sqlite_where=where, postgresql_where=where)
