"""Data elements of EMV that the house knows (EMV Book 3 annex A), and check digits."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Form(Enum):
    """How a data element counts its content, which decides how a DOL pads and cuts it."""

    BINARY = "b"
    NUMERIC = "n"
    COMPRESSED = "cn"


@dataclass(frozen=True, slots=True)
class Tag:
    """A data element: its tag in hex, form, and length in bytes (0: it varies)."""

    tag: str
    name: str
    form: Form = Form.BINARY
    length: int = 0


TAGS: Mapping[str, Tag] = {
    tag.tag: tag
    for tag in (
        Tag("4F", "application identifier"),
        Tag("50", "application label"),
        Tag("57", "track 2 equivalent data"),
        Tag("5A", "application PAN", Form.COMPRESSED),
        Tag("5F24", "application expiration date", Form.NUMERIC, 3),
        Tag("5F2A", "transaction currency code", Form.NUMERIC, 2),
        Tag("5F34", "PAN sequence number", Form.NUMERIC, 1),
        Tag("82", "application interchange profile", length=2),
        Tag("84", "dedicated file name"),
        Tag("87", "application priority indicator", length=1),
        Tag("8A", "authorisation response code", length=2),
        Tag("91", "issuer authentication data"),
        Tag("95", "terminal verification results", length=5),
        Tag("9A", "transaction date", Form.NUMERIC, 3),
        Tag("9C", "transaction type", Form.NUMERIC, 1),
        Tag("9F02", "amount, authorised", Form.NUMERIC, 6),
        Tag("9F03", "amount, other", Form.NUMERIC, 6),
        Tag("9F10", "issuer application data"),
        Tag("9F19", "token requestor id", Form.NUMERIC, 6),
        Tag("9F1A", "terminal country code", Form.NUMERIC, 2),
        Tag("9F24", "payment account reference", length=29),
        Tag("9F26", "application cryptogram", length=8),
        Tag("9F27", "cryptogram information data", length=1),
        Tag("9F33", "terminal capabilities", length=3),
        Tag("9F34", "CVM results", length=3),
        Tag("9F35", "terminal type", Form.NUMERIC, 1),
        Tag("9F36", "application transaction counter", length=2),
        Tag("9F37", "unpredictable number", length=4),
        Tag("9F38", "PDOL"),
        Tag("9F66", "terminal transaction qualifiers", length=4),
        Tag("9F6C", "card transaction qualifiers", length=2),
        Tag("9F6E", "form factor indicator"),
    )
}
"""The data elements that the house knows."""


def luhn_digit(digits: str) -> str:
    """The check digit that makes `digits` + it pass ISO/IEC 7812-1 annex B."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)
