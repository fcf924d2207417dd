"""IBANs are read as people write them, and nothing that is none passes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.services.iban import masked_iban, normal_iban
from ussd_menus.answers import read_iban

READ = [
    ("IR062960000000100324200001", "IR062960000000100324200001"),
    ("ir06 2960 0000 0010 0324 2000 01", "IR062960000000100324200001"),
    ("062960000000100324200001", "IR062960000000100324200001"),
    ("IBAN: IR06-2960-0000-0010-0324-2000-01".replace(":", ""), "IR062960000000100324200001"),
    ("۰۶۲۹۶۰۰۰۰۰۰۰۱۰۰۳۲۴۲۰۰۰۰۱", "IR062960000000100324200001"),
    ("\u200eIR٠٦2960000000100324200001\u200f", "IR062960000000100324200001"),
    ("DE89370400440532013000", "DE89370400440532013000"),
    ("GB29 NWBK 6016 1331 9268 19", "GB29NWBK60161331926819"),
    ("NO9386011117947", "NO9386011117947"),
]
NONE = [
    "", " ", "IR", "IR072960000000100324200001", "IR06296000000010032420000", "IR0629600000001003242000011",
    "062960000000100324200010", "DE8937040044053201300", "ZZ062960000000100324200001", "IR06²960000000100324200001",
    "=IR062960000000100324200001", "IR062960000000100324200001;", "9" * 10_000, "\x00", "IR06\n",
    "IRО62960000000100324200001",
]  # fmt: skip


@pytest.mark.parametrize(("written", "iban"), READ)
def test_an_iban_is_read_however_it_is_written(written: str, iban: str) -> None:
    assert normal_iban(written) == iban


@pytest.mark.parametrize("written", NONE)
def test_what_is_no_iban_is_none(written: str) -> None:
    assert normal_iban(written) is None


@settings(max_examples=60)
@given(st.integers(0, 10**22 - 1), st.integers(0, 23), st.integers(1, 9))
def test_one_wrong_digit_is_always_found_and_the_menus_agree(account: int, place: int, shift: int) -> None:
    body = f"{account:022d}"
    digits = f"{98 - int(f'{body}182700') % 97:02d}{body}"
    wrong = digits[:place] + str((int(digits[place]) + shift) % 10) + digits[place + 1 :]

    assert normal_iban(digits) == f"IR{digits}" == read_iban(digits)
    assert normal_iban(wrong) is None
    assert read_iban(wrong) is None


@given(st.text(max_size=80))
@settings(max_examples=60)
def test_no_text_breaks_it_and_what_is_read_is_read_again(text: str) -> None:
    found = normal_iban(text)
    assert found is None or normal_iban(found) == found


def test_four_digits_are_shown() -> None:
    assert (masked_iban("IR062960000000100324200001"), masked_iban("")) == ("…0001", "")
