"""Statements over many items at once: their rows come as one parameter (gateway.store.rows), made ready at import."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Executable,
    FromClause,
    Select,
    Update,
    bindparam,
    cast,
    func,
    insert,
    literal,
    or_,
    select,
    type_coerce,
    update,
)

from gateway.services.payouts.model import ItemState
from gateway.services.payouts.tables import IS_FROZEN, ITEMS
from gateway.store.rows import Rows, Value
from wallet.types import Int64, Text

_FIELDS = (
    "id", "seq", "reference", "source_id", "person_id", "name", "iban", "rail", "amount_minor", "debit_role",
    "debit_owner", "code", "purpose", "note", "follows", "owed",
)  # fmt: skip
_NUMBERS = frozenset({"seq", "amount_minor", "code"})
_LOADED = Rows("loaded", {name: Int64 if name in _NUMBERS else Text for name in _FIELDS})
_KEYS = Rows("wanted", {"owed": Text})
_FREEZE = Rows("freezing", {"id": Text, "name": Text, "iban": Text, "rail": Text, "end_to_end_id": Text})
_IDS = Rows("named", {"id": Text})
_SEP = "\x1f"


class NewItem(NamedTuple):
    """A row to be; the names are those of the columns, in their order."""

    id: str
    seq: int
    reference: str
    source_id: str
    person_id: str
    name: str
    iban: str
    rail: str
    amount_minor: int
    debit_role: str
    debit_owner: str
    code: int
    purpose: str
    note: str
    follows: str
    owed: str


def _inserting(dialect: str) -> Executable:
    rows = _LOADED.table(dialect)
    same = {
        "batch_id": bindparam("a_batch", type_=ITEMS.c.batch_id.type),
        "changed_at": bindparam("now", type_=ITEMS.c.changed_at.type),
        "state": literal(ItemState.RECEIVED.value),
        "frozen": literal(1),
        **{name: literal("") for name in ("reason", "flag", "desk", "order_id", "tell")},
    }
    chosen = [*(rows.c[name] for name in _FIELDS), rows.c.owed, *same.values()]
    return insert(ITEMS).from_select([*_FIELDS, "once", *same], select(*chosen))


def _there(dialect: str) -> Select[Any]:
    rows = _KEYS.table(dialect)
    return select(ITEMS.c.once, ITEMS.c.id, ITEMS.c.batch_id).join(rows, ITEMS.c.once == rows.c.owed)


def _freezing(dialect: str) -> Update:
    rows = _FREEZE.table(dialect)
    end_to_end = func.nullif(rows.c.end_to_end_id, "")
    values = {"name": rows.c.name, "iban": rows.c.iban, "rail": rows.c.rail, "end_to_end_id": end_to_end}
    return update(ITEMS).where(ITEMS.c.id == rows.c.id).values(values)


def _of(dialect: str) -> FromClause:
    return _IDS.table(dialect)


_DIALECTS = ("sqlite", "postgresql")
_INSERT = {dialect: _inserting(dialect) for dialect in _DIALECTS}
_THERE = {dialect: _there(dialect) for dialect in _DIALECTS}
_FREEZING = {dialect: _freezing(dialect) for dialect in _DIALECTS}
_NAMED = {dialect: _of(dialect) for dialect in _DIALECTS}


def put(tx: Connection, batch_id: str, items: Sequence[NewItem], now: object) -> None:
    """Insert items; a key that another process has taken meanwhile raises IntegrityError."""
    if items:
        bound = _LOADED.bind(tx.dialect.name, items)
        tx.execute(_INSERT[tx.dialect.name], {**bound, "a_batch": batch_id, "now": now})


def there(tx: Connection, keys: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Which of these is open or paid, and by which item of which batch."""
    name = tx.dialect.name
    found = tx.execute(_THERE[name], _KEYS.bind(name, ((key,) for key in keys)))
    return {row.once: (row.id, row.batch_id) for row in found}


def freeze(tx: Connection, rows: Sequence[tuple[Value, ...]]) -> None:
    """Write name, account, rail and EndToEndId of items."""
    if rows:
        tx.execute(_FREEZING[tx.dialect.name], _FREEZE.bind(tx.dialect.name, rows))


def change_named(
    tx: Connection, ids: Iterable[str], condition: ColumnElement[bool], values: Mapping[str, object]
) -> int:
    """Change the items with these ids that meet a condition; how many."""
    name = tx.dialect.name
    rows = _NAMED[name]
    # Not by a join: SQLite would read the ids again for each row that meets the condition.
    statement = update(ITEMS).where(ITEMS.c.id.in_(select(rows.c.id)), condition).values(**values)
    return tx.execute(statement, _IDS.bind(name, ((one,) for one in ids))).rowcount


def _text(column: Any) -> Any:  # noqa: ANN401 - SQLAlchemy's column
    return cast(column, Text())


_PARTS = [
    _text(ITEMS.c.seq), ITEMS.c.reference, ITEMS.c.source_id, ITEMS.c.person_id, ITEMS.c.name, ITEMS.c.iban,
    ITEMS.c.rail, func.coalesce(ITEMS.c.end_to_end_id, ""), _text(ITEMS.c.amount_minor), ITEMS.c.debit_role,
    ITEMS.c.debit_owner, _text(ITEMS.c.code), ITEMS.c.purpose, ITEMS.c.note, ITEMS.c.follows, ITEMS.c.owed,
]  # fmt: skip
_LINE = _PARTS[0]
for _part in _PARTS[1:]:
    _LINE = _LINE.concat(literal(_SEP)).concat(_part)

CANONICAL: Select[Any] = (
    select(ITEMS.c.id, ITEMS.c.amount_minor, _LINE.label("line"))
    # By the ids alone, which begin with the batch's: an index of batches would have each page sort all of them.
    .where(ITEMS.c.id > bindparam("after"), ITEMS.c.id <= bindparam("last"), IS_FROZEN)
    .where(ITEMS.c.batch_id.concat("") == bindparam("a_batch"))
    .order_by(ITEMS.c.id)
    .limit(bindparam("page", type_=Int64))
)
"""Pages of what the manifest is made of."""
_NEVER_SIGNED = (ItemState.CANCELLED.value, ItemState.HELD.value)
"""What was dropped before the lock, or held at it: what was never signed cannot be kept either."""
_OUTSIDE = ~ITEMS.c.id.between(bindparam("first"), bindparam("last"))
STRAYS: Select[Any] = select(func.count()).where(
    ITEMS.c.batch_id == bindparam("a_batch"),
    or_(_OUTSIDE, (type_coerce(ITEMS.c.frozen, Int64) == 0) & ITEMS.c.state.not_in(_NEVER_SIGNED)),
)
"""Rows of a batch that no page has and that could be paid all the same: somebody has put them there."""
