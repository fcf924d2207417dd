"""Which set of amounts makes a sum, and whether it is the only one."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import prod

SETS_MAX = 1 << 24
"""Sets of amounts that are counted through; where there are more, hardly any sum is that of one set alone."""


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
    # Where the count is said, a sum and how many it has are one number.
    scale, one = (many + 1, 1) if count else (1, 0)
    kinds = sorted(have.items(), key=lambda kind: (kind[1], kind[0]))
    left, right = (_sums([(minor * scale + one, times) for minor, times in kinds[half::2]]) for half in (0, 1))
    wanted, there = total * scale + count, set(right)
    found = [at for at, made in enumerate(left) if wanted - made in there]
    if len(found) != 1:
        return min(len(found), 2), frozenset()
    (here,) = found
    rest = wanted - left[here]
    if right.count(rest) > 1:
        return 2, frozenset()
    taken = [*_taken(here, kinds[::2]), *_taken(right.index(rest), kinds[1::2])]
    # What is taken of some that are equal can be taken in several ways.
    if any(0 < some < times for _, times, some in taken):
        return 2, frozenset()
    return 1, frozenset(minor for minor, _, some in taken if some)


def _sums(kinds: Sequence[tuple[int, int]]) -> list[int]:
    """Of every set; its place says how many of each kind are in it, see `_taken`."""
    sums = [0]
    for minor, times in kinds:
        sums = [made + some * minor for some in range(times + 1) for made in sums]
    return sums


def _taken(place: int, kinds: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
    """How many of each kind are in the set at a place of `_sums`."""
    for minor, times in kinds:
        place, some = divmod(place, times + 1)
        yield minor, times, some
