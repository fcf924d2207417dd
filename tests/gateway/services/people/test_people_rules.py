"""National numbers, trivial PINs, masked names."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.services.msisdn import normal_msisdn
from gateway.services.people.rules import is_email, is_national_number, is_pin, is_trivial, masked
from gateway.services.shortnumber import ascii_digits, check_digit, is_short_number, new_digits

DIGITS = st.text(alphabet=string.digits, min_size=1, max_size=20)
FREE_PIN = "4927"


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("0012345679", True),
        ("0567890147", True),
        ("0012345678", False),
        ("0021345679", False),
        ("1111111111", False),
        ("012345679", False),
        ("00123456790", False),
        ("001234567a", False),
        ("۰۰۱۲۳۴۵۶۷۹", False),
        ("", False),
    ],
)
def test_a_national_number_has_ten_digits_and_the_right_last_one(text: str, *, valid: bool) -> None:
    assert is_national_number(text) is valid


@given(st.integers(0, 999_999_999), st.integers(0, 8), st.integers(1, 9))
def test_one_wrong_digit_makes_a_national_number_invalid(body: int, place: int, step: int) -> None:
    digits = f"{body:09d}"
    valid = [number for last in range(10) if is_national_number(number := f"{digits}{last}")]

    assert len(valid) <= 1
    for number in valid:
        wrong = number[:place] + str((int(number[place]) + step) % 10) + number[place + 1 :]
        # Rests 1 and 10 share the check digit 1: the only slip that this old check digit cannot see.
        assert not is_national_number(wrong) or {_rest(number), _rest(wrong)} == {1, 10}


def _rest(number: str) -> int:
    return sum(int(digit) * weight for digit, weight in zip(number, range(10, 1, -1), strict=False)) % 11


@pytest.mark.parametrize(
    ("pin", "why"),
    [
        ("0000", "repeat"), ("7777", "repeat"), ("1234", "up"), ("6789", "up"), ("7890", "up"), ("4321", "down"),
        ("9876", "down"), ("0987", "down"), ("1212", "pair twice"), ("9090", "pair twice"), ("1122", "pairs"),
        ("1357", "year"), ("1405", "year"), ("1985", "year"), ("2026", "year"), ("2580", "keypad"),
        ("4823", "end of the phone"), ("0067", "beginning of the national number"), ("9015", "its end"),
    ],
)  # fmt: skip
def test_what_a_thief_tries_first_is_trivial(pin: str, why: str) -> None:
    assert is_trivial(pin, "+989120004823", "0067899015"), why


def test_an_ordinary_pin_is_not_trivial() -> None:
    assert not is_trivial(FREE_PIN, "+989120000001", "0012345679")


def test_most_pins_remain() -> None:
    left = [pin for number in range(10_000) if not is_trivial(pin := f"{number:04d}", "+989120000001", "0012345679")]

    assert len(left) > 9_000


@pytest.mark.parametrize(("text", "form"), [("4927", True), ("492", False), ("49270", False), ("49a7", False)])
def test_a_pin_has_four_digits(text: str, *, form: bool) -> None:
    assert is_pin(text) is form


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Maryam Ahmadi", "M***m A***i"),
        ("Al Bo", "A*** B***"),
        ("X", "X***"),
        ("مریم احمدی", "م***م ا***ی"),
        ("", ""),
    ],
)
def test_a_masked_name_shows_first_and_last_letters(name: str, shown: str) -> None:
    assert masked(name) == shown


@given(st.lists(st.text(alphabet=string.ascii_letters, min_size=3, max_size=12), min_size=1, max_size=4))
def test_a_masked_name_never_says_how_long_a_word_is(words: list[str]) -> None:
    assert all(len(word) == 5 for word in masked(" ".join(words)).split())


@given(DIGITS)
def test_digits_of_any_script_become_ascii(digits: str) -> None:
    persian = digits.translate({48 + value: 0x6F0 + value for value in range(10)})

    assert ascii_digits(f" {persian} ") == digits


@given(DIGITS, st.data())
def test_a_slip_in_a_short_number_is_noticed(digits: str, data: st.DataObject) -> None:
    number = digits + check_digit(digits)
    place = data.draw(st.integers(0, len(number) - 1))
    wrong_digit = data.draw(st.sampled_from(string.digits.replace(number[place], "")))
    swapped = number[:-2] + number[-1] + number[-2]

    assert is_short_number(number)
    assert not is_short_number(number[:place] + wrong_digit + number[place + 1 :])
    assert swapped == number or not is_short_number(swapped)


def test_new_digits_end_in_their_check_digit() -> None:
    assert all(is_short_number(new_digits(8)) for _ in range(100))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("09120000001", "+989120000001"),
        ("+98 912 000 0001", "+989120000001"),
        ("00989120000001", "+989120000001"),
        ("۰۹۱۲۰۰۰۰۰۰۱", "+989120000001"),
        ("02188991122", None),
        ("0912", None),
        ("*1420#", None),
        ("9" * 300, None),
        ("", None),
    ],
)
def test_a_number_is_understood_however_it_is_typed(typed: str, kept: str | None) -> None:
    assert normal_msisdn(typed) == kept


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("m@example.com", True),
        ("maryam.ahmadi+tapdial@mail.example.org", True),
        ("m@example", False),
        ("m at example.com", False),
        ("m@example.com\nBcc: all@example.com", False),
        ("مریم@example.com", False),
        ("m@" + "a" * 63 + ".example" * 30, False),
        ("", False),
    ],
)
def test_an_address_is_one_that_every_relay_takes(text: str, right: bool) -> None:  # noqa: FBT001 - a column of the table
    assert is_email(text) is right
