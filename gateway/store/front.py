"""One way to write: units of work that a single writer per process groups into one commit.

A unit is a plain function over a SQLAlchemy Connection: it may read, decide and write, and returns a value. All units
that wait share one transaction and one fsync; if one raises, the group runs again unit by unit, so a unit must have no
effect besides the database and must be safe to run twice. Prefer returning a refusal to raising.

On SQLite the writer is alone (BEGIN IMMEDIATE); on PostgreSQL other processes write too, so a unit that reads in order
to write says `.with_for_update(key_share=True)` and orders by id, which SQLite ignores.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, Executable, MetaData, Row, Select, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import SchemaItem

T = TypeVar("T")

metadata = MetaData()
"""All tables of the gateway's store."""


def table(name: str, *items: SchemaItem | Column[Any]) -> Table:
    """A table of the gateway's store, STRICT on SQLite; columns use the types of wallet.types only."""
    return Table(name, metadata, *items, sqlite_strict=True)


@dataclass(frozen=True, slots=True)
class Write:
    """One row's worth of one statement; equal statements of a group become one executemany.

    Attributes:
        statement: An insert, update or delete with named bind parameters, made once at import.
        row: Values of its parameters.
        expect: How many rows it must touch, or None for any; a miss raises Conflict and undoes the unit.
    """

    statement: Executable
    row: Mapping[str, object]
    expect: int | None = None


class Store:
    """The gateway's database. Use `await Store.open(url)` and `await store.close()`."""

    @classmethod
    async def open(cls, url: str, *, queue_max: int = 10_000) -> "Store":
        """Open `sqlite:///path.db` or `postgresql://…/db`; the schema must have been made by `upgrade`."""
        raise NotImplementedError

    @staticmethod
    async def upgrade(url: str) -> None:
        """Make or migrate the schema, forwards only; harmless when it is current."""
        raise NotImplementedError

    async def close(self) -> None:
        """Commit what waits, then let go of the database."""
        raise NotImplementedError

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` inside the next group; returns its value after COMMIT, raises what it raised.

        Raises:
            Overloaded: The queue is full; nothing was taken.
            StoreUnavailable: The database is gone; whether it was committed is not known.
        """
        raise NotImplementedError

    async def apply(self, *writes: Write) -> None:
        """One unit of plain statements, merged with equal ones of its group.

        Raises:
            Conflict: One touched another number of rows than expected; nothing of the unit stands.
        """
        raise NotImplementedError

    async def read(self, query: Select[Any]) -> Sequence[Row[Any]]:
        """Rows of a query outside the writer: committed data only, does not wait for the writer."""
        raise NotImplementedError


def insert_ignore(tx: Connection, into: Table, row: Mapping[str, object]) -> bool:
    """Insert `row` unless a unique key has it already; whether it went in."""
    dialect = postgresql if tx.dialect.name == "postgresql" else sqlite
    return tx.execute(dialect.insert(into).values(**row).on_conflict_do_nothing()).rowcount == 1
