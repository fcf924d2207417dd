"""What messages of ISO 20022 write alike: amounts, days, codes, and where to find them."""

import re
from datetime import UTC, date, datetime
from xml.etree.ElementTree import Element

from gateway.errors import BadInput
from wallet.money import ASSETS, MINOR_MAX, AssetKind, Money

NOT_PROVIDED = "NOTPROVIDED"
TEXT_MAX = 500
"""Characters of a free text that are kept."""
_DIGITS_MAX = 19
_YEAR_FIRST, _YEAR_LAST = 1970, 2199
UNSEEN = "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff"
"""Letters that nobody reads, for a class of an expression; a joiner between Persian letters is none of them."""
_UNSEEN = re.compile(f"[{UNSEEN}]")


def clean(text: str) -> str:
    """Text without space around it, without the letters that drive a terminal or turn a line round, and cut."""
    return text.strip()[:TEXT_MAX] if text.isprintable() else _UNSEEN.sub("", text.strip())[:TEXT_MAX]


def word(element: Element | None, name: str) -> str:
    """The text of the first child of that name, without space around it, or ''."""
    return "" if element is None else clean(element.findtext(name) or "")


def down(element: Element | None, *names: str) -> Element | None:
    """The first element on this way below, or None."""
    for name in names:
        if element is None:
            return None
        element = element.find(name)
    return element


def said(element: Element | None, *names: str) -> str:
    """The text at the end of this way, without space around it, or ''."""
    found = down(element, *names)
    return "" if found is None or found.text is None else clean(found.text)


def said_first(element: Element | None, *ways: tuple[str, ...]) -> str:
    """The first text that one of these ways leads to, or ''."""
    for way in ways:
        if text := said(element, *way):
            return text
    return ""


def code(element: Element | None) -> str:
    """The Cd of a choice between a code and the bank's own word."""
    return word(element, "Cd") or word(element, "Prtry")


def amount(element: Element | None, where: str) -> Money:
    """An ActiveOrHistoricCurrencyAndAmount.

    Raises:
        BadInput: None, no currency that is kept, no amount, or decimals that the currency does not have.
    """
    if element is None:
        raise BadInput(f"{where}: no amount")
    return money(element.text or "", element.get("Ccy", ""), where)


def money(text: str, currency: str, where: str) -> Money:
    """An amount as ISO 20022 writes it: digits with a point before the decimals. Zeros after the last one are let go.

    Raises:
        BadInput: It is none, or has decimals that the currency does not have.
    """
    asset = ASSETS.get(currency)
    if asset is None or asset.kind is not AssetKind.CURRENCY:
        raise BadInput(f"{where}: a currency that is not kept: {currency!a:.12}")
    whole, _, decimals = text.strip().removeprefix("+").partition(".")
    if not (whole + decimals).isascii() or not (whole + decimals).isdigit() or len(whole) > _DIGITS_MAX:
        raise BadInput(f"{where}: no amount: {text!a:.40}")
    if len(decimals) > asset.exponent:
        decimals = decimals.rstrip("0")
        if len(decimals) > asset.exponent:
            raise BadInput(f"{where}: {currency} has {asset.exponent} decimals: {text!a:.40}")
    minor = int(whole + decimals.ljust(asset.exponent, "0") or "0")
    if minor > MINOR_MAX:
        raise BadInput(f"{where}: an amount beyond all bounds")
    return Money(minor, asset)


def day(element: Element | None, where: str) -> date | None:
    """A DateAndDateTimeChoice as the day that is written, or None where there is no element.

    Raises:
        BadInput: It is no day.
    """
    text = word(element, "Dt") or word(element, "DtTm")
    return a_day(text, where) if text else None


def a_day(text: str, where: str) -> date:
    """An xs:date or the day of an xs:dateTime.

    Raises:
        BadInput: It is no day.
    """
    # Python reads other forms of ISO 8601 too, in which a year and a week would pass for a day.
    written = text[:10] if text[4:5] == text[7:8] == "-" else ""
    try:
        return bounded(date.fromisoformat(written))
    except ValueError:
        raise BadInput(f"{where}: no day: {text!a:.40}") from None


def bounded(read: date) -> date:
    """The day, if an account may have it: at the ends of the calendar nobody can reckon with days.

    Raises:
        ValueError: It may not.
    """
    if not _YEAR_FIRST <= read.year <= _YEAR_LAST:
        raise ValueError(read)
    return read


def moment(text: str, where: str) -> datetime:
    """An xs:dateTime; without a zone it is read as UTC.

    Raises:
        BadInput: It is none.
    """
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{where}: no moment: {text!a:.40}") from None
    try:
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except OverflowError:
        raise BadInput(f"{where}: no moment: {text!a:.40}") from None
