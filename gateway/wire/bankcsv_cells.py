"""Cells of a bank's CSV as days and amounts: digits of any script, calendars, marks and signs."""

import re
import unicodedata
from datetime import date

from persiantools.jdatetime import JalaliDate

from gateway.errors import BadInput
from gateway.wire.bankcsv_profile import TOKEN, CsvProfile
from gateway.wire.iso20022.values import bounded, money

CELL_MAX = 500
_KEPT_MAX = 10_000
"""Days that are not computed again."""
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_TOKENS = {
    "YYYY": r"(?P<y>[0-9]{4})", "YY": r"(?P<y>[0-9]{2})", "MM": r"(?P<m>[0-9]{1,2})", "MMM": r"(?P<m>[^\W\d]+)\.?",
    "DD": r"(?P<d>[0-9]{1,2})",
}  # fmt: skip
_GREGORIAN = "jan feb mar apr may jun jul aug sep oct nov dec".split()  # noqa: SIM905 - a line and not twelve
_JALALI = "فروردین اردیبهشت خرداد تیر مرداد شهریور مهر ابان اذر دی بهمن اسفند".split()  # noqa: SIM905 - as above
_LETTERS = str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک", "أ": "ا", "إ": "ا", "آ": "ا", "ة": "ه", "ۀ": "ه", "ـ": None})
_SPACES = {0x00A0: None, 0x2009: None, 0x202F: None}
_MINUS = "-\N{MINUS SIGN}\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{FIGURE DASH}\N{FULLWIDTH HYPHEN-MINUS}"
_ALIKE = (frozenset(",٬،"), frozenset("'’`"), frozenset("."), frozenset(" "))
_POINTS = {".": ".٫", ",": ",", "٫": "٫", "/": "/"}
_PIVOT = 90
"""Two digits of a Jalali year from here on are of the century before."""


def cleaned(cell: str) -> str:
    """A cell on one line, without space around it and without the letters that nobody sees."""
    if cell.isprintable():
        return cell.strip()
    if "\0" in cell:
        raise BadInput("no text: it has characters that no text has")
    return " ".join(_UNSEEN.sub("", cell).split())


def alike(text: str) -> str:
    """A heading or a word for comparing: without case, two spellings of a Persian letter, and doubled spaces."""
    return " ".join(_UNSEEN.sub("", text).translate(_LETTERS).casefold().split())


def latin(cell: str) -> str:
    """Digits of any script as 0-9, spaces between them left out."""
    if cell.isascii():
        return cell
    return "".join(str(unicodedata.decimal(c, c)) for c in cell).translate(_SPACES)


class Cells:
    """Reads cells as one profile says."""

    def __init__(self, profile: CsvProfile) -> None:
        self._profile = profile
        self._days: dict[str, date] = {}
        pattern = TOKEN.sub(lambda found: _TOKENS[found[0]], re.escape(profile.date))
        self._date = re.compile(f"{pattern}(?![0-9])")
        marks = {mark for mark in profile.thousands for mark in next((a for a in _ALIKE if mark in a), {mark})}
        points = _POINTS[profile.decimal]
        self._marks = marks - set(points)
        between = f"[{re.escape(''.join(sorted(self._marks)))}]" if self._marks else "(?!)"
        grouped = rf"[0-9]{{1,3}}(?:{between}[0-9]{{2,3}})*{between}[0-9]{{3}}"
        self._number = re.compile(rf"(?:{grouped}|[0-9]+)(?:[{re.escape(points)}][0-9]*)?|[{re.escape(points)}][0-9]+")
        self._points = str.maketrans(dict.fromkeys(points, "."))
        self._beside = [word for word in map(alike, profile.beside) if word]
        self._sides = [(alike(word), True) for word in profile.debit_words]
        self._sides += [(alike(word), False) for word in profile.credit_words]
        self._sides.sort(key=lambda side: -len(side[0]))

    def is_debit(self, word: str, where: str) -> bool:
        """What an indicator says.

        Raises:
            BadInput: Neither.
        """
        wanted = alike(word)
        for side, debit in self._sides:
            if side == wanted:
                return debit
        raise BadInput(f"{where}: neither debit nor credit: {word!a:.20}")

    def signed(self, cell: str, where: str) -> int:
        """An amount in minor units, negative as its sign or its side says.

        Raises:
            BadInput: It is none, or has decimals that the currency does not have.
        """
        text = latin(cell)
        negative = text.startswith("-")
        if negative and text[1:].isdecimal():
            text = text[1:]
        elif not text.isdecimal():
            text, negative = self._bare(text)
            if self._number.fullmatch(text) is None:
                raise BadInput(f"{where}: no amount: {cell!a:.40}")
            for mark in self._marks:
                text = text.replace(mark, "")
            text = text.translate(self._points)
        minor = money(text, self._profile.asset, where).minor
        return -minor if negative else minor

    def _bare(self, text: str) -> tuple[str, bool]:
        """Without signs and words; whether it is negative. Of two signs both stay, which is no amount."""
        text = alike(text)
        for word in self._beside:
            text = text.removeprefix(word).removesuffix(word).strip()
        for word, debit in self._sides:
            if text.endswith(word) and not text[: -len(word)].rstrip()[-1:].isalpha():
                return text.removesuffix(word).strip(), debit
        if text.startswith("(") and text.endswith(")"):
            return text[1:-1].strip(), True
        signs = [sign for sign in (text[:1], text[-1:]) if sign in "+" + _MINUS and sign]
        if len(signs) > 1:
            return text, False
        return text.strip("+" + _MINUS + " "), bool(signs) and signs[0] != "+"

    def day(self, cell: str, where: str) -> date:
        """A day in the profile's calendar; the time that some banks write behind it says nothing here.

        Raises:
            BadInput: It is none.
        """
        if (known := self._days.get(cell)) is not None:
            return known
        found = self._date.match(latin(cell))
        try:
            if found is None:
                raise BadInput(f"{where}: no day: {cell!a:.40}")
            read = bounded(self._dated(int(found["y"]), self._month(found["m"]), int(found["d"])))
        except ValueError:
            raise BadInput(f"{where}: no day: {cell!a:.40}") from None
        if len(self._days) < _KEPT_MAX:
            self._days[cell] = read
        return read

    def _month(self, text: str) -> int:
        if text.isdecimal():
            return int(text)
        if self._profile.calendar == "jalali":
            return _JALALI.index(alike(text)) + 1
        return _GREGORIAN.index(text.casefold()[:3]) + 1

    def _dated(self, year: int, month: int, day: int) -> date:
        short = year < 100
        if self._profile.calendar == "jalali":
            year += (1300 if year >= _PIVOT else 1400) if short else 0
            converted: date = JalaliDate(year, month, day).to_gregorian()  # type: ignore[no-untyped-call]
            return converted
        return date(year + (2000 if short else 0), month, day)
