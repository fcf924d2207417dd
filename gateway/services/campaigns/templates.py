"""Texts of campaigns: which placeholders they may have, and how a row's values are written into them. Pure.

A placeholder is `{name}` and nothing more: no attribute, index, conversion or format. `{amount}` is written as an
amount and `{due}` as a day of the row's language; `{service_code}` and `{pay_code}` are what people dial.
"""

import re
import string
from collections.abc import Collection, Mapping
from datetime import date
from typing import Protocol

from gateway.errors import BadInput
from gateway.services.shortnumber import ascii_digits
from gateway.wire import gsm
from gateway.wire.csvrows import has_control
from wallet.money import Money, irr

HOUSE = frozenset({"service_code", "pay_code"})
"""Placeholders that the house fills itself."""
AMOUNT, DUE = "amount", "due"
TEMPLATE_MAX = 700
"""Characters of a template: four parts of UCS-2 hold fewer."""
NAME = re.compile(r"[a-z][a-z0-9_]{0,29}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class Written(Protocol):
    """How a language writes things; satisfied by gateway.services.notices.words.Language."""

    def amount(self, money: Money) -> str:
        """Grouped digits and the asset's name."""
        ...

    def day(self, day: date) -> str:
        """A calendar day."""
        ...

    def code(self, code: str) -> str:
        """What people dial."""
        ...


def placeholders(template: str) -> frozenset[str]:
    """The names in a template.

    Raises:
        BadInput: Empty, too long, a control character, a brace that is not closed, or more than a name in braces.
    """
    if not template.strip() or len(template) > TEMPLATE_MAX:
        raise BadInput(f"a text has 1 to {TEMPLATE_MAX} characters")
    if has_control(template.replace("\n", "")):
        raise BadInput("a text has no control characters")
    try:
        pieces = list(string.Formatter().parse(template))
    except ValueError as problem:
        raise BadInput(f"a brace of the text is not closed: {problem}") from problem
    for _, name, form, conversion in pieces:
        if name is not None and (not NAME.fullmatch(name) or form or conversion):
            raise BadInput("braces hold one name of a-z, 0-9 and _, and nothing else")
    return frozenset(name for _, name, _, _ in pieces if name is not None)


def check(templates: Mapping[str, str], columns: Collection[str]) -> None:
    """Refuse texts that name what no column has.

    Raises:
        BadInput: No text, or one with a placeholder that nobody fills; says which.
    """
    if not templates:
        raise BadInput("a campaign needs a text")
    for language, template in templates.items():
        unknown = placeholders(template) - HOUSE - set(columns)
        if unknown:
            raise BadInput(f"the text in {language} names {', '.join(sorted(unknown))}, which no column has")


def worded(template: str, language: Written, values: Mapping[str, str], codes: Mapping[str, str]) -> str:
    """The text of one row, in GSM letters where that only costs an accent; `values` have passed `typed`."""
    shown = {name: language.code(code) for name, code in codes.items()}
    for name in placeholders(template) - HOUSE:
        value = values[name]
        if name == AMOUNT:
            value = language.amount(irr(int(value)))
        elif name == DUE:
            value = language.day(date.fromisoformat(value))
        shown[name] = value
    return gsm.transliterate(template.format_map(shown))


def day_of(text: str) -> str | None:
    """A day of the Gregorian calendar, `2026-12-31`."""
    digits = ascii_digits(text)
    try:
        return date.fromisoformat(digits).isoformat() if _DAY.fullmatch(digits) else None
    except ValueError:
        return None
