"""One way to write: units of work that a single writer per process groups into one commit.

A unit is a plain function over a SQLAlchemy Connection: it may read, decide and write, and returns a value. All units
that wait share one transaction and one fsync; if one raises, the group runs again unit by unit, so a unit must have no
effect besides the database and must be safe to run twice. Prefer returning a refusal to raising.

On SQLite the writer is alone (BEGIN IMMEDIATE); on PostgreSQL other processes write too, so a unit that reads in order
to write says `.with_for_update(key_share=True)` and orders by id, which SQLite ignores.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

from sqlalchemy import Column, Connection, Executable, MetaData, Row, Select, Table
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.schema import SchemaItem

from gateway.errors import StoreUnavailable
from gateway.store import engines, migrate
from gateway.store.faults import FAULTS, is_lost
from gateway.store.many import Key, Many
from gateway.store.plain import driver_of, ready, ready_for_postgresql, run_on_server
from gateway.store.reader import Gatherer, PostgresFinder, SqliteFinder
from gateway.store.writer import Joint, PostgresRunner, SqliteRunner, Write, Writer, insert_unless_there

__all__ = ["Many", "Store", "Write", "find", "insert_ignore", "metadata", "table", "write"]

T = TypeVar("T")
Item = TypeVar("Item")
READ_S = 15

metadata = MetaData()
"""All tables of the gateway's store."""


def table(name: str, *items: SchemaItem | Column[Any]) -> Table:
    """A table of the gateway's store, STRICT on SQLite; columns use the types of wallet.types only."""
    return Table(name, metadata, *items, sqlite_strict=True)


class Store:
    """The gateway's database. Use `await Store.open(url)` and `await store.close()`."""

    def __init__(self, writer: Writer, reading: AsyncEngine, finder: SqliteFinder | PostgresFinder | None) -> None:
        self._writer = writer
        self._reading = reading
        self._finder = finder
        self._gatherer = Gatherer(finder) if isinstance(finder, PostgresFinder) else None

    @classmethod
    async def open(cls, url: str, *, queue_max: int = 10_000) -> "Store":
        """Open `sqlite:///path.db` or `postgresql://…/db`; the schema must have been made by `upgrade`."""
        runner: SqliteRunner | PostgresRunner
        finder: SqliteFinder | PostgresFinder | None
        if engines.is_sqlite(url):
            runner = SqliteRunner(engines.sqlite_writer(url))
            finder = SqliteFinder(engines.sqlite_finder(url), visit_s=READ_S)
        else:
            runner = PostgresRunner(engines.postgres(url, pool_size=1))
            finding = engines.postgres_finder(url)
            finder = PostgresFinder(finding, find_s=READ_S) if finding else None
        return cls(Writer(runner, queue_max), engines.reader(url), finder)

    @staticmethod
    async def upgrade(url: str) -> None:
        """Make or migrate the schema, forwards only; harmless when it is current."""
        await migrate.upgrade(url, metadata)

    async def close(self) -> None:
        """Commit what waits, then let go of the database."""
        await self._writer.close()
        await self._reading.dispose()
        if self._finder is not None:
            await self._finder.close()

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` inside the next group; returns its value after COMMIT, raises what it raised.

        Raises:
            Overloaded: The queue is full; nothing was taken.
            StoreUnavailable: The database is gone; whether it was committed is not known.
        """
        return cast("T", await self._writer.submit(work))

    async def write_together(self, work: Callable[[Connection, Sequence[Item]], Sequence[T]], item: Item) -> T:
        """The same for work that is done for all items of a group at once: it returns their values in their order.

        Equal functions get their items together, in order of arrival, and may get one alone; what they do must be what
        they would do for one item after the other.
        """
        return cast("T", await self._writer.submit(Joint(work, item)))

    async def apply(self, *writes: Write) -> None:
        """One unit of plain statements, merged with equal ones of its group.

        Units in flight together have no order among themselves: who needs one awaits.

        Raises:
            Conflict: One touched another number of rows than expected; nothing of the unit stands.
        """
        await self._writer.submit(writes)

    async def read(self, query: Select[Any], values: Mapping[str, object] = {}) -> Sequence[Row[Any]]:
        """Rows of a query outside the writer: committed data only, does not wait for the writer.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        try:
            async with asyncio.timeout(READ_S), self._reading.connect() as connection:
                return (await connection.execute(query, values)).all()
        except FAULTS as problem:
            _tell(problem)
            raise

    async def find(self, query: Select[Any], values: Mapping[str, object]) -> Sequence[Row[Any]]:
        """The same for a read that is short (an index answers it) and frequent: `query` is made once, at import.

        Raises:
            Overloaded: Too many such reads wait.
            StoreUnavailable: The database does not answer.
        """
        if self._finder is None:
            return await self.read(query, values)
        try:
            return await self._finder.find(query, values)
        except FAULTS as problem:
            _tell(problem)
            raise

    async def find_by(self, many: Many, key: Key) -> Sequence[Row[Any]]:
        """The rows of a table with this key, for reads that are more frequent still: what waits goes out together.

        Raises:
            Overloaded, StoreUnavailable: As of `find`.
        """
        if self._gatherer is None:
            return await self.find(many.one, many.binds(key))
        try:
            return await self._gatherer.find(many, key)
        except FAULTS as problem:
            _tell(problem)
            raise


def _tell(problem: Exception) -> None:
    """Raises StoreUnavailable for what says that the database is gone; our own mistakes come as they are."""
    if is_lost(problem):
        raise StoreUnavailable(f"the store cannot be read: {type(problem).__name__}") from problem


def insert_ignore(tx: Connection, into: Table, row: Mapping[str, object]) -> bool:
    """Insert `row` unless a unique key has it already; whether it went in."""
    return write(tx, insert_unless_there(into, tx.dialect.name), row) == 1


def find(tx: Connection, query: Select[Any], values: Mapping[str, object]) -> Sequence[Row[Any]]:
    """Rows of a query inside a unit of work; for frequent ones, made once at import."""
    driver = driver_of(tx)
    if driver is not None:
        return ready(query, values).find(driver, values)
    plain = ready_for_postgresql(query, engines.SCHEMA)
    return plain.rows(run_on_server(tx, plain, [values]).fetchall())


def write(tx: Connection, statement: Executable, row: Mapping[str, object]) -> int:
    """Run an insert, update or delete inside a unit of work, as above; how many rows it touched."""
    driver = driver_of(tx)
    if driver is not None:
        return ready(statement, row).write(driver, [row])
    plain = ready_for_postgresql(statement, engines.SCHEMA, tuple(row))
    return run_on_server(tx, plain, [row]).rowcount
