"""What a group must know of the book before it is decided: of the view what it knows, the rest from the tables.

Rows of the view's last group may or may not be visible to the connection that reads, so whatever is read is joined with
them by id, never added up.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from wallet.clock import to_us
from wallet.ids import AccountId, TransferId
from wallet.ledger import rows
from wallet.ledger.book import Book, Booked
from wallet.ledger.rules import expiry_id
from wallet.ledger.statements import LAPSED, Statements
from wallet.ledger.view import View
from wallet.transfers import Transfer, TransferKind


class OtherBookError(Exception):
    """The connection sees a head that is not the view's: another writer was quicker, or it is of a server left behind.

    The first would be noticed at the head. The second would not: after a failover a connection may still reach the old
    primary while the head is compared on the new one, and figures from there are older than the view.
    """


def load(
    connection: Connection,
    sql: Statements,
    view: View,
    entries: Sequence[Sequence[Transfer]],
    lapsed_max: int,
    now: datetime,
) -> Book:
    """The book as far as these entries may see it; its accounts are the view's own.

    Raises:
        OtherBookError: The connection sees another book than the view; never where the head is locked.
    """
    transfers = [transfer for entry in entries for transfer in entry]
    accounts = {account for transfer in transfers for account in (transfer.debit, transfer.credit)}
    hold_ids = {transfer.hold_id for transfer in transfers if transfer.hold_id is not None}
    cited_ids = {transfer.cites for transfer in transfers if transfer.cites is not None}
    named = {transfer.id for transfer in transfers} | hold_ids | cited_ids
    closed = view.closed
    book = Book(
        view.position, view.accounts, closed_through=closed.closed_through, soft_through=closed.soft_through
    )  # fmt: skip
    known = sql.known(connection, named, now)
    if known.hash not in (view.hash, view.previous):
        raise OtherBookError
    fresh = view.lapsed(now)
    if known.lapsed or fresh:
        for booked in _lapsed(connection, sql, view, accounts, lapsed_max, now, fresh):
            book.lapsed.append(booked.transfer)
            book.known[booked.transfer.id] = booked
            accounts |= {booked.transfer.debit, booked.transfer.credit}
    if book.lapsed:
        named |= {expiry_id(hold.id) for hold in book.lapsed}
        known = sql.known(connection, named, now)
    for row in sql.lookup(connection, "transfers", known.transfers):
        booked = rows.booked_of(row)
        book.known[booked.transfer.id] = booked
    for row in sql.lookup(connection, "refusals", known.refusals):
        refused = rows.refused_of(row)
        book.known[refused.transfer.id] = refused
    book.known |= {id_: view.rows[id_] for id_ in named & view.rows.keys()}
    for hold_id, kind in sql.lookup(connection, "resolutions", hold_ids):
        book.resolved[hold_id] = TransferKind(kind)
    book.resolved |= view.resolved
    if cited_ids:
        _add_reversals(connection, sql, view, book, cited_ids)
    for row in sql.lookup(connection, "sides", [id_ for id_ in accounts if id_ not in view.accounts]):
        side = rows.side_of(row)
        view.accounts[side.id] = side
    return book


def _add_reversals(connection: Connection, sql: Statements, view: View, book: Book, cited_ids: set[TransferId]) -> None:
    taken_back = {id_: (cites, minor) for id_, cites, minor in sql.lookup(connection, "reversals", cited_ids)}
    for row in view.rows.values():
        transfer = row.transfer
        if isinstance(row, Booked) and transfer.kind is TransferKind.REVERSE and transfer.cites in cited_ids:
            taken_back[transfer.id] = transfer.cites, transfer.amount.minor
    for cites, minor in taken_back.values():
        book.reversed[cites] = book.reversed.get(cites, 0) + minor


def _lapsed(
    connection: Connection,
    sql: Statements,
    view: View,
    accounts: set[AccountId],
    lapsed_max: int,
    now: datetime,
    fresh: dict[int, Booked],
) -> list[Booked]:
    """What lapsed, in order of expiry; `fresh` are holds of the view's last group."""
    first = connection.execute(LAPSED, {"now": now, "lapsed_max": lapsed_max})
    lapsed = {row.position: rows.booked_of(row) for row in first}
    if len(lapsed) == lapsed_max and accounts:
        # There are more; none of them may block money that this group moves.
        for name in ("lapsed_of_debit", "lapsed_of_credit"):
            lapsed |= {row.position: rows.booked_of(row) for row in sql.lookup(connection, name, accounts, now=now)}
    if view.rows:
        lapsed |= fresh
        lapsed = {position: row for position, row in lapsed.items() if row.transfer.id not in view.resolved}
    due = sorted(lapsed.values(), key=_by_expiry)
    return due if accounts else due[:lapsed_max]


def _by_expiry(row: Booked) -> tuple[int, int]:
    assert row.transfer.expires_at is not None, "a hold has an expiry"
    return to_us(row.transfer.expires_at), row.position
