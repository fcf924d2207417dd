"""Statements over many rows at once: their rows come as one parameter (gateway.store.rows), made ready at import."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Executable, Select, Table, bindparam, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.services.clearing.tables import ITEMS, MEMBERS, UPLOADS
from gateway.store.rows import Rows
from wallet.types import Int64, Text

_DIALECTS = ("sqlite", "postgresql")
_IDS = Rows("named", {"id": Text})
_FATES = Rows("fates", {"kind": Text, "stan": Text, "rrn": Text, "fate": Text})
_ITEM_FIELDS = (
    "taking_id", "merchant_id", "terminal_id", "batch_number", "kind", "original_id", "business_on", "amount_minor",
    "fee_minor",
)  # fmt: skip
_NUMBERS = frozenset({"amount_minor", "fee_minor"})
_ITEMS = Rows("settling", {name: Int64 if name in _NUMBERS else Text for name in _ITEM_FIELDS})


class NewItem(NamedTuple):
    """A cycle's item to be; the names are those of the columns, in their order; `business_on` is ISO 8601."""

    taking_id: str
    merchant_id: str
    terminal_id: str
    batch_number: str
    kind: str
    original_id: str
    business_on: str
    amount_minor: int
    fee_minor: int


def _inserting(dialect: str, into: Table, names: Sequence[str], chosen: Select[Any]) -> Executable:
    # SQLite would read ON CONFLICT as a join's ON where the SELECT has no WHERE.
    chosen = chosen.where(literal(1) == literal(1))
    if dialect == "postgresql":
        return postgresql.insert(into).from_select(list(names), chosen).on_conflict_do_nothing()
    return sqlite.insert(into).from_select(list(names), chosen).on_conflict_do_nothing()


def _members(dialect: str) -> Executable:
    rows = _IDS.table(dialect)
    batch = bindparam("a_batch", type_=Text())
    return _inserting(dialect, MEMBERS, ("taking_id", "batch_id"), select(rows.c.id, batch))


def _items(dialect: str) -> Executable:
    rows = _ITEMS.table(dialect)
    same = {
        "cycle_id": bindparam("a_cycle", type_=Text()),
        "state": literal("waiting"),
        "attempt": literal(0),
    }
    chosen = select(*(rows.c[name] for name in _ITEM_FIELDS), *same.values())
    return _inserting(dialect, ITEMS, (*_ITEM_FIELDS, *same), chosen)


def _fates(dialect: str) -> Executable:
    # As an insert of what is there already: SQLite would read the rows again for each row of an UPDATE … FROM.
    rows = _FATES.table(dialect)
    same = {
        "batch_id": bindparam("a_batch", type_=Text()),
        "approval": literal(""),
        "amount_minor": literal(0),
        "at": literal(0),
    }
    named = ("kind", "stan", "rrn", "fate")
    chosen = select(*(rows.c[name] for name in named), *same.values()).where(literal(1) == literal(1))
    key = ["batch_id", "kind", "stan", "rrn"]
    made = postgresql.insert(UPLOADS) if dialect == "postgresql" else sqlite.insert(UPLOADS)
    filled = made.from_select([*named, *same], chosen)
    return filled.on_conflict_do_update(index_elements=key, set_={"fate": filled.excluded.fate})


_MEMBERS = {dialect: _members(dialect) for dialect in _DIALECTS}
_NEW_ITEMS = {dialect: _items(dialect) for dialect in _DIALECTS}
_SET_FATES = {dialect: _fates(dialect) for dialect in _DIALECTS}
_NAMED = {dialect: _IDS.table(dialect) for dialect in _DIALECTS}


def put_members(tx: Connection, batch_id: str, ids: Iterable[str]) -> None:
    """These takings belong to this batch, unless they are another one's already."""
    name = tx.dialect.name
    tx.execute(_MEMBERS[name], {**_IDS.bind(name, ((one,) for one in ids)), "a_batch": batch_id})


def put_items(tx: Connection, cycle_id: str, items: Sequence[NewItem]) -> None:
    """Items of a cycle, unless they are there already."""
    if items:
        name = tx.dialect.name
        tx.execute(_NEW_ITEMS[name], {**_ITEMS.bind(name, items), "a_cycle": cycle_id})


def set_fates(tx: Connection, batch_id: str, fates: Iterable[tuple[str, str, str, str]]) -> None:
    """What became of items that a terminal has sent: kind, trace number, reference, fate."""
    listed = list(fates)
    if listed:
        name = tx.dialect.name
        tx.execute(_SET_FATES[name], {**_FATES.bind(name, listed), "a_batch": batch_id})


def set_state(tx: Connection, ids: Iterable[str], was: str, state: str) -> None:
    """Move items of cycles that stand in one state to another."""
    name = tx.dialect.name
    mine = ITEMS.c.taking_id.in_(select(_NAMED[name].c.id)) & (ITEMS.c.state == was)
    tx.execute(update(ITEMS).where(mine).values(state=state), _IDS.bind(name, ((one,) for one in ids)))
