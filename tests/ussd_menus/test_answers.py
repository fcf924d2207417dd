"""What people type, in any digits and any calendar, and what is refused."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ussd_menus.answers import clean, read_amount, read_day, read_digits, read_msisdn, read_national_number, read_text
from ussd_menus.calendars import jalali_parts

TODAY = date(2026, 11, 22)  # 1 Azar 1405


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (" ۱۲۳ ", "123"),
        ("٣#", "3"),
        ("\u200f۴\u200e", "4"),
        ("０１", "01"),
        ("²", "²"),
        ("1\n", "1"),
        ("a\x00b", "a b"),
        ("\ud800", ""),
    ],
)
def test_what_is_typed_is_read_as_it_was_meant(typed: str, meant: str) -> None:
    assert clean(typed) == meant


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("0499370899", True),
        ("0790419904", True),
        ("0084575948", True),
        ("۰۴۹۹۳۷۰۸۹۹", True),
        ("049-937089-9", True),
        ("0499370898", False),
        ("1111111111", False),
        ("499370899", False),
        ("04993708990", False),
        ("", False),
        ("²499370899", False),
    ],
)
def test_a_national_number_needs_its_check_digit(typed: str, *, found: bool) -> None:
    assert (read_national_number(clean(typed)) is not None) == found


@pytest.mark.parametrize(
    "typed",
    ["09120000001", "+989120000001", "00989120000001", "989120000001", "9120000001", "۰۹۱۲۰۰۰۰۰۰۱", "0912 000-0001"],
)
def test_every_way_to_write_a_mobile_number_gives_the_same(typed: str) -> None:
    assert read_msisdn(clean(typed)) == "+989120000001"


@pytest.mark.parametrize("typed", ["", "0912000000", "091200000011", "02188888888", "+449120000001", "0912x000001"])
def test_what_is_no_iranian_mobile_number_is_refused(typed: str) -> None:
    assert read_msisdn(clean(typed)) is None


@pytest.mark.parametrize(
    ("typed", "minor"),
    [
        ("500000", 500_000),
        ("۵۰۰۰۰۰", 500_000),
        ("٥٠٠٠٠٠", 500_000),
        ("５００", 500),
        ("500,000", 500_000),
        ("۵۰۰٬۰۰۰", 500_000),
        ("۵۰۰،۰۰۰", 500_000),
        ("1 250 000", 1_250_000),
        ("007", 7),
        ("5,00", None),
        ("5.000", None),
        ("0", None),
        ("00", None),
        ("-5", None),
        ("²", None),
        ("5²", None),
        ("1e5", None),
        ("", None),
        ("12345678901", None),
    ],
)
def test_an_amount_is_whole_rials_above_zero(typed: str, minor: int | None) -> None:
    assert read_amount(clean(typed), 10) == minor


@pytest.mark.parametrize(
    ("typed", "jalali", "gregorian"),
    [
        ("0825", date(2026, 11, 16), None),
        ("۸/۲۵", date(2026, 11, 16), None),
        ("1611", None, date(2026, 11, 16)),
        ("0801", date(2026, 10, 23), date(2027, 1, 8)),
        ("0112", date(2027, 4, 1), date(2026, 12, 1)),
        ("1405/08/25", date(2026, 11, 16), date(2026, 11, 16)),
        ("25/8/1405", date(2026, 11, 16), date(2026, 11, 16)),
        ("14050825", date(2026, 11, 16), date(2026, 11, 16)),
        ("2026-11-16", date(2026, 11, 16), date(2026, 11, 16)),
        ("16112026", date(2026, 11, 16), date(2026, 11, 16)),
        ("20112026", date(2026, 11, 20), date(2026, 11, 20)),
        ("1403/12/30", date(2025, 3, 20), date(2025, 3, 20)),
        ("1404/12/30", None, None),
        ("1405/13/01", None, None),
        ("30022026", None, None),
        ("0000", None, None),
        ("825", None, None),
        ("16/11/26", None, None),
        ("²", None, None),
    ],
)
def test_a_day_is_read_in_its_calendar(typed: str, jalali: date | None, gregorian: date | None) -> None:
    text = clean(typed)
    assert read_day(text, jalali=True, today=TODAY) == jalali
    assert read_day(text, jalali=False, today=TODAY) == gregorian


def test_a_day_without_a_year_needs_to_know_today() -> None:
    assert read_day("0825", jalali=True, today=None) is None


@given(st.dates(date(1950, 1, 1), date(2090, 1, 1)))
def test_a_day_in_full_is_read_back(day: date) -> None:
    year, month, number = jalali_parts(day)
    assert read_day(f"{year}/{month}/{number}", jalali=False, today=None) == day
    assert read_day(f"{day:%d%m%Y}", jalali=True, today=None) == day


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.integers(-170, 170))
def test_a_day_without_a_year_is_the_nearest_one(today: date, away: int) -> None:
    day = date.fromordinal(today.toordinal() + away)
    _, month, number = jalali_parts(day)
    if (month, number) != (12, 30):
        assert read_day(f"{month:02}{number:02}", jalali=True, today=today) == day


@given(st.text(max_size=200))
def test_no_answer_makes_a_reader_raise(text: str) -> None:
    cleaned = clean(text)
    read_national_number(cleaned)
    read_msisdn(cleaned)
    read_amount(cleaned, 10)
    read_day(cleaned, jalali=True, today=TODAY)
    read_day(cleaned, jalali=False, today=TODAY)
    digits = read_digits(cleaned, 4, 6)
    assert digits is None or (digits.isascii() and 4 <= len(digits) <= 6)
    assert read_text(cleaned, 2, 40) is None or not cleaned.isdecimal()
