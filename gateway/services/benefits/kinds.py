"""The kinds of benefit, as data: what is asked, who has to confirm it, which tables decide, which budget pays.

A new kind is a line here, two tables in services/decisions/shipped, and its name in the texts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class AttesterSort(StrEnum):
    """Who confirms a claim."""

    EMPLOYER = "employer"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of benefit.

    Attributes:
        name: Also the owner of the expense account and the beginning of its tables' names.
        prefix: Of its claims' numbers.
        asks_days: A first and a last day are asked, else the day of the event.
        attester: Whose word is needed; None for nobody's.
        days_max, late_max, ahead_max: How long, how late and how far ahead it may be claimed at all; None for the
            setting. What is within is for the table to judge.
    """

    name: str
    prefix: str
    asks_days: bool
    attester: AttesterSort | None
    days_max: int | None = None
    late_max: int | None = None
    ahead_max: int | None = None

    @property
    def eligible_table(self) -> str:
        """The table that says who has it."""
        return f"{self.name}_eligible"

    @property
    def amount_table(self) -> str:
        """The table that says how much it is."""
        return f"{self.name}_amount"


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("sickness", "S-", asks_days=True, attester=None),
        Kind(
            "maternity", "M-", asks_days=True, attester=AttesterSort.EMPLOYER, days_max=300, late_max=366, ahead_max=300
        ),
        Kind("funeral", "F-", asks_days=False, attester=AttesterSort.PROVIDER, days_max=1, late_max=732, ahead_max=0),
        Kind("marriage", "W-", asks_days=False, attester=AttesterSort.EMPLOYER, days_max=1, late_max=732, ahead_max=0),
        Kind("accident", "A-", asks_days=False, attester=AttesterSort.EMPLOYER, days_max=1, late_max=366, ahead_max=0),
    )
}
PREFIXES = frozenset(kind.prefix for kind in KINDS.values())
