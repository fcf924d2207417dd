"""The languages that people read here, and how each writes its numbers.

The one list on the gateway's side: every text, form and table of words goes by it. The menus have theirs in house.toml.
"""

import string
from collections.abc import Mapping

LANGUAGES: Mapping[str, str] = {"en": "English", "fa": "فارسی", "fr": "Français", "ar": "العربية"}
"""Code (ISO 639-1) and own name of each, in the order in which they are offered."""
PATTERN = f"^({'|'.join(LANGUAGES)})$"
"""What a form takes for a language."""
RIGHT_TO_LEFT = frozenset({"fa", "ar"})
GROUP = {"en": ",", "fa": "٬", "fr": "\N{NARROW NO-BREAK SPACE}", "ar": "٬"}
POINT = {"en": ".", "fa": "٫", "fr": ",", "ar": "٫"}
_DIGITS = {
    language: str.maketrans(string.digits, own) for language, own in {"fa": "۰۱۲۳۴۵۶۷۸۹", "ar": "٠١٢٣٤٥٦٧٨٩"}.items()
}


def own_digits(text: str, language: str) -> str:
    """The text with its digits as people of `language` write them."""
    return text.translate(_DIGITS[language]) if language in _DIGITS else text
