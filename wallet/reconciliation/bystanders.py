"""Rows that are matched already: where an open one might mean one of them, nothing is sure."""

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator

from wallet.reconciliation.rows import Row
from wallet.reconciliation.units import Unit, days_between
from wallet.reconciliation.wording import account_of, reference_of

REFERENCE_MIN = 4
"""Letters of a reference; shorter ones are found by chance."""


class Bystanders:
    """Looked up by account and amount, and by reference.

    Attributes:
        interest: Keys that anybody will ask for, None for all.
        moved: Whether a row of this EndToEndId and amount is plainly matched.
    """

    def __init__(self, interest: Collection[Hashable] | None, moved: Callable[[str, int], bool]) -> None:
        self.interest = interest
        self.moved = moved
        self._rows: dict[Hashable, list[Row]] = {}

    def note(self, rows: Iterable[Row]) -> None:
        """These are matched."""
        for row in rows:
            for key in keys_of(row):
                if self.interest is None or key in self.interest:
                    self._rows.setdefault(key, []).append(row)

    def paid(self, unit: Unit, days: int) -> bool:
        """Whether a matched row moves the same to or from the same account at that time."""
        return any(
            days_between(row, other) <= days
            for row in unit.rows
            if (account := account_of(row.account))
            for other in self._rows.get((account, row.minor), ())
        )

    def referred(self, reference: str) -> bool:
        """Whether a matched row has it."""
        return reference in self._rows


def keys_of(row: Row) -> Iterator[Hashable]:
    """By which it is looked up."""
    if account := account_of(row.account):
        yield account, row.minor
    reference = reference_of(row.reference)
    if len(reference) >= REFERENCE_MIN:
        yield reference
