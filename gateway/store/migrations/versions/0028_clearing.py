"""Terminal batches, cycles and what is settled for merchants."""

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
