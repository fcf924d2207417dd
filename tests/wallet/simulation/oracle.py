"""What must hold after a run, whatever went wrong in it.

The groups that the server committed, in that order, are put to the auditor: it predicts every result and every sum.
Then the book, the callers' answers and the followers' copies are compared with each other and with that.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from tests.wallet.auditor import Answer, Auditor
from tests.wallet.memory import plain
from tests.wallet.simulation.callers import Ask, Follower
from tests.wallet.simulation.server import Intent
from wallet.accounts import Account
from wallet.errors import LedgerBusy, LedgerCorrupt, LedgerUnavailable
from wallet.ledger.rules import entries_of
from wallet.money import Money
from wallet.transfers import Balances, LogRow, Outcome, PostResult, Transfer, TransferKind

TREE = (LedgerBusy, LedgerUnavailable, LedgerCorrupt)


class Oracle:
    """Replays the committed groups; its methods raise AssertionError with what is wrong."""

    def __init__(self) -> None:
        self.auditor = Auditor([])
        self.answers: dict[tuple[Transfer, ...], list[list[Answer]]] = {}
        """Every list of answers that a committed group gave to an entry."""

    def replay(self, committed: Sequence[Intent]) -> None:
        """Predict each committed group's results."""
        for number, intent in enumerate(committed, 1):
            predicted = [answer for answers in self._group(intent) for answer in answers]
            decided = [plain(result) for result in intent.results]
            assert decided == predicted, f"group {number}: decided {decided}, predicted {predicted}"

    def _group(self, intent: Intent) -> list[list[Answer]]:
        auditor = self.auditor
        for account in intent.accounts:
            self._admit(account)
        changed = [auditor.change(change) for change in intent.changes]
        assert [outcome.name for outcome in intent.changed] == changed, "changes of accounts"
        auditor.lapse(intent.now, intent.lapsed_max)
        answers: list[list[Answer]] = []
        for entry in intent.entries:
            answers.append(auditor.ask(entry, intent.now))
            self.answers.setdefault(tuple(entry), []).append(answers[-1])
        return answers

    def _admit(self, account: Account) -> None:
        if account.id not in self.auditor.accounts:
            self.auditor.accounts[account.id] = account
            self.auditor.states[account.id] = "open"
            self.auditor.world.sums[account.id] = [0, 0, 0, 0, 0]

    def book(self, log: Sequence[LogRow], accounts: Sequence[tuple[Account, Balances]]) -> None:
        """The log is gapless and holds what the auditor booked, in its order; balances are its sums."""
        assert [row.position for row in log] == list(range(1, len(log) + 1)), "positions have gaps"
        asked = [row for row in log if row.transfer.kind is not TransferKind.EXPIRE]
        expected = [(row[0], row[1][1]) for row in self.auditor.world.asked.values() if row[1][0] == "POSTED"]
        found = [
            (asked_of(row.transfer), plain(PostResult(Outcome.POSTED, row.transfer, row.after))[1]) for row in asked
        ]
        assert found == expected, "the log is not what was decided"
        assert len(log) == self.auditor.world.moved, "an expiry is missing or too many"
        for account, balances in accounts:
            figures = [balances.debits_posted, balances.credits_posted, balances.debits_held, balances.credits_held]
            assert [*figures, balances.version] == self.auditor.world.sums[account.id], f"sums of {account.code}"

    def callers(self, asks: Sequence[Ask]) -> None:
        """Each acknowledged result is one that was committed; an id that was asked once is nobody's duplicate."""
        times: Counter[UUID] = Counter(transfer.id for ask in asks for transfer in ask.call)
        posted: Counter[UUID] = Counter()
        for ask in asks:
            assert ask.answer is None or isinstance(ask.answer, (list, *TREE)), f"a stranger: {ask.answer!r}"
            if isinstance(ask.answer, list):
                assert [result.transfer.id for result in ask.answer] == [one.id for one in ask.call], "other answers"
                self._entries(ask)
            for result in ask.results:
                posted[result.transfer.id] += result.outcome is Outcome.POSTED
                once = times[result.transfer.id] == 1
                assert not (once and result.outcome is Outcome.DUPLICATE), f"{result.transfer.id} was asked once"
        assert max(posted.values(), default=0) <= 1, "two callers were told that they posted the same"

    def _entries(self, ask: Ask) -> None:
        start = 0
        for chain in entries_of(ask.call):
            said = [plain(result) for result in ask.results[start : start + len(chain)]]
            given = self.answers.get(chain, [])
            assert said in given, f"acknowledged {said}, committed {given}"
            start += len(chain)

    def wholeness(self, log: Sequence[LogRow], asks: Sequence[Ask]) -> None:
        """The legs of an entry are all there or none of them, acknowledged or not."""
        booked = {asked_of(row.transfer) for row in log}
        chains = {chain for ask in asks for chain in entries_of(ask.call) if len(chain) > 1}
        # A leg that somebody also asked for alone may be there without its company.
        alone = {chain[0].id for ask in asks for chain in entries_of(ask.call) if len(chain) == 1}
        for chain in chains:
            there = sum(leg in booked for leg in chain)
            assert there in (0, len(chain)) or alone & {leg.id for leg in chain}, f"half of {chain} is there"

    def follower(self, log: Sequence[LogRow], follower: Follower) -> None:
        """The copy is the log, from where it started."""
        assert follower.start is not None, "it never got a page"
        assert follower.copy == list(log[follower.start :]), f"a follower from {follower.start} has another log"


def asked_of(booked: Transfer) -> Transfer:
    """What was asked for: a balancing transfer is in the book with what it moved."""
    if booked.asked_minor is None:
        return booked
    return replace(booked, amount=Money(booked.asked_minor, booked.amount.asset), asked_minor=None)


def again(first: Answer) -> Answer:
    """What a later ask for the same gets."""
    outcome, figures, field = first
    return ("DUPLICATE" if outcome == "POSTED" else outcome), figures, field
