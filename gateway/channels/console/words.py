"""Words, numbers and dates of the console in a person's language; the strings are `texts/<language>.toml`.

Persian and Arabic are written from right to left with digits of their own, Persian with Jalali days.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from persiantools.jdatetime import JalaliDate, JalaliDateTime

from gateway.languages import GROUP, POINT, RIGHT_TO_LEFT, own_digits
from wallet.money import Money

_FOLDER = Path(__file__).with_name("texts")
_RIAL = {"fa": "ریال", "ar": "ريال"}
_DAY = {"en": "%Y-%m-%d", "fr": "%d/%m/%Y", "ar": "%Y/%m/%d"}


@cache
def texts(language: str) -> Mapping[str, str]:
    """Every string of one language by its key, as `claims.title`."""
    tree = tomllib.loads((_FOLDER / f"{language}.toml").read_text("utf-8"))
    return {f"{part}.{key}": text for part, keys in tree.items() for key, text in keys.items()}


@dataclass(frozen=True, slots=True)
class Words:
    """Says things in one language, moments in one time zone."""

    language: str
    zone: ZoneInfo

    @property
    def direction(self) -> str:
        """`rtl` or `ltr`, for the page."""
        return "rtl" if self.language in RIGHT_TO_LEFT else "ltr"

    def knows(self, key: str) -> bool:
        """Whether there is such a string."""
        return key in texts(self.language)

    def t(self, key: str, **values: object) -> str:
        """The string of `key`, its `{name}`s filled; a number among the values is written in this language."""
        text = texts(self.language)[key]
        shown = {name: self.number(value) if isinstance(value, int) else value for name, value in values.items()}
        return text.format_map(shown) if shown else text

    def number(self, value: int) -> str:
        """Grouped digits."""
        return self._digits(f"{value:,}".replace(",", GROUP[self.language]))

    def money(self, amount: Money) -> str:
        """Grouped digits with the asset's decimals and its code, or its name where that is usual."""
        exponent = amount.asset.exponent
        whole, part = divmod(abs(amount.minor), 10**exponent)
        shown = f"{whole:,}".replace(",", GROUP[self.language])
        if exponent:
            shown += f"{POINT[self.language]}{part:0{exponent}d}"
        mark = "\N{LEFT-TO-RIGHT MARK}" if self.direction == "rtl" else ""
        sign = f"{mark}\N{MINUS SIGN}" if amount.minor < 0 else ""
        unit = _RIAL.get(self.language, "IRR") if amount.asset.code == "IRR" else amount.asset.code
        return f"{sign}{self._digits(shown)}\N{NO-BREAK SPACE}{unit}"

    def share(self, share: float, *, signed: bool = False) -> str:
        """A share as per cent with one decimal: 0.125 is `12.5 %`, signed `+12.5 %`."""
        whole, tenth = divmod(round(abs(share) * 1000), 10)
        shown = f"{self.number(whole)}{POINT[self.language]}{self._digits(str(tenth))}\N{NO-BREAK SPACE}%"
        mark = "\N{LEFT-TO-RIGHT MARK}" if self.direction == "rtl" else ""
        sign = "\N{MINUS SIGN}" if share < 0 else "+" if signed else ""
        return f"{mark}{sign}{shown}" if sign else shown

    def day(self, day: date) -> str:
        """`2026-11-22`; in Persian the Jalali day."""
        if self.language == "fa":
            return self._digits(JalaliDate(day).strftime("%Y/%m/%d"))  # type: ignore[no-untyped-call]
        return self._digits(day.strftime(_DAY[self.language]))

    def moment(self, moment: datetime) -> str:
        """Day and time in the zone of the institution, to the second."""
        local = moment.astimezone(self.zone)
        if self.language == "fa":
            jalali = JalaliDateTime.to_jalali(local.replace(tzinfo=None))  # type: ignore[no-untyped-call]
            return self._digits(jalali.strftime("%Y/%m/%d %H:%M:%S"))
        return f"{self.day(local.date())} {self._digits(f'{local:%H:%M:%S}')}"

    def _digits(self, text: str) -> str:
        return own_digits(text, self.language)
