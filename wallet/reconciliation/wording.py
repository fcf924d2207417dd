"""References, accounts and names as they compare: without case, spaces, marks and leading zeros."""

import re
import unicodedata

_WORDS = re.compile(r"[^\W_]+")
_NOTHING = frozenset({"NOTPROVIDED", "NONREF", "NOREF", "UNKNOWN", "NONE", "NA"})
"""What banks write where there is no reference."""
ACCOUNT_LENGTH_MIN = 6


def squeezed(text: str) -> str:
    """Letters and digits alone, in capitals; digits of every script as 0-9."""
    if not text.isascii():
        text = "".join(_latin(letter) for letter in unicodedata.normalize("NFKC", text))
    return "".join(_WORDS.findall(text)).upper()


def reference_of(text: str) -> str:
    """As references compare; '' for one that is none."""
    word = text.upper() if text.isalnum() and text.isascii() else squeezed(text)
    if word[:1] == "0":
        word = word.lstrip("0")
    return "" if word in _NOTHING else word


def account_of(text: str) -> str:
    """As accounts compare; '' for one that is masked or too short to be one."""
    if text.isalnum() and text.isascii():
        word = text.upper()
    elif not text or "*" in text:
        return ""
    else:
        word = squeezed(text)
    return word if len(word) >= ACCOUNT_LENGTH_MIN else ""


def words_of(text: str) -> list[str]:
    """The words of a text as references compare."""
    if not text.isascii():
        text = "".join(_latin(letter) for letter in unicodedata.normalize("NFKC", text))
    return [word for found in _WORDS.findall(text.upper()) if (word := found.lstrip("0"))]


def _latin(letter: str) -> str:
    value = unicodedata.digit(letter, -1)
    return letter if value < 0 else str(value)
