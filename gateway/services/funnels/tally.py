"""Sessions to counts and counts to figures: pure."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from math import ceil
from zoneinfo import ZoneInfo

from gateway.services.funnels.model import Delay, Ending, Group, ScreenSeen, Seen, What

UNIT_S = 20
OPERATOR_MAX = 20
BOUNDS_MS = (
    1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1_000, 1_500, 2_000, 3_000, 5_000, 7_000,
    10_000, 20_000, 60_000,
)  # fmt: skip
"""A hop is counted under the first bound that it kept to; longer ones under the last."""

Key = tuple[Group, What, str]


def tally(sessions: Iterable[Seen], zone: ZoneInfo) -> Counter[Key]:
    """What these sessions add to the counts; the day is that of the beginning in `zone`."""
    counts: Counter[Key] = Counter()
    for seen in sessions:
        day = seen.started_at.astimezone(zone).date()
        group = Group(day, seen.version, seen.wire, seen.operator[:OPERATOR_MAX], seen.language)
        counts[group, What.ENDING, seen.ending.value] += 1
        counts[group, What.HOPS, ""] += seen.hops
        counts[group, What.UNITS, ""] += max(1, ceil(seen.seconds / UNIT_S))
        for shown in seen.shown:
            counts[group, What.TOOK, str(bound_of(shown.took_ms))] += 1
        for screen in {shown.screen for shown in seen.shown if shown.screen}:
            counts[group, What.ENTERED, screen] += 1
        last = seen.shown[-1].screen if seen.shown else ""
        if last and seen.ending not in {Ending.COMPLETED, Ending.RESUMED}:
            counts[group, What.LEFT_AT, last] += 1
            if seen.ending is Ending.CUT:
                counts[group, What.CUT_AT, last] += 1
    return counts


def bound_of(took_ms: int) -> int:
    """The first bound that so many milliseconds kept to."""
    return BOUNDS_MS[min(bisect_left(BOUNDS_MS, took_ms), len(BOUNDS_MS) - 1)]


def delay_of(wire: str, by_bound: Mapping[int, int]) -> Delay:
    """The percentiles of a wire, by nearest rank, as bounds."""
    return Delay(
        wire, sum(by_bound.values()), percentile(by_bound, 50), percentile(by_bound, 95), percentile(by_bound, 99)
    )


def percentile(by_bound: Mapping[int, int], percent: int) -> int:
    """The bound that `percent` of the hops kept to; 0 without any."""
    wanted, seen = sum(by_bound.values()) * percent, 0
    for bound in sorted(by_bound):
        seen += by_bound[bound]
        if wanted and seen * 100 >= wanted:
            return bound
    return 0


def screens_of(counts: Mapping[tuple[str, str], int]) -> list[ScreenSeen]:
    """The screens of a funnel from counts by (what, screen), those first that most people saw."""
    names = {name for what, name in counts if what == What.ENTERED}
    rows = [
        ScreenSeen(
            name,
            counts.get((What.ENTERED, name), 0),
            counts.get((What.LEFT_AT, name), 0),
            counts.get((What.CUT_AT, name), 0),
        )
        for name in names
    ]
    return sorted(rows, key=lambda row: (-row.entered, row.screen))
