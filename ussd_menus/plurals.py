"""Which plural form a number takes in a language (Unicode CLDR 45, cardinal rules for whole numbers)."""

from collections.abc import Callable, Mapping

OTHER = "other"


def _arabic(number: int) -> str:
    if number <= 2:
        return ("zero", "one", "two")[number]
    rest = number % 100
    if 3 <= rest <= 10:
        return "few"
    return "many" if rest >= 11 else OTHER


def _up_to_one(number: int) -> str:
    return "one" if number <= 1 else OTHER


RULES: Mapping[str, Callable[[int], str]] = {
    "ar": _arabic,
    "en": lambda number: "one" if number == 1 else OTHER,
    "fa": _up_to_one,
    "fr": _up_to_one,
}

CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "ar": ("zero", "one", "two", "few", "many", OTHER),
    "en": ("one", OTHER),
    "fa": ("one", OTHER),
    "fr": ("one", OTHER),
}
"""What a text that has forms says in each language; of a language that is not here, `other` alone."""


def category(language: str, number: int) -> str:
    """The category of a whole number, zero or more."""
    rule = RULES.get(language)
    return OTHER if rule is None else rule(number)


def categories(language: str) -> tuple[str, ...]:
    """Every category that a number can have in the language."""
    return CATEGORIES.get(language, (OTHER,))
