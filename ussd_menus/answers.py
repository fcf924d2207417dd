"""What people type, read strictly: numbers in any digits, mobile numbers, amounts, days.

Each reader gives the value, or None when the answer is not one. None raises, whatever the text.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from ussd_menus.calendars import from_jalali, jalali_parts
from ussd_menus.model import Value
from ussd_menus.screens import AnswerKind, InputScreen, Word, WordType
from ussd_menus.texts import RIAL

TYPED_MAX = 182
"""Nobody types more than a page; a longer answer is not read."""

_GROUPED = re.compile(r"\d{1,3}(?:[,٬،' ]\d{3})+|\d+", re.ASCII)
_MSISDN = re.compile(r"(?:0|0098|\+98|98)?(9\d{9})", re.ASCII)
_DAY = re.compile(r"(\d{1,4})[-/. ](\d{1,2})(?:[-/. ](\d{1,4}))?", re.ASCII)
_IBAN = re.compile(r"(?:IR)?(\d{2})(\d{22})", re.ASCII)
_JALALI_YEARS = range(1300, 1500)
_GREGORIAN_YEARS = range(1900, 2101)


def clean(text: str) -> str:
    """The answer as it was meant: ASCII digits for any decimal digits, no invisible marks, no spaces or `#` around.

    `²` is not a decimal digit and stays what it is.
    """
    kept = []
    for letter in text[: TYPED_MAX + 1]:
        if letter.isascii():
            kept.append(letter if letter.isprintable() else " ")
        elif letter.isdecimal():
            kept.append(str(unicodedata.decimal(letter)))
        elif unicodedata.category(letter) not in {"Cc", "Cf", "Cs"}:
            kept.append(letter)
    return "".join(kept).strip().removesuffix("#").strip()


def read_digits(text: str, length_min: int, length_max: int) -> str | None:
    """Digits only, spaces and hyphens between them allowed."""
    digits = text.replace(" ", "").replace("-", "")
    return digits if digits.isascii() and digits.isdecimal() and length_min <= len(digits) <= length_max else None


def read_national_number(text: str) -> str | None:
    """An Iranian national number: ten digits, the last one the check digit of the others, not all equal."""
    digits = read_digits(text, 10, 10)
    if digits is None or len(set(digits)) == 1:
        return None
    rest = sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False)) % 11
    return digits if int(digits[9]) == (rest if rest < 2 else 11 - rest) else None


def read_msisdn(text: str) -> str | None:
    """An Iranian mobile number as `+989…`, from 09…, +98…, 0098…, 98… or 9…."""
    match = _MSISDN.fullmatch(re.sub(r"[ ().-]", "", text))
    return f"+98{match[1]}" if match else None


def read_amount(text: str, digits_max: int) -> int | None:
    """A whole amount above zero; groups of three may be parted by a comma, a space or their Persian kin."""
    if not _GROUPED.fullmatch(text):
        return None
    digits = re.sub(r"\D", "", text).lstrip("0")
    return int(digits) if 0 < len(digits) <= digits_max else None


def read_toman(text: str, digits_max: int) -> int | None:
    """An amount in toman as rials; one decimal is a rial."""
    whole, point, tenth = text.replace("٫", ".").partition(".")
    if point and not (len(tenth) == 1 and tenth.isdecimal()):
        return None
    tens = 0 if whole.strip("0") == "" and whole else read_amount(whole, digits_max)
    minor = None if tens is None else tens * 10 + int(tenth or 0)
    return minor if minor and minor < 10**digits_max else None


def read_number(text: str, least: int, most: int) -> int | None:
    """A whole number from `least` to `most`, both included."""
    plain = text.isascii() and text.isdecimal() and len(text) <= 18
    return int(text) if plain and least <= int(text) <= most else None


def read_iban(text: str) -> str | None:
    """An Iranian IBAN, `IR` and 24 digits; the letters need not be typed, spaces and hyphens are left out."""
    match = _IBAN.fullmatch(re.sub(r"[ -]", "", text).upper())
    # ISO 7064: the number after the country and check digits, then the country as digits (I 18, R 27) and the check.
    return f"IR{match[1]}{match[2]}" if match and int(f"{match[2]}1827{match[1]}") % 97 == 1 else None


def read_day(text: str, *, jalali: bool, today: date | None) -> date | None:
    """A day: year first or last with or without separators, or month and day of the year nearest to `today`.

    The year tells the calendar (13xx and 14xx are Jalali, 19xx and 20xx Gregorian); without a year `jalali` does, and
    the order is month, day in Jalali and day, month in Gregorian.
    """
    parts = _parts_of_day(text)
    if parts is None:
        return None
    if len(parts) == 3:
        first, middle, last = parts
        return _day(first, middle, last) or _day(last, middle, first)
    month, day = parts if jalali else (parts[1], parts[0])
    if today is None:
        return None
    year = jalali_parts(today)[0] if jalali else today.year
    near = [found for found in (_day(year + shift, month, day) for shift in (-1, 0, 1)) if found is not None]
    return min(near, key=lambda found: abs(found - today), default=None)


def _parts_of_day(text: str) -> tuple[int, ...] | None:
    if text.isascii() and text.isdecimal():
        if len(text) == 4:
            return int(text[:2]), int(text[2:])
        if len(text) != 8:
            return None
        year_first = int(text[:4]), int(text[4:6]), int(text[6:])
        return year_first if _day(*year_first) else (int(text[:2]), int(text[2:4]), int(text[4:]))
    match = _DAY.fullmatch(text)
    return None if match is None else tuple(int(part) for part in match.groups() if part is not None)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        if year in _JALALI_YEARS:
            return from_jalali(year, month, day)
        return date(year, month, day) if year in _GREGORIAN_YEARS else None
    except ValueError:
        return None


def read_text(text: str, length_min: int, length_max: int) -> str | None:
    """Words; an answer of digits only is a mistyped key."""
    return text if length_min <= len(text) <= length_max and not text.isdecimal() else None


@dataclass(frozen=True, slots=True)
class Reading:
    """What decides how an answer is read, besides its screen."""

    jalali: bool = False
    today: date | None = None
    toman: bool = False


Reader = Callable[[str, InputScreen, Word, Reading], Value | None]


def _amount(text: str, _screen: InputScreen, word: Word, reading: Reading) -> Value | None:
    toman = reading.toman and word.code == RIAL
    minor = read_toman(text, word.max) if toman else read_amount(text, word.max)
    return None if minor is None else word.amount(minor)


READERS: dict[AnswerKind, Reader] = {
    AnswerKind.TEXT: lambda text, screen, _w, _r: read_text(text, screen.length_min, screen.length_max),
    AnswerKind.DIGITS: lambda text, screen, _w, _r: read_digits(text, screen.length_min, screen.length_max),
    AnswerKind.NATIONAL_NUMBER: lambda text, _s, _w, _r: read_national_number(text),
    AnswerKind.MSISDN: lambda text, _s, _w, _r: read_msisdn(text),
    AnswerKind.AMOUNT: _amount,
    AnswerKind.DATE: lambda text, _s, _w, r: read_day(text, jalali=r.jalali, today=r.today),
    AnswerKind.NUMBER: lambda text, screen, _w, _r: read_number(text, screen.least, screen.most),
    AnswerKind.IBAN: lambda text, _s, _w, _r: read_iban(text),
}
"""One reader a kind."""

TYPES: dict[AnswerKind, WordType] = {
    AnswerKind.TEXT: WordType.TEXT,
    AnswerKind.DIGITS: WordType.TEXT,
    AnswerKind.NATIONAL_NUMBER: WordType.TEXT,
    AnswerKind.MSISDN: WordType.TEXT,
    AnswerKind.AMOUNT: WordType.AMOUNT,
    AnswerKind.DATE: WordType.DAY,
    AnswerKind.NUMBER: WordType.NUMBER,
    AnswerKind.IBAN: WordType.TEXT,
}
"""What type of word each kind gives."""


def read(
    text: str, screen: InputScreen, word: Word, *, jalali: bool, today: date | None, toman: bool = False
) -> Value | None:
    """The value that a cleaned answer has on this screen, None when it is not one; toman are read as rials."""
    if len(text) > TYPED_MAX:
        return None
    return READERS[screen.kind](text, screen, word, Reading(jalali, today, toman))
