"""${message}."""

import sqlalchemy as sa
from alembic import op

import wallet.types as t

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    ${upgrades if upgrades else "pass"}
