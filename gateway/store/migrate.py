"""Makes and migrates the schema of the gateway's store with alembic, forwards only.

A revision is written under `migrations/versions` by its author (`alembic.command.revision` over `config` drafts one)
and never changed once it was released; a test compares the revisions with the tables in the code. SQLite cannot change
most of a table in place, so alembic copies it (batch mode), which drops triggers: none of this store's tables has any,
and the ledger's are not migrated here.
"""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.exc import DBAPIError

from gateway.store import engines

FOLDER = Path(__file__).with_name("migrations")
TRIES_MAX = 5


async def upgrade(url: str, metadata: MetaData) -> None:
    """Bring the database at `url` to the present schema; two processes may try at once, one does it."""
    for attempt in range(1, TRIES_MAX + 1):
        try:
            await _upgrade(url, metadata)
        except DBAPIError:
            # Another process made the schema a moment ago: the next try finds it made.
            if attempt == TRIES_MAX:
                raise
            await asyncio.sleep(0.2 * attempt)
        else:
            return


async def _upgrade(url: str, metadata: MetaData) -> None:
    if engines.is_sqlite(url):
        await asyncio.to_thread(_upgrade_sqlite, url, metadata)
        return
    made = engines.postgres(url, pool_size=1)
    try:
        async with asyncio.timeout(600), made.begin() as connection:
            await connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {engines.SCHEMA}"))
            await connection.execute(text(f"SET LOCAL search_path TO {engines.SCHEMA}"))
            await connection.run_sync(run, metadata)
    finally:
        await made.dispose()


def _upgrade_sqlite(url: str, metadata: MetaData) -> None:
    engine = engines.sqlite_writer(url)
    try:
        with engine.begin() as connection:
            run(connection, metadata)
    finally:
        engine.dispose()


def run(connection: Connection, metadata: MetaData) -> None:
    """Run what revisions are missing inside the caller's transaction."""
    command.upgrade(config(connection, metadata), "head")


def config(connection: Connection, metadata: MetaData) -> Config:
    """Alembic's configuration over one open connection."""
    made = Config(attributes={"connection": connection, "metadata": metadata})
    made.set_main_option("script_location", str(FOLDER))
    return made
