"""Values of controls: what bounds a way of paying, what is about to be paid, and what a bound says to it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class Party(StrEnum):
    """Who set a control. Each changes its own only, and all that are set hold together."""

    HOLDER = "holder"
    STAFF = "staff"


class Channel(StrEnum):
    """By which way a token is used."""

    TAP = "tap"
    TRANSIT = "transit"
    OFFLINE = "offline"


class Bound(StrEnum):
    """What a control can bound, in the order in which it is looked at."""

    SWITCH = "switch"
    CHANNEL = "channel"
    MERCHANT = "merchant"
    CATEGORY = "category"
    PLACE = "place"
    HOURS = "hours"
    PROGRAMME = "programme"
    TAP_AMOUNT = "tap_amount"
    DAY_AMOUNT = "day_amount"
    DAY_COUNT = "day_count"
    WEEK_AMOUNT = "week_amount"
    WEEK_COUNT = "week_count"
    MONTH_AMOUNT = "month_amount"
    MONTH_COUNT = "month_count"


@dataclass(frozen=True, slots=True)
class Control:
    """What one party bounds for one account or token. What is empty or None bounds nothing.

    Attributes:
        on: Whether it may pay at all.
        channels: Values of Channel that it may be used by.
        merchants: Ids of the only merchants.
        merchants_not: Ids of merchants that are left out; wins over `merchants`.
        categories: The only merchant categories: `5411` or a range `5400-5499`.
        categories_not: Categories that are left out; wins over `categories`.
        cities: The only places, as merchants name theirs.
        hours: When, `08:00-20:00` in the zone of business dates; may span midnight.
        programme: A programme whose merchants alone are paid.
        tap_minor: Largest single amount; the others are sums and counts of a business day, week and month.
    """

    on: bool = True
    channels: tuple[str, ...] = ()
    merchants: tuple[str, ...] = ()
    merchants_not: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    categories_not: tuple[str, ...] = ()
    cities: tuple[str, ...] = ()
    hours: tuple[str, ...] = ()
    programme: str = ""
    tap_minor: int | None = None
    day_minor: int | None = None
    day_count: int | None = None
    week_minor: int | None = None
    week_count: int | None = None
    month_minor: int | None = None
    month_count: int | None = None

    @property
    def sums(self) -> bool:
        """Whether what was paid before matters to it."""
        return any(getattr(self, name) is not None for name in SUMS)

    def kept(self) -> dict[str, Any]:
        """As it is stored: only what bounds something."""
        return {name: value for name, value in asdict(self).items() if value != getattr(ANY, name)}

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "Control":
        """From how it was stored."""
        values: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in kept.items()}
        return cls(**values)


SUMS = ("day_minor", "day_count", "week_minor", "week_count", "month_minor", "month_count")
ANY = Control()
"""Bounds nothing."""


@dataclass(frozen=True, slots=True)
class Spend:
    """What is about to be paid.

    Attributes:
        at: In the zone of business dates.
        programmes: Programmes that the merchant is part of.
    """

    channel: Channel
    merchant_id: str
    category: str
    city: str
    programmes: frozenset[str]
    amount_minor: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Finding:
    """What one bound says; `detail` is for staff and has no secret."""

    bound: Bound
    passed: bool
    detail: str = ""
