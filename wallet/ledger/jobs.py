"""What callers wait for: their parts of a group, and the answers that they get after COMMIT."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from wallet.accounts import Account, AccountChange, ChangeOutcome
from wallet.ledger.book import Decision
from wallet.ledger.periods import Closing
from wallet.ledger.rules import entries_of
from wallet.ledger.store import LAPSED_MAX, Group
from wallet.periods import PeriodOutcome
from wallet.transfers import PostResult, Transfer


class Answer(NamedTuple):
    """What one caller gets."""

    results: list[PostResult]
    change: ChangeOutcome | None
    closing: PeriodOutcome | None
    expired: int


@dataclass(slots=True)
class Job:
    """One caller's part of a group."""

    done: asyncio.Future[Answer]
    """Gets the results of its transfers, of its change or closing, and how many holds its group expired."""
    entries: list[tuple[Transfer, ...]] = field(default_factory=list)
    accounts: tuple[Account, ...] = ()
    change: AccountChange | None = None
    closing: Closing | None = None
    lapsed_max: int = 0
    transfers: int = field(init=False)
    size: int = field(init=False)
    """Its weight in the queue: transfers, or what takes as long."""

    def __post_init__(self) -> None:
        self.transfers = sum(map(len, self.entries))
        self.size = self.transfers + len(self.accounts) + 1 - bool(self.entries)


def portions(transfers: Sequence[Transfer], group_max: int) -> list[list[tuple[Transfer, ...]]]:
    """One call's entries, cut where they may be into parts of at most a group."""
    cut: list[list[tuple[Transfer, ...]]] = []
    room = 0
    for entry in entries_of(transfers):
        if len(entry) > room:
            cut.append([])
            room = group_max
        cut[-1].append(entry)
        room -= len(entry)
    return cut


def group_of(jobs: Sequence[Job]) -> Group:
    """All that some jobs want, as one group."""
    group = Group()
    for job in jobs:
        group.accounts.extend(job.accounts)
        if job.change is not None:
            group.changes.append(job.change)
        if job.closing is not None:
            group.closings.append(job.closing)
        group.entries.extend(job.entries)
    if not group.entries:
        group.lapsed_max = min(LAPSED_MAX, max(job.lapsed_max for job in jobs))
    return group


def answer(jobs: Sequence[Job], decision: Decision) -> None:
    """Give each job its part of what was decided for all; one that was cancelled takes nothing."""
    results, changes, closings = iter(decision.results), iter(decision.changes), iter(decision.closings)
    for job in jobs:
        own = list(islice(results, job.transfers))
        change = None if job.change is None else next(changes)
        closing = None if job.closing is None else next(closings)
        if not job.done.done():
            job.done.set_result(Answer(own, change, closing, decision.expired))


def fail(jobs: Sequence[Job], fault: Exception) -> None:
    """Give the fault to all jobs that still wait."""
    for job in jobs:
        if not job.done.done():
            job.done.set_exception(fault)
