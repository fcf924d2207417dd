"""Pure rules of tokens: numbers, expiry, the window of counters."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.services.tokens import rules
from gateway.services.tokens.rules import AtcWindow
from gateway.wire.emv import luhn_digit


@given(atcs=st.lists(st.integers(0, 65_535) | st.integers(1, 200), max_size=60))
def test_the_window_accepts_exactly_what_is_new_near_and_not_too_old(atcs: list[int]) -> None:
    window, seen, high = AtcWindow(0, 0), set[int](), 0
    for atc in atcs:
        moved = AtcWindow.stored(window.high, window.seen_signed).advanced(atc)
        good = atc not in seen and high - rules.ATC_WINDOW < atc <= high + rules.ATC_WINDOW
        assert (moved is not None) == good
        if moved is not None:
            window, high = moved, max(high, atc)
            seen.add(atc)
        assert window.high == high
        assert -(2**63) <= window.seen_signed < 2**63


@pytest.mark.parametrize(
    ("high", "atc", "accepted"), [(0, 64, True), (0, 65, False), (100, 37, True), (100, 36, False), (100, 100, False)]
)
def test_the_window_ends_where_it_says(high: int, atc: int, accepted: bool) -> None:  # noqa: FBT001
    assert (AtcWindow(high, 1).advanced(atc) is not None) is accepted


@given(serial=st.integers(0, rules.SERIALS - 1))
def test_a_token_pan_has_sixteen_digits_our_bin_and_a_check_digit(serial: int) -> None:
    pan = rules.token_pan(serial)
    assert len(pan) == 16
    assert pan.startswith("581420")
    assert luhn_digit(pan[:-1]) == pan[-1]


@pytest.mark.parametrize(
    ("made_at", "expiry", "last"),
    [
        (datetime(2026, 11, 22, tzinfo=UTC), "2911", datetime(2029, 11, 30, 23, 59, tzinfo=UTC)),
        (datetime(2025, 2, 1, tzinfo=UTC), "2802", datetime(2028, 2, 29, 23, 59, tzinfo=UTC)),
        (datetime(2026, 12, 31, tzinfo=UTC), "2912", datetime(2029, 12, 31, 23, 59, tzinfo=UTC)),
    ],
)
def test_a_token_is_valid_to_the_end_of_its_month(made_at: datetime, expiry: str, last: datetime) -> None:
    assert rules.expiry_of(made_at) == expiry
    assert not rules.is_expired(expiry, last)
    assert rules.is_expired(expiry, last + timedelta(minutes=1))


@pytest.mark.parametrize("text", ["1234567", "123456789", "1234567a", "١٢٣٤٥٦٧٨", "", "12345678\n"])
def test_an_activation_code_is_eight_ascii_digits(text: str) -> None:
    assert not rules.is_activation_code(text)
