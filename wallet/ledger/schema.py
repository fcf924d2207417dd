"""Tables of the ledger and the triggers that keep its rows immutable, on both engines.

A transfer is one row with both accounts' balances and versions after it: zero-sum by construction, of one asset by its
composite foreign keys, resolving a hold at most once by a unique index. A refused id keeps a row of its own in
`refusal`; that no id is in both follows from the head row, which every group moves, and `check` proves it.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    ColumnElement,
    ForeignKeyConstraint,
    Index,
    MetaData,
    Table,
    UniqueConstraint,
)
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine

from wallet.types import Blob, Day, Flag, Id128, Int64, Moment, Text

SCHEMA = "wallet"
"""Name of the PostgreSQL schema; SQLite has a file of its own instead."""

VERSION = 2
"""Version of the tables below; `migrations` knows the way to it."""

metadata = MetaData()


def _table(name: str, *items: SchemaItem | Column[Any], with_rowid: bool = False) -> Table:
    return Table(name, metadata, *items, sqlite_strict=True, sqlite_with_rowid=with_rowid)


def _column(
    name: str,
    kind: TypeEngine[Any] | type[TypeEngine[Any]],
    *,
    key: bool = False,
    null: bool = False,
    default: str | None = None,
) -> Column[Any]:
    return Column(name, kind, primary_key=key, nullable=null, autoincrement=False, server_default=default)


def _where(condition: ColumnElement[bool]) -> dict[str, Any]:
    """A partial index, on both engines."""
    return {"sqlite_where": condition, "postgresql_where": condition}


def _figures(prefix: str = "") -> list[Column[Any]]:
    names = ("debits_posted", "credits_posted", "debits_held", "credits_held", "version")
    return [_column(prefix + name, Int64) for name in names]


account = _table(
    "account",
    _column("id", Id128, key=True),
    _column("asset", Text),
    _column("code", Text),
    _column("role", Text),
    _column("owner", Text),
    _column("kind", Text),
    _column("normal", Text),
    _column("opened_at", Moment),
    _column("state", Text),
    _column("debit_excess_max", Int64, null=True),
    _column("credit_excess_max", Int64, null=True),
    *_figures(),
    UniqueConstraint("code"),
    UniqueConstraint("id", "asset"),
    CheckConstraint("debits_posted >= 0 AND credits_posted >= 0 AND debits_held >= 0 AND credits_held >= 0"),
    # NULL, for no bound, makes these unknown, which a CHECK lets pass.
    CheckConstraint("debits_posted + debits_held - credits_posted <= debit_excess_max", name="account_debit_excess"),
    CheckConstraint("credits_posted + credits_held - debits_posted <= credit_excess_max", name="account_credit_excess"),
)

transfer = _table(
    "transfer",
    _column("position", Int64, key=True),
    _column("id", Id128),
    _column("entry_id", Id128),
    _column("leg", Int64),
    _column("kind", Text),
    _column("debit_id", Id128),
    _column("credit_id", Id128),
    _column("asset", Text),
    _column("amount", Int64),
    _column("code", Int64),
    _column("cause", Text),
    _column("hold_id", Id128, null=True),
    _column("expires_at", Moment, null=True),
    _column("effective_on", Day, null=True),
    _column("linked", Flag),
    _column("booked_at", Moment),
    *_figures("debit_"),
    *_figures("credit_"),
    _column("leaf", Blob),
    _column("cites", Id128, null=True),
    _column("balancing", Text, null=True),
    _column("asked", Int64, null=True),
    UniqueConstraint("id"),
    ForeignKeyConstraint(["debit_id", "asset"], ["account.id", "account.asset"]),
    ForeignKeyConstraint(["credit_id", "asset"], ["account.id", "account.asset"]),
    ForeignKeyConstraint(["hold_id"], ["transfer.id"]),
    CheckConstraint("amount > 0 AND position > 0"),
    CheckConstraint("debit_id <> credit_id"),
    with_rowid=True,
)
# The last row of an account up to a position holds its balances there, so these two answer "as of" any moment.
Index("transfer_debit", transfer.c.debit_id, transfer.c.position)
Index("transfer_credit", transfer.c.credit_id, transfer.c.position)
Index("transfer_cause", transfer.c.cause)
Index("transfer_cites", transfer.c.cites, **_where(transfer.c.cites.is_not(None)))
Index("transfer_effective", transfer.c.effective_on, **_where(transfer.c.effective_on.is_not(None)))
Index("transfer_hold", transfer.c.hold_id, unique=True, **_where(transfer.c.hold_id.is_not(None)))

refusal = _table(
    "refusal",
    _column("id", Id128, key=True),
    _column("block", Int64),
    _column("place", Int64),
    _column("outcome", Int64),
    _column("entry_id", Id128),
    _column("leg", Int64),
    _column("kind", Text),
    _column("debit_id", Id128),
    _column("credit_id", Id128),
    _column("asset", Text),
    # A refused amount may lie outside every integer column.
    _column("amount", Text),
    _column("code", Int64),
    _column("cause", Text),
    _column("hold_id", Id128, null=True),
    _column("expires_at", Moment, null=True),
    _column("effective_on", Day, null=True),
    _column("linked", Flag),
    _column("refused_at", Moment),
    _column("leaf", Blob),
    _column("cites", Id128, null=True),
    _column("balancing", Text, null=True),
    UniqueConstraint("block", "place"),
)

account_change = _table(
    "account_change",
    _column("block", Int64, key=True),
    _column("place", Int64, key=True),
    _column("account_id", Id128),
    _column("state", Text),
    _column("debit_excess_max", Int64, null=True),
    _column("credit_excess_max", Int64, null=True),
    _column("cause", Text),
    _column("changed_at", Moment),
    _column("leaf", Blob),
    ForeignKeyConstraint(["account_id"], ["account.id"]),
)
Index("account_change_account", account_change.c.account_id, account_change.c.block)

period = _table(
    "period",
    _column("through", Day, key=True),
    _column("state", Text, key=True),
    _column("block", Int64),
    _column("place", Int64),
    _column("position", Int64),
    _column("seal", Blob, null=True),
    _column("cause", Text),
    _column("closed_at", Moment),
    _column("leaf", Blob),
    UniqueConstraint("block", "place"),
)

open_hold = _table(
    "open_hold",
    _column("id", Id128, key=True),
    _column("position", Int64),
    _column("debit_id", Id128),
    _column("credit_id", Id128),
    _column("expires_at", Moment),
    ForeignKeyConstraint(["id"], ["transfer.id"]),
)
Index("open_hold_expires", open_hold.c.expires_at, open_hold.c.position)
Index("open_hold_debit", open_hold.c.debit_id)

block = _table(
    "block",
    _column("number", Int64, key=True),
    _column("first_position", Int64),
    _column("transfers", Int64),
    _column("refusals", Int64),
    _column("booked_at", Moment),
    _column("previous", Blob),
    _column("root", Blob),
    _column("hash", Blob),
    _column("changes", Int64, default="0"),
    _column("lag_us", Int64, default="0"),
    with_rowid=True,
)
Index("block_booked", block.c.booked_at)

head = _table(
    "head",
    _column("id", Int64, key=True),
    _column("position", Int64),
    _column("block", Int64),
    _column("hash", Blob),
    _column("moved_at", Moment),
    _column("closed_through", Day, null=True),
    _column("soft_through", Day, null=True),
    CheckConstraint("id = 1"),
    with_rowid=True,
)

version = _table("schema_version", _column("version", Int64, key=True), with_rowid=True)

_IMMUTABLE = {
    "transfer": (("position",), ("id",), ("hold_id",)),
    "refusal": (("id",), ("block", "place")),
    "account_change": (("block", "place"),),
    "period": (("through", "state"), ("block", "place")),
    "block": (("number",),),
}
"""Tables whose rows never change, with their unique keys."""

_IDENTITY = ("id", "asset", "code", "role", "owner", "kind", "normal", "opened_at")
"""Columns of an account that never change; its state, its limits and its figures do."""

PG_FUNCTION = "BEGIN RAISE EXCEPTION 'rows of % never change', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END"


def sqlite_triggers() -> Iterator[tuple[str, str]]:
    """Name and text of each trigger on SQLite."""
    for table, keys in _IMMUTABLE.items():
        yield _sqlite_trigger(table, "update", "BEFORE UPDATE")
        yield _sqlite_trigger(table, "delete", "BEFORE DELETE")
        # INSERT OR REPLACE deletes the old row without asking the DELETE trigger (SQLite: ON CONFLICT, REPLACE).
        same = (" AND ".join(f"{column} = NEW.{column}" for column in key) for key in keys)
        exists = " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE {key})" for key in same)  # noqa: S608 - only names of ours
        yield _sqlite_trigger(table, "replace", "BEFORE INSERT", f" WHEN {exists}")
    yield _sqlite_trigger("account", "update", f"BEFORE UPDATE OF {', '.join(_IDENTITY)}")
    yield _sqlite_trigger("account", "delete", "BEFORE DELETE")
    yield _sqlite_trigger("head", "delete", "BEFORE DELETE")


def _sqlite_trigger(table: str, verb: str, event: str, when: str = "") -> tuple[str, str]:
    name = f"{table}_no_{verb}"
    raises = f"SELECT RAISE(ABORT, 'rows of {table} never change')"
    return name, f"CREATE TRIGGER {name} {event} ON {table} FOR EACH ROW{when} BEGIN {raises}; END"


def postgresql_triggers() -> Iterator[tuple[str, str]]:
    """Name and text of each trigger on PostgreSQL; all run PG_FUNCTION."""
    for table in _IMMUTABLE:
        yield _postgresql_trigger(table, "update", "BEFORE UPDATE", "ROW")
        yield _postgresql_trigger(table, "delete", "BEFORE DELETE", "ROW")
        yield _postgresql_trigger(table, "truncate", "BEFORE TRUNCATE", "STATEMENT")
    yield _postgresql_trigger("account", "update", f"BEFORE UPDATE OF {', '.join(_IDENTITY)}", "ROW")
    for table in ("account", "head"):
        yield _postgresql_trigger(table, "delete", "BEFORE DELETE", "ROW")
        yield _postgresql_trigger(table, "truncate", "BEFORE TRUNCATE", "STATEMENT")


def _postgresql_trigger(table: str, verb: str, event: str, each: str) -> tuple[str, str]:
    name = f"{table}_no_{verb}"
    run = f"EXECUTE FUNCTION {SCHEMA}.refuse_change()"
    return name, f"CREATE TRIGGER {name} {event} ON {SCHEMA}.{table} FOR EACH {each} {run}"
