"""The book as the log leads to it: runs are joined in order, and the end of it is held to today's tables."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from wallet.ledger.chain import GENESIS
from wallet.ledger.check.finding import Finding
from wallet.ledger.check.fold import Book, Counts, Mark, Run
from wallet.ledger.check.raw import AccountRow, Earlier, HeadRow, HoldRow, PeriodRow
from wallet.ledger.check.track import Standing

_BEFORE_ALL = -(2**63)


class Today(NamedTuple):
    """The tables that change, as of one moment, and the first rows beyond the log's end, if there are any."""

    head: HeadRow
    accounts: Sequence[AccountRow]
    holds: Sequence[HoldRow]
    beyond: Sequence[Finding]


class Standings:
    """All accounts and open holds after the runs that were joined so far; memory grows with those, not with the log.

    Attributes:
        mark: The log after the last run.
        counts: Rows of all runs.
        seals: Periods that were closed for good, whose seals are to be computed again.
    """

    def __init__(self) -> None:
        self.mark = Mark(0, 0, GENESIS, _BEFORE_ALL, None, None)
        self.counts = Counts()
        self.seals: list[PeriodRow] = []
        self._accounts: dict[bytes, Standing] = {}
        self._holds: dict[bytes, Earlier] = {}

    @property
    def book(self) -> Book:
        """What a fold may know of the book."""
        return Book(self._accounts, self._holds)

    def join(self, run: Run) -> bool:
        """Take a run that comes next; False, and nothing taken, if what it took for granted is not so."""
        accounts, holds = self._accounts, self._holds
        start = run.start
        if start._replace(booked_at=0) != self.mark._replace(booked_at=0) or start.booked_at < self.mark.booked_at:
            return False
        if any(not it.follows(accounts.get(id_) or Standing(it.asset)) for id_, it in run.accounts.items()):
            return False
        if any(holds.get(id_) != hold for id_, hold in run.ended.items()):
            return False
        for id_, touched in run.accounts.items():
            accounts[id_] = touched.leads_to(accounts.get(id_) or Standing(touched.asset))
        for id_ in run.ended:
            del holds[id_]
        holds.update(run.opened)
        self.seals += run.seals
        self.mark = run.end
        self.counts = Counts(*(sum(both) for both in zip(self.counts, run.counts, strict=True)))
        return True

    def finding(self, today: Today) -> Finding | None:
        """The first row of today that is not where the log leads."""
        head, mark = today.head, self.mark
        if head[:3] != (mark.position, mark.block, mark.hash) or (mark.block and head.moved_at != mark.booked_at):
            return Finding("head", "1", "is not the end of the log")
        if head[4:] != mark[4:]:
            return Finding("head", "1", "its periods are not those of the log")
        if today.beyond:
            return today.beyond[0]
        return self._account_finding(today.accounts) or self._hold_finding(today.holds) or self._zero_sum()

    def _account_finding(self, rows: Sequence[AccountRow]) -> Finding | None:
        for row in rows:
            standing, what = self._accounts.get(row.id), None
            if standing is None or standing.terms is None:
                what = "the log never opened it"
            elif row[5:] != standing.figures:
                what = "its balances are not those of the log"
            elif row[2:5] != standing.terms[:3]:
                what = "its state or its limits are not those of the log"
            if what is not None:
                return Finding("account", row.code.decode(), what)
        missing = self._accounts.keys() - {row.id for row in rows} if len(rows) < len(self._accounts) else set()
        return Finding("account", str(UUID(bytes=min(missing))), "is missing") if missing else None

    def _hold_finding(self, rows: Sequence[HoldRow]) -> Finding | None:
        stored = {row.id: row[1:] for row in rows}
        opened = {
            id_: (hold.position, hold.debit_id, hold.credit_id, hold.expires_at) for id_, hold in self._holds.items()
        }
        wrong = [id_ for id_ in stored.keys() | opened.keys() if stored.get(id_) != opened.get(id_)]
        return Finding("open_hold", str(UUID(bytes=min(wrong))), "is not open as the log has it") if wrong else None

    def _zero_sum(self) -> Finding | None:
        sums: dict[bytes, int] = {}
        for standing in self._accounts.values():
            difference = standing.figures[0] - standing.figures[1]
            sums[standing.asset] = sums.get(standing.asset, 0) + difference
        wrong = [asset for asset, total in sums.items() if total]
        return Finding("asset", min(wrong).decode(), "debits and credits differ") if wrong else None
