"""The SQL of a group: everything that the writer reads and writes, as one function over a Connection.

The first statement locks the head row, so groups of all processes are serial, their positions gapless and visible in
order, and no other lock is needed. Every statement is bounded by the size of the group.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from wallet.accounts import Account, AccountState
from wallet.clock import to_us
from wallet.ids import AccountId, TransferId
from wallet.ledger import rows, schema
from wallet.ledger.book import Book, Booked, Decision
from wallet.ledger.chain import Block, booked_leaf, refused_leaf, seal
from wallet.ledger.rules import decide
from wallet.ledger.statements import (
    BLOCK_HASH,
    LAPSED,
    LOCK_HEAD,
    MOVE_HEAD,
    SET_STATE,
    STATEMENTS,
    Statements,
)
from wallet.transfers import Transfer, TransferKind

LAPSED_MAX = 1000
"""How many lapsed holds one group ends, those of its own accounts apart."""


@dataclass(slots=True)
class Group:
    """What the writer commits at once.

    Attributes:
        accounts: Accounts to open unless they are there.
        states: Accounts whose state changes, before the transfers.
        entries: Entries in order of arrival.
        lapsed_max: How many lapsed holds to end.
        doubtful: The block of an earlier try whose COMMIT was not answered.
    """

    accounts: list[Account] = field(default_factory=list)
    states: dict[AccountId, AccountState] = field(default_factory=dict)
    entries: list[Sequence[Transfer]] = field(default_factory=list)
    lapsed_max: int = LAPSED_MAX
    doubtful: Block | None = None


@dataclass(frozen=True, slots=True)
class Committing:
    """A group's decision before its COMMIT; `block` is None if it stores no row of the log."""

    decision: Decision
    block: Block | None


def run_group(connection: Connection, group: Group, now: datetime) -> Committing | None:
    """Read, decide and write one group inside the connection's transaction; the caller commits.

    Returns None if the doubtful block turns out to be in the book: then the earlier decision stands.
    """
    sql = STATEMENTS[connection.dialect.name]
    head = connection.execute(LOCK_HEAD).one()
    if group.doubtful is not None:
        # The lock was waited for, so whatever became of the earlier COMMIT is decided by now.
        stored = connection.execute(BLOCK_HASH, {"a_number": group.doubtful.number}).scalar_one_or_none()
        if stored == group.doubtful.hash:
            return None
    now = max(now, head.booked_at)
    if group.accounts:
        sql.open_accounts(connection, [rows.account_raw(account, now) for account in group.accounts])
    for account, state in group.states.items():
        connection.execute(SET_STATE, {"an_id": account, "a_state": state.value})
    book = _load(connection, sql, group, head.position, now)
    decision = decide(book, group.entries, now)
    if not decision.booked and not decision.refused:
        return Committing(decision, None)
    booked = [booked_leaf(row) for row in decision.booked]
    refused = [refused_leaf(row) for row in decision.refused]
    block = seal(head.block + 1, head.hash, head.position + 1, now, booked, refused)
    if booked:
        raws = [rows.booked_raw(row, leaf) for row, leaf in zip(decision.booked, booked, strict=True)]
        sql.insert(connection, schema.transfer, raws)
        _move_balances(connection, sql, book, decision.booked)
    if refused:
        places = enumerate(zip(decision.refused, refused, strict=True))
        raws = [rows.refused_raw(row, block.number, place, leaf) for place, (row, leaf) in places]
        sql.insert(connection, schema.refusal, raws)
    sql.insert(connection, schema.block, [rows.block_raw(block)])
    moved = {"a_position": book.position, "a_block": block.number, "a_hash": block.hash, "a_moment": now}
    connection.execute(MOVE_HEAD, moved)
    return Committing(decision, block)


def _load(connection: Connection, sql: Statements, group: Group, position: int, now: datetime) -> Book:
    transfers = [transfer for entry in group.entries for transfer in entry]
    accounts = {account for transfer in transfers for account in (transfer.debit, transfer.credit)}
    ids = {transfer.id for transfer in transfers}
    hold_ids = {transfer.hold_id for transfer in transfers if transfer.hold_id is not None}
    book = Book(position, {})
    for booked in _lapsed(connection, sql, accounts, group.lapsed_max, now):
        book.lapsed.append(booked.transfer)
        book.known[booked.transfer.id] = booked
        accounts |= {booked.transfer.debit, booked.transfer.credit}
    for row in sql.lookup(connection, "transfers", ids | hold_ids):
        booked = rows.booked_of(row)
        book.known[booked.transfer.id] = booked
    for row in sql.lookup(connection, "refusals", ids | hold_ids):
        refused = rows.refused_of(row)
        book.known[refused.transfer.id] = refused
    for hold_id, kind in sql.lookup(connection, "resolutions", hold_ids):
        book.resolved[hold_id] = TransferKind(kind)
    for row in sql.lookup(connection, "accounts", accounts):
        side = rows.side_of(row)
        book.accounts[side.id] = side
    return book


def _lapsed(
    connection: Connection, sql: Statements, accounts: set[AccountId], lapsed_max: int, now: datetime
) -> list[Booked]:
    first = connection.execute(LAPSED, {"now": now, "lapsed_max": lapsed_max})
    lapsed = {row.position: rows.booked_of(row) for row in first}
    if len(lapsed) == lapsed_max and accounts:
        # There are more; none of them may block money that this group moves.
        for name in ("lapsed_of_debit", "lapsed_of_credit"):
            lapsed |= {row.position: rows.booked_of(row) for row in sql.lookup(connection, name, accounts, now=now)}
    return sorted(lapsed.values(), key=_by_expiry)


def _by_expiry(row: Booked) -> tuple[int, int]:
    assert row.transfer.expires_at is not None, "a hold has an expiry"
    return to_us(row.transfer.expires_at), row.position


def _move_balances(connection: Connection, sql: Statements, book: Book, booked: Sequence[Booked]) -> None:
    touched = {account for row in booked for account in (row.transfer.debit, row.transfer.credit)}
    sql.update_accounts(connection, [book.accounts[account] for account in sorted(touched)])
    resolved: set[TransferId] = {row.transfer.hold_id for row in booked if row.transfer.hold_id is not None}
    opened = [
        rows.open_hold_raw(row)
        for row in booked
        if row.transfer.kind is TransferKind.HOLD and row.transfer.id not in resolved
    ]
    if opened:
        sql.insert(connection, schema.open_hold, opened)
    sql.close_holds(connection, resolved)
