"""The rules over a store of dicts: what the writer does, without a database."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from tests.wallet.auditor import Answer, Auditor
from tests.wallet.strategies import CLOSED_THROUGH, SOFT_THROUGH, START, Step, world
from wallet.accounts import Account, AccountChange, ChangeOutcome
from wallet.ids import TransferId
from wallet.ledger.book import Book, Booked, Changed, Decision, Refused
from wallet.ledger.changes import change, opened
from wallet.ledger.rows import new_side
from wallet.ledger.rules import decide, entries_of
from wallet.money import Money
from wallet.transfers import Balances, PostResult, Transfer, TransferKind


class MemoryLedger:
    """Commits groups into dicts, by a clock that may go back."""

    def __init__(
        self, accounts: Sequence[Account], closed_through: date | None = None, soft_through: date | None = None
    ) -> None:
        self.accounts = {account.id: account for account in accounts}
        self.sides = {account.id: new_side(account) for account in accounts}
        self.known: dict[TransferId, Booked | Refused] = {}
        self.resolved: dict[TransferId, TransferKind] = {}
        self.reversed: dict[TransferId, int] = {}
        self.open: list[Booked] = []
        self.log: list[Booked] = []
        self.refused: list[Refused] = []
        self.changed: list[Changed] = opened(accounts, {}, START)
        self.closed_through = closed_through
        self.soft_through = soft_through
        self.booked_at: datetime | None = None

    def post(self, transfers: Sequence[Transfer], now: datetime) -> list[PostResult]:
        return self.commit(list(entries_of(transfers)), now).results

    def commit(self, entries: Sequence[Sequence[Transfer]], now: datetime) -> Decision:
        book = Book(len(self.log), self.sides, self.known, self.resolved, reversed=self.reversed)
        book.closed_through, book.soft_through = self.closed_through, self.soft_through
        lapsed = [row for row in self.open if row.transfer.expires_at is not None and row.transfer.expires_at <= now]
        book.lapsed = [row.transfer for row in sorted(lapsed, key=lambda row: (row.transfer.expires_at, row.position))]
        decision = decide(book, entries, now, self._moment(now))
        self.log += decision.booked
        self.refused += decision.refused
        holds = [row for row in decision.booked if row.transfer.kind is TransferKind.HOLD]
        self.open = [row for row in self.open + holds if row.transfer.id not in self.resolved]
        return decision

    def change(self, asked: AccountChange, now: datetime) -> ChangeOutcome:
        decision = Decision()
        change(self.sides, self.accounts, asked, self._moment(now), decision)
        self.changed += decision.changed
        (outcome,) = decision.changes
        return outcome

    def follow(self, steps: Sequence[Step]) -> list[list[Answer] | str]:
        """What is answered to each step but the clock's, in the auditor's words."""
        now, answers = START, list[list[Answer] | str]()
        for step in steps:
            if isinstance(step, datetime):
                now = step
            elif isinstance(step, AccountChange):
                answers.append(self.change(step, now).name)
            else:
                answers.append([plain(result) for result in self.post(step, now)])
        return answers

    def _moment(self, now: datetime) -> datetime:
        self.booked_at = now if self.booked_at is None else max(now, self.booked_at)
        return self.booked_at


def both() -> tuple[MemoryLedger, Auditor]:
    """A ledger over the small world and its auditor, with a closed and a soft-closed period."""
    accounts = world("")
    auditor = Auditor(accounts)
    auditor.closed_through, auditor.soft_through = CLOSED_THROUGH, SOFT_THROUGH
    return MemoryLedger(accounts, CLOSED_THROUGH, SOFT_THROUGH), auditor


def same_books(ledger: MemoryLedger, auditor: Auditor) -> bool:
    """Whether both have the same rows, sums, limits and states."""
    world = auditor.world
    asked = [
        (asked_of(row.transfer), row.transfer.amount.minor, row.entry_id, row.leg)
        for row in ledger.log
        if row.transfer.kind is not TransferKind.EXPIRE
    ]
    booked = [
        (transfer, world.amounts[transfer.id], entry, leg)
        for transfer, answer, entry, leg in world.asked.values()
        if answer[0] == "POSTED"
    ]
    sides = ledger.sides.items()
    return (
        len(ledger.log) == world.moved
        and asked == booked
        and [row.position for row in ledger.log] == list(range(1, world.moved + 1))
        and [(row.transfer, row.outcome.name, row.entry_id, row.leg) for row in ledger.refused]
        == [(row[0], row[1][0], *row[2:]) for row in world.asked.values() if row[1][0] != "POSTED"]
        and {id_: _figures(side.balances()) for id_, side in sides} == world.sums
        and {id_: side.state for id_, side in sides} == auditor.states
        and {row.account.id: (row.state, row.limits) for row in ledger.changed}
        == {id_: (side.state, side.limits) for id_, side in sides}
        and all((row.entry_id, row.leg) == (row.transfer.id, 0) for row in ledger.log if row.transfer.kind == "expire")
        and {id_: side.limits for id_, side in sides} == {id_: auditor.limits_of(id_) for id_, _ in sides}
        and ledger.resolved == world.ended
    )


def _figures(balances: Balances) -> list[int]:
    return [
        balances.debits_posted, balances.credits_posted, balances.debits_held, balances.credits_held, balances.version
    ]  # fmt: skip


def plain(result: PostResult) -> Answer:
    """A result in the auditor's words."""
    after = result.balances_after
    figures = None
    if after is not None:
        figures = (*_figures(after.debit), *_figures(after.credit))
    return result.outcome.name, figures, result.differing_field


def asked_of(booked: Transfer) -> Transfer:
    """What was asked for: a balancing transfer is in the book with what it moved."""
    if booked.asked_minor is None:
        return booked
    return replace(booked, amount=Money(booked.asked_minor, booked.amount.asset), asked_minor=None)
