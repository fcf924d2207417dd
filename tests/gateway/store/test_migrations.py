"""The revisions make exactly the tables that the code has, on both databases, and running them again is harmless."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

import gateway.app
from gateway.store import Store, engines, metadata


def differences(connection: Connection) -> list[str]:
    """What alembic would still change."""
    context = MigrationContext.configure(connection, opts={"compare_type": False})
    return [str(change) for change in compare_metadata(context, metadata)]


async def test_the_revisions_make_the_tables_of_the_code(database_url: str) -> None:
    assert gateway.app.built is not None  # all services are imported, so all tables are known
    await Store.upgrade(database_url)
    await Store.upgrade(database_url)

    reading = engines.postgres(database_url) if "postgresql" in database_url else engines.reader(database_url)
    async with reading.connect() as connection:
        if "postgresql" in database_url:
            await connection.execute(text(f"SET search_path TO {engines.SCHEMA}"))
        assert await connection.run_sync(differences) == []
        if "sqlite" in database_url:
            strict = await connection.execute(text("SELECT name FROM pragma_table_list WHERE strict = 1"))
            names = set(strict.scalars())
            tables = await connection.run_sync(lambda tx: set(inspect(tx).get_table_names()))
            assert tables - names == {"alembic_version"}
    await reading.dispose()
