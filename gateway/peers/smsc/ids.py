"""Message ids made comparable: some SMSCs answer a submit_sm in hex and write the receipt in decimal, or with zeros."""

from collections.abc import Iterable
from enum import StrEnum
from string import hexdigits

DIGITS_MAX = 32
"""What is longer is no number, and would grow beyond what an id may have."""


class IdForm(StrEnum):
    """One step of making ids equal."""

    AS_IS = "as_is"
    STRIP_ZEROS = "strip_zeros"
    LOWER = "lower"
    HEX_TO_DECIMAL = "hex_to_decimal"
    DECIMAL_TO_HEX = "decimal_to_hex"


def normal(message_id: str, forms: Iterable[IdForm]) -> str:
    """The id after these steps, in order; a step that does not fit leaves it as it is."""
    for form in forms:
        message_id = _step(message_id, form)
    return message_id


def _step(message_id: str, form: IdForm) -> str:
    match form:
        case IdForm.AS_IS:
            return message_id
        case IdForm.STRIP_ZEROS:
            return message_id.lstrip("0") or message_id[-1:]
        case IdForm.LOWER:
            return message_id.lower()
        case IdForm.HEX_TO_DECIMAL:
            digits = message_id[2:] if message_id[:2] in ("0x", "0X") else message_id
            fits = 0 < len(digits) <= DIGITS_MAX and all(digit in hexdigits for digit in digits)
            return str(int(digits, 16)) if fits else message_id
        case IdForm.DECIMAL_TO_HEX:
            fits = len(message_id) <= DIGITS_MAX and message_id.isascii() and message_id.isdecimal()
            return f"{int(message_id):x}" if fits else message_id
