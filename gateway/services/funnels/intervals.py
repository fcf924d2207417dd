"""How sure a difference of two shares is: Wilson's interval for one, Newcombe's for the difference of two.

R. G. Newcombe, Interval estimation for the difference between independent proportions, Statistics in Medicine 17
(1998) 873-890: method 10, the hybrid of two Wilson score intervals without continuity correction.
"""

from math import sqrt

Z_95 = 1.959963984540054
"""The standard normal quantile that leaves 2.5 % on either side."""


def wilson(hits: int, tries: int, z: float = Z_95) -> tuple[float, float]:
    """The interval for the share `hits / tries`, within 0 to 1; all of it where nothing was tried."""
    assert 0 <= hits <= tries, "hits are among the tries"
    if not tries:
        return 0.0, 1.0
    share, square = hits / tries, z * z
    middle = 2 * hits + square
    reach = z * sqrt(square + 4 * hits * (1 - share))
    below, above = (middle - reach) / (2 * (tries + square)), (middle + reach) / (2 * (tries + square))
    # The ends of a share of nothing or all are exact; rounding would take them past it.
    return (0.0 if hits == 0 else below), (1.0 if hits == tries else above)


def newcombe(hits: int, tries: int, other_hits: int, other_tries: int, z: float = Z_95) -> tuple[float, float, float]:
    """Difference of the shares `hits / tries - other_hits / other_tries`, and the ends of its interval."""
    share = hits / tries if tries else 0.0
    other = other_hits / other_tries if other_tries else 0.0
    below, above = wilson(hits, tries, z)
    other_below, other_above = wilson(other_hits, other_tries, z)
    if not tries or not other_tries:
        return share - other, -1.0, 1.0
    difference = share - other
    down = sqrt((share - below) ** 2 + (other_above - other) ** 2)
    up = sqrt((above - share) ** 2 + (other - other_below) ** 2)
    return difference, max(-1.0, difference - down), min(1.0, difference + up)
