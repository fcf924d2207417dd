"""What every tap has to pass, as data: CVM limits, the house's own limits, windows, and what terminals may say."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from gateway.errors import SettingsFault
from gateway.services.controls import Control, Windows
from gateway.services.controls.windows import Weekday
from gateway.settings import read_table
from wallet.money import MINOR_MAX

SHIPPED = Path(__file__).with_name("policy.toml")
_ENTRY_MODE = re.compile(r"\d\d", re.ASCII)
_MONTHS = ("jalali", "gregorian")
_WHOLE: Mapping[str, int] = {
    "no_cvm_max_minor": MINOR_MAX,
    "no_cvm_count_max": 1_000,
    "no_cvm_sum_max_minor": MINOR_MAX,
    "tap_max_minor": MINOR_MAX,
    "day_max_minor": MINOR_MAX,
    "day_max_count": 100_000,
    "day_skew_max": 7,
    "offline_days_max": 120,
    "relay_max_ms": 0xFFFF,
}
"""The highest value of each whole number; the lowest is 0."""


@dataclass(frozen=True, slots=True)
class TapPolicy:
    """See policy.toml, where each value has its meaning."""

    no_cvm_max_minor: int
    no_cvm_count_max: int
    no_cvm_sum_max_minor: int
    tap_max_minor: int
    day_max_minor: int
    day_max_count: int
    week_starts: Weekday
    months: str
    entry_modes: tuple[str, ...]
    day_skew_max: int
    offline_days_max: int
    relay_max_ms: int

    @property
    def control(self) -> Control:
        """The house's own bounds, which hold for every account."""
        return Control(tap_minor=self.tap_max_minor, day_minor=self.day_max_minor, day_count=self.day_max_count)

    def windows(self, day: date) -> Windows:
        """The business day, week and month that sums of this day are counted in."""
        return Windows.of(day, week_starts=self.week_starts, jalali=self.months == "jalali")

    @classmethod
    def load(cls, file: str = "") -> "TapPolicy":
        """The policy that is shipped, with the values of `file` in place of its own; '' for none.

        Raises:
            SettingsFault: A file cannot be read, or something in it is wrong; the text says where and what.
        """
        values = _read(SHIPPED)
        if file:
            # A misspelt name would leave the shipped value in force, and nobody would know.
            own = _read(Path(file))
            values |= own
        values["week_starts"] = Weekday(str(values["week_starts"]))
        values["entry_modes"] = tuple(values["entry_modes"])  # type: ignore[arg-type]
        return cls(**values)  # type: ignore[arg-type]


_SECTIONS: Mapping[str, tuple[str, ...]] = {
    "cvm": ("no_cvm_max_minor", "no_cvm_count_max", "no_cvm_sum_max_minor"),
    "limits": ("tap_max_minor", "day_max_minor", "day_max_count"),
    "windows": ("week_starts", "months"),
    "terminal": ("entry_modes", "day_skew_max", "offline_days_max", "relay_max_ms"),
}


def _read(path: Path) -> dict[str, object]:
    values: dict[str, object] = {}
    for section, content in read_table(path).items():
        if section not in _SECTIONS or not isinstance(content, dict):
            raise SettingsFault(f"{path}: {section} is none of the sections {', '.join(_SECTIONS)}")
        for name, value in content.items():
            if name not in _SECTIONS[section]:
                raise SettingsFault(f"{path}: [{section}] {name} is none of {', '.join(_SECTIONS[section])}")
            values[name] = _checked(f"{path}: [{section}] {name}", name, value)
    return values


def _checked(where: str, name: str, value: object) -> object:
    if name in _WHOLE and not (type(value) is int and 0 <= value <= _WHOLE[name]):
        raise SettingsFault(f"{where} must be a whole number from 0 to {_WHOLE[name]}")
    if name == "week_starts" and value not in tuple(Weekday):
        raise SettingsFault(f"{where} must be one of {', '.join(Weekday)}")
    if name == "months" and value not in _MONTHS:
        raise SettingsFault(f"{where} must be one of {', '.join(_MONTHS)}")
    if name == "entry_modes" and not (
        isinstance(value, list) and value and all(isinstance(one, str) and _ENTRY_MODE.fullmatch(one) for one in value)
    ):
        raise SettingsFault(f"{where} must be a list of two digits each")
    return value
