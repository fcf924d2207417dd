"""Makes and migrates the schema of the gateway's store, forwards only."""

from sqlalchemy import MetaData, text

from gateway.store import engines


async def upgrade(url: str, metadata: MetaData) -> None:
    """Bring the database at `url` to the present schema."""
    if engines.is_sqlite(url):
        engine = engines.sqlite_writer(url)
        with engine.begin() as connection:
            metadata.create_all(connection)
        engine.dispose()
        return
    made = engines.postgres(url, pool_size=1)
    async with made.begin() as connection:
        await connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {engines.SCHEMA}"))
        await connection.run_sync(metadata.create_all)
    await made.dispose()
