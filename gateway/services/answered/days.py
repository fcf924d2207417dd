"""Which day a terminal means by DE13."""

from datetime import date


def nearest_day(month_day: str, today: date) -> date | None:
    """The day MMDD that lies nearest to `today`, across the turn of a year; None for 0229 where there is none."""
    month, day = int(month_day[:2]), int(month_day[2:])
    near: list[date] = []
    for year in (today.year - 1, today.year, today.year + 1):
        try:
            near.append(date(year, month, day))
        except ValueError:
            continue
    return min(near, key=lambda one: abs(one - today)) if near else None
