"""Letters: how long a text is on the wire, and how a text is brought into the letters of its language.

GSM 7-bit default alphabet and extension table: 3GPP TS 23.038 clause 6.2.1. A USSD string holds 182 septets or 80
UCS-2 units, and one letter outside the alphabet makes the whole page UCS-2.
"""

import unicodedata
from functools import lru_cache

GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""One septet each."""

GSM_EXTENSION = frozenset("\f^{}\\[~]|€")
"""Two septets each: an escape and the letter."""

GSM_ALL = GSM_BASIC | GSM_EXTENSION

_TO_GSM = {
    "œ": "oe",
    "Œ": "OE",
    "ÿ": "y",
    "’": "'",
    "‘": "'",
    "ʼ": "'",
    "“": '"',
    "”": '"',
    "„": '"',
    "«": '"',
    "»": '"',
    "…": "...",
    "–": "-",
    "—": "-",
    "−": "-",
    "‐": "-",
    "•": "-",
    "×": "x",
    "·": ".",
    "؟": "?",
    "\u00a0": " ",
    "\u202f": " ",
    "\u2009": " ",
    "\t": " ",
}
_VALUE_BRACKETS = str.maketrans("^{}\\[~]|\f", "-()/(-)/ ")
_PERSIAN_LETTERS = str.maketrans("يىك", "ییک")
_SPACES = str.maketrans("\u200c\u00a0\u202f\t", "    ")
_ALL_DIGITS = ("0123456789", "۰۱۲۳۴۵۶۷۸۹", "٠١٢٣٤٥٦٧٨٩")
_DIGITS = {
    name: str.maketrans("".join(_ALL_DIGITS) + "\t", own * len(_ALL_DIGITS) + " ")
    for name, own in zip(("latin", "persian", "arabic"), _ALL_DIGITS, strict=True)
}


def gsm_septets(text: str) -> int | None:
    """Length in septets, extension letters counting two; None when a letter is not GSM-7."""
    if GSM_BASIC.issuperset(text):
        return len(text)
    if not GSM_ALL.issuperset(text):
        return None
    return len(text) + sum(letter in GSM_EXTENSION for letter in text)


def ucs2_units(text: str) -> int:
    """Length in 16-bit units; a character above U+FFFF counts two."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def into_gsm(text: str) -> str:
    """The text in GSM-7 letters: é è ù ì ò à Ç stay, ê ç œ ’ « become e c oe ' ", what has no likeness becomes `?`."""
    if GSM_ALL.issuperset(text):
        return text
    text = unicodedata.normalize("NFC", text)
    return "".join(letter if letter in GSM_ALL else _likeness(letter) for letter in text)


def unlike(text: str) -> str:
    """The letters of a text that GSM-7 has no likeness of, each once: people would read `?`."""
    strange = (letter for letter in unicodedata.normalize("NFC", text) if letter not in GSM_ALL)
    return "".join(dict.fromkeys(one for one in strange if one not in _TO_GSM and _likeness(one) == "?"))


@lru_cache(maxsize=1024)
def _likeness(letter: str) -> str:
    known = _TO_GSM.get(letter)
    if known is not None:
        return known
    if unicodedata.category(letter) in {"Cf", "Mn"}:
        return ""
    if letter.isdecimal():
        return str(unicodedata.decimal(letter))
    base = unicodedata.normalize("NFKD", letter)[0]
    return base if base in GSM_ALL else "?"


def into_ucs2(text: str, digits: str, *, persian: bool) -> str:
    """NFC, digits of one kind (`latin`, `persian`, `arabic`), no invisible marks (old handsets show boxes).

    A zero-width non-joiner becomes a space of the same length, so that letters do not join wrongly. `persian`: Arabic
    yeh and kaf as Persian ones.
    """
    if text.isascii():
        return text.translate(_DIGITS[digits])
    text = unicodedata.normalize("NFC", text).translate(_SPACES).translate(_DIGITS[digits])
    if persian:
        text = text.translate(_PERSIAN_LETTERS)
    return "".join(letter for letter in text if unicodedata.category(letter) != "Cf")


def into_persian(text: str) -> str:
    """Persian letters and digits, see into_ucs2."""
    return into_ucs2(text, "persian", persian=True)


def value_letters(text: str) -> str:
    """A value from outside made safe to measure: one line, each letter one septet or one unit, no control letters."""
    kept = []
    for letter in unicodedata.normalize("NFC", text).translate(_VALUE_BRACKETS):
        category = unicodedata.category(letter)
        if letter in "\r\n":
            kept.append(" ")
        elif category not in {"Cc", "Cf"} or letter == "\u200c":
            kept.append("?" if category == "Cs" or letter > "\uffff" else letter)
    return "".join(kept).replace("€", "E")


def graphemes(text: str) -> list[str]:
    """The text in pieces that must not be cut: a letter with the marks that belong to it."""
    pieces: list[str] = []
    for letter in text:
        if pieces and (unicodedata.combining(letter) or letter in "\u200c\u200d" or pieces[-1][-1] == "\u200d"):
            pieces[-1] += letter
        else:
            pieces.append(letter)
    return pieces
