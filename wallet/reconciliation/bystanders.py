"""Rows that are matched already: where an open one might mean one of them, nothing is sure."""

from collections.abc import Callable, Iterable

from wallet.reconciliation.rows import Row
from wallet.reconciliation.units import Unit, days_between
from wallet.reconciliation.wording import account_of, reference_of, words_of

REFERENCE_MIN = 4
"""Letters of a reference; shorter ones are found by chance."""


class Bystanders:
    """Looked up by account and amount, and by reference.

    Attributes:
        moved: Whether a row of this EndToEndId and amount is plainly matched.
        accounts: What stands for the accounts that open rows name, as in Plain.
    """

    def __init__(self, open_rows: Iterable[Row], moved: Callable[[str, int], bool]) -> None:
        self.moved = moved
        rows = tuple(open_rows)
        self._paid: dict[str, list[Row]] = {account: [] for row in rows if (account := account_of(row.account))}
        self.accounts = frozenset(map(hash, self._paid))
        self._open = {word for row in rows for word in (reference_of(row.reference), *words_of(row.text))} - {""}
        self._referred: set[str] = set()

    def note(self, rows: Iterable[Row], *, paid: bool = True) -> None:
        """These are matched; kept is what an open row might mean. Unless `paid`, no open row has their account."""
        for row in rows:
            if row.reference and (reference := reference_of(row.reference)) in self._open:
                self._referred.add(reference)
            if paid and row.account and (account := account_of(row.account)) in self._paid:
                self._paid[account].append(row)

    def paid(self, unit: Unit, days: int) -> bool:
        """Whether a matched row moves the same to or from the same account at that time."""
        return any(
            row.minor == other.minor and days_between(row, other) <= days
            for row in unit.rows
            for other in self._paid.get(account_of(row.account), ())
        )

    def referred(self, reference: object) -> bool:
        """Whether a matched row has it."""
        return reference in self._referred
