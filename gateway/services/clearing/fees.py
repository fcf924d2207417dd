"""What merchants pay for a tap: a schedule that is data. Pure but for reading its file."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from gateway.errors import SettingsFault

SHARE_OF = 10_000
"""A share of 2 is 0.02 percent."""
BYTES_MAX = 100_000
MINOR_MAX = 10**12
_SHIPPED = Path(__file__).with_name("fees.toml")
_RATE = {"share", "floor_minor", "cap_minor", "category", "class"}


@dataclass(frozen=True, slots=True)
class Rate:
    """One line of a schedule; '' for a category or class means all."""

    share: int
    floor_minor: int
    cap_minor: int
    category: str = ""
    class_: str = ""

    def fee(self, amount_minor: int) -> int:
        """The fee for this amount: rounded down, within floor and cap, never above the amount."""
        if amount_minor <= 0:
            return 0
        asked = amount_minor * self.share // SHARE_OF
        return min(max(asked, self.floor_minor), self.cap_minor, amount_minor)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Rates by the day from which they hold, oldest first; before the first no fee is taken."""

    rates: tuple[tuple[date, tuple[Rate, ...]], ...]

    def rate(self, on: date, category: str = "", class_: str = "") -> Rate | None:
        """The rate of a merchant on a business date, or None before the first schedule."""
        standing = [rates for since, rates in self.rates if since <= on]
        if not standing:
            return None
        fits = (one for one in standing[-1] if one.category in {"", category} and one.class_ in {"", class_})
        return max(fits, key=lambda one: (bool(one.category), bool(one.class_)))

    def fee(self, amount_minor: int, on: date, category: str = "", class_: str = "") -> int:
        """What a merchant pays for a tap of this amount on that day."""
        rate = self.rate(on, category, class_)
        return rate.fee(amount_minor) if rate is not None else 0


def fee_back(fee_minor: int, settled_minor: int, refunded_before: int, refund_minor: int) -> int:
    """The share of a fee that a refund gives back, rounded down over all refunds of the purchase together.

    Counted from the sum of its refunds, so that many small ones give back what one large one would.
    """
    if settled_minor <= 0:
        return 0
    through = min(refunded_before + refund_minor, settled_minor)
    before = min(refunded_before, settled_minor)
    return fee_minor * through // settled_minor - fee_minor * before // settled_minor


def read_schedule(path: str = "") -> Schedule:
    """The schedule of a file; without one that which is shipped.

    Raises:
        SettingsFault: It cannot be read, or is not a schedule; says what is wrong.
    """
    file = Path(path) if path else _SHIPPED
    try:
        content = file.read_bytes()
        if len(content) > BYTES_MAX:
            raise SettingsFault(f"{file} is longer than {BYTES_MAX} bytes")
        tables = tomllib.loads(content.decode())
    except (OSError, ValueError, RecursionError) as problem:
        raise SettingsFault(f"cannot read {file}: {problem}") from problem
    return _schedule(file, tables)


def _schedule(file: Path, tables: Mapping[str, Any]) -> Schedule:
    rows = tables.get("schedule")
    if set(tables) != {"schedule"} or not isinstance(rows, list) or not rows:
        raise SettingsFault(f"{file}: one or more of [[schedule]], and nothing else")
    read = tuple(_one(file, row) for row in rows)
    days = [since for since, _ in read]
    if days != sorted(set(days)):
        raise SettingsFault(f"{file}: each schedule begins after the one before it")
    return Schedule(read)


def _one(file: Path, row: object) -> tuple[date, tuple[Rate, ...]]:
    if not isinstance(row, dict) or set(row) != {"from", "rate"} or type(row["from"]) is not date:
        raise SettingsFault(f"{file}: a schedule has `from`, a day, and its rates")
    if not isinstance(row["rate"], list):
        raise SettingsFault(f"{file}: rates are tables [[schedule.rate]]")
    rates = tuple(_rate(file, one) for one in row["rate"])
    keys = [(one.category, one.class_) for one in rates]
    if keys.count(("", "")) != 1 or len(set(keys)) != len(keys):
        raise SettingsFault(f"{file}: from {row['from']}: one rate names no category and no class, and none is twice")
    return row["from"], rates


def _rate(file: Path, row: object) -> Rate:
    if not isinstance(row, dict) or not set(row) <= _RATE or not {"share", "floor_minor", "cap_minor"} <= set(row):
        raise SettingsFault(f"{file}: a rate has share, floor_minor, cap_minor, and may have category and class")
    share, floor, cap = (_whole(file, row, name) for name in ("share", "floor_minor", "cap_minor"))
    if share > SHARE_OF or floor > cap:
        raise SettingsFault(f"{file}: a share is of {SHARE_OF}, and no floor lies above its cap")
    category, class_ = row.get("category", ""), row.get("class", "")
    if not _is_category(category) or not isinstance(class_, str) or len(class_) > 40:
        raise SettingsFault(f"{file}: a category has four digits, a class up to 40 characters")
    return Rate(share, floor, cap, category, class_)


def _whole(file: Path, row: Mapping[str, object], name: str) -> int:
    value = row[name]
    if type(value) is not int or not 0 <= value <= MINOR_MAX:
        raise SettingsFault(f"{file}: {name} is a whole number from 0 to {MINOR_MAX}")
    return value


def _is_category(text: object) -> bool:
    return isinstance(text, str) and (text == "" or (len(text) == 4 and text.isascii() and text.isdigit()))
