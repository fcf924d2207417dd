"""Amounts as people write them into files."""

from gateway.services.shortnumber import ascii_digits
from wallet.money import MINOR_MAX

_GROUPS = str.maketrans("", "", ",٬'’_")


def amount_of(text: str) -> str | None:
    """Whole rials in ASCII digits; Persian digits and separators of thousands are understood."""
    digits = text if text.isascii() and text.isdigit() else ascii_digits(text).translate(_GROUPS)
    fits = digits.isascii() and digits.isdigit() and len(digits) <= len(str(MINOR_MAX))
    return str(int(digits)) if fits and 0 < int(digits) <= MINOR_MAX else None
