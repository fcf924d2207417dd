"""Units: rows that are known to belong together, as the passes of matching take them up and join them further."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from wallet.reconciliation.rows import Row, Rule, Side
from wallet.reconciliation.wording import account_of

Key = TypeVar("Key")
ORDER = {side: place for place, side in enumerate(Side)}
"""Of sides, as groups list them."""
STRENGTH = {rule: place for place, rule in enumerate(Rule)}
"""Of rules: the greater the weaker."""


def place_of(row: Row) -> tuple[int, str]:
    """By which rows are ordered, whatever order they came in."""
    return ORDER[row.side], row.id


@dataclass(eq=False)
class Unit:
    """One row, or several that are one thing.

    Attributes:
        rows: Ordered by side and id.
        rule: The weakest by which they were put together, None for a row by itself.
        days: How many days the books that were joined lie apart.
        minor: What it moves: the ledger's sum, or the rail's where there is no ledger, or the bank's.
    """

    rows: tuple[Row, ...]
    rule: Rule | None = None
    days: int = 0
    minor: int = field(init=False)

    def __post_init__(self) -> None:
        """Sum up the first book; rows are ordered, so its rows come first."""
        rows = self.rows
        self.minor = rows[0].minor if len(rows) == 1 else sum(row.minor for row in rows if row.side is rows[0].side)

    @cached_property
    def place(self) -> tuple[int, str]:
        """Unique, and the same whatever order the rows came in."""
        return place_of(self.rows[0])

    @cached_property
    def accounts(self) -> frozenset[str]:
        """Accounts of the other side that its rows name."""
        return frozenset(account for row in self.rows if (account := account_of(row.account)))

    @property
    def back(self) -> bool:
        """Whether any row takes another back."""
        return any(row.back for row in self.rows)

    def said(self, say: Callable[[Row], str]) -> set[str]:
        """What its rows say, where they say something."""
        return {word for row in self.rows if (word := say(row))}


def joined(units: Iterable[Unit], rule: Rule, days: int) -> Unit:
    """One unit of several, by a rule, so many days apart."""
    units = tuple(units)
    rules = [rule, *(unit.rule for unit in units if unit.rule is not None)]
    rows = sorted((row for unit in units for row in unit.rows), key=place_of)
    apart = max(days, *(unit.days for unit in units))
    return Unit(tuple(rows), max(rules, key=STRENGTH.__getitem__), apart)


def days_apart(one: Unit, other: Unit) -> int:
    """The most days by which a row of one lies apart from one of the other, by the nearer of their two days each."""
    return max(_days(a, b) for a in one.rows for b in other.rows)


def _days(a: Row, b: Row) -> int:
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

    def by(self, keys: Callable[[Unit], Iterable[Key]]) -> dict[Key, list[Unit]]:
        """Open units by each of their keys."""
        found: dict[Key, list[Unit]] = {}
        for unit in self._units:
            for key in keys(unit):
                found.setdefault(key, []).append(unit)
        return found
