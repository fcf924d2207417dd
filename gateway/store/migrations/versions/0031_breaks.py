"""Breaks: what does not agree, who looks after it, and its history."""

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
