"""Releases of the menus, and the branch at whose desk a person was seen last."""

import sqlalchemy as sa
from alembic import op

import wallet.types as t

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "releases_versions",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("files", sa.LargeBinary(), nullable=False),
        sa.Column("stored_at", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("version"),
        sqlite_strict=True,
    )
    op.create_table(
        "releases_releases",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("percent", t.Int64, nullable=False),
        sa.Column("branch", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("maker", sa.Text(), nullable=False),
        sa.Column("checker", sa.Text(), nullable=False),
        sa.Column("approval_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("rollback_id", sa.Text(), nullable=False),
        sa.Column("rolled_back_by", sa.Text(), nullable=False),
        sa.Column("proposed_at", t.Moment(), nullable=False),
        sa.Column("live_at", t.Moment(), nullable=True),
        sa.Column("ended_at", t.Moment(), nullable=True),
        sa.ForeignKeyConstraint(["version"], ["releases_versions.version"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("releases_releases_state", "releases_releases", ["state"])
    op.create_table(
        "releases_in_force",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("trial", sa.Text(), nullable=False),
        sa.Column("revision", t.Int64, nullable=False),
        sa.PrimaryKeyConstraint("name"),
        sqlite_strict=True,
    )
    for table in ("people_persons", "people_branch_codes"):
        op.add_column(table, sa.Column("branch", sa.Text(), nullable=False, server_default=""))
