"""Units: rows that are known to belong together, as the passes of matching take them up and join them further."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from wallet.reconciliation.rows import Row, Rule, Side
from wallet.reconciliation.wording import account_of

_ORDER = {side: place for place, side in enumerate(Side)}
_NONE = frozenset({""})
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
        minors: What it moves by each book, once if all agree.
    """

    __slots__ = ("_accounts", "_owns", "days", "minor", "minors", "place", "rows", "rule")

    def __init__(self, rows: tuple[Row, ...], rule: Rule | None = None, days: int = 0) -> None:
        self.rows, self.rule, self.days = rows, rule, days
        self.place = place_of(rows[0])
        self.minors: tuple[int, ...] = (rows[0].minor,) if len(rows) == 1 else tuple(set(sums_of(rows).values()))
        self.minor = rows[0].minor if len(self.minors) == 1 == len(rows) else next(iter(sums_of(rows).values()))
        self._accounts: frozenset[str] | None = None
        self._owns: frozenset[str] | None = None

    @property
    def accounts(self) -> frozenset[str]:
        """Accounts of the other side that its rows name."""
        if self._accounts is None:
            self._accounts = frozenset([account_of(row.account) for row in self.rows if row.account]) - _NONE
        return self._accounts

    @property
    def owns(self) -> frozenset[str]:
        """What we call it."""
        if self._owns is None:
            self._owns = frozenset([row.own for row in self.rows if row.own])
        return self._owns

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
    most = 0
    for a in one.rows:
        for b in other.rows:
            if a.on != b.on and (days := days_between(a, b)) > most:
                most = days
    return most


def days_between(a: Row, b: Row) -> int:
    """Days from one row to another, by the nearer of their two days each."""
    if a.on == b.on or a.value_on == b.value_on:
        return 0
    return min(abs((mine - theirs).days) for mine in (a.on, a.value_on) for theirs in (b.on, b.value_on))


Keys = Callable[[Unit], Iterable[str]]
Index = Mapping[str, Sequence[Unit]]


class Pool:
    """Units of one side, of which some are open yet, always in the same order."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self._open = dict.fromkeys(sorted(units, key=lambda unit: unit.place))
        self._all = tuple(self._open)
        self._indices: dict[Keys, Index] = {}

    def __iter__(self) -> Iterator[Unit]:
        """Over those that are open at this moment."""
        return iter(tuple(self._open))

    def __len__(self) -> int:
        return len(self._open)

    def __contains__(self, unit: Unit) -> bool:
        return unit in self._open

    def remove(self, unit: Unit) -> None:
        """It is open no longer."""
        del self._open[unit]

    def by(self, keys: Keys) -> Index:
        """All units by each of their keys, open or not; made once for each way to say the keys."""
        if keys not in self._indices:
            index: dict[str, list[Unit]] = {}
            for unit in self._all:
                for key in keys(unit):
                    index.setdefault(key, []).append(unit)
            self._indices[keys] = index
        return self._indices[keys]

    def open(self, units: Iterable[Unit]) -> list[Unit]:
        """Those that are open at this moment."""
        return [unit for unit in units if unit in self._open]
