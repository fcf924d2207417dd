"""Many rows at once, one statement whatever their number; a row that is there already is left as it is."""

import functools
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, Executable, Table, Text, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.store.rows import Rows, Value
from wallet.types import Int64

CHUNK = 2000
"""Rows of one unit of work: the writer serves others in between."""
_WHOLE = frozenset({"number", "minor", "count", "reversal", "place", "position", "at"})


def put(tx: Connection, into: Table, columns: Sequence[str], rows: Iterable[tuple[Value, ...]]) -> None:
    """Insert `rows`, whose values are those of `columns` as they are stored."""
    statement, given = _putting(into, tuple(columns), tx.dialect.name)
    tx.execute(statement, given.bind(tx.dialect.name, rows))


@functools.cache
def _putting(into: Table, columns: tuple[str, ...], dialect: str) -> tuple[Executable, Rows]:
    kinds: Mapping[str, object] = {name: Int64 if name in _WHOLE else Text for name in columns}
    given = Rows("given", kinds)  # type: ignore[arg-type]  # Text is a class, Int64 an object, and both are taken
    source = given.table(dialect)
    # The condition keeps SQLite from reading ON CONFLICT as the ON of a join.
    chosen = select(*(source.c[name] for name in columns)).where(literal(1) == literal(1))
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(into).from_select(list(columns), chosen).on_conflict_do_nothing(), given
