"""The SQL of a group: everything that the writer reads and writes, as one function over a Connection.

The first statement locks the head row, so groups of all processes are serial, their positions gapless and visible in
order, and no other lock is needed. Every statement is bounded by the size of the group.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from wallet.accounts import Account, AccountChange
from wallet.clock import to_us
from wallet.ids import AccountId, TransferId
from wallet.ledger import asof, rows, schema
from wallet.ledger.book import Book, Booked, Decision
from wallet.ledger.chain import Block, Leaves, booked_leaf, changed_leaf, period_leaf, refused_leaf, seal
from wallet.ledger.changes import change, opened
from wallet.ledger.periods import Closed, Closing
from wallet.ledger.rules import decide
from wallet.ledger.statements import (
    BLOCK_HASH,
    CHANGE_ACCOUNT,
    LAPSED,
    MOVE_HEAD,
    STATEMENTS,
    Statements,
)
from wallet.periods import Period, PeriodOutcome
from wallet.transfers import Transfer, TransferKind

LAPSED_MAX = 1000
"""How many lapsed holds one group ends, those of its own accounts apart."""


@dataclass(slots=True)
class Group:
    """What the writer commits at once.

    Attributes:
        accounts: Accounts to open unless they are there.
        changes: Changes of accounts, before the transfers.
        closings: Closings of periods, before the transfers.
        entries: Entries in order of arrival.
        lapsed_max: How many lapsed holds to end.
        doubtful: The block of an earlier try whose COMMIT was not answered.
    """

    accounts: list[Account] = field(default_factory=list)
    changes: list[AccountChange] = field(default_factory=list)
    closings: list[Closing] = field(default_factory=list)
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
    head = connection.execute(sql.lock_head).one()
    if group.doubtful is not None:
        # The lock was waited for, so whatever became of the earlier COMMIT is decided by now.
        stored = connection.execute(BLOCK_HASH, {"a_number": group.doubtful.number}).scalar_one_or_none()
        if stored == group.doubtful.hash:
            return None
    # Holds lapse by this clock, so that one that once ran ahead does not end them all; the log's moments never go back.
    booked_at = max(now, head.moved_at)
    changes = _change_accounts(connection, sql, group, booked_at)
    closed = Closed(head.closed_through, head.soft_through)
    closings = _close_periods(connection, group.closings, closed, booked_at)
    book = _load(connection, sql, group, head.position, closed, now)
    decision = decide(book, group.entries, now, booked_at)
    decision.changes, decision.changed = changes.changes, changes.changed
    decision.closings, decision.periods = closings.closings, closings.periods
    if not (decision.booked or decision.refused or decision.changed or decision.periods):
        return Committing(decision, None)
    leaves = Leaves(
        [booked_leaf(row) for row in decision.booked],
        [refused_leaf(row) for row in decision.refused],
        [changed_leaf(row) for row in decision.changed],
        [period_leaf(row) for row in decision.periods],
    )
    lag_us = (booked_at - now) // timedelta(microseconds=1)
    block = seal(head.block + 1, head.hash, head.position + 1, booked_at, leaves, lag_us)
    _store(connection, sql, book, decision, leaves, block)
    moved = {"a_position": book.position, "a_block": block.number, "a_hash": block.hash, "a_moment": booked_at}
    far = {"a_closed_through": closed.closed_through, "a_soft_through": closed.soft_through}
    connection.execute(MOVE_HEAD, moved | far)
    return Committing(decision, block)


def _change_accounts(connection: Connection, sql: Statements, group: Group, at: datetime) -> Decision:
    """Open and change accounts; the decision has the change rows, which are stored with the block."""
    decision = Decision()
    ids = {account.id for account in group.accounts} | {asked.account for asked in group.changes}
    stored = list(sql.lookup(connection, "accounts", ids))
    accounts = {account.id: account for account, _, _ in map(rows.account_of, stored)}
    decision.changed += opened(group.accounts, accounts, at)
    if decision.changed:
        sql.insert(connection, schema.account, [rows.account_raw(row.account, at) for row in decision.changed])
    sides = {side.id: side for side in map(rows.side_of, stored)}
    for row in decision.changed:
        account = accounts[row.account.id] = row.account
        sides[account.id] = rows.new_side(account)
    first = len(decision.changed)
    for asked in group.changes:
        change(sides, accounts, asked, at, decision)
    for row in decision.changed[first:]:
        limits = {
            "a_debit_excess_max": row.limits.debit_excess_max,
            "a_credit_excess_max": row.limits.credit_excess_max,
        }
        connection.execute(CHANGE_ACCOUNT, {"an_id": row.account.id, "a_state": row.state.value, **limits})
    return decision


def _close_periods(connection: Connection, closings: Sequence[Closing], closed: Closed, at: datetime) -> Decision:
    """Close periods; the decision has the rows, which are stored with the block."""
    decision = Decision()
    for closing in closings:
        before = closing.ends_at - timedelta(microseconds=1)
        position = connection.execute(asof.position_at(before)).scalar_one_or_none() or 0
        made = closed.close(closing, at, position, partial(_is_late, connection, closing))
        if isinstance(made, Period):
            decision.periods.append(made)
        decision.closings.append(PeriodOutcome.DONE if isinstance(made, Period) else made)
    return decision


def _is_late(connection: Connection, closing: Closing) -> bool:
    return connection.execute(asof.late(closing.asked.through, closing.seen)).first() is not None


def _store(
    connection: Connection, sql: Statements, book: Book, decision: Decision, leaves: Leaves, block: Block
) -> None:
    if decision.booked:
        raws = [rows.booked_raw(row, leaf) for row, leaf in zip(decision.booked, leaves.booked, strict=True)]
        sql.insert(connection, schema.transfer, raws)
        _move_balances(connection, sql, book, decision.booked)
    if decision.refused:
        places = enumerate(zip(decision.refused, leaves.refused, strict=True))
        raws = [rows.refused_raw(row, block.number, place, leaf) for place, (row, leaf) in places]
        sql.insert(connection, schema.refusal, raws)
    if decision.changed:
        changed = enumerate(zip(decision.changed, leaves.changed, strict=True))
        raws = [rows.changed_raw(row, block.number, place, leaf) for place, (row, leaf) in changed]
        sql.insert(connection, schema.account_change, raws)
    if decision.periods:
        periods = enumerate(zip(decision.periods, leaves.periods, strict=True))
        raws = [rows.period_raw(row, block.number, place, leaf) for place, (row, leaf) in periods]
        sql.insert(connection, schema.period, raws)
    sql.insert(connection, schema.block, [rows.block_raw(block)])


def _load(connection: Connection, sql: Statements, group: Group, position: int, closed: Closed, now: datetime) -> Book:
    transfers = [transfer for entry in group.entries for transfer in entry]
    accounts = {account for transfer in transfers for account in (transfer.debit, transfer.credit)}
    ids = {transfer.id for transfer in transfers}
    hold_ids = {transfer.hold_id for transfer in transfers if transfer.hold_id is not None}
    cited_ids = {transfer.cites for transfer in transfers if transfer.cites is not None}
    named = ids | hold_ids | cited_ids
    book = Book(position, {}, closed_through=closed.closed_through, soft_through=closed.soft_through)
    for booked in _lapsed(connection, sql, accounts, group.lapsed_max, now):
        book.lapsed.append(booked.transfer)
        book.known[booked.transfer.id] = booked
        accounts |= {booked.transfer.debit, booked.transfer.credit}
    for row in sql.lookup(connection, "transfers", named):
        booked = rows.booked_of(row)
        book.known[booked.transfer.id] = booked
    for row in sql.lookup(connection, "refusals", named):
        refused = rows.refused_of(row)
        book.known[refused.transfer.id] = refused
    for hold_id, kind in sql.lookup(connection, "resolutions", hold_ids):
        book.resolved[hold_id] = TransferKind(kind)
    for cited_id, minor in sql.lookup(connection, "reversed", cited_ids):
        book.reversed[cited_id] = minor
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
