"""Tables of menu releases: the files of each version once, the releases, and one row that says what is in force."""

from sqlalchemy import Column, ForeignKey, Index

from gateway.store import table
from wallet.types import Blob, Int64, Moment, Text

VERSIONS = table(
    "releases_versions",
    Column("version", Text, primary_key=True),
    Column("files", Blob, nullable=False),
    Column("stored_at", Moment, nullable=False),
)
"""`files` as gateway/services/releases/files.py packs them."""

RELEASES = table(
    "releases_releases",
    Column("id", Text, primary_key=True),
    Column("version", Text, ForeignKey("releases_versions.version"), nullable=False),
    Column("scope", Text, nullable=False),
    Column("percent", Int64, nullable=False),
    Column("branch", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("maker", Text, nullable=False),
    Column("checker", Text, nullable=False),
    Column("approval_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("before", Text, nullable=False),
    Column("rollback_id", Text, nullable=False),
    Column("rolled_back_by", Text, nullable=False),
    Column("proposed_at", Moment, nullable=False),
    Column("live_at", Moment),
    Column("ended_at", Moment),
    Index("releases_releases_state", "state"),
)

IN_FORCE = table(
    "releases_in_force",
    Column("name", Text, primary_key=True),
    Column("base", Text, nullable=False),
    Column("trial", Text, nullable=False),
    Column("revision", Int64, nullable=False),
)
"""One row, `menus`: ids of the release for everyone and of the one tried beside it, '' for none. Whatever changes what
is in force holds it; `revision` counts the changes, so that a process sees by one small read whether it is behind."""
