"""Terminals: what each process says of their lines, and whether staff stopped one."""

import sqlalchemy as sa
from alembic import op

import wallet.types as t

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

TERMINALS = "merchants_terminals"


def upgrade() -> None:
    """Forwards."""
    for name, before in {"state": "active", "state_reason": "", "state_by": ""}.items():
        op.add_column(TERMINALS, sa.Column(name, sa.Text(), nullable=False, server_default=before))
    op.add_column(TERMINALS, sa.Column("state_at", t.Moment(), nullable=True))
    op.create_table(
        "terminal_lines",
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("terminal_id", sa.Text(), nullable=False),
        sa.Column("listener", sa.Text(), nullable=False),
        sa.Column("dialect", sa.Text(), nullable=False),
        sa.Column("peer", sa.Text(), nullable=False),
        sa.Column("up", t.Flag(), nullable=False),
        sa.Column("since", t.Moment(), nullable=False),
        sa.Column("last_at", t.Moment()),
        sa.Column("last_mti", sa.Text(), nullable=False),
        sa.Column("in_flight", t.Int64, nullable=False),
        sa.Column("messages", t.Int64, nullable=False),
        sa.Column("refused", t.Int64, nullable=False),
        sa.Column("dropped", sa.Text(), nullable=False),
        sa.Column("seen_at", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("process", "terminal_id"),
        sqlite_strict=True,
    )
    op.create_index("terminal_lines_terminal", "terminal_lines", ["terminal_id", "process"], unique=False)
