"""Many notices of one class into the outbox by one statement; each that the same cause has told stays as it is."""

import functools
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, Executable, bindparam, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.services.notices.tables import OUTBOX
from gateway.store.rows import Rows
from wallet.types import Text

Own = tuple[str, str, str, str, str, str]
"""What each row has of its own: see _OWN."""
_OWN = ("id", "cause", "person", "language", "address", "text")
_ALIKE = Rows("alike", dict.fromkeys(_OWN, Text))


def put_alike(tx: Connection, rows: Iterable[Own], rest: Mapping[str, object]) -> None:
    """Put rows of the outbox; `rest` are the other columns, the same in all of them."""
    name = tx.dialect.name
    same = {f"same_{column}": value for column, value in rest.items()}
    tx.execute(_putting(name, tuple(rest)), {**_ALIKE.bind(name, rows), **same})


@functools.cache
def _putting(dialect: str, rest: tuple[str, ...]) -> Executable:
    rows = _ALIKE.table(dialect)
    fixed = [bindparam(f"same_{column}", type_=OUTBOX.c[column].type).label(column) for column in rest]
    # The condition keeps SQLite from reading ON CONFLICT as the ON of a join.
    source = select(*(rows.c[column] for column in _OWN), *fixed).where(literal(1) == literal(1))
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(OUTBOX).from_select([*_OWN, *rest], source).on_conflict_do_nothing()
