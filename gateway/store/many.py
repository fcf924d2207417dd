"""Statements over many rows of one table, for units that the writer runs together.

A server is asked once whatever their number: their keys and values go to it as arrays. An embedded database answers row
by row, which costs it less than taking arrays apart.
"""

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    Connection,
    Executable,
    FromClause,
    Row,
    Select,
    Table,
    and_,
    bindparam,
    column,
    func,
    select,
    update,
)
from sqlalchemy.dialects import postgresql

from gateway.store.engines import SCHEMA
from gateway.store.plain import driver_of, ready, ready_for_postgresql, run_on_server
from gateway.store.writer import insert_unless_there

Key = tuple[Any, ...]


class Many:
    """A table by some of its columns; made once, at import.

    Rows are locked and inserted in order of their keys, so that two processes wait for each other in one order.
    """

    def __init__(self, table: Table, *key: str, columns: Iterable[str] = ()) -> None:
        """`key` is the primary key unless it is said; `columns` are what is read, all unless they are said."""
        self._table = table
        self._key = key or tuple(column.name for column in table.primary_key)
        self._read = [table.c[name] for name in columns] or list(table.c)

    def found(self, tx: Connection, keys: Iterable[Key]) -> list[Row[Any]]:
        """The rows with these keys, in no order."""
        return self._rows(tx, keys, locked=False)

    def locked(self, tx: Connection, keys: Iterable[Key]) -> list[Row[Any]]:
        """The same, held until the end of the transaction."""
        return self._rows(tx, keys, locked=True)

    def _rows(self, tx: Connection, keys: Iterable[Key], *, locked: bool) -> list[Row[Any]]:
        wanted = sorted(set(keys))
        if not wanted:
            return []
        if (driver := driver_of(tx)) is not None:
            one = ready(self.one, {})
            return [row for key in wanted for row in one.find(driver, self.binds(key))]
        plain = ready_for_postgresql(self._all(locked=locked), SCHEMA)
        return plain.rows(run_on_server(tx, plain, [self.binds_all(wanted)]).fetchall())

    def put(self, tx: Connection, rows: Sequence[Mapping[str, object]]) -> list[bool]:
        """Insert each row unless a unique key has it already; which went in. Of equal keys the first one does.

        All rows have the same columns.
        """
        if not rows:
            return []
        if (driver := driver_of(tx)) is not None:
            one = ready(insert_unless_there(self._table, "sqlite"), rows[0])
            return [one.write(driver, [row]) == 1 for row in rows]
        keys = [tuple(row[name] for name in self._key) for row in rows]
        first = {key: place for place, key in reversed(list(enumerate(keys)))}
        columns = tuple(rows[0])
        sent = [tuple(rows[first[key]].values()) for key in sorted(first)]
        plain = ready_for_postgresql(self._put(columns), SCHEMA)
        went = set(map(tuple, plain.rows(run_on_server(tx, plain, [_turned(columns, sent)]).fetchall())))
        return [key in went and first[key] == place for place, key in enumerate(keys)]

    def change(self, tx: Connection, rows: Sequence[Mapping[str, object]]) -> None:
        """Give rows other values: each of these begins with the key of one, and all have the same columns in order."""
        if not rows:
            return
        columns = tuple(rows[0])
        if (driver := driver_of(tx)) is not None:
            named = [{f"new_{name}": value for name, value in row.items()} for row in rows]
            ready(self._change_one(columns), named[0]).write(driver, named)
            return
        sent = sorted((tuple(row.values()) for row in rows), key=lambda row: row[: len(self._key)])
        plain = ready_for_postgresql(self._change_all(columns), SCHEMA)
        run_on_server(tx, plain, [_turned(columns, sent)])

    def key_of(self, row: Row[Any]) -> Key:
        """The key of a row that was read."""
        return tuple(getattr(row, name) for name in self._key)

    def binds(self, key: Key) -> dict[str, object]:
        """What `one` is asked with."""
        return dict(zip(self._key, key, strict=True))

    def binds_all(self, keys: Sequence[Key]) -> dict[str, object]:
        """What `all` is asked with; not for no keys."""
        return _turned(self._key, keys)

    @property
    def all(self) -> Select[Any]:
        """Reads the rows with the keys of `binds_all`, of a server only."""
        return self._all(locked=False)

    @functools.cached_property
    def one(self) -> Select[Any]:
        """Reads the rows with the key of `binds`."""
        return select(*self._read).where(
            *(self._table.c[name] == bindparam(name, type_=self._table.c[name].type) for name in self._key)
        )

    def _given(self, columns: Sequence[str]) -> FromClause:
        arrays = (bindparam(name, type_=ARRAY(self._table.c[name].type)) for name in columns)
        named = (column(name, self._table.c[name].type) for name in columns)
        return func.unnest(*arrays).table_valued(*named, name="given").render_derived()

    @functools.cache  # noqa: B019 - these are made once, at import
    def _all(self, *, locked: bool) -> Select[Any]:
        given = self._given(self._key)
        query = select(*self._read).join(given, and_(*(self._table.c[name] == given.c[name] for name in self._key)))
        if not locked:
            return query
        mine = (self._table.c[name] for name in self._key)
        return query.order_by(*mine).with_for_update(key_share=True, of=self._table)

    @functools.cache  # noqa: B019 - as above
    def _put(self, columns: tuple[str, ...]) -> Executable:
        given = self._given(columns)
        rows = postgresql.insert(self._table).from_select(columns, select(*given.c))
        return rows.on_conflict_do_nothing().returning(*(self._table.c[name] for name in self._key))

    @functools.cache  # noqa: B019 - as above
    def _change_one(self, columns: tuple[str, ...]) -> Executable:
        table = self._table
        binds = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in columns}
        mine = (table.c[name] == binds[name] for name in self._key)
        return update(table).where(*mine).values({name: binds[name] for name in columns if name not in self._key})

    @functools.cache  # noqa: B019 - as above
    def _change_all(self, columns: tuple[str, ...]) -> Executable:
        table, given = self._table, self._given(columns)
        mine = (table.c[name] == given.c[name] for name in self._key)
        return update(table).where(*mine).values({name: given.c[name] for name in columns if name not in self._key})


def _turned(columns: Sequence[str], rows: Sequence[Key]) -> dict[str, object]:
    return dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True))
