"""How long a difference has been open, in the steps that reports show."""

from datetime import date
from enum import StrEnum


class Bucket(StrEnum):
    """Days since a break was opened, both ends within."""

    TO_1 = "to_1"
    TO_3 = "to_3"
    TO_7 = "to_7"
    TO_30 = "to_30"
    OVER_30 = "over_30"


_LAST_DAYS = ((1, Bucket.TO_1), (3, Bucket.TO_3), (7, Bucket.TO_7), (30, Bucket.TO_30))


def bucket(opened_on: date, today: date) -> Bucket:
    """The step that a break of that day has reached; one of a later day than today is as new as can be."""
    age_days = (today - opened_on).days
    return next((step for last, step in _LAST_DAYS if age_days <= last), Bucket.OVER_30)
