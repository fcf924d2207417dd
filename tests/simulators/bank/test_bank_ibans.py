"""Check digits of IBANs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.bank import iban
from tests.simulators.bank.pain import OPEN

IBANS = [
    ("GB82WEST12345698765432", True),
    ("GB82WEST12345698765433", False),
    ("DE89370400440532013000", True),
    ("IR00" + "0" * 22, False),
    (OPEN, True),
    (OPEN[:-1], False),
    (OPEN.lower(), False),
    ("", False),
]


@pytest.mark.parametrize(("text", "valid"), IBANS)
def test_an_iban_has_its_form_and_its_check_digits(text: str, *, valid: bool) -> None:
    assert iban.is_valid(text) is valid


@given(st.integers(0, 10**18 - 1), st.integers(0, 9), st.integers(6, 25))
def test_no_iban_survives_a_digit_that_is_another(account: int, digit: int, place: int) -> None:
    made = iban.of_account(account)
    changed = f"{made[:place]}{digit}{made[place + 1 :]}"

    assert iban.is_valid(made)
    assert iban.is_valid(changed) is (changed == made)
