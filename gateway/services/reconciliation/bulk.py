"""Many rows at once, one statement whatever their number."""

import functools
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from sqlalchemy import Connection, Delete, Executable, Table, Update, delete, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.services.reconciliation.tables import GROUPS, MEMBERS
from gateway.store.rows import Rows, Value
from wallet.types import Int64, Text

T = TypeVar("T")
CHUNK = 1000
"""Rows of one unit of work: the writer serves others in between."""
_WHOLE = frozenset({"number", "place", "score", "difference_minor", "made", "ended"})
_IDS = Rows("named", {"id": Text})


def put(tx: Connection, into: Table, columns: tuple[str, ...], rows: Iterable[tuple[Value, ...]]) -> None:
    """Insert `rows`, whose values are those of `columns` as they are stored; one that is there stays."""
    statement, given = _putting(into, columns, tx.dialect.name)
    tx.execute(statement, given.bind(tx.dialect.name, rows))


@functools.cache
def _putting(into: Table, columns: tuple[str, ...], dialect: str) -> tuple[Executable, Rows]:
    given = Rows("given", {name: Int64 if name in _WHOLE else Text for name in columns})
    source = given.table(dialect)
    # The condition keeps SQLite from reading ON CONFLICT as the ON of a join.
    chosen = select(*(source.c[name] for name in columns)).where(literal(1) == literal(1))
    adding = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return adding(into).from_select(list(columns), chosen).on_conflict_do_nothing(), given


def end(tx: Connection, ids: Sequence[str], generation: int) -> None:
    """These groups stand no longer from a generation on."""
    statement = _ending(tx.dialect.name).values(ended=generation)
    tx.execute(statement, _IDS.bind(tx.dialect.name, ((one,) for one in ids)))


@functools.cache
def _ending(dialect: str) -> Update:
    return update(GROUPS).where(GROUPS.c.id.in_(select(_IDS.table(dialect).c.id)))


def forget(tx: Connection, ids: Sequence[str]) -> None:
    """Groups that never stood go."""
    bound = _IDS.bind(tx.dialect.name, ((one,) for one in ids))
    for statement in _forgetting(tx.dialect.name):
        tx.execute(statement, bound)


@functools.cache
def _forgetting(dialect: str) -> tuple[Delete, Delete]:
    named = select(_IDS.table(dialect).c.id)
    return delete(MEMBERS).where(MEMBERS.c.group_id.in_(named)), delete(GROUPS).where(GROUPS.c.id.in_(named))


def json_of(value: object) -> str:
    """As wallet.types.JsonText stores it."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def chunks(whole: Sequence[T], many: int = 0) -> Iterator[Sequence[T]]:
    """What is taken at once, in order: so many, or what one unit of work takes."""
    step = many or CHUNK
    return (whole[begin : begin + step] for begin in range(0, len(whole), step))
