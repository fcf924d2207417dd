"""Step 1 to 2: accounts that were opened before the log told of accounts are opened in it, as they are.

A step that was released never changes, so its statements are its own and not those of today's schema; the encodings of
`chain` have versions and never change either.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from wallet.accounts import Account, AccountKind, AccountState, Limits, NormalSide
from wallet.clock import from_us, to_us
from wallet.ids import AccountId
from wallet.ledger.book import Changed
from wallet.ledger.chain import Block, Leaves, changed_leaf, seal
from wallet.ledger.rows import asset_of

_Raw = tuple[int, int, AccountId, str, int | None, int | None, str, int, bytes]

CAUSE = "schema_2"
"""The cause of the rows that this step writes: no person decided them."""

_LIMITS = {
    "none": Limits(),
    "debits_within_credits": Limits(debit_excess_max=0),
    "credits_within_debits": Limits(credit_excess_max=0),
}
_HEAD = "SELECT position, block, hash, {moment} FROM {schema}head WHERE id = 1"
_ACCOUNTS = """
SELECT a.id, a.asset, a.role, a.owner, a.kind, a.normal, a.balance_rule, a.opened_at, a.state FROM {schema}account a
"""
_UNTOLD = """
LEFT JOIN {schema}account_change c ON c.account_id = a.id WHERE c.account_id IS NULL OR c.state <> a.state ORDER BY a.id
"""
_PAGE = "WHERE a.id > $1 ORDER BY a.id LIMIT $2"
_TOLD = "SELECT account_id FROM wallet.account_change WHERE account_id = ANY($1::uuid[])"
_INSERT_CHANGES = {
    "sqlite": "INSERT INTO account_change (block, place, account_id, state, debit_excess_max, credit_excess_max, cause,"
    " changed_at, leaf) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "postgresql": "INSERT INTO wallet.account_change (block, place, account_id, state, debit_excess_max,"
    " credit_excess_max, cause, changed_at, leaf) SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::uuid[],"
    " $4::text[], $5::bigint[], $6::bigint[], $7::text[], $8::bigint[], $9::bytea[])",
}
_SET_LIMITS = (
    "UPDATE wallet.account a SET debit_excess_max = n.debit, credit_excess_max = n.credit"
    " FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) n(id, debit, credit) WHERE a.id = n.id"
)
_INSERT_BLOCK = """
INSERT INTO {schema}block
(number, first_position, transfers, refusals, booked_at, previous, root, hash, changes, lag_us)
VALUES (:number, :first_position, 0, 0, :booked_at, :previous, :root, :hash, :changes, 0)
"""
_MOVE_HEAD = "UPDATE {schema}head SET block = :number, hash = :hash, {moment} = :booked_at WHERE id = 1"


FIRST = UUID(int=0)
"""Below the ids of all accounts."""


def seal_page(connection: Connection, after: UUID, size: int, moment: str) -> UUID | None:
    """Open the next `size` accounts in id order in a block of their own, but those that are open in the log already.

    Gives the last of their ids; None, and nothing is done, if there are fewer. PostgreSQL only.
    """
    head = _locked_head(connection, moment)
    query = _ACCOUNTS.format(schema="wallet.") + _PAGE
    page = connection.exec_driver_sql(query, (after, size)).all()
    if len(page) < size:
        return None
    told = set(connection.exec_driver_sql(_TOLD, ([row.id for row in page],)).scalars())
    _seal(connection, head, [row for row in page if row.id not in told], moment)
    return UUID(int=page[-1].id.int)


def seal_rest(connection: Connection, moment: str) -> None:
    """Open, in one block, all accounts that the log does not know, or does not know as they are.

    `moment` is the column of `head` that holds the log's last one, which has another name at each end of the step.
    """
    head = _locked_head(connection, moment)
    query = (_ACCOUNTS + _UNTOLD).format(schema=_schema(connection))
    _seal(connection, head, connection.execute(text(query)).all(), moment)


def _schema(connection: Connection) -> str:
    return "wallet." if connection.dialect.name == "postgresql" else ""


def _locked_head(connection: Connection, moment: str) -> Row[Any]:
    lock = " FOR UPDATE" if connection.dialect.name == "postgresql" else ""
    return connection.execute(text(_HEAD.format(schema=_schema(connection), moment=moment) + lock)).one()


def _seal(connection: Connection, head: Row[Any], untold: Sequence[Row[Any]], moment: str) -> None:
    if not untold:
        return
    # Of the latest moment that the book knows: a step has no clock.
    booked_at = from_us(max(head[3], *(row.opened_at for row in untold)))
    accounts = [(_account(row), AccountState(row.state)) for row in untold]
    changes = [Changed(account, state, account.limits, CAUSE, booked_at) for account, state in accounts]
    leaves = [changed_leaf(change) for change in changes]
    block = seal(head.block + 1, head.hash, head.position + 1, booked_at, Leaves([], [], leaves))
    raws = [_raw(change, block, place, leaf) for place, (change, leaf) in enumerate(zip(changes, leaves, strict=True))]
    _insert(connection, raws)
    names = {"schema": _schema(connection), "moment": moment}
    sealed = {"number": block.number, "booked_at": to_us(booked_at), "hash": block.hash}
    shape = {"first_position": block.first_position, "previous": block.previous, "root": block.root}
    connection.execute(text(_INSERT_BLOCK.format(**names)), {**sealed, **shape, "changes": block.changes})
    connection.execute(text(_MOVE_HEAD.format(**names)), sealed)


def _insert(connection: Connection, raws: Sequence[_Raw]) -> None:
    if connection.dialect.name == "postgresql":
        columns = tuple(list(values) for values in zip(*raws, strict=True))
        connection.exec_driver_sql(_INSERT_CHANGES["postgresql"], columns)
        connection.exec_driver_sql(_SET_LIMITS, (columns[2], columns[4], columns[5]))
    else:
        connection.exec_driver_sql(_INSERT_CHANGES["sqlite"], [(*raw[:2], raw[2].bytes, *raw[3:]) for raw in raws])


def _account(row: Row[Any]) -> Account:
    id_ = row.id if isinstance(row.id, UUID) else UUID(bytes=row.id)
    return Account(
        AccountId(id_), row.role, row.owner, asset_of(row.asset), AccountKind(row.kind), NormalSide(row.normal),
        _LIMITS[row.balance_rule],
    )  # fmt: skip


def _raw(change: Changed, block: Block, place: int, leaf: bytes) -> _Raw:
    return (
        block.number, place, change.account.id, change.state.value, change.limits.debit_excess_max,
        change.limits.credit_excess_max, change.cause, to_us(change.changed_at), leaf,
    )  # fmt: skip
