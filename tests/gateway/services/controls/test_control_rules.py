"""Controls as values: what may be one, how it is kept, and the windows that sums are cut by."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import BadInput
from gateway.services.controls import ANY, Control, Standing, Used, Windows, rules
from gateway.services.controls.windows import Weekday

DAYS = st.dates(date(2024, 1, 1), date(2030, 12, 31))
USED = st.builds(Used, st.integers(0, 50), st.integers(0, 10**9))
OFTEN = st.one_of(st.none(), st.integers(0, 1000))
CONTROLS = st.builds(
    Control,
    on=st.booleans(),
    channels=st.lists(st.sampled_from(["tap", "transit", "offline"]), max_size=3).map(tuple),
    merchants=st.lists(st.text(min_size=1, max_size=20), max_size=3).map(tuple),
    categories=st.lists(st.sampled_from(["5411", "5400-5499", "0000"]), max_size=3).map(tuple),
    hours=st.lists(st.sampled_from(["08:00-20:00", "22:00-06:00"]), max_size=2).map(tuple),
    programme=st.sampled_from(["", "bus"]),
    tap_minor=OFTEN,
    day_minor=OFTEN,
    month_count=OFTEN,
)


def windows(day: date) -> Windows:
    return Windows.of(day, week_starts=Weekday.SATURDAY, jalali=True)


@given(CONTROLS)
def test_a_control_comes_back_from_how_it_is_kept(control: Control) -> None:
    assert rules.check(control) == control
    assert Control.of(control.kept()) == control


def test_what_bounds_nothing_keeps_nothing() -> None:
    assert ANY.kept() == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"channels": ("post",)},
        {"merchants": ("",)},
        {"merchants": ("x" * 61,)},
        {"cities": ("Tehran",) * 101},
        {"categories": ("54",)},
        {"categories": ("5499-5400",)},
        {"categories_not": ("۵۴۱۱",)},
        {"hours": ("8-20",)},
        {"hours": ("24:00-25:00",)},
        {"programme": "x" * 61},
        {"tap_minor": -1},
        {"day_minor": True},
        {"day_count": 100_001},
        {"month_minor": 2**63},
    ],
)
def test_what_is_no_control_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(BadInput, match=next(iter(wrong)).removesuffix("_not")):
        rules.check(replace(ANY, **wrong))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("day", "starts", "months", "week", "month"),
    [
        (date(2026, 11, 22), Weekday.SATURDAY, "jalali", date(2026, 11, 21), date(2026, 11, 22)),
        (date(2026, 11, 21), Weekday.SATURDAY, "jalali", date(2026, 11, 21), date(2026, 10, 23)),
        (date(2026, 11, 22), Weekday.MONDAY, "gregorian", date(2026, 11, 16), date(2026, 11, 1)),
        (date(2026, 11, 22), Weekday.SUNDAY, "gregorian", date(2026, 11, 22), date(2026, 11, 1)),
        (date(2026, 3, 21), Weekday.SATURDAY, "jalali", date(2026, 3, 21), date(2026, 3, 21)),
        (date(2026, 1, 1), Weekday.SATURDAY, "gregorian", date(2025, 12, 27), date(2026, 1, 1)),
    ],
)
def test_weeks_and_months_begin_as_the_institution_counts_them(
    day: date, starts: Weekday, months: str, week: date, month: date
) -> None:
    assert Windows.of(day, week_starts=starts, jalali=months == "jalali") == Windows(day, week, month)


@given(DAYS, st.integers(0, 40))
def test_windows_never_go_back(day: date, later: int) -> None:
    then = windows(day + timedelta(later))
    now = windows(day)
    assert (now.day <= then.day, now.week <= then.week, now.month <= then.month) == (True, True, True)
    assert then.week <= then.day
    assert then.month <= then.day


@given(DAYS, st.lists(st.tuples(st.integers(0, 40), st.integers(1, 1000), st.booleans()), max_size=30))
def test_what_is_counted_is_the_sum_of_what_was_paid_in_each_window(
    first: date, paid: list[tuple[int, int, bool]]
) -> None:
    days = [(first + timedelta(after), minor, verified) for after, minor, verified in sorted(paid)]
    standing = Standing(windows(first))
    for day, minor, verified in days:
        standing = standing.at(windows(day)).plus(Used(1, minor), verified=verified)
    last = standing.windows
    for used, of in ((standing.day, "day"), (standing.week, "week"), (standing.month, "month")):
        mine = [minor for day, minor, _ in days if getattr(windows(day), of) == getattr(last, of)]
        assert used == Used(len(mine), sum(mine)), of
    place = next((n for n, one in enumerate(reversed(days)) if one[2]), len(days))
    since = [minor for _, minor, _ in days[len(days) - place :]]
    assert standing.unverified == Used(len(since), sum(since))


@given(DAYS, USED, USED)
def test_giving_back_what_was_counted_leaves_what_was_there(day: date, before: Used, paid: Used) -> None:
    back = Standing(windows(day), before, before, before).plus(paid, verified=False).minus(paid, windows(day))
    assert back.unverified == paid
    assert (back.day, back.week, back.month) == (before, before, before)


@given(DAYS, USED, USED)
def test_what_was_counted_in_a_window_that_is_over_gives_nothing_back_to_the_next(
    day: date, counted: Used, paid: Used
) -> None:
    standing = Standing(windows(day)).plus(counted, verified=True)
    later = standing.at(windows(day + timedelta(40)))
    assert later.minus(paid, windows(day)) == later
    assert (later.day, later.week, later.month) == (Used(), Used(), Used())


@given(DAYS, USED)
def test_a_clock_that_lags_counts_into_the_later_windows(day: date, counted: Used) -> None:
    standing = Standing(windows(day)).plus(counted, verified=True)
    assert standing.at(windows(day - timedelta(1))) == standing
