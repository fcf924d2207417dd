"""Stretches of business days as people choose them: first and last day, or one press for a usual one."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from persiantools.jdatetime import JalaliDate
from pydantic import BeforeValidator

from gateway.channels.console.forms import Form
from gateway.channels.console.visit import Visit
from gateway.errors import BadInput

DAYS_USUAL = 30
DAYS_MAX = 3 * 366
YEARS = (2000, 2100)


def _day(value: object) -> object:
    if not isinstance(value, str) or not value:
        return None
    day = date.fromisoformat(value)
    if not YEARS[0] <= day.year <= YEARS[1]:
        raise ValueError("a year of no book here")
    return day


OptionalDay = Annotated[date | None, BeforeValidator(_day)]
"""A day as `<input type=date>` sends it; None for ''."""


class Days(Form):
    """The first day and the last, both included; the last thirty days if nothing is said."""

    first: OptionalDay = None
    last: OptionalDay = None


@dataclass(frozen=True, slots=True)
class Span:
    """Days from the first to the last, both included."""

    first: date
    last: date

    @property
    def query(self) -> str:
        """As the address has it."""
        return f"first={self.first.isoformat()}&last={self.last.isoformat()}"


@dataclass(frozen=True, slots=True)
class Usual:
    """A stretch that is one press away; `name` is the end of its words' key."""

    name: str
    span: Span


def today(visit: Visit) -> date:
    """The business day that it is."""
    return visit.deps.clock.now().astimezone(visit.words.zone).date()


def chosen(visit: Visit, first: date | None, last: date | None) -> Span:
    """The days that were asked for.

    Raises:
        BadInput: The last lies before the first, or too far from it.
    """
    end = last or max(today(visit), first or date.min)
    begin = first or end - timedelta(days=DAYS_USUAL - 1)
    if not begin <= end <= begin + timedelta(days=DAYS_MAX):
        raise BadInput("query: first, last")
    return Span(begin, end)


def usual(visit: Visit) -> list[Usual]:
    """Stretches that are asked for day by day; months and years are those of the reader's calendar."""
    now = today(visit)
    month, year = (_jalali if visit.words.language == "fa" else _gregorian)(now)
    before = month - timedelta(days=1)
    earlier, _ = (_jalali if visit.words.language == "fa" else _gregorian)(before)
    return [
        Usual("today", Span(now, now)),
        Usual("yesterday", Span(now - timedelta(days=1), now - timedelta(days=1))),
        Usual("month", Span(month, now)),
        Usual("month_before", Span(earlier, before)),
        Usual("year", Span(year, now)),
    ]


def _gregorian(day: date) -> tuple[date, date]:
    """The first days of its month and of its year."""
    return day.replace(day=1), day.replace(month=1, day=1)


def _jalali(day: date) -> tuple[date, date]:
    own = JalaliDate(day)  # type: ignore[no-untyped-call]
    return (
        JalaliDate(own.year, own.month, 1).to_gregorian(),  # type: ignore[no-untyped-call]
        JalaliDate(own.year, 1, 1).to_gregorian(),  # type: ignore[no-untyped-call]
    )
