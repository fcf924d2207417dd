"""Money is an integer count of minor units of a named asset, and one table decides every exponent.

ISO 4217 gives IRR two decimals and CLDR gives it none; no rial has had decimals in use for decades, so
here the exponent is 0, for texts, for ISO 8583 DE4 and for pain.001 alike. Toman is a way of showing, not an asset.
"""

from dataclasses import dataclass
from enum import StrEnum

MINOR_MAX = 2**62
"""Largest amount of one transfer in minor units; sums of balances stay far below a signed 64-bit column."""


class AssetKind(StrEnum):
    """What an asset is, which decides where it may be shown and spent."""

    CURRENCY = "currency"
    POINTS = "points"
    TICKET = "ticket"
    CREDIT = "credit"


@dataclass(frozen=True, slots=True)
class Asset:
    """Something that is counted: its code, how many decimals people see, and its number in ISO 4217 (0 for ours)."""

    code: str
    exponent: int
    kind: AssetKind
    iso_number: int = 0


IRR = Asset("IRR", 0, AssetKind.CURRENCY, 364)
EUR = Asset("EUR", 2, AssetKind.CURRENCY, 978)
POINT = Asset("PTS", 0, AssetKind.POINTS)
TICKET = Asset("TKT", 0, AssetKind.TICKET)
DISCOUNT = Asset("DSC", 0, AssetKind.CREDIT)

ASSETS: dict[str, Asset] = {asset.code: asset for asset in (IRR, EUR, POINT, TICKET, DISCOUNT)}
"""The one table of assets and exponents, by code."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount: `minor` units of `asset`. May be negative as a difference; a transfer takes only 1..MINOR_MAX."""

    minor: int
    asset: Asset

    def __add__(self, other: "Money") -> "Money":
        """Sum of two amounts of one asset."""
        assert self.asset == other.asset, "amounts of two assets do not add"
        return Money(self.minor + other.minor, self.asset)

    def __sub__(self, other: "Money") -> "Money":
        """Difference of two amounts of one asset."""
        assert self.asset == other.asset, "amounts of two assets do not subtract"
        return Money(self.minor - other.minor, self.asset)

    def __str__(self) -> str:
        """Plain digits with the asset's decimals, as in `12.50 EUR`; for journals and logs, not for people."""
        digits = f"{abs(self.minor):0{self.asset.exponent + 1}d}"
        if self.asset.exponent:
            digits = f"{digits[: -self.asset.exponent]}.{digits[-self.asset.exponent :]}"
        return f"{'-' if self.minor < 0 else ''}{digits} {self.asset.code}"


def irr(minor: int) -> Money:
    """An amount in rials."""
    return Money(minor, IRR)
