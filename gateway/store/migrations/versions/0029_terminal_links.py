"""Terminals: how each speaks, and what its line does."""

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
