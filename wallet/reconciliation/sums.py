"""Which set of amounts makes a sum, and whether it is the only one."""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import prod

SETS_MAX = 1 << 24
"""Sets of amounts that are counted through; where there are more, hardly any sum is that of one set alone."""
_Half = dict[tuple[int, int], tuple[int, int]]
"""By sum and how many: in how many ways (two stand for more), and of one of them the kinds, a bit each."""


def only_set(amounts: Sequence[int], total: int, count: int = 0) -> frozenset[int] | None:
    """Of which amounts the one set is made that has this sum (and as many, unless `count` is 0); None: none or several.

    Equal amounts are different things: a set that takes some of them and leaves others is one of several. All amounts
    have one sign.
    """
    ways, kinds = _solved(Counter(amounts), total, count)
    return kinds if ways == 1 else None


def sets_that_make(amounts: Sequence[int], total: int, count: int = 0) -> int:
    """How many sets make this sum; 2 stands for more, and for more than anybody has counted."""
    return _solved(Counter(amounts), total, count)[0]


def _solved(have: Mapping[int, int], total: int, count: int) -> tuple[int, frozenset[int]]:
    whole, many = sum(minor * times for minor, times in have.items()), sum(have.values())
    if abs(total) > abs(whole) or (total < 0) is not (whole < 0) or count > many:
        return 0, frozenset()
    if total == whole:
        return int(count in {0, many}), frozenset(have)
    if prod(times + 1 for times in have.values()) > SETS_MAX:
        return 2, frozenset()
    kinds = sorted(have.items(), key=lambda kind: (kind[1], kind[0]))
    left, right = (_half(kinds, start, total, said=bool(count)) for start in (0, 1))
    ways = found = 0
    for (minor, taken), (some, chosen) in left.items():
        fitting = right.get((total - minor, count - taken if count else 0))
        if fitting is not None:
            ways += some * fitting[0]
            found = chosen | fitting[1]
            if ways > 1:
                return 2, frozenset()
    return ways, frozenset(minor for at, (minor, _) in enumerate(kinds) if found >> at & 1)


def _half(kinds: Sequence[tuple[int, int]], start: int, total: int, *, said: bool) -> _Half:
    """Sums of every other kind; a kind of which some are taken and others not can be taken in several ways."""
    sums: _Half = {(0, 0): (1, 0)}
    for at in range(start, len(kinds), 2):
        minor, times = kinds[at]
        grown: _Half = {}
        for (done, taken), (ways, chosen) in sums.items():
            for more in range(times + 1):
                made = done + more * minor
                if abs(made) > abs(total):
                    break
                key = (made, taken + more if said else 0)
                new = ways if more in {0, times} else 2
                old = grown.get(key)
                grown[key] = (new, chosen | (1 << at if more else 0)) if old is None else (2, old[1])
        sums = grown
    return sums
