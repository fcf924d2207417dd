"""The writer's statements, made once, in the two forms that the engines are fast with.

PostgreSQL takes whole groups as arrays (`INSERT … SELECT FROM unnest`, `= ANY`), because asyncpg runs an executemany
row by row; SQLite takes executemany with raw tuples, and `IN` lists, because it has no arrays and no round trips.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
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
    select,
    true,
    update,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.types import TypeEngine

from wallet.ledger.book import Side
from wallet.ledger.rows import Raw
from wallet.ledger.schema import account, account_change, block, head, open_hold, period, refusal, transfer
from wallet.transfers import TransferKind
from wallet.types import Day, Flag, Id128, Moment

IDS_MAX = 5000
"""Longest `IN` list on SQLite, which allows 32,766 parameters in a statement."""

_LOCK_HEAD = select(head).where(head.c.id == 1).with_for_update()
# The writer only looks rows up by key. A plan that asyncpg keeps from the time when the tables were empty would read
# them whole for ever after, so a group may not choose one; and compiling such short queries takes longer than they do.
# Said for this transaction only and in its first statement: a pooler may give the next one another connection, refuses
# parameters of start-up, and a statement of its own would cost a round trip.
_PLANNER = (func.set_config("enable_seqscan", "off", true()), func.set_config("jit", "off", true()))
MOVE_HEAD = (
    update(head)
    .where(head.c.id == 1)
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

_LAPSED_OF = (
    select(transfer)
    .join(open_hold, open_hold.c.position == transfer.c.position)
    .where(open_hold.c.expires_at <= bindparam("now"))
)
_LOOKUPS: dict[str, tuple[Select[Any], Column[Any]]] = {
    "transfers": (select(transfer), transfer.c.id),
    "refusals": (select(refusal), refusal.c.id),
    "resolutions": (select(transfer.c.hold_id, transfer.c.kind), transfer.c.hold_id),
    "reversed": (
        select(transfer.c.cites, func.sum(transfer.c.amount).cast(BigInteger).label("minor"))
        .where(transfer.c.kind == TransferKind.REVERSE.value)
        .group_by(transfer.c.cites),
        transfer.c.cites,
    ),
    "accounts": (select(account), account.c.id),
    "lapsed_of_debit": (_LAPSED_OF, open_hold.c.debit_id),
    "lapsed_of_credit": (_LAPSED_OF, open_hold.c.credit_id),
}
"""Queries by a list of ids, with the column that is compared with it."""

_CLOSE_HOLDS = (delete(open_hold), open_hold.c.id)
_FILLED = (account, transfer, refusal, account_change, period, block, open_hold)


class Statements(Protocol):
    """What a group needs of an engine besides plain statements.

    `lock_head` is its first one: the row of `head`, which no other group can have until this one ends.
    """

    lock_head: Select[Any]

    def lookup(self, on: Connection, name: str, ids: Collection[UUID], **values: object) -> Iterator[Row[Any]]:
        """Rows of the query `name` for these ids; asks nothing when there are none."""
        ...

    def insert(self, on: Connection, into: Table, raws: Sequence[Raw]) -> None:
        """Insert raw rows."""
        ...

    def update_accounts(self, on: Connection, sides: Sequence[Side]) -> None:
        """Store the figures of these accounts."""
        ...

    def close_holds(self, on: Connection, ids: Collection[UUID]) -> None:
        """Take these holds out of the open ones."""
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
        self._close: Delete = self._among(*_CLOSE_HOLDS)

    @staticmethod
    def _among(query: Any, by: Column[Any]) -> Any:  # noqa: ANN401 - selects and deletes share only their where()
        return query.where(by.in_(bindparam("ids", expanding=True)))

    def lookup(self, on: Connection, name: str, ids: Collection[UUID], **values: object) -> Iterator[Row[Any]]:
        """See Statements."""
        for chunk in _chunks(ids):
            yield from on.execute(self._lookups[name], {"ids": chunk, **values})

    def insert(self, on: Connection, into: Table, raws: Sequence[Raw]) -> None:
        """See Statements."""
        on.exec_driver_sql(self._inserts[into.name], [_bytes(raw) for raw in raws])

    def update_accounts(self, on: Connection, sides: Sequence[Side]) -> None:
        """See Statements."""
        on.exec_driver_sql(self._update, [(*_figures(side), side.id.bytes) for side in sides])

    def close_holds(self, on: Connection, ids: Collection[UUID]) -> None:
        """See Statements."""
        for chunk in _chunks(ids):
            on.execute(self._close, {"ids": chunk})


class PostgresqlStatements:
    """Arrays everywhere; each statement is compiled once whatever the size of the group."""

    def __init__(self) -> None:
        self.lock_head: Select[Any] = _LOCK_HEAD.add_columns(*_PLANNER)
        self._inserts: dict[str, Insert] = {}
        for table in _FILLED:
            rows = _unnest([(column_.name, _plain(column_.type)) for column_ in table.columns])
            self._inserts[table.name] = insert(table).from_select(list(table.c.keys()), select(*rows.c))
        rows = _unnest([("id", Uuid()), *((name, BigInteger()) for name in _FIGURES)])
        self._update = (
            update(account).where(account.c.id == rows.c.id).values({name: rows.c[name] for name in _FIGURES})
        )
        self._lookups = {name: self._among(*query) for name, query in _LOOKUPS.items()}
        self._close: Delete = self._among(*_CLOSE_HOLDS)

    @staticmethod
    def _among(query: Any, by: Column[Any]) -> Any:  # noqa: ANN401 - selects and deletes share only their where()
        return query.where(by == any_(bindparam("ids", type_=ARRAY(Uuid()))))

    def lookup(self, on: Connection, name: str, ids: Collection[UUID], **values: object) -> Iterator[Row[Any]]:
        """See Statements."""
        if ids:
            yield from on.execute(self._lookups[name], {"ids": list(ids), **values})

    def insert(self, on: Connection, into: Table, raws: Sequence[Raw]) -> None:
        """See Statements."""
        on.execute(self._inserts[into.name], _arrays(into.c.keys(), raws))

    def update_accounts(self, on: Connection, sides: Sequence[Side]) -> None:
        """See Statements."""
        on.execute(self._update, _arrays(("id", *_FIGURES), [(side.id, *_figures(side)) for side in sides]))

    def close_holds(self, on: Connection, ids: Collection[UUID]) -> None:
        """See Statements."""
        if ids:
            on.execute(self._close, {"ids": list(ids)})


def _figures(side: Side) -> tuple[int, ...]:
    return side.debits_posted, side.credits_posted, side.debits_held, side.credits_held, side.version


def _chunks(ids: Collection[UUID]) -> Iterator[list[UUID]]:
    listed = list(ids)
    for start in range(0, len(listed), IDS_MAX):
        yield listed[start : start + IDS_MAX]


def _bytes(raw: Raw) -> Raw:
    return tuple(value.bytes if isinstance(value, UUID) else value for value in raw)


def _arrays(names: Sequence[str], raws: Sequence[Raw]) -> dict[str, list[object]]:
    return {f"all_{name}": list(values) for name, values in zip(names, zip(*raws, strict=True), strict=True)}


def _unnest(columns: Sequence[tuple[str, TypeEngine[Any]]]) -> TableValuedAlias:
    arrays = (bindparam(f"all_{name}", type_=ARRAY(kind)) for name, kind in columns)
    alias = func.unnest(*arrays).table_valued(*(column(name, kind) for name, kind in columns), name="new")
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
