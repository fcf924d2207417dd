"""When cycles cut."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import SettingsFault
from gateway.services.clearing.calendar import read_calendar

TEHRAN, PARIS = ZoneInfo("Asia/Tehran"), ZoneInfo("Europe/Paris")


def test_a_taking_after_midnight_of_the_house_belongs_to_the_new_day_whatever_utc_says() -> None:
    calendar = read_calendar(TEHRAN)
    assert calendar.business_on(datetime(2026, 11, 27, 20, 29, 59, tzinfo=UTC)) == date(2026, 11, 27)
    assert calendar.business_on(datetime(2026, 11, 27, 20, 30, tzinfo=UTC)) == date(2026, 11, 28)


def test_the_shipped_day_has_three_cycles_and_its_end() -> None:
    calendar = read_calendar(TEHRAN)
    begins = calendar.midnight(date(2026, 11, 27))
    cuts = list(calendar.due(begins, begins + timedelta(days=1)))
    assert [(cut.business_on.day, cut.number, cut.at.astimezone(TEHRAN).hour) for cut in cuts] == [
        (27, 1, 10), (27, 2, 14), (27, 3, 19), (27, 4, 0),
    ]  # fmt: skip


@given(st.integers(0, 2 * 365 * 86_400), st.integers(0, 20_000), st.sampled_from([0, 1]))
def test_cuts_between_two_moments_are_those_of_each_step_between_them(begin: int, minutes: int, zone: int) -> None:
    calendar = read_calendar((TEHRAN, PARIS)[zone])
    since = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=begin)
    middle, until = since + timedelta(minutes=minutes // 3), since + timedelta(minutes=minutes)
    whole = list(calendar.due(since, until))
    assert whole == [*calendar.due(since, middle), *calendar.due(middle, until)]
    assert len({(cut.business_on, cut.number) for cut in whole}) == len(whole)
    assert whole == sorted(whole, key=lambda cut: cut.at)
    assert calendar.latest(until).at <= until


@pytest.mark.parametrize(
    "content",
    [
        "", "cuts = []", 'cuts = ["10:00"]', 'cuts = ["14:00", "10:00", "24:00"]', 'cuts = ["10:00", "10:00", "24:00"]',
        'cuts = ["00:00", "24:00"]', 'cuts = ["25:00", "24:00"]', 'cuts = [10, "24:00"]', 'cuts = ["24:00"]\nmore = 1',
        'cuts = "24:00"', "#" * 10_001,
    ],
)  # fmt: skip
def test_a_day_without_an_end_or_out_of_order_is_refused_at_load(tmp_path: Path, content: str) -> None:
    file = tmp_path / "cycles.toml"
    file.write_text(content)
    with pytest.raises(SettingsFault, match=r"cycles\.toml"):
        read_calendar(TEHRAN, str(file))
