"""Pace and backoff, over a time that the test counts."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.peers.smsc.pace import PAUSE_S, RATE_MIN, Backoff, Pace
from gateway.peers.smsc.profile import Address
from gateway.peers.smsc.submits import validity


def sends(pace: Pace, now: float) -> float:
    """Wait for the next turn and take it; the moment it was taken."""
    while (wait_s := pace.wait(now)) > 0:
        now += wait_s
    pace.take()
    return now


def test_turns_are_spread_over_the_second() -> None:
    pace, now, moments = Pace(10), 100.0, list[float]()
    for _ in range(4):
        now = sends(pace, now)
        moments.append(round(now, 4))
    assert moments == [100.0, 100.1, 100.2, 100.3]
    assert pace.wait(200.0) == 0.0


def test_a_fast_link_sends_a_little_at_once_and_no_more_than_its_rate() -> None:
    pace, now, moments = Pace(1000), 100.0, list[float]()
    for _ in range(1050):
        now = sends(pace, now)
        moments.append(now)
    assert moments[49] == 100.0
    assert 100.99 < moments[-1] < 101.01


def test_throttling_pauses_and_halves_the_rate_once_for_a_burst() -> None:
    pace = Pace(100)
    for _ in range(5):
        pace.throttled(100.0)
    assert (pace.rate, pace.wait(100.0), pace.paused(100.0)) == (50, PAUSE_S, True)
    assert not pace.paused(101.0)


def test_throttling_never_makes_a_slow_link_faster_than_its_contract() -> None:
    pace = Pace(0.5)
    pace.throttled(0.0)
    assert pace.rate == 0.5


def test_the_rate_comes_back_slowly_and_never_above_its_limit() -> None:
    pace = Pace(100)
    pace.throttled(0.0)
    for _ in range(50):
        pace.accepted()
    assert 50.9 < pace.rate < 51
    for _ in range(10_000):
        pace.accepted()
    assert pace.rate == 100


@given(st.lists(st.tuples(st.sampled_from("tao"), st.floats(0, 3)), max_size=60))
def test_the_rate_stays_within_its_bounds(steps: list[tuple[str, float]]) -> None:
    pace, now, sent = Pace(20), 0.0, list[float]()
    for step, pause in steps:
        now += pause
        match step:
            case "t":
                pace.throttled(now)
            case "a":
                pace.accepted()
            case _:
                now = sends(pace, now)
                sent.append(now)
        assert RATE_MIN <= pace.rate <= 20
    assert all(later - earlier > 1 / 20 - 1e-6 for earlier, later in pairwise(sent))


def test_waits_double_up_to_the_longest_and_start_anew_after_a_success() -> None:
    backoff = Backoff(1, 60, jitter=lambda: 0.0)
    assert [backoff.next() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert backoff.refused() == 60
    backoff.reset()
    assert backoff.next() == 1


@given(st.floats(0, 0.999), st.integers(0, 5000))
def test_jitter_never_leaves_the_bounds(jitter: float, tries: int) -> None:
    backoff = Backoff(1, 60, jitter=lambda: jitter, tries=tries)
    assert 1 <= backoff.next() <= 60


@pytest.mark.parametrize(
    ("address", "ton", "npi", "digits"),
    [
        ("+989120000001", 1, 1, "989120000001"),
        ("1420", 3, 0, "1420"),
        ("TAPDIAL", 5, 0, "TAPDIAL"),
        ("9820001420", 0, 1, "9820001420"),
    ],
)
def test_addresses_have_their_type_and_plan(address: str, ton: int, npi: int, digits: str) -> None:
    assert Address.of(address) == Address(ton, npi, digits)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (900, "000000001500000R"),
        (-5, "000000000100000R"),
        (86_400 + 3661, "000001010101000R"),
        (90 * 86_400, "000028000000000R"),
    ],
)
def test_validity_is_relative_and_bounded(seconds: int, text: str) -> None:
    assert validity(seconds) == text
    assert len(text) == 16
