"""What a writer knows of the book since its last group, so that it need not ask again."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from wallet.ids import AccountId, TransferId
from wallet.ledger.book import Book, Booked, Decision, Refused, Side
from wallet.ledger.chain import Block
from wallet.ledger.periods import Closed
from wallet.transfers import TransferKind

ACCOUNTS_MAX = 50_000
"""How many accounts a writer remembers between its groups; about 20 MiB."""


@dataclass(slots=True)
class View:
    """The book as one writer left it: true for as long as the head still has this hash, since nothing changes without.

    Attributes:
        position: Last position of the log.
        block: Number of the last block.
        hash: Its hash.
        previous: The hash before its last group, which other connections may still see.
        moved_at: The log's last moment.
        closed: How far the book is closed.
        accounts: Live figures of accounts that its groups have named.
        rows: Rows of its last group, which other connections may not see yet.
        resolved: Holds that its last group ended.
    """

    position: int
    block: int
    hash: bytes
    previous: bytes
    moved_at: datetime
    closed: Closed
    accounts: dict[AccountId, Side] = field(default_factory=dict)
    rows: dict[TransferId, Booked | Refused] = field(default_factory=dict)
    resolved: dict[TransferId, TransferKind] = field(default_factory=dict)

    @classmethod
    def at(cls, head: Row[Any]) -> "View":
        """What the head row alone tells."""
        closed = Closed(head.closed_through, head.soft_through)
        return cls(head.position, head.block, head.hash, head.hash, head.moved_at, closed)

    def settle(self) -> None:
        """Its last group is committed, so everybody sees its rows."""
        self.previous, self.rows, self.resolved = self.hash, {}, {}
        if len(self.accounts) > ACCOUNTS_MAX:
            # Groups that only ask again what was posted add theirs, and never move it.
            self.accounts = {}

    def move(self, book: Book, decision: Decision, block: Block) -> None:
        """Go on to where a decided group leads."""
        self.position, self.block, self.moved_at = book.position, block.number, block.booked_at
        self.previous, self.hash = self.hash, block.hash
        self.rows = {row.transfer.id: row for row in decision.booked}
        self.rows |= {row.transfer.id: row for row in decision.refused}
        ended = (row.transfer.hold_id for row in decision.booked if row.transfer.hold_id is not None)
        self.resolved = {hold_id: book.resolved[hold_id] for hold_id in ended}
        if len(self.accounts) > ACCOUNTS_MAX:
            # Those of this group stay: other connections may not see their figures yet.
            touched = touched_by(decision)
            self.accounts = {id_: side for id_, side in self.accounts.items() if id_ in touched}

    def lapsed(self, now: datetime) -> dict[int, Booked]:
        """Holds of its last group whose time is over, by position."""
        return {
            row.position: row
            for row in self.rows.values()
            if isinstance(row, Booked)
            and row.transfer.expires_at is not None
            and row.transfer.expires_at <= now
            and row.transfer.id not in self.resolved
        }


def touched_by(decision: Decision) -> set[AccountId]:
    """The accounts whose figures a decision changes."""
    return {account for row in decision.booked for account in (row.transfer.debit, row.transfer.credit)}
