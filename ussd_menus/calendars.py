"""The Jalali calendar behind two typed functions."""

from datetime import date
from functools import lru_cache

from persiantools.jdatetime import JalaliDate


@lru_cache(maxsize=1024)
def jalali_parts(day: date) -> tuple[int, int, int]:
    """Year, month and day of the Solar Hijri calendar."""
    found = JalaliDate(day)  # type: ignore[no-untyped-call]
    return found.year, found.month, found.day


def from_jalali(year: int, month: int, day: int) -> date:
    """The Gregorian day.

    Raises:
        ValueError: No such day.
    """
    found: date = JalaliDate(year, month, day).to_gregorian()  # type: ignore[no-untyped-call]
    return found
