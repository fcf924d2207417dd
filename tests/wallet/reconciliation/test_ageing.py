"""A break grows older in steps."""

from datetime import date, timedelta

import pytest

from wallet.reconciliation import Bucket, bucket

TODAY = date(2026, 3, 31)
AGES = [
    (-1, Bucket.TO_1),
    (0, Bucket.TO_1),
    (1, Bucket.TO_1),
    (2, Bucket.TO_3),
    (3, Bucket.TO_3),
    (4, Bucket.TO_7),
    (7, Bucket.TO_7),
    (8, Bucket.TO_30),
    (30, Bucket.TO_30),
    (31, Bucket.OVER_30),
    (400, Bucket.OVER_30),
]


@pytest.mark.parametrize(("age_days", "step"), AGES)
def test_a_break_of_so_many_days_has_reached_this_step(age_days: int, step: Bucket) -> None:
    assert bucket(TODAY - timedelta(days=age_days), TODAY) is step
