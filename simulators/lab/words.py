"""The lab's words in four languages, one TOML file each; numbers and moments as each language writes them."""

import tomllib
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

LANGUAGES: Mapping[str, str] = {"en": "English", "fa": "فارسی", "fr": "Français", "ar": "العربية"}
RIGHT_TO_LEFT = frozenset({"fa", "ar"})
TEXTS = Path(__file__).with_name("texts")
ZONE = ZoneInfo("Asia/Tehran")
_OWN = {
    "fa": str.maketrans("0123456789,", "۰۱۲۳۴۵۶۷۸۹٬"),
    "ar": str.maketrans("0123456789,", "٠١٢٣٤٥٦٧٨٩٬"),
    "fr": str.maketrans(",", "\N{NARROW NO-BREAK SPACE}"),
}
"""Digits and the sign between groups, where they are not the English ones."""

GROUPING = " ,'\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{ARABIC THOUSANDS SEPARATOR}\N{ARABIC COMMA}"


class Words:
    """One language's texts by dotted key."""

    def __init__(self, language: str, texts: Mapping[str, str]) -> None:
        self.language = language
        self.direction = "rtl" if language in RIGHT_TO_LEFT else "ltr"
        self.texts = texts

    def __call__(self, key: str, **values: str | int) -> str:
        """The text of `key` with its places filled; an unknown key is a bug."""
        shown = {name: self.number(value) if isinstance(value, int) else value for name, value in values.items()}
        return self.texts[key].format_map(shown)

    def first(self, *keys: str) -> str:
        """The text of the first key that there is."""
        return next(self.texts[key] for key in keys if key in self.texts)

    def number(self, value: int) -> str:
        """A number in groups of three."""
        return self._own(f"{value:,}")

    def clock(self, moment: datetime) -> str:
        """Hour, minute and second in Tehran."""
        return self._own(f"{moment.astimezone(ZONE):%H:%M:%S}")

    def _own(self, text: str) -> str:
        return text.translate(_OWN[self.language]) if self.language in _OWN else text


def digits(text: str) -> str:
    """The digits of any script as ASCII, without the signs that group them; empty when anything else is there."""
    kept = [letter for letter in text.strip() if letter not in GROUPING]
    return "".join(str(unicodedata.decimal(letter)) for letter in kept) if all(map(str.isdecimal, kept)) else ""


def load(folder: Path = TEXTS) -> dict[str, Words]:
    """Every language's words."""
    return {
        language: Words(language, dict(_flat(tomllib.loads((folder / f"{language}.toml").read_text("utf-8")))))
        for language in LANGUAGES
    }


def _flat(sections: Mapping[str, Mapping[str, str]]) -> list[tuple[str, str]]:
    return [(f"{section}.{key}", text) for section, texts in sections.items() for key, text in texts.items()]
