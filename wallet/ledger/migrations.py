"""Making the schema, forwards only, and reading back at every opening that its guards are in place."""

from collections.abc import Callable

from sqlalchemy import Connection, insert, select

from wallet.clock import from_us
from wallet.errors import LedgerCorrupt
from wallet.ledger import schema
from wallet.ledger.chain import GENESIS

_PG_TRIGGERS = """
SELECT t.tgname, p.prosrc
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_proc p ON p.oid = t.tgfoid
WHERE n.nspname = 'wallet' AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')
"""


def upgrade(connection: Connection) -> None:
    """Bring the schema to `schema.VERSION` inside the connection's transaction; harmless when it is there."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {schema.SCHEMA}")
    schema.version.create(connection, checkfirst=True)
    stored = _version(connection)
    if not stored:
        _create(connection)
        connection.execute(insert(schema.version).values(version=schema.VERSION))
        return
    for number in range(stored + 1, schema.VERSION + 1):
        _STEPS[number](connection)
        connection.execute(insert(schema.version).values(version=number))


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


_STEPS: dict[int, Callable[[Connection], None]] = {}
"""The step that leads to each version from the one before. A step that was released never changes."""
