"""Which of the bank's statements count, and for which days: a movement that stands in several of them is one. Pure.

Only forms that close days count; reports and notifications of the day say early what a statement says again. Of forms
that cover the same day of one account one counts, the richest. Statements that repeat one another are a family: of
numbered ones the newest of those with the same number says what there is; unnumbered ones, as exports of an account
that overlap, say it together. A line that several of a family have is one line, under the name that it had first.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

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
        for family in _repeating(mine):
            one = family[0]
            richer = (sheet for sheet in mine if RANKS[sheet.root] < RANKS[one.root])
            near = tuple(other for other in richer if any(_overlap(other, sheet) for sheet in family))
            yield Family(tuple(sorted(family, key=lambda sheet: sheet.id)), near)


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


def _overlap(one: Sheet, other: Sheet) -> bool:
    return one.first <= other.last and other.first <= one.last


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
