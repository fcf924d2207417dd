"""The rules over a store of dicts: what the writer does, without a database."""

from collections.abc import Sequence
from datetime import date, datetime

from tests.wallet.auditor import Answer
from wallet.accounts import Account
from wallet.ids import TransferId
from wallet.ledger.book import Book, Booked, Decision, Refused
from wallet.ledger.rows import new_side
from wallet.ledger.rules import decide, entries_of
from wallet.transfers import PostResult, Transfer, TransferKind


class MemoryLedger:
    """Commits groups into dicts."""

    def __init__(self, accounts: Sequence[Account], closed_through: date | None = None) -> None:
        self.sides = {a.id: new_side(a) for a in accounts}
        self.known: dict[TransferId, Booked | Refused] = {}
        self.resolved: dict[TransferId, TransferKind] = {}
        self.reversed: dict[TransferId, int] = {}
        self.log: list[Booked] = []
        self.closed_through = closed_through

    def post(self, transfers: Sequence[Transfer], now: datetime) -> list[PostResult]:
        return self.commit(list(entries_of(transfers)), now).results

    def commit(self, entries: Sequence[Sequence[Transfer]], now: datetime) -> Decision:
        book = Book(len(self.log), self.sides, self.known, self.resolved, reversed=self.reversed)
        book.closed_through = self.closed_through
        open_holds = [row for row in self.log if row.transfer.kind == "hold" and row.transfer.id not in self.resolved]
        lapsed = [row for row in open_holds if row.transfer.expires_at is not None and row.transfer.expires_at <= now]
        book.lapsed = [row.transfer for row in sorted(lapsed, key=lambda row: (row.transfer.expires_at, row.position))]
        decision = decide(book, entries, now)
        self.log += decision.booked
        return decision


def plain(result: PostResult) -> Answer:
    """A result in the auditor's words."""
    after = result.balances_after
    figures = None
    if after is not None:
        figures = tuple(
            figure
            for side in (after.debit, after.credit)
            for figure in (
                side.debits_posted, side.credits_posted, side.debits_held, side.credits_held, side.version
            )
        )  # fmt: skip
    return result.outcome.name, figures, result.differing_field
