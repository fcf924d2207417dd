"""Step 1 to 2: accounts that were opened before the log told of accounts are opened in it, as they are.

A step that was released never changes, so its statements are its own and not those of today's schema; the encodings of
`chain` have versions and never change either.
"""

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
_UNTOLD = """
SELECT a.id, a.asset, a.role, a.owner, a.kind, a.normal, a.balance_rule, a.opened_at, a.state
FROM {schema}account a LEFT JOIN {schema}account_change c ON c.account_id = a.id
WHERE c.account_id IS NULL OR c.state <> a.state
ORDER BY a.id LIMIT {most}
"""
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


def seal_openings(connection: Connection, *, moment: str, least: int, most: int) -> int:
    """Seal a block that opens up to `most` accounts which the log does not know as they are; how many.

    It does nothing for fewer than `least`. The block is of the latest moment that the book knows: a step has no clock.
    `moment` is the column of `head` that holds the log's last one, which has another name at each end of the step.
    """
    postgresql = connection.dialect.name == "postgresql"
    names = {"schema": "wallet." if postgresql else "", "moment": moment, "most": str(most)}
    head = connection.execute(text(_HEAD.format(**names) + (" FOR UPDATE" if postgresql else ""))).one()
    untold = connection.execute(text(_UNTOLD.format(**names))).all()
    if not untold or len(untold) < least:
        return 0
    booked_at = from_us(max(head[3], *(row.opened_at for row in untold)))
    changes = [Changed(account := _account(row), AccountState(row.state), account.limits, CAUSE, booked_at)
               for row in untold]  # fmt: skip
    leaves = [changed_leaf(change) for change in changes]
    block = seal(head.block + 1, head.hash, head.position + 1, booked_at, Leaves([], [], leaves))
    raws = [_raw(change, block, place, leaf) for place, (change, leaf) in enumerate(zip(changes, leaves, strict=True))]
    if postgresql:
        connection.exec_driver_sql(
            _INSERT_CHANGES["postgresql"], tuple(list(values) for values in zip(*raws, strict=True))
        )
        connection.exec_driver_sql(_SET_LIMITS, tuple([raw[place] for raw in raws] for place in (2, 4, 5)))
    else:
        connection.exec_driver_sql(_INSERT_CHANGES["sqlite"], [(*raw[:2], raw[2].bytes, *raw[3:]) for raw in raws])
    sealed = {"number": block.number, "booked_at": to_us(booked_at), "hash": block.hash}
    shape = {"first_position": block.first_position, "previous": block.previous, "root": block.root}
    connection.execute(text(_INSERT_BLOCK.format(**names)), {**sealed, **shape, "changes": block.changes})
    connection.execute(text(_MOVE_HEAD.format(**names)), sealed)
    return len(changes)


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
