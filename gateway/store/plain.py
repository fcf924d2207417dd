"""Statements as the driver of an embedded database runs them: made ready once, then bound and run without SQLAlchemy.

SQLAlchemy writes the SQL and knows the types; going through it again for each run costs several times what SQLite
takes. Here its processors turn values into what the driver takes, and what the driver gives becomes its Row.
"""

import functools
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Executable, Insert, Row
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import result_tuple
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

_DIALECT = sqlite.dialect(paramstyle="qmark")
_READY_MAX = 2_000

Process = Callable[[Any], Any]


class Plain:
    """One statement, ready to run."""

    def __init__(self, statement: Executable, columns: tuple[str, ...] | None) -> None:
        assert isinstance(statement, ClauseElement), "only what has SQL can be run"
        compiled = statement.compile(dialect=_DIALECT, column_keys=columns)
        assert isinstance(compiled, SQLCompiler), "no statement that changes tables"
        self.sql = str(compiled)
        given = compiled.params
        self._binds: list[tuple[str, Any, Process | None]] = [
            (name, given[name], compiled.binds[name].type.dialect_impl(_DIALECT).bind_processor(_DIALECT))
            for name in compiled.positiontup or ()
        ]
        selected = list(getattr(statement, "selected_columns", ()))
        self._row = result_tuple([column.key for column in selected])
        kinds = (column.type.dialect_impl(_DIALECT).result_processor(_DIALECT, None) for column in selected)
        self._processes = [(place, process) for place, process in enumerate(kinds) if process is not None]

    def bind(self, values: Mapping[str, object]) -> list[object]:
        """The parameters in the order of the SQL."""
        return [
            (values.get(name, given) if process is None else process(values.get(name, given)))
            for name, given, process in self._binds
        ]

    def rows(self, cursor: sqlite3.Cursor) -> list[Row[Any]]:
        """What a query found."""
        if not self._processes:
            return [self._row(found) for found in cursor]
        rows = []
        for found in cursor:
            values = list(found)
            for place, process in self._processes:
                values[place] = process(values[place])
            rows.append(self._row(values))
        return rows

    def find(self, driver: sqlite3.Connection, values: Mapping[str, object]) -> list[Row[Any]]:
        """The rows of a query."""
        return self.rows(driver.execute(self.sql, self.bind(values)))

    def write(self, driver: sqlite3.Connection, rows: Sequence[Mapping[str, object]]) -> int:
        """Run it for each of `rows`; how many rows were touched in all."""
        return driver.executemany(self.sql, [self.bind(row) for row in rows]).rowcount


def driver_of(connection: Connection) -> sqlite3.Connection | None:
    """The driver's connection below one of SQLAlchemy's; None if it is not an embedded database's."""
    if connection.dialect.name != "sqlite":
        return None
    driver: Any = connection.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection), "aiosqlite's connections are driven by its own threads"
    return driver


def ready(statement: Executable, values: Mapping[str, object]) -> Plain:
    """The statement, made ready when it first runs. It is kept, so it must be one that is made at import."""
    return _ready(statement, tuple(values) if isinstance(statement, Insert) else None)


@functools.lru_cache(_READY_MAX)
def _ready(statement: Executable, columns: tuple[str, ...] | None) -> Plain:
    return Plain(statement, columns)
