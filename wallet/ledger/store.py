"""A group from reading to writing, as functions over a Connection.

Groups of all processes are serial, their positions gapless and visible in order, for each moves the one head row. There
are two ways to that. `run_group` locks the head first, then reads, decides and writes. `prepare` reads and decides on
what this writer knows from its group before, without a lock, and `swap` writes if the head is still the one that the
decision stands on: so one group is decided while the one before is written, and a miss costs little beside the first
way. Every statement is bounded by the size of the group.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from wallet.accounts import Account, AccountChange
from wallet.ledger import asof, rows, schema
from wallet.ledger.book import Book, Decision
from wallet.ledger.chain import Block, Leaves, booked_leaf, changed_leaf, period_leaf, refused_leaf, seal
from wallet.ledger.changes import change, opened
from wallet.ledger.loading import load
from wallet.ledger.periods import Closed, Closing
from wallet.ledger.rules import decide
from wallet.ledger.statements import BLOCK_HASH, CHANGE_ACCOUNT, STATEMENTS, Statements, Writing
from wallet.ledger.view import View, touched_by
from wallet.periods import Period, PeriodOutcome
from wallet.transfers import Transfer, TransferKind

T = TypeVar("T")
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
        doubtful: Earlier tries that nobody answered; one of them may be in the book, or come there late.
    """

    accounts: list[Account] = field(default_factory=list)
    changes: list[AccountChange] = field(default_factory=list)
    closings: list[Closing] = field(default_factory=list)
    entries: list[Sequence[Transfer]] = field(default_factory=list)
    lapsed_max: int = LAPSED_MAX
    doubtful: list["Committing"] = field(default_factory=list)

    @property
    def is_plain(self) -> bool:
        """Whether it has transfers only, and so needs no lock to be decided."""
        return not self.accounts and not self.changes and not self.closings


@dataclass(frozen=True, slots=True)
class Committing:
    """A decided group before its COMMIT; `writing` is None if it stores no row of the log. `view` is that after it."""

    decision: Decision
    writing: Writing | None
    view: View
    decided_at: datetime

    @property
    def block(self) -> Block | None:
        """What it seals."""
        return None if self.writing is None else self.writing.block


def run_group(connection: Connection, group: Group, now: datetime, view: View | None = None) -> Committing:
    """Read, decide and write one group inside the connection's transaction, which locks the head; the caller commits.

    If a doubtful try turns out to be in the book, its decision stands and nothing is written.
    """
    sql = STATEMENTS[connection.dialect.name]
    head = connection.execute(sql.lock_head).one()
    if view is None or view.hash != head.hash:
        view = View.at(head)
    view.settle()
    for earlier in group.doubtful:
        if earlier.block is not None and _is_stored(connection, earlier.block):
            return Committing(earlier.decision, None, view, earlier.decided_at)
    booked_at = max(now, view.moved_at)
    special = _change_accounts(connection, sql, group, booked_at, view)
    _close_periods(connection, group.closings, view.closed, booked_at, special)
    committing = _decide(connection, sql, group, now, view, special)
    if committing.writing is not None:
        was_moved = sql.write(connection, committing.writing)
        assert was_moved, "the head is locked"
        # Whoever had the lock before is decided by now, but a swap may yet come late, and it was the first.
        group.doubtful = [*group.doubtful[:1], committing]
    return committing


def _is_stored(connection: Connection, block: Block) -> bool:
    return connection.execute(BLOCK_HASH, {"a_number": block.number}).scalar_one_or_none() == block.hash


def prepare(connection: Connection, group: Group, now: datetime, view: View) -> Committing:
    """Read and decide a group of entries on what this writer knows, while its group before may still be under way."""
    assert group.is_plain, "accounts and periods need the lock"
    return _decide(connection, STATEMENTS[connection.dialect.name], group, now, view, Decision())


def swap(connection: Connection, group: Group, prepared: Committing) -> Committing | None:
    """Write a prepared group if the head is still the one that it was decided on; None if it is not."""
    assert prepared.writing is not None, "there is something to write"
    group.doubtful = [prepared]
    if STATEMENTS[connection.dialect.name].write(connection, prepared.writing):
        return prepared
    group.doubtful = []
    return None


def _decide(
    connection: Connection, sql: Statements, group: Group, now: datetime, view: View, special: Decision
) -> Committing:
    """Decide a group on the view, which moves on; `special` has what was decided of accounts and periods."""
    # Holds lapse by this clock, so that one that once ran ahead does not end them all; the log's moments never go back.
    booked_at = max(now, view.moved_at)
    was = view.hash
    book = load(connection, sql, view, group.entries, group.lapsed_max, now)
    decision = decide(book, group.entries, now, booked_at)
    decision.changes, decision.changed = special.changes, special.changed
    decision.closings, decision.periods = special.closings, special.periods
    if not (decision.booked or decision.refused or decision.changed or decision.periods):
        return Committing(decision, None, view, now)
    leaves = Leaves(
        [booked_leaf(row) for row in decision.booked],
        [refused_leaf(row) for row in decision.refused],
        [changed_leaf(row) for row in decision.changed],
        [period_leaf(row) for row in decision.periods],
    )
    lag_us = (booked_at - now) // timedelta(microseconds=1)
    block = seal(view.block + 1, was, view.position + 1, booked_at, leaves, lag_us)
    view.move(book, decision, block)
    return Committing(decision, _writing(book, decision, leaves, block, view), view, now)


def _writing(book: Book, decision: Decision, leaves: Leaves, block: Block, view: View) -> Writing:
    resolved = view.resolved.keys()
    opened_ = [
        rows.open_hold_raw(row)
        for row in decision.booked
        if row.transfer.kind is TransferKind.HOLD and row.transfer.id not in resolved
    ]
    number = block.number
    return Writing(
        block=block,
        position=book.position,
        closed=view.closed,
        rows={
            "transfer": list(map(rows.booked_raw, decision.booked, leaves.booked)),
            "refusal": _placed(rows.refused_raw, decision.refused, number, leaves.refused),
            "open_hold": opened_,
            "account_change": _placed(rows.changed_raw, decision.changed, number, leaves.changed),
            "period": _placed(rows.period_raw, decision.periods, number, leaves.periods),
        },
        sides=[rows.side_raw(book.accounts[account]) for account in touched_by(decision)],
        ended=list(resolved),
    )


def _placed(
    raw: Callable[[T, int, int, bytes], rows.Raw], stored: Sequence[T], number: int, leaves: Sequence[bytes]
) -> list[rows.Raw]:
    return [raw(row, number, place, leaf) for place, (row, leaf) in enumerate(zip(stored, leaves, strict=True))]


def _change_accounts(connection: Connection, sql: Statements, group: Group, at: datetime, view: View) -> Decision:
    """Open and change accounts; the decision has the change rows, which are stored with the block, the view the sides.

    What was changed leaves the view; what was opened is in it, for most is opened because it gets money now.
    """
    decision = Decision()
    ids = {account.id for account in group.accounts} | {asked.account for asked in group.changes}
    stored = list(sql.lookup(connection, "accounts", ids))
    accounts = {account.id: account for account, _, _ in map(rows.account_of, stored)}
    decision.changed += opened(group.accounts, accounts, at)
    if decision.changed:
        sql.insert(connection, schema.account, [rows.account_raw(row.account, at) for row in decision.changed])
    sides = {side.id: side for side in map(rows.side_of_account, stored)}
    for row in decision.changed:
        account = accounts[row.account.id] = row.account
        sides[account.id] = view.accounts[account.id] = rows.new_side(account)
    first = len(decision.changed)
    for asked in group.changes:
        change(sides, accounts, asked, at, decision)
    for row in decision.changed[first:]:
        view.accounts.pop(row.account.id, None)
        limits = {
            "a_debit_excess_max": row.limits.debit_excess_max,
            "a_credit_excess_max": row.limits.credit_excess_max,
        }
        connection.execute(CHANGE_ACCOUNT, {"an_id": row.account.id, "a_state": row.state.value, **limits})
    return decision


def _close_periods(
    connection: Connection, closings: Sequence[Closing], closed: Closed, at: datetime, decision: Decision
) -> None:
    """Close periods; the decision gets the rows, which are stored with the block."""
    for closing in closings:
        before = closing.ends_at - timedelta(microseconds=1)
        position = connection.execute(asof.position_at(), {"at": before}).scalar_one_or_none() or 0
        made = closed.close(closing, at, position, partial(_is_late, connection, closing))
        if isinstance(made, Period):
            decision.periods.append(made)
        decision.closings.append(PeriodOutcome.DONE if isinstance(made, Period) else made)


def _is_late(connection: Connection, closing: Closing) -> bool:
    return connection.execute(asof.late(closing.asked.through, closing.seen)).first() is not None
