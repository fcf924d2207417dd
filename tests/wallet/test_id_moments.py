"""The moment in an id: what was made when, and texts that are none of ours."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet.clock import ManualClock
from wallet.ids import moment_of, new_id, new_id_after


@given(st.integers(0, 4_000_000_000_000))
def test_an_id_tells_the_millisecond_when_it_was_made(milliseconds: int) -> None:
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC).replace(microsecond=milliseconds % 1000 * 1000)

    assert moment_of(new_id("sgn", ManualClock(moment))) == moment


@pytest.mark.parametrize(
    "text", ["", "sgn_", "Aone", "sgn_" + "8" * 26, "sgn_" + "7" * 26, "sgn_" + "U" * 26, "0" * 25]
)
def test_a_text_that_is_no_id_of_ours_tells_none(text: str) -> None:
    assert moment_of(text) is None


@given(st.text(max_size=40))
def test_no_text_is_too_strange_to_be_looked_at(text: str) -> None:
    found = moment_of(text)

    assert found is None or found.tzinfo is not None


@given(st.lists(st.integers(-5, 5), max_size=30))
def test_an_id_sorts_behind_the_one_before_it_whatever_the_clock_does(steps: list[int]) -> None:
    clock, last = ManualClock(datetime(2026, 11, 22, tzinfo=UTC)), ""
    for step in steps:
        clock.advance(timedelta(milliseconds=step))
        fresh = new_id_after(last, "rcn", clock)
        assert fresh > last
        assert moment_of(fresh) is not None
        last = fresh
