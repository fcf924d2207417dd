"""Which days may be claimed, and what they are worth: pure."""

from dataclasses import dataclass
from datetime import date, timedelta

from gateway.services.benefits.model import ClaimOutcome
from wallet.money import Money


@dataclass(frozen=True, slots=True)
class DayLimits:
    """How long, how late and how far ahead a claim may be, in days."""

    days_max: int
    late_max: int
    ahead_max: int


def days_of(first_day: date, last_day: date) -> int:
    """How many days a claim covers, both ends included."""
    return (last_day - first_day).days + 1


def refusal(first_day: date, last_day: date, today: date, limits: DayLimits) -> ClaimOutcome | None:
    """Why these days may not be claimed today, or None; overlaps are for the table of days to find."""
    if last_day < first_day:
        return ClaimOutcome.ORDER
    if days_of(first_day, last_day) > limits.days_max:
        return ClaimOutcome.TOO_LONG
    if first_day < today - timedelta(days=limits.late_max):
        return ClaimOutcome.TOO_LATE
    if first_day > today or last_day > today + timedelta(days=limits.ahead_max):
        return ClaimOutcome.IN_FUTURE
    return None


def benefit(days: int, daily: Money) -> Money:
    """What so many days are worth."""
    return Money(days * daily.minor, daily.asset)
