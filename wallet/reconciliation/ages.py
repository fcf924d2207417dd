"""How long something has stood open, in the few steps that people look at."""

from datetime import date
from enum import StrEnum


class Bucket(StrEnum):
    """Days since it was opened."""

    TO_1 = "to_1"
    """Today or yesterday."""
    TO_3 = "to_3"
    TO_7 = "to_7"
    TO_30 = "to_30"
    OVER_30 = "over_30"


_LAST_DAYS = ((1, Bucket.TO_1), (3, Bucket.TO_3), (7, Bucket.TO_7), (30, Bucket.TO_30))


def bucket(opened_on: date, today: date) -> Bucket:
    """The step in which it is today; what is opened ahead of today counts as opened today."""
    days = (today - opened_on).days
    return next((step for last, step in _LAST_DAYS if days <= last), Bucket.OVER_30)
