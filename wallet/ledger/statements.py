"""The writer's statements, made once, in the two forms that the engines are fast with.

PostgreSQL takes whole groups as arrays (`INSERT … SELECT FROM unnest`, `= ANY`), because asyncpg runs an executemany
row by row; SQLite takes executemany with raw tuples, and `IN` lists, because it has no arrays and no round trips.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    ColumnElement,
    CompoundSelect,
    Connection,
    Delete,
    Insert,
    LargeBinary,
    Row,
    Select,
    SmallInteger,
    Table,
    TableValuedAlias,
    Text,
    Uuid,
    any_,
    bindparam,
    column,
    delete,
    func,
    insert,
    literal,
    null,
    select,
    true,
    type_coerce,
    union_all,
    update,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.types import TypeEngine

from wallet.ids import TransferId
from wallet.ledger.chain import Block
from wallet.ledger.periods import Closed
from wallet.ledger.rows import Raw, block_raw
from wallet.ledger.schema import account, account_change, block, head, open_hold, period, refusal, transfer
from wallet.transfers import TransferKind
from wallet.types import Day, Flag, Id128, Moment

IDS_MAX = 5000
"""Longest `IN` list on SQLite, which allows 32,766 parameters in a statement."""

_LOCK_HEAD = select(head).where(head.c.id == 1).with_for_update()
# The writer only looks rows up by key. A plan that asyncpg keeps from the time when the tables were empty would read
# them whole for ever after, so a group may not choose one; and compiling such short queries takes longer than they do.
PLANNER = {"enable_seqscan": "off", "jit": "off"}
# Said for this transaction only and in its first statement: a pooler may give the next one another connection, refuses
# parameters of start-up, and a statement of its own would cost a round trip.
_PLANNER = tuple(func.set_config(name, value, true()) for name, value in PLANNER.items())
_MOVE_HEAD = (
    update(head)
    .where(head.c.id == 1, head.c.hash == bindparam("was_hash"))
    .values(
        position=bindparam("a_position"),
        block=bindparam("a_block"),
        hash=bindparam("a_hash"),
        moved_at=bindparam("a_moment"),
        closed_through=bindparam("a_closed_through"),
        soft_through=bindparam("a_soft_through"),
    )
)
BLOCK_HASH = select(block.c.hash).where(block.c.number == bindparam("a_number"))
CHANGE_ACCOUNT = (
    update(account)
    .where(account.c.id == bindparam("an_id"))
    .values(
        state=bindparam("a_state"),
        debit_excess_max=bindparam("a_debit_excess_max"),
        credit_excess_max=bindparam("a_credit_excess_max"),
    )
)
LAPSED = (
    select(transfer)
    .join(open_hold, open_hold.c.position == transfer.c.position)
    .where(open_hold.c.expires_at <= bindparam("now"))
    .order_by(open_hold.c.expires_at, open_hold.c.position)
    .limit(bindparam("lapsed_max"))
)
_FIGURES = ("debits_posted", "credits_posted", "debits_held", "credits_held", "version")
_SIDE = ("id", "asset", "state", "debit_excess_max", "credit_excess_max", *_FIGURES)

_LAPSED_OF = (
    select(transfer)
    .join(open_hold, open_hold.c.position == transfer.c.position)
    .where(open_hold.c.expires_at <= bindparam("now"))
)
_LOOKUPS: dict[str, tuple[Select[Any], Column[Any]]] = {
    "transfers": (select(transfer), transfer.c.id),
    "refusals": (select(refusal), refusal.c.id),
    "resolutions": (select(transfer.c.hold_id, transfer.c.kind), transfer.c.hold_id),
    "reversals": (
        select(transfer.c.id, transfer.c.cites, transfer.c.amount).where(transfer.c.kind == TransferKind.REVERSE.value),
        transfer.c.cites,
    ),
    "accounts": (select(account), account.c.id),
    "sides": (select(*(account.c[name] for name in _SIDE)), account.c.id),
    "lapsed_of_debit": (_LAPSED_OF, open_hold.c.debit_id),
    "lapsed_of_credit": (_LAPSED_OF, open_hold.c.credit_id),
}
"""Queries by a list of ids, with the column that is compared with it."""

_HEAD, _TRANSFER, _REFUSAL, _LAPSED = range(4)
_ID_LAST = (-1,)
_WRITTEN = (transfer, refusal, open_hold, account_change, period)
"""What a group fills besides its block; holds after their transfers, which they refer to."""
_FILLED = (account, block, *_WRITTEN)


@dataclass(frozen=True, slots=True)
class Writing:
    """All that a decided group writes.

    Attributes:
        block: Its seal; `block.previous` is the hash that the head must still have.
        position: Last position of the log after it.
        closed: How far the book is closed after it.
        rows: Raw rows by name of table.
        sides: Accounts with their new figures, id first: values, for the view goes on while this is written.
        ended: Holds that are open no longer.
    """

    block: Block
    position: int
    closed: Closed
    rows: dict[str, list[Raw]]
    sides: list[Raw]
    ended: list[TransferId]


class Known(NamedTuple):
    """Which ids are those of transfers and of refusals, whether the time of any open hold is over, the head's hash."""

    transfers: set[UUID]
    refusals: set[UUID]
    lapsed: bool
    hash: bytes


class Statements(Protocol):
    """What a group needs of an engine besides plain statements.

    `lock_head` is its first one: the row of `head`, which no other group can have until this one ends.
    """

    lock_head: Select[Any]

    def lookup(self, on: Connection, name: str, ids: Collection[UUID], **values: object) -> Iterator[Row[Any]]:
        """Rows of the query `name` for these ids; asks nothing when there are none."""
        ...

    def known(self, on: Connection, ids: Collection[UUID], now: datetime) -> Known:
        """What of these ids is stored, whether a hold has lapsed, which head is seen: most groups ask nothing else."""
        ...

    def insert(self, on: Connection, into: Table, raws: Sequence[Raw]) -> None:
        """Insert raw rows."""
        ...

    def write(self, on: Connection, writing: Writing) -> bool:
        """Write a group if the head still has the hash that it follows; else write nothing and say False."""
        ...


class SqliteStatements:
    """Raw executemany, `IN` lists in chunks."""

    def __init__(self) -> None:
        self.lock_head = _LOCK_HEAD
        dialect = sqlite.dialect()
        self._inserts = {table.name: str(insert(table).compile(dialect=dialect)) for table in _FILLED}
        sets = ", ".join(f"{name} = ?" for name in _FIGURES)
        self._update = f"UPDATE account SET {sets} WHERE id = ?"  # noqa: S608 - only names of ours
        self._lookups = {name: self._among(*query) for name, query in _LOOKUPS.items()}
        self._end: Delete = self._among(delete(open_hold), open_hold.c.id)
        self._known = _known(self._among)
        self._ids = {table.name: _places_of_ids(table) for table in _FILLED}

    @staticmethod
    def _among(query: Any, by: Column[Any]) -> Any:  # noqa: ANN401 - selects and deletes share only their where()
        return query.where(by.in_(bindparam("ids", expanding=True)))

    def known(self, on: Connection, ids: Collection[UUID], now: datetime) -> Known:
        """See Statements."""
        chunks = list(_chunks(ids)) or [[]]
        return _sorted(row for chunk in chunks for row in on.execute(self._known, {"ids": chunk, "now": now}))

    def lookup(self, on: Connection, name: str, ids: Collection[UUID], **values: object) -> Iterator[Row[Any]]:
        """See Statements."""
        for chunk in _chunks(ids):
            yield from on.execute(self._lookups[name], {"ids": chunk, **values})

    def insert(self, on: Connection, into: Table, raws: Sequence[Raw]) -> None:
        """See Statements."""
        places = self._ids[into.name]
        on.exec_driver_sql(self._inserts[into.name], [_bytes(raw, places) for raw in raws])

    def write(self, on: Connection, writing: Writing) -> bool:
        """See Statements."""
        if on.execute(_MOVE_HEAD, _head_values(writing)).rowcount != 1:
            return False
        for table in _WRITTEN:
            if writing.rows[table.name]:
                self.insert(on, table, writing.rows[table.name])
        if writing.sides:
            on.exec_driver_sql(self._update, [_bytes((*raw[1:], raw[0]), _ID_LAST) for raw in writing.sides])
        for chunk in _chunks(writing.ended):
            on.execute(self._end, {"ids": chunk})
        self.insert(on, block, [block_raw(writing.block)])
        return True


class PostgresqlStatements:
    """Arrays everywhere, so each statement is compiled once whatever the size of the group; a group is one of them."""

    def __init__(self) -> None:
        self.lock_head: Select[Any] = _LOCK_HEAD.add_columns(*_PLANNER)
        self._inserts = {table.name: _insert(table) for table in _FILLED}
        self._lookups = {name: self._among(*query) for name, query in _LOOKUPS.items()}
        self._known = _known(self._among)
        self._write = self._group()

    @staticmethod
    def _among(query: Any, by: Column[Any]) -> Any:  # noqa: ANN401 - selects and deletes share only their where()
        return query.where(by == any_(bindparam("ids", type_=ARRAY(Uuid()))))

    def _group(self) -> Select[Any]:
        """The head is compared and moved first, and all else asks whether it was: nothing is written or everything."""
        moved = _MOVE_HEAD.returning(head.c.id).cte("moved")
        was_moved = select(moved.c.id).exists()
        inserts = [_insert(table, was_moved).cte(f"new_{table.name}") for table in (*_WRITTEN, block)]
        sides = _unnest("side", [("id", Uuid()), *((name, BigInteger()) for name in _FIGURES)])
        figures = update(account).where(account.c.id == sides.c.id, was_moved)
        figures = figures.values({name: sides.c[name] for name in _FIGURES})
        ended = self._among(delete(open_hold), open_hold.c.id).where(was_moved)
        return select(func.count()).select_from(moved).add_cte(*inserts, figures.cte("figures"), ended.cte("ended"))

    def known(self, on: Connection, ids: Collection[UUID], now: datetime) -> Known:
        """See Statements."""
        return _sorted(on.execute(self._known, {"ids": list(ids), "now": now}))

    def lookup(self, on: Connection, name: str, ids: Collection[UUID], **values: object) -> Iterator[Row[Any]]:
        """See Statements."""
        if ids:
            yield from on.execute(self._lookups[name], {"ids": list(ids), **values})

    def insert(self, on: Connection, into: Table, raws: Sequence[Raw]) -> None:
        """See Statements."""
        on.execute(self._inserts[into.name], _arrays(into.name, into.c.keys(), raws))

    def write(self, on: Connection, writing: Writing) -> bool:
        """See Statements."""
        values: dict[str, object] = {**_head_values(writing), "ids": writing.ended}
        for table in _WRITTEN:
            values |= _arrays(table.name, table.c.keys(), writing.rows[table.name])
        values |= _arrays(block.name, block.c.keys(), [block_raw(writing.block)])
        values |= _arrays("side", ("id", *_FIGURES), writing.sides)
        return bool(on.execute(self._write, values).scalar_one())


def _head_values(writing: Writing) -> dict[str, object]:
    block_, closed = writing.block, writing.closed
    return {
        "was_hash": block_.previous,
        "a_position": writing.position,
        "a_block": block_.number,
        "a_hash": block_.hash,
        "a_moment": block_.booked_at,
        "a_closed_through": closed.closed_through,
        "a_soft_through": closed.soft_through,
    }


def _insert(table: Table, condition: ColumnElement[bool] | None = None) -> Insert:
    rows = _unnest(table.name, [(column_.name, _plain(column_.type)) for column_ in table.columns])
    chosen = select(*rows.c)
    return insert(table).from_select(list(table.c.keys()), chosen if condition is None else chosen.where(condition))


def _chunks(ids: Collection[UUID]) -> Iterator[list[UUID]]:
    listed = list(ids)
    for start in range(0, len(listed), IDS_MAX):
        yield listed[start : start + IDS_MAX]


def _places_of_ids(table: Table) -> tuple[int, ...]:
    return tuple(place for place, column_ in enumerate(table.columns) if isinstance(column_.type, Id128))


def _bytes(raw: Raw, places: Sequence[int]) -> Raw:
    values = list(raw)
    for place in places:
        value = values[place]
        if isinstance(value, UUID):
            values[place] = value.bytes
    return tuple(values)


def _known(among: Callable[[Any, Column[Any]], Any]) -> CompoundSelect[Any]:
    # The head comes first, for PostgreSQL takes the type of a column that is NULL from the branches before.
    seen = select(literal(_HEAD), type_coerce(null(), Id128()), head.c.hash).where(head.c.id == 1)
    transfers = among(select(literal(_TRANSFER), transfer.c.id, null()), transfer.c.id)
    refusals = among(select(literal(_REFUSAL), refusal.c.id, null()), refusal.c.id)
    lapsed = select(literal(_LAPSED), open_hold.c.id).where(open_hold.c.expires_at <= bindparam("now")).limit(1)
    return union_all(seen, transfers, refusals, select(lapsed.subquery(), null()))


def _sorted(rows: Iterable[Row[Any]]) -> Known:
    found: dict[int, set[UUID]] = {_TRANSFER: set(), _REFUSAL: set(), _LAPSED: set()}
    hash_ = b""
    for what, id_, seen in rows:
        if what == _HEAD:
            hash_ = seen
        else:
            found[what].add(id_)
    return Known(found[_TRANSFER], found[_REFUSAL], bool(found[_LAPSED]), hash_)


def _arrays(prefix: str, names: Sequence[str], raws: Sequence[Raw]) -> dict[str, object]:
    columns = zip(*raws, strict=True) if raws else ((),) * len(names)
    return {f"{prefix}_{name}": list(values) for name, values in zip(names, columns, strict=True)}


def _unnest(prefix: str, columns: Sequence[tuple[str, TypeEngine[Any]]]) -> TableValuedAlias:
    arrays = (bindparam(f"{prefix}_{name}", type_=ARRAY(kind)) for name, kind in columns)
    alias = func.unnest(*arrays).table_valued(*(column(name, kind) for name, kind in columns), name=f"{prefix}_rows")
    return alias.render_derived()


def _plain(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """The type that PostgreSQL stores, without our conversions: raw rows are converted already."""
    match kind:
        case Id128():
            return Uuid()
        case Flag():
            return SmallInteger()
        case Day() | Text():
            return Text()
        case LargeBinary():
            return LargeBinary()
        case Moment() | _:
            return BigInteger()


STATEMENTS: dict[str, Statements] = {"sqlite": SqliteStatements(), "postgresql": PostgresqlStatements()}
"""By name of SQLAlchemy's dialect."""
