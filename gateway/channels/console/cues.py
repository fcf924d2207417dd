"""In what rows of several books agree: the look of amount, day, reference and name that people judge a match by."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from wallet.reconciliation import Row, Side


class Cue(StrEnum):
    """What is compared."""

    AMOUNT = "amount"
    DAY = "day"
    REFERENCE = "reference"
    NAME = "name"


class Agreement(StrEnum):
    """How what one book says stands to what another says."""

    YES = "yes"
    NEAR = "near"
    """Days that lie apart, and no further than the flow allows; names that share some word."""
    NO = "no"
    UNKNOWN = "unknown"
    """Only one book has the rows, or says anything of it."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One cue."""

    cue: Cue
    agreement: Agreement


def compared(rows: Sequence[Row], *, days: int) -> list[Compared]:
    """Each cue for these rows of one group or suggestion; `days` is how far the same thing may lie apart."""
    sides = [[row for row in rows if row.side is side] for side in Side]
    books = [book for book in sides if book]
    return [
        Compared(Cue.AMOUNT, _amounts(books)),
        Compared(Cue.DAY, _days(books, days)),
        Compared(Cue.REFERENCE, _references(books)),
        Compared(Cue.NAME, _names(books)),
    ]


def difference(rows: Iterable[Row]) -> int:
    """Minor units by which the sides of these rows differ: see Group.difference_minor."""
    sums = dict.fromkeys(Side, 0)
    seen: set[Side] = set()
    for row in rows:
        sums[row.side] += row.minor
        seen.add(row.side)
    ours = sums[Side.LEDGER] if Side.LEDGER in seen else sums[Side.RAIL]
    if Side.BANK in seen:
        return sums[Side.BANK] - ours
    return sums[Side.RAIL] - sums[Side.LEDGER] if len(seen) > 1 else ours


def _amounts(books: Sequence[Sequence[Row]]) -> Agreement:
    if len(books) < 2:
        return Agreement.UNKNOWN
    return Agreement.YES if len({sum(row.minor for row in book) for book in books}) == 1 else Agreement.NO


def _days(books: Sequence[Sequence[Row]], days: int) -> Agreement:
    if len(books) < 2:
        return Agreement.UNKNOWN
    apart = max(_apart(one, other) for one, other in pairwise(books))
    if apart == 0:
        return Agreement.YES
    return Agreement.NEAR if apart <= days else Agreement.NO


def _apart(one: Sequence[Row], other: Sequence[Row]) -> int:
    """The days between two books' rows where they lie closest for the row that lies furthest."""
    # A batch has thousands of rows and few days.
    days = {row.on for row in other}
    return max(min(abs((day - twin).days) for twin in days) for day in {row.on for row in one})


def _references(books: Sequence[Sequence[Row]]) -> Agreement:
    """Whether neighbouring books have a reference in common; a book that says nothing contradicts nobody."""
    said = [{word for row in book for word in _words(row)} for book in books]
    said = [words for words in said if words]
    if len(said) < 2:
        return Agreement.UNKNOWN
    return Agreement.YES if all(one & other for one, other in pairwise(said)) else Agreement.NO


def _words(row: Row) -> list[str]:
    return [word for word in (row.own, row.end_to_end_id, row.batch, row.reference) if word]


def _names(books: Sequence[Sequence[Row]]) -> Agreement:
    """Names agree in any order of their words: banks put the family's first."""
    said = [{frozenset(row.party.casefold().split()) for row in book if row.party.strip()} for book in books]
    said = [names for names in said if names]
    if len(said) < 2:
        return Agreement.UNKNOWN
    if all(one & other for one, other in pairwise(said)):
        return Agreement.YES
    words = [frozenset().union(*names) for names in said]
    return Agreement.NEAR if all(one & other for one, other in pairwise(words)) else Agreement.NO
