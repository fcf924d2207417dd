"""Locks of tokens and accounts, and limited-use keys that are replenished."""

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
