"""Which of the bank's statements count, and for which days: a movement that stands in several of them is one. Pure.

Only forms that close days count; reports and notifications of the day say early what a statement says again. Of forms
that cover the same day of one account one counts, the richest. Statements that repeat one another are a family: of
numbered ones the newest of those with the same number says what there is; unnumbered ones, as exports of an account
that overlap, say it together. A line that several of a family have is one line, under the name that it had first.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate

from wallet.reconciliation import StatementLine

NEAR = timedelta(days=20)
"""Statements of one number are one if their days are no further apart: some banks begin anew with 1 every month."""
RANKS = {"camt.053": 0, "mt940": 1, "csv": 2}
"""Forms that close days, the richest first."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A statement of such a form: the days that it covers, both included."""

    id: str
    account: str
    asset: str
    root: str
    sequence: int
    first: date
    last: date
    lines: int

    def day_of(self, line: StatementLine) -> date:
        """On which day the statement has a line: one that was booked before it begins came with its first day."""
        return min(max(line.booked_on, self.first), self.last)

    def covers(self, day: date) -> bool:
        """Whether this day is one of its."""
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class Family:
    """Statements that repeat one another, oldest first; and richer ones of the account, whose days they leave alone."""

    sheets: tuple[Sheet, ...]
    richer: tuple[Sheet, ...]

    def counts(self, day: date) -> bool:
        """Whether a line of this day counts."""
        return not any(sheet.covers(day) for sheet in self.richer)


def families(sheets: Iterable[Sheet]) -> Iterator[Family]:
    """Statements of any accounts, each in exactly one family."""
    accounts: dict[tuple[str, str], list[Sheet]] = {}
    for sheet in sheets:
        accounts.setdefault((sheet.account, sheet.asset), []).append(sheet)
    for mine in accounts.values():
        by_root = {root: _Shelf(sheet for sheet in mine if sheet.root == root) for root in RANKS}
        for family in _repeating(mine):
            richer = [shelf for root, shelf in by_root.items() if RANKS[root] < RANKS[family[0].root]]
            near = {one.id: one for shelf in richer for sheet in family for one in shelf.near(sheet.first, sheet.last)}
            yield Family(tuple(sorted(family, key=lambda sheet: sheet.id)), tuple(near[name] for name in sorted(near)))


def _repeating(mine: Sequence[Sheet]) -> Iterator[list[Sheet]]:
    alike: dict[tuple[str, int], list[Sheet]] = {}
    for sheet in mine:
        alike.setdefault((sheet.root, sheet.sequence), []).append(sheet)
    for (_, sequence), some in alike.items():
        apart = NEAR if sequence else timedelta(0)
        chain: list[Sheet] = []
        reach = date.min
        for sheet in sorted(some, key=lambda sheet: (sheet.first, sheet.last, sheet.id)):
            if chain and sheet.first > reach + apart:
                yield chain
                chain = []
            chain.append(sheet)
            reach = max(reach, sheet.last)
        yield chain


class _Shelf:
    """Statements by their days, so that those of a few days are found among those of many years."""

    def __init__(self, sheets: Iterable[Sheet]) -> None:
        self._sheets = sorted(sheets, key=lambda sheet: (sheet.first, sheet.id))
        # How far the statements reach up to each place.
        self._reach = list(accumulate((sheet.last for sheet in self._sheets), max))

    def near(self, first: date, last: date) -> Iterator[Sheet]:
        """Those that have one of these days."""
        place = bisect_right(self._sheets, last, key=lambda sheet: sheet.first)
        while place and self._reach[place - 1] >= first:
            place -= 1
            if self._sheets[place].last >= first:
                yield self._sheets[place]


class Told:
    """Days that statements have told of, whatever another form says of them later."""

    def __init__(self, sheets: Iterable[Sheet]) -> None:
        found: dict[tuple[str, str, str], list[Sheet]] = {}
        for sheet in sheets:
            found.setdefault((sheet.account, sheet.asset, sheet.root), []).append(sheet)
        self._shelves = {key: _Shelf(some) for key, some in found.items()}

    def has(self, sheet: Sheet, day: date) -> bool:
        """Whether another form than this statement's has told of this day of its account."""
        return any(any(shelf.near(day, day)) for shelf in self._others(sheet))

    def whole(self, sheet: Sheet) -> bool:
        """Whether one statement of another form has told of all of its days."""
        return any(
            one.first <= sheet.first and sheet.last <= one.last
            for shelf in self._others(sheet)
            for one in shelf.near(sheet.first, sheet.last)
        )

    def _others(self, sheet: Sheet) -> Iterator[_Shelf]:
        keys = ((sheet.account, sheet.asset, root) for root in RANKS if root != sheet.root)
        return (self._shelves[key] for key in keys if key in self._shelves)


Named = tuple[Sheet, StatementLine]
"""A line, and the statement under whose name it goes."""


def merged(family: Family, lines: Sequence[Sequence[StatementLine]]) -> list[Named]:
    """The lines of a family's statements, given in the order of its sheets, each movement once."""
    found: dict[tuple[object, ...], Named] = {}
    newest: set[tuple[object, ...]] = set()
    for sheet, some in zip(family.sheets, lines, strict=True):
        times: Counter[tuple[object, ...]] = Counter()
        newest = set()
        for line in some:
            content = _content(line)
            times[content] += 1
            name = (times[content], *content)
            found.setdefault(name, (sheet, line))
            newest.add(name)
    numbered = bool(family.sheets[0].sequence)
    # The newest of its number says what there is; exports say it together.
    return [named for name, named in found.items() if not numbered or name in newest]


def _content(line: StatementLine) -> tuple[object, ...]:
    return (
        line.signed, line.booked_on, line.value_on, line.bank_reference, line.end_to_end_id, line.message_id,
        line.payment_information_id, line.reversal, line.return_reason, line.counterparty_account, line.remittance,
    )  # fmt: skip
