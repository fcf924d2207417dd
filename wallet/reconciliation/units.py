"""Units: rows that are known to belong together, as the passes of matching take them up and join them further."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache

from wallet.reconciliation.rows import Row, Rule, Side
from wallet.reconciliation.shelf import Kind
from wallet.reconciliation.wording import account_of, reference_of

_ORDER = {side: place for place, side in enumerate(Side)}
_NONE, _NEVER = frozenset[str](), frozenset[tuple[date, date]]()
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
        asset: Of all its rows.
        minor: What it moves: by the ledger, or the rail where there is no ledger, or the bank.
        minors: What it moves by each book, once if all agree.
        names: EndToEndIds that its rows bear, as references compare.
        accounts: Accounts of the other side that its rows name.
        moments: Days and value dates of its rows.
    """

    __slots__ = (
        "_owns", "accounts", "asset", "days", "minor", "minors", "moments", "names", "place", "rows", "rule",
    )  # fmt: skip

    def __init__(
        self, rows: tuple[Row, ...], rule: Rule | None = None, days: int = 0, parts: Sequence["Unit"] = ()
    ) -> None:
        """Of rows; `parts` are units that have the same rows, where there are any."""
        first = rows[0]
        self.rows, self.rule, self.days = rows, rule, days
        self.place, self.asset = place_of(first), first.asset
        sums = sums_of(rows).values()
        self.minor, self.minors = next(iter(sums)), tuple(set(sums))
        self._owns: frozenset[str] | None = None
        self.names: frozenset[str]
        self.accounts: frozenset[str]
        self.moments: frozenset[tuple[date, date]]
        if parts:
            self.names = _NONE.union(*[part.names for part in parts])
            self.accounts = _NONE.union(*[part.accounts for part in parts])
            self.moments = _NEVER.union(*[part.moments for part in parts])
        else:
            self.names = _said([row.end_to_end_id for row in rows], reference_of)
            self.accounts = _said([row.account for row in rows], account_of)
            self.moments = _shared(frozenset([(row.on, row.value_on) for row in rows]))

    @property
    def owns(self) -> frozenset[str]:
        """What we call it; made when it is asked for, which of most rows it is not."""
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


@lru_cache(maxsize=1 << 12)
def _shared(moments: frozenset[tuple[date, date]]) -> frozenset[tuple[date, date]]:
    """The same in one object, however many have them."""
    return moments


def _said(texts: Iterable[str], compared: Callable[[str], str]) -> frozenset[str]:
    """As they compare."""
    return frozenset([word for text in set(texts) if text and (word := compared(text))])


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
    return Unit(tuple(rows), max(rules, key=_STRENGTH.__getitem__), apart, units)


def days_apart(one: Unit, other: Unit) -> int:
    """The most days by which a row of one lies apart from one of the other, by the nearer of their two days each."""
    if one.moments == other.moments and len(one.moments) == 1:
        return 0
    return max([_apart(a, b) for a in one.moments for b in other.moments])


def days_between(a: Kind | Row, b: Kind | Row) -> int:
    """Days from one row, or the rows of a kind, to another, by the nearer of their two days each."""
    return _apart((a.on, a.value_on), (b.on, b.value_on))


@lru_cache(maxsize=1 << 12)
def _apart(one: tuple[date, date], other: tuple[date, date]) -> int:
    return min(abs((mine - theirs).days) for mine in one for theirs in other)


Keys = Callable[[Unit], Iterable[Hashable]]
Index = Mapping[Hashable, Sequence[Unit]]


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

    def by(self, keys: Keys, there: Index | None = None) -> Index:
        """All units by each of their keys, open or not; made once for each way to say the keys.

        With an index of another pool, which must be the same whenever these keys are asked for, only by what it has.
        """
        if keys not in self._indices:
            index: dict[Hashable, list[Unit]] = {}
            for unit in self._all:
                for key in keys(unit):
                    if there is None or key in there:
                        index.setdefault(key, []).append(unit)
            self._indices[keys] = index
        return self._indices[keys]

    def open(self, units: Iterable[Unit]) -> list[Unit]:
        """Those that are open at this moment."""
        return [unit for unit in units if unit in self._open]
