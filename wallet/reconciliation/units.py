"""Units: rows that are known to belong together, as the passes of matching take them up and join them further."""

from collections.abc import Callable, Container, Iterable, Iterator
from typing import TypeVar

from wallet.reconciliation.rows import Row, Rule, Side
from wallet.reconciliation.wording import account_of

Key = TypeVar("Key")
_ORDER = {side: place for place, side in enumerate(Side)}
_STRENGTH = {rule: place for place, rule in enumerate(Rule)}


def place_of(row: Row) -> tuple[int, str]:
    """By which rows are ordered, whatever order they came in."""
    return _ORDER[row.side], row.id


class Unit:
    """One row, or several that are one thing.

    Attributes:
        rows: Ordered by side and id.
        rule: The weakest by which they were put together, None for a row by itself.
        days: How many days the books that were joined lie apart.
        place: Unique, and the same whatever order the rows came in.
        minor: What it moves: by the ledger, or the rail where there is no ledger, or the bank.
        minors: The same by each book, where they do not agree.
    """

    __slots__ = ("_accounts", "days", "minor", "minors", "place", "rows", "rule")

    def __init__(self, rows: tuple[Row, ...], rule: Rule | None = None, days: int = 0) -> None:
        self.rows, self.rule, self.days = rows, rule, days
        self.place = place_of(rows[0])
        sums = sums_of(rows)
        self.minors = frozenset(sums.values())
        self.minor = next(iter(sums.values()))
        self._accounts: frozenset[str] | None = None

    @property
    def accounts(self) -> frozenset[str]:
        """Accounts of the other side that its rows name."""
        if self._accounts is None:
            self._accounts = frozenset(account for row in self.rows if (account := account_of(row.account)))
        return self._accounts

    @property
    def back(self) -> bool:
        """Whether any row takes another back."""
        return any(row.back for row in self.rows)

    def said(self, say: Callable[[Row], str]) -> set[str]:
        """What its rows say, where they say something."""
        return {word for row in self.rows if (word := say(row))}


def sums_of(rows: Iterable[Row]) -> dict[Side, int]:
    """What each book moves, in the order of the rows."""
    sums: dict[Side, int] = {}
    for row in rows:
        sums[row.side] = sums.get(row.side, 0) + row.minor
    return sums


def joined(units: Iterable[Unit], rule: Rule, days: int = 0) -> Unit:
    """One unit of several, by a rule, so many days apart."""
    units = tuple(units)
    rules = [rule, *(unit.rule for unit in units if unit.rule is not None)]
    rows = sorted((row for unit in units for row in unit.rows), key=place_of)
    apart = max(days, *(unit.days for unit in units))
    return Unit(tuple(rows), max(rules, key=_STRENGTH.__getitem__), apart)


def days_apart(one: Unit, other: Unit) -> int:
    """The most days by which a row of one lies apart from one of the other, by the nearer of their two days each."""
    return max(days_between(a, b) for a in one.rows for b in other.rows)


def days_between(a: Row, b: Row) -> int:
    """Days from one row to another, by the nearer of their two days each."""
    if a.on == b.on or a.value_on == b.value_on:
        return 0
    return min(abs((mine - theirs).days) for mine in (a.on, a.value_on) for theirs in (b.on, b.value_on))


class Pool:
    """Units of one side that are open yet, always in the same order."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self._units = dict.fromkeys(sorted(units, key=lambda unit: unit.place))

    def __iter__(self) -> Iterator[Unit]:
        """Over those that are open at this moment."""
        return iter(tuple(self._units))

    def __len__(self) -> int:
        return len(self._units)

    def __contains__(self, unit: Unit) -> bool:
        return unit in self._units

    def remove(self, unit: Unit) -> None:
        """It is open no longer."""
        del self._units[unit]

    def by(self, keys: Callable[[Unit], Iterable[Key]], within: Container[Key] | None = None) -> dict[Key, list[Unit]]:
        """Open units by each of their keys, of all or of those within."""
        found: dict[Key, list[Unit]] = {}
        for unit in self._units:
            for key in keys(unit):
                if within is None or key in within:
                    found.setdefault(key, []).append(unit)
        return found
