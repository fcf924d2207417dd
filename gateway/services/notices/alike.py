"""Many notices of the same kind into the outbox by one statement; each that the same cause has told stays as it is."""

import functools
from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Executable, bindparam, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.services.notices.tables import OUTBOX
from gateway.store.rows import Rows
from wallet.types import Text

_OWN = ("id", "cause", "person", "language", "address", "text")
_ALIKE = Rows("alike", dict.fromkeys(_OWN, Text))


def put_alike(tx: Connection, rows: Sequence[Mapping[str, object]]) -> None:
    """Put rows of the outbox; those of one class and channel have the times of their first."""
    kinds: defaultdict[object, list[Mapping[str, object]]] = defaultdict(list)
    for row in rows:
        kinds[row["class_"], row["channel"]].append(row)
    name = tx.dialect.name
    for same in kinds.values():
        rest = {column: value for column, value in same[0].items() if column not in _OWN}
        bound = _ALIKE.bind(name, (tuple(str(row[column]) for column in _OWN) for row in same))
        tx.execute(_putting(name, tuple(rest)), {**bound, **{f"same_{column}": rest[column] for column in rest}})


@functools.cache
def _putting(dialect: str, rest: tuple[str, ...]) -> Executable:
    rows = _ALIKE.table(dialect)
    fixed = [bindparam(f"same_{column}", type_=OUTBOX.c[column].type).label(column) for column in rest]
    # The condition keeps SQLite from reading ON CONFLICT as the ON of a join.
    source = select(*(rows.c[column] for column in _OWN), *fixed).where(literal(1) == literal(1))
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(OUTBOX).from_select([*_OWN, *rest], source).on_conflict_do_nothing()
