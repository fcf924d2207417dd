"""Rows as their octets: what seals are made of, the same on every database, and readable however a row was spoilt."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any

from sqlalchemy import BigInteger, Column, LargeBinary, Row, Select, Table, select, tuple_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from gateway.store.front import Store
from wallet.periods import ends_at, starts_at

CONTRADICTS = bytes(32)
"""The leaf of a row that contradicts others: no day is sealed with one."""
_PURPOSE = b"tapdial row\0"


class _Octets(FunctionElement[bytes]):
    """A column's value as the octets of its text, so that a text that is none any more is read as well."""

    type = LargeBinary()
    name = "octets"
    inherit_cache = True


@compiles(_Octets, "sqlite")
def _sqlite(element: _Octets, compiler: SQLCompiler, **given: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own
    return f"CAST({compiler.process(element.clauses, **given)} AS BLOB)"


@compiles(_Octets, "postgresql")
def _postgresql(element: _Octets, compiler: SQLCompiler, **given: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own
    return f"convert_to(CAST({compiler.process(element.clauses, **given)} AS text), 'UTF8')"


def octets_of(table: Table, *names: str) -> Select[Any]:
    """A query for these columns of a table, all of them if none are named, each as octets or None."""
    columns = [table.c[name] for name in names] or list(table.c)
    return select(*map(octets, columns))


def octets(column: Column[Any]) -> Any:  # noqa: ANN401 - a column of one or of another kind
    """A column as its octets, under its own name."""
    return (column if isinstance(column.type, LargeBinary) else _Octets(column)).label(column.name)


def text_of(value: bytes) -> str:
    """Octets as text, whatever they are."""
    return value.decode("utf-8", "backslashreplace")


def row_leaf(table: str, names: Sequence[str], values: Sequence[bytes | None]) -> bytes:
    """SHA-256 over a row: its table, and each column's name and octets with their lengths; NULL is not ''."""
    digest = hashlib.sha256(_PURPOSE + _prefixed(table.encode()))
    for name, value in zip(names, values, strict=True):
        digest.update(_prefixed(name.encode()) + (b"-" if value is None else _prefixed(value)))
    return digest.digest()


def _prefixed(data: bytes) -> bytes:
    return b"%d:%b" % (len(data), data)


def key_of(table: Table, row: Row[Any]) -> str:
    """A row's primary key as text, `stm_…:4` where it has several columns; of a row of octets."""
    return ":".join(text_of(getattr(row, column.name)) for column in table.primary_key)


@dataclass(frozen=True, slots=True)
class Dated:
    """Rows of a table that belong to the business day in which something happened to them, and never change from then.

    Attributes:
        on: The column that says when; a Moment.
        but: Columns that go on changing.
        page: How many are read at once; few where they are large.
    """

    table: Table
    on: Column[Any]
    but: frozenset[str] = frozenset()
    page: int = 500

    async def leaves(self, store: Store, begins: datetime, ends: datetime) -> AsyncIterator[tuple[str, bytes]]:
        """Name, `table:key`, and leaf of each row of a day, in order of its key."""
        table, keys = self.table, list(self.table.primary_key)
        names = [column.name for column in table.columns if column.name not in self.but]
        query = octets_of(table, *names).where(self.on >= begins, self.on < ends).order_by(*keys).limit(self.page)
        last, rows = "", await store.read(query)
        # A key that is no text any more might be asked for again and again.
        while rows and (key := key_of(table, rows[-1])) != last:
            for row in rows:
                yield f"{table.name}:{key_of(table, row)}", row_leaf(table.name, names, row)
            last = key
            later = tuple_(*keys) > tuple_(*_typed(keys, rows[-1]), types=[one.type for one in keys])
            rows = await store.read(query.where(later)) if len(rows) == self.page else []


class DatedRows:
    """Rows of several tables as one part of a day's seal."""

    def __init__(self, store: Store, zone: tzinfo, parts: Sequence[Dated]) -> None:
        self._store = store
        self._zone = zone
        self._parts = parts

    async def seal(self, through: date, _at: datetime) -> AsyncIterator[tuple[str, bytes]]:
        """Name and leaf of every row of a business day."""
        begins, ends = starts_at(through, self._zone), ends_at(through, self._zone)
        for part in self._parts:
            async for leaf in part.leaves(self._store, begins, ends):
                yield leaf


def _typed(keys: Sequence[Column[Any]], row: Row[Any]) -> list[Any]:
    texts = [getattr(row, key.name).decode("utf-8", "replace") for key in keys]
    return [int(text) if isinstance(key.type, BigInteger) else text for key, text in zip(keys, texts, strict=True)]
