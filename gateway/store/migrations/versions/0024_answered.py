"""Messages of terminals are kept by a room of their own, which what they are about does not know."""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    op.rename_table("taps_messages", "answered_messages")
    # In words of both engines; alembic would copy the whole table on SQLite.
    op.execute("ALTER TABLE answered_messages RENAME COLUMN tap_id TO subject")
