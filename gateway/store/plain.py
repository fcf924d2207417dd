"""Statements as drivers run them: made ready once, then bound and run without SQLAlchemy.

SQLAlchemy writes the SQL and knows the types; going through it again for each run costs several times what the
database takes. Here its processors turn values into what the driver takes, and what the driver gives becomes its Row.
"""

import functools
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Executable, Insert, Row
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.engine import result_tuple
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

_SQLITE = sqlite.dialect(paramstyle="qmark")
_POSTGRESQL = asyncpg.dialect()  # type: ignore[no-untyped-call]
_READY_MAX = 2_000

Process = Callable[[Any], Any]


class Plain:
    """One statement, ready to run."""

    def __init__(
        self,
        statement: Executable,
        dialect: Dialect,
        *,
        columns: tuple[str, ...] | None = None,
        schema: str | None = None,
    ) -> None:
        assert isinstance(statement, ClauseElement), "only what has SQL can be run"
        where: dict[str, Any] = (
            {"schema_translate_map": {None: schema}, "render_schema_translate": True} if schema else {}
        )
        compiled = statement.compile(dialect=dialect, column_keys=columns, **where)
        assert isinstance(compiled, SQLCompiler), "no statement that changes tables"
        self.sql = str(compiled)
        names = compiled.positiontup or ()
        self._binds: list[tuple[str, Process | None]] = [
            (name, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in names
        ]
        # A value that a row leaves out is a bug, as it is to SQLAlchemy: it must not become NULL.
        self._fixed = {name: compiled.params[name] for name in names if not compiled.binds[name].required}
        self._needed = frozenset(names) - self._fixed.keys()
        # Of a query its columns, of a write those that it returns.
        selected = list(getattr(statement, "selected_columns", getattr(statement, "exported_columns", ())))
        self._row = result_tuple([column.key for column in selected])
        kinds = (column.type.dialect_impl(dialect).result_processor(dialect, None) for column in selected)
        self._processes = [(place, process) for place, process in enumerate(kinds) if process is not None]

    def bind(self, values: Mapping[str, object]) -> list[object]:
        """The parameters in the order of the SQL."""
        assert self._needed <= values.keys(), "a parameter has no value"
        given = {**self._fixed, **values} if self._fixed else values
        return [given[name] if process is None else process(given[name]) for name, process in self._binds]

    def rows(self, found: Iterable[Iterable[Any]]) -> list[Row[Any]]:
        """What a query found, as the driver gave it."""
        rows = []
        for one in found:
            values = list(one)
            for place, process in self._processes:
                values[place] = process(values[place])
            rows.append(self._row(values))
        return rows

    def find(self, driver: sqlite3.Connection, values: Mapping[str, object]) -> list[Row[Any]]:
        """The rows of a query."""
        # All at once: a cursor that a fault leaves half read would hold the connection at what it saw then.
        return self.rows(driver.execute(self.sql, self.bind(values)).fetchall())

    def write(self, driver: sqlite3.Connection, rows: Sequence[Mapping[str, object]]) -> int:
        """Run it for each of `rows`; how many rows were touched in all."""
        return driver.executemany(self.sql, [self.bind(row) for row in rows]).rowcount


def run_on_server(connection: Connection, plain: Plain, rows: Sequence[Mapping[str, object]]) -> DBAPICursor:
    """Run a statement for each of `rows` over asyncpg, inside the connection's transaction; the cursor after it.

    It knows its rows, or how many it touched, if there was one of `rows`.

    Raises:
        DBAPIError: As SQLAlchemy would; a connection that is gone is given up.
    """
    dialect, cursor = connection.dialect, connection.connection.cursor()
    errors = dialect.loaded_dbapi.Error
    try:
        if len(rows) == 1:
            cursor.execute(plain.sql, tuple(plain.bind(rows[0])))
        else:
            cursor.executemany(plain.sql, [tuple(plain.bind(row)) for row in rows])
    except errors as problem:
        lost = dialect.is_disconnect(problem, None, cursor)
        if lost:
            connection.invalidate(problem)
        raise DBAPIError.instance(
            plain.sql, None, problem, errors, hide_parameters=True, connection_invalidated=lost, dialect=dialect
        ) from problem
    return cursor


def driver_of(connection: Connection) -> sqlite3.Connection | None:
    """The driver's connection below one of SQLAlchemy's; None if it is not an embedded database's."""
    if connection.dialect.name != "sqlite":
        return None
    driver: Any = connection.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection), "aiosqlite's connections are driven by its own threads"
    return driver


def ready(statement: Executable, values: Mapping[str, object]) -> Plain:
    """The statement for SQLite, made ready when it first runs. It is kept, so it must be one that is made at import."""
    return _ready(statement, tuple(values) if isinstance(statement, Insert) else None)


@functools.lru_cache(_READY_MAX)
def _ready(statement: Executable, columns: tuple[str, ...] | None) -> Plain:
    return Plain(statement, _SQLITE, columns=columns)


@functools.lru_cache(_READY_MAX)
def ready_for_postgresql(statement: Executable, schema: str, columns: tuple[str, ...] | None = None) -> Plain:
    """The same for asyncpg, with tables in `schema`; an insert has the `columns` that are named."""
    return Plain(statement, _POSTGRESQL, columns=columns if isinstance(statement, Insert) else None, schema=schema)
