"""How often each thing happens to payments and their orders, per level of noise."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

_MOST = {"whole": 0.2, "rest": 0.2, "parts": 0.2, "returned": 0.06}


@dataclass(frozen=True)
class Rates:
    """Shares: down to `repeated` of payments with a line of their own, then of lines, and from `whole` on of orders.

    Attributes:
        unnamed: Of bookings of many: the order's name is not in its field.
        uncounted: Of bookings of many: they do not say how many.
    """

    no_bank: float = 0.004
    no_ledger: float = 0.002
    no_rail: float = 0.002
    ledger_alone: float = 0.001
    too_late: float = 0.004
    amount_swapped: float = 0.002
    rail_differs: float = 0.001
    partial: float = 0.001
    two_parts: float = 0.001
    duplicate: float = 0.003
    undone: float = 0.001
    returned: float = 0.02
    repeated: float = 0.003
    damaged: float = 0.04
    no_account: float = 0.2
    late: float = 0.15
    whole: float = 0.09
    rest: float = 0.05
    parts: float = 0.05
    unnamed: float = 0.2
    uncounted: float = 0.3
    charge: float = 0.2
    unknown: float = 0.08

    def scaled(self, by: float) -> "Rates":
        """So many times as often, at most every other time; bookings of many together at most six orders of ten."""
        return Rates(**{
            one.name: min(getattr(self, one.name) * by, _MOST.get(one.name, 0.5)) for one in fields(self)
        })  # fmt: skip


REAL = Rates()
LEVELS: Mapping[str, Rates] = {"none": REAL.scaled(0), "low": REAL.scaled(0.25), "real": REAL, "heavy": REAL.scaled(4)}
