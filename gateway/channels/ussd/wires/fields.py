"""The fields that every wire has, in the forms that we let in: session ids, numbers, networks, what was typed."""

import re
from dataclasses import dataclass
from enum import StrEnum

TEXT_MAX = 1_000
"""Characters of all answers of a session together; one USSD string holds 182."""
_SESSION = re.compile(r"[A-Za-z0-9_.:~@/+=\-]{1,128}", re.ASCII)
_MSISDN = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_CODE = re.compile(r"[*#]{1,3}[0-9][0-9*#]{0,180}", re.ASCII)
_OPERATOR = re.compile(r"[A-Za-z0-9_ .\-]{0,32}", re.ASCII)
_SEQUENCE = re.compile(r"[!-~]{0,64}", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9_ .\-]{0,40}", re.ASCII)
_UNTYPABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class NumberForm(StrEnum):
    """How a provider writes a number."""

    PLUS = "plus"
    """`+989120000001`; a plus sign that was not percent-encoded arrives as a blank and is understood."""
    BARE = "bare"
    """`989120000001`."""
    NATIONAL = "national"
    """`09120000001`, in the country of the wire."""
    TEL = "tel"
    """`tel:+989120000001` or `tel:989120000001` (RFC 3966)."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """The forms of a number that a wire takes; `country` is the code behind the plus sign for the national form."""

    forms: tuple[NumberForm, ...] = (NumberForm.PLUS, NumberForm.BARE)
    country: str = ""

    def e164(self, written: str) -> str | None:
        """`+989120000001` of what a request says; None if it has none of the forms."""
        for form in self.forms:
            made = self._read(form, written)
            if made is not None and _MSISDN.fullmatch(made):
                return made
        return None

    def _read(self, form: NumberForm, written: str) -> str | None:
        match form:
            case NumberForm.PLUS:
                return f"+{written[1:]}" if written[:1] in {"+", " "} else None
            case NumberForm.BARE:
                return f"+{written}" if written[:1].isdigit() else None
            case NumberForm.NATIONAL:
                return f"+{self.country}{written[1:]}" if self.country and written[:1] == "0" else None
            case NumberForm.TEL:
                return f"+{written[4:].removeprefix('+')}" if written[:4].lower() == "tel:" else None


def is_session(text: str) -> bool:
    """Whether it may be a provider's session id: visible ASCII of the URL-safe kind, 1 to 128."""
    return _SESSION.fullmatch(text) is not None


def is_code(text: str) -> bool:
    """Whether it may be a dialled string, with or without answers behind the code."""
    return _CODE.fullmatch(text) is not None


def is_operator(text: str) -> bool:
    """Whether it may be a provider's word for a network, at most 32 characters."""
    return _OPERATOR.fullmatch(text) is not None


def is_sequence(text: str) -> bool:
    """Whether it may be a provider's number of a delivery."""
    return _SEQUENCE.fullmatch(text) is not None


def is_typed(text: str) -> bool:
    """Whether a person may have typed it: bounded, no control characters, no halves of UTF-16 pairs."""
    return len(text) <= TEXT_MAX and _UNTYPABLE.search(text) is None


def word_of(text: str) -> str:
    """A provider's word for how a session ended, safe to store; '' if it is none."""
    return text if _WORD.fullmatch(text) else ""


__all__ = [
    "TEXT_MAX",
    "NumberForm",
    "Numbers",
    "is_code",
    "is_operator",
    "is_sequence",
    "is_session",
    "is_typed",
    "word_of",
]
