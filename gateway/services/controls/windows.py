"""Windows of time in which payments are summed: the business day, week and month. Pure."""

import functools
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from persiantools.jdatetime import JalaliDate


class Weekday(StrEnum):
    """The day a week begins with."""

    SATURDAY = "saturday"
    SUNDAY = "sunday"
    MONDAY = "monday"


_FIRST = {Weekday.MONDAY: 0, Weekday.SATURDAY: 5, Weekday.SUNDAY: 6}


@dataclass(frozen=True, slots=True)
class Windows:
    """The first days of the business day, week and month that a day lies in."""

    day: date
    week: date
    month: date

    @classmethod
    @functools.lru_cache(64)
    def of(cls, day: date, *, week_starts: Weekday, jalali: bool) -> "Windows":
        """The windows of a business day; months as the institution counts them."""
        week = day - timedelta(days=(day.weekday() - _FIRST[week_starts]) % 7)
        day_of_month = JalaliDate(day).day if jalali else day.day  # type: ignore[no-untyped-call]
        return cls(day, week, day - timedelta(days=day_of_month - 1))


@dataclass(frozen=True, slots=True)
class Used:
    """How many payments of which sum were counted in a window, or since a moment."""

    count: int = 0
    minor: int = 0

    def __add__(self, other: "Used") -> "Used":
        """Both together."""
        return Used(self.count + other.count, self.minor + other.minor)

    def less(self, other: "Used") -> "Used":
        """What is left when `other` is given back; never below nothing."""
        return Used(max(0, self.count - other.count), max(0, self.minor - other.minor))


@dataclass(frozen=True, slots=True)
class Standing:
    """What was counted for an account or a token, as of `windows`.

    `unverified` is what was paid without the holder having been verified, since the last time they were.
    """

    windows: Windows
    day: Used = Used()
    week: Used = Used()
    month: Used = Used()
    unverified: Used = Used()

    def at(self, windows: Windows) -> "Standing":
        """As of later windows: one that is over counts nothing. Never back: a clock that lags counts into the later."""
        return Standing(
            Windows(
                max(self.windows.day, windows.day),
                max(self.windows.week, windows.week),
                max(self.windows.month, windows.month),
            ),
            self.day if windows.day <= self.windows.day else Used(),
            self.week if windows.week <= self.windows.week else Used(),
            self.month if windows.month <= self.windows.month else Used(),
            self.unverified,
        )

    def plus(self, paid: Used, *, verified: bool) -> "Standing":
        """With a payment counted; one whose holder was verified begins the unverified ones anew."""
        unverified = Used() if verified else self.unverified + paid
        return replace(self, day=self.day + paid, week=self.week + paid, month=self.month + paid, unverified=unverified)

    def minus(self, paid: Used, windows: Windows) -> "Standing":
        """With what was counted in `windows` given back, where that window still runs.

        What was paid unverified stays counted: whether somebody else holds the phone is no less in doubt for it.
        """
        mine = self.windows
        return replace(
            self,
            day=self.day.less(paid) if windows.day == mine.day else self.day,
            week=self.week.less(paid) if windows.week == mine.week else self.week,
            month=self.month.less(paid) if windows.month == mine.month else self.month,
        )
