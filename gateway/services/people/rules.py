"""Pure rules about people: national numbers, PINs, e-mail addresses, names that are masked, limits of tries."""

import re
from datetime import timedelta

PIN_DIGITS = 4
CODE_DIGITS = 6
CODE_TRIES_MAX = 3
BRANCH_CODE_DIGITS = 8
BRANCH_CODE_TRIES_MAX = 5
BRANCH_TRIES_PER_HOUR_MAX = 10
ENROL_TRIES_PER_HOUR_MAX = 5
HOUR = timedelta(hours=1)

_NATIONAL_NUMBER = re.compile(r"[0-9]{10}", re.ASCII)
_PIN = re.compile(rf"[0-9]{{{PIN_DIGITS}}}", re.ASCII)
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+", re.ASCII)
EMAIL_MAX = 254
"""Octets that an address may have on the wire (RFC 5321 §4.5.3.1.3, less its two brackets)."""
_UP = "01234567890"
_YEARS = ("13", "14", "19", "20")
_KEYPAD_COLUMNS = frozenset({"2580", "0852"})


def is_national_number(text: str) -> bool:
    """Whether ten ASCII digits end in the right check digit; ten equal digits are never issued.

    Source: the check digit of the Iranian national number: the sum of the first nine digits with weights 10 to 2,
    modulo 11; the tenth is that rest if it is below 2, else 11 less the rest.
    """
    if not _NATIONAL_NUMBER.fullmatch(text) or len(set(text)) == 1:
        return False
    rest = sum(int(digit) * weight for digit, weight in zip(text, range(10, 1, -1), strict=False)) % 11
    return int(text[9]) == (rest if rest < 2 else 11 - rest)


def is_pin(text: str) -> bool:
    """Whether this is four ASCII digits."""
    return _PIN.fullmatch(text) is not None


def is_trivial(pin: str, msisdn: str, national_number: str) -> bool:
    """Whether a thief would try this PIN first: patterns, years, and what stands on the person's papers."""
    return (
        pin[:2] == pin[2:]
        or (pin[0] == pin[1] and pin[2] == pin[3])
        or pin in _UP
        or pin in _UP[::-1]
        or pin[:2] in _YEARS
        or pin in _KEYPAD_COLUMNS
        or pin in {msisdn[-PIN_DIGITS:], national_number[:PIN_DIGITS], national_number[-PIN_DIGITS:]}
    )


def is_email(text: str) -> bool:
    """Whether receipts can be sent there: the plain ASCII form that every relay takes (HTML, valid e-mail address)."""
    return len(text) <= EMAIL_MAX and _EMAIL.fullmatch(text) is not None


def masked(name: str) -> str:
    """`M***m A***i`: first and last letter of each word; a word of one or two letters keeps only its first."""
    return " ".join(f"{word[0]}***{word[-1] if len(word) > 2 else ''}" for word in name.split())
