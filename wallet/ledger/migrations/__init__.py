"""Making the schema, forwards only, and reading back at every opening that its guards are in place."""

import asyncio
from collections.abc import Awaitable, Callable

from sqlalchemy import Connection, Engine, func, insert, select, true, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from wallet.clock import from_us
from wallet.errors import LedgerCorrupt, LedgerUnavailable
from wallet.ledger import schema
from wallet.ledger.chain import GENESIS
from wallet.ledger.engines import Engines
from wallet.ledger.faults import UNREACHABLE, Verdict, judge
from wallet.ledger.migrations import version_2_postgresql, version_2_sqlite

_TRIES = 5
_MAKE_S = 30.0
_POLL_S = 0.5

_PG_TRIGGERS = """
SELECT t.tgname, p.prosrc
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_proc p ON p.oid = t.tgfoid
WHERE n.nspname = 'wallet' AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')
"""


async def upgrade(databases: Engines) -> None:
    """Make the schema or bring it to `schema.VERSION`, forwards only; harmless when it is there.

    Two processes may try at once: one waits for the other, and finds it done.

    Raises:
        LedgerUnavailable: The database cannot be reached, or stays in use.
        LedgerCorrupt: A row of the old book contradicts its schema.
    """
    try:
        if databases.sqlite is not None:
            # No timeout: a thread cannot be stopped half-way, and a large file takes its time.
            await asyncio.to_thread(_upgrade_sqlite, databases.sqlite)
        else:
            assert databases.postgresql is not None, "one of the engines writes"
            await _upgrade_postgresql(databases.postgresql, databases.reader)
    except UNREACHABLE as fault:
        if judge(fault) is Verdict.OURS:
            raise LedgerCorrupt("the rows of this book contradict its new schema; it stays as it was") from fault
        raise LedgerUnavailable("the ledger's schema cannot be made") from fault


def check(connection: Connection) -> None:
    """Make sure that the schema is current and its triggers stand.

    Raises:
        LedgerCorrupt: The schema was never made or is of another version, or a trigger is missing or changed.
    """
    if _has_schema(connection) and _version(connection) == schema.VERSION:
        missing = _missing_triggers(connection)
        if missing:
            raise LedgerCorrupt(f"rows are not protected: triggers missing or changed: {', '.join(sorted(missing))}")
        return
    raise LedgerCorrupt("the ledger's schema is missing or of another version; run the upgrade")


def _has_schema(connection: Connection) -> bool:
    name = schema.SCHEMA if connection.dialect.name == "postgresql" else None
    return connection.dialect.has_table(connection, schema.version.name, schema=name)


def _version(connection: Connection) -> int:
    return max(connection.scalars(select(schema.version.c.version)), default=0)


def _missing_triggers(connection: Connection) -> set[str]:
    if connection.dialect.name == "postgresql":
        wanted = dict.fromkeys((name for name, _ in schema.postgresql_triggers()), schema.PG_FUNCTION)
        found = connection.exec_driver_sql(_PG_TRIGGERS)
    else:
        wanted = dict(schema.sqlite_triggers())
        found = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    there = {str(name): str(text) for name, text in found}
    return {name for name, text in wanted.items() if there.get(name) != text}


def _upgrade_sqlite(engine: Engine) -> None:
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None, "an open connection has a driver's one below it"
        # Inside a transaction SQLite ignores this word; the connection is not used for anything else.
        driver.execute("PRAGMA foreign_keys=OFF")
        with connection.begin():
            stored = _made(connection)
            for number in range(stored + 1, schema.VERSION + 1):
                _SQLITE_STEPS[number](connection)
                connection.execute(insert(schema.version).values(version=number))


async def _upgrade_postgresql(engine: AsyncEngine, second: AsyncEngine) -> None:
    stored = await _made_postgresql(engine)
    while stored < schema.VERSION:
        async with asyncio.timeout(version_2_postgresql.PATIENCE_S), second.connect() as alone:
            if await _has_guard(alone, stored):
                stored = await _stored(engine)
                for number in range(stored + 1, schema.VERSION + 1):
                    await _POSTGRESQL_STEPS[number](engine)
                return
        # Another process upgrades. It must not be waited for inside a statement: the index that it makes CONCURRENTLY
        # would wait for that.
        await asyncio.sleep(_POLL_S)
        stored = await _stored(engine)


async def _stored(engine: AsyncEngine) -> int:
    async with asyncio.timeout(_MAKE_S), engine.connect() as connection:
        return await connection.run_sync(_version)


async def _has_guard(alone: AsyncConnection, stored: int) -> bool:
    """Whether this connection's transaction is the one that may upgrade: who has written the newest version's row.

    Not FOR UPDATE: what such a query has read stays open behind it, and an index that is made CONCURRENTLY would wait.
    """
    await alone.execute(select(func.set_config("lock_timeout", "100ms", true())))
    try:
        await alone.execute(update(schema.version).where(schema.version.c.version == stored).values(version=stored))
    except DBAPIError as fault:
        if getattr(fault.orig, "sqlstate", None) != version_2_postgresql.NOT_AVAILABLE:
            raise
        return False
    return True


async def _made_postgresql(engine: AsyncEngine) -> int:
    for tries_left in reversed(range(_TRIES)):
        try:
            async with asyncio.timeout(_MAKE_S), engine.begin() as connection:
                return await connection.run_sync(_made)
        except UNREACHABLE as fault:
            # Two processes that make the schema at once get in each other's way; the later one then finds it made.
            if not tries_left or judge(fault) is Verdict.GONE:
                raise
    raise AssertionError("the last try raises")


def _made(connection: Connection) -> int:
    """The version that is stored; a database without one gets the present schema."""
    stored = _version(connection) if _has_schema(connection) else 0
    if stored:
        return stored
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {schema.SCHEMA}")
    schema.version.create(connection, checkfirst=True)
    _create(connection)
    connection.execute(insert(schema.version).values(version=schema.VERSION))
    return schema.VERSION


def _create(connection: Connection) -> None:
    schema.metadata.create_all(connection)
    if connection.dialect.name == "postgresql":
        # Room in each page lets balances be updated in place (HOT), without touching an index.
        connection.exec_driver_sql(f"ALTER TABLE {schema.SCHEMA}.account SET (fillfactor = 50)")
        signature = f"{schema.SCHEMA}.refuse_change() RETURNS trigger LANGUAGE plpgsql"
        connection.exec_driver_sql(f"CREATE FUNCTION {signature} AS $${schema.PG_FUNCTION}$$")
        triggers = schema.postgresql_triggers()
    else:
        triggers = schema.sqlite_triggers()
    for _, text in triggers:
        connection.exec_driver_sql(text)
    start = {"id": 1, "position": 0, "block": 0, "hash": GENESIS, "moved_at": from_us(0)}
    connection.execute(insert(schema.head).values(start))


_SQLITE_STEPS: dict[int, Callable[[Connection], None]] = {2: version_2_sqlite.step}
_POSTGRESQL_STEPS: dict[int, Callable[[AsyncEngine], Awaitable[None]]] = {2: version_2_postgresql.step}
"""The step that leads to each version from the one before. A step that was released never changes."""
