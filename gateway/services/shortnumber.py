"""Short numbers that people read out and type: random digits and a check digit, so that one slip never finds another's.

The check digit is Damm's: it catches every single wrong digit and every swap of two neighbours.
Source: H. M. Damm, Total anti-symmetrische Quasigruppen (2004), the quasigroup of order 10.
"""

import secrets
import unicodedata

_QUASIGROUP = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)


def check_digit(digits: str) -> str:
    """Damm's check digit of ASCII digits."""
    interim = 0
    for digit in digits:
        interim = int(_QUASIGROUP[interim][int(digit)])
    return str(interim)


def is_short_number(digits: str) -> bool:
    """Whether ASCII digits end in their check digit."""
    return digits.isascii() and digits.isdigit() and check_digit(digits) == "0"


def new_digits(length: int) -> str:
    """Random digits, `length` in all, the last one the check digit; who stores them makes sure that they are unique."""
    digits = "".join(str(secrets.randbelow(10)) for _ in range(length - 1))
    return digits + check_digit(digits)


def ascii_digits(text: str) -> str:
    """What was typed with every decimal digit of Unicode, Persian ones too, as 0-9, and without white space."""
    if text.isascii():
        return "".join(text.split())
    return "".join(
        str(unicodedata.decimal(letter)) if letter.isdecimal() else letter for letter in text if not letter.isspace()
    )
