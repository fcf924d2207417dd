"""Rows as their octets: what seals are made of, the same on every database, and readable however a row was spoilt."""

import hashlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, LargeBinary, Select, Table, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

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
    return select(*(_octets(column).label(column.name) for column in columns))


def row_leaf(table: str, names: Sequence[str], values: Sequence[bytes | None]) -> bytes:
    """SHA-256 over a row: its table, and each column's name and octets with their lengths; NULL is not ''."""
    digest = hashlib.sha256(_PURPOSE + _prefixed(table.encode()))
    for name, value in zip(names, values, strict=True):
        digest.update(_prefixed(name.encode()) + (b"-" if value is None else _prefixed(value)))
    return digest.digest()


def _octets(column: Column[Any]) -> Any:  # noqa: ANN401 - a column of one or of another kind
    return column if isinstance(column.type, LargeBinary) else _Octets(column)


def _prefixed(data: bytes) -> bytes:
    return b"%d:%b" % (len(data), data)
