"""Pure rules of merchants: numbers with a check digit, and what a terminal may be called."""

import re

from gateway.wire.emv import luhn_digit
from gateway.wire.iso8583 import ACQUIRER

_TERMINAL = re.compile(r"[A-Z0-9]{8}", re.ASCII)
_CATEGORY = re.compile(r"\d{4}", re.ASCII)
_SERIAL_DIGITS = 8
SERIALS = 10**_SERIAL_DIGITS


def merchant_number(serial: int) -> str:
    """Fifteen digits (DE42): acquirer, eight digits of serial number, check digit."""
    assert 0 <= serial < SERIALS, "a serial number has eight digits"
    digits = f"{ACQUIRER}{serial:0{_SERIAL_DIGITS}d}"
    return digits + luhn_digit(digits)


def is_terminal_id(text: str) -> bool:
    """Whether this can be DE41: eight capital letters and digits, never padded."""
    return _TERMINAL.fullmatch(text) is not None


def is_category(text: str) -> bool:
    """Whether this can be a merchant category (ISO 18245): four ASCII digits."""
    return _CATEGORY.fullmatch(text) is not None
