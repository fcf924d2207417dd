"""Pure rules of merchants: numbers with a check digit, and what a terminal may be called."""

import re

ACQUIRER = "581420"
"""DE32 of every message on our wire; also where merchant numbers begin."""

_TERMINAL = re.compile(r"[A-Z0-9]{8}", re.ASCII)
_SERIAL_DIGITS = 8
SERIALS = 10**_SERIAL_DIGITS


def luhn_digit(digits: str) -> str:
    """The check digit that makes `digits` + it pass ISO/IEC 7812-1 annex B."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def merchant_number(serial: int) -> str:
    """Fifteen digits: acquirer, eight digits of serial number, check digit."""
    assert 0 <= serial < SERIALS, "a serial number has eight digits"
    digits = f"{ACQUIRER}{serial:0{_SERIAL_DIGITS}d}"
    return digits + luhn_digit(digits)


def is_terminal_id(text: str) -> bool:
    """Whether this can be DE41: eight capital letters and digits, never padded."""
    return _TERMINAL.fullmatch(text) is not None
