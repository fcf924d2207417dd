"""Price lists as files, and what a new list changes: pure."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.errors import BadInput
from gateway.services.amounts import amount_of
from gateway.services.providers.model import Price
from gateway.services.shortnumber import ascii_digits
from wallet.money import irr

FILE_MAX = 2 * 1024 * 1024
HEADS = ("code", "title", "price", "cover", "max")
"""Columns of a file of prices, parted by semicolons: whole rials, the institution's percent, most of it in a visit."""


@dataclass(frozen=True, slots=True)
class PriceChange:
    """A code whose price a new list changes; `before` is None for a new one, `after` for one that is left out."""

    code: str
    before: Price | None
    after: Price | None


def read_prices(octets: bytes) -> tuple[Price, ...]:
    """The rows of a file of prices: UTF-8, semicolons, with HEADS as its first line.

    Raises:
        BadInput: Not such a file; says in which line.
    """
    if len(octets) > FILE_MAX:
        raise BadInput(f"a file of prices has at most {FILE_MAX} octets")
    try:
        rows = list(csv.reader(io.StringIO(octets.decode("utf-8-sig"), newline=""), delimiter=";", strict=True))
    except (UnicodeDecodeError, csv.Error) as problem:
        raise BadInput("not a file of UTF-8 text with semicolons") from problem
    if not rows or [cell.strip().lower() for cell in rows[0]] != list(HEADS):
        raise BadInput(f"line 1 is not {';'.join(HEADS)}")
    return tuple(_price(number, row) for number, row in enumerate(rows[1:], start=2) if any(row))


def differences(before: Mapping[str, Price], after: Sequence[Price]) -> list[PriceChange]:
    """What a new list changes, by code."""
    new = {price.code: price for price in after}
    codes = sorted(before.keys() | new.keys(), key=lambda code: (len(code), code))
    changed = (PriceChange(code, before.get(code), new.get(code)) for code in codes)
    return [one for one in changed if one.before != one.after]


def _price(number: int, row: Sequence[str]) -> Price:
    if len(row) != len(HEADS):
        raise BadInput(f"line {number} has {len(row)} columns instead of {len(HEADS)}")
    code, title, price, cover, most = (cell.strip() for cell in row)
    amount, percent, quantity = amount_of(price), ascii_digits(cover).rstrip("%"), ascii_digits(most)
    # Lengths are bounded before int(): a thousand digits are no quantity.
    if amount is None or not _small(percent) or not _small(quantity):
        raise BadInput(f"line {number}: price, cover and max are whole numbers")
    return Price(ascii_digits(code), title, irr(int(amount)), int(percent), int(quantity))


def _small(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 3
