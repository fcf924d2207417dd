"""Which days may be claimed, and what they are worth."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.services.benefits import ClaimOutcome
from gateway.services.benefits.rules import DayLimits, benefit, days_of, refusal
from wallet.money import irr

TODAY = date(2026, 11, 22)
LIMITS = DayLimits(days_max=60, late_max=60, ahead_max=14)


@pytest.mark.parametrize(
    ("first", "last", "outcome"),
    [
        (0, 0, None),
        (-10, -4, None),
        (-10, 14, None),
        (-60, -1, None),
        (-45, 14, None),
        (0, -1, ClaimOutcome.ORDER),
        (-60, 0, ClaimOutcome.TOO_LONG),
        (-61, -30, ClaimOutcome.TOO_LATE),
        (1, 2, ClaimOutcome.IN_FUTURE),
        (-10, 15, ClaimOutcome.IN_FUTURE),
        (10, -70, ClaimOutcome.ORDER),
        (-100, 0, ClaimOutcome.TOO_LONG),
    ],
)
def test_days_from_today_that_may_be_claimed(first: int, last: int, outcome: ClaimOutcome | None) -> None:
    assert refusal(TODAY + timedelta(days=first), TODAY + timedelta(days=last), TODAY, LIMITS) is outcome


@given(st.integers(-200, 200), st.integers(-200, 200))
def test_what_may_be_claimed_is_within_every_limit(first: int, last: int) -> None:
    first_day, last_day = TODAY + timedelta(days=first), TODAY + timedelta(days=last)

    allowed = refusal(first_day, last_day, TODAY, LIMITS) is None

    assert allowed == (first <= last <= 14 and -60 <= first <= 0 and last - first < 60)


@given(st.integers(1, 60))
def test_a_benefit_is_days_times_the_daily_rate(count: int) -> None:
    assert benefit(days_of(TODAY, TODAY + timedelta(days=count - 1)), irr(4_500_000)) == irr(count * 4_500_000)
