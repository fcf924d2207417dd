"""Texts with `{name}` placeholders, and how each type of value is shown in each language.

A placeholder is `{name}` or `{name:form}`; the forms are `short` (a day without its year) and `bare` (an amount
without its unit). There are no expressions.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from ussd_menus.alphabet import graphemes, gsm_septets, into_gsm, into_ucs2, ucs2_units, value_letters
from ussd_menus.calendars import jalali_parts
from ussd_menus.model import Amount, Style, Value
from ussd_menus.plurals import category
from ussd_menus.screens import Plural, Text, Tongue, Word, WordType

PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)(?::([a-z]+))?\}")
FORMS = {"": frozenset(WordType), "short": {WordType.DAY, WordType.MOMENT}, "bare": {WordType.AMOUNT}}
"""Which types a form is for."""

OTHER = "other"
"""The word that stands for one that a list does not know, and the plural form that every text has."""
DIAL_NOTES = ("dial.unknown", "dial.pin")
"""Nobody knows what was dialled behind the service code, and: a PIN was dialled, which is not used, but call lists keep
it."""
RIAL = "IRR"
TOMAN_UNIT = "unit.toman"
AMBIENT = frozenset({"language", "digits", "money", "easy"})
"""Names that always have a value: the language and the style of the session."""
_PLAIN = Style()


def ambient(language: str, style: Style) -> dict[str, str]:
    """The language and the style as words that texts, calls and routers know."""
    return {
        "language": language,
        "digits": style.digits,
        "money": "toman" if style.toman else "rial",
        "easy": "yes" if style.easy else "no",
    }


@dataclass(frozen=True)
class Template:
    """A text taken apart once: literal, name, form, literal, name, form, … literal."""

    parts: tuple[str, ...]

    @cached_property
    def names(self) -> frozenset[str]:
        """Names of its placeholders."""
        return frozenset(self.parts[1::3])


@dataclass(frozen=True)
class Forms:
    """A text whose form a number chooses, each form taken apart once."""

    by: str
    forms: Mapping[str, Template]

    @cached_property
    def names(self) -> frozenset[str]:
        """Names of its placeholders, and the number that chooses."""
        return frozenset({self.by}).union(*(form.names for form in self.forms.values()))


def parse(text: Text, written: Callable[[str], str] = str) -> Template | Forms:
    """Take a text apart, literals as `written` writes them.

    Anything in braces that is no placeholder stays literal (verify reports it).
    """
    if isinstance(text, Plural):
        return Forms(text.by, {category: _template(form, written) for category, form in text.forms.items()})
    return _template(text, written)


def _template(text: str, written: Callable[[str], str]) -> Template:
    return Template(tuple(part or "" for part in PLACEHOLDER.split(written(text))))


def spellings(text: Text) -> tuple[str, ...]:
    """Every form of a text."""
    return tuple(text.forms.values()) if isinstance(text, Plural) else (text,)


def letters(tongue: Tongue, text: str, digits: str = "") -> str:
    """The text in the letters of the language, and in its digits or in `digits`."""
    if tongue.alphabet == "gsm":
        return into_gsm(text)
    return into_ucs2(text, digits or tongue.digits, persian=tongue.digits == "persian")


def size(tongue: Tongue, text: str) -> int:
    """Length in what limits this language: septets or UCS-2 units."""
    septets = gsm_septets(text) if tongue.alphabet == "gsm" else None
    return ucs2_units(text) if septets is None else septets


class Speech:
    """All texts of one language in one style, ready to be filled."""

    def __init__(self, tongue: Tongue, words: Mapping[str, Word], style: Style = _PLAIN) -> None:
        self.tongue = tongue
        self.words = words
        self.style = style
        self.digits = "latin" if style.digits == "latin" else tongue.digits
        self.ambient = ambient(tongue.code, style)
        texts = tongue.worded(easy=style.easy)
        self.templates = {key: parse(text, self.write) for key, text in texts.items()}

    def write(self, text: str) -> str:
        """The text in the letters and digits of this speech."""
        return letters(self.tongue, text, self.digits)

    def plain(self, key: str) -> str:
        """A text without placeholders; an unknown key shows itself, which verify has excluded."""
        template = self.templates.get(key)
        return template.parts[0] if isinstance(template, Template) else key

    def fill(self, key: str, values: Mapping[str, object]) -> str:
        """A text with its placeholders filled; verify has proved that each has a value."""
        template = self.templates[key]
        if isinstance(template, Forms):
            number = values[template.by]
            assert isinstance(number, int), f"{template.by} chooses a form and is no number"
            chosen = template.forms.get(category(self.tongue.code, number))
            template = chosen or template.forms[OTHER]
        parts = template.parts
        if len(parts) == 1:
            return parts[0]
        filled = list(parts[0:1])
        for name, form, literal in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
            value = self.ambient[name] if name in self.ambient else values[name]
            filled += (self.show(self.words[name], value, form), literal)
        return "".join(filled)

    def show(self, word: Word, value: object, form: str = "") -> str:
        """One value for people.

        Raises:
            AssertionError: The value is not what the word declares: a bug of whoever gave it.
        """
        match value:
            case str():
                return self._text(word, value)
            case Amount():
                return self._amount(value, form)
            case datetime():
                return self.write(f"{self._day(value.date(), form)} {value:%H:%M}")
            case date():
                return self.write(self._day(value, form))
            case _:
                return self.write(str(value))

    def _text(self, word: Word, value: str) -> str:
        if word.type is WordType.WORD:
            known = value if value in word.words else OTHER
            return self.plain(f"{word.texts}.{known}")
        if word.verbatim:
            return value
        shown = self.write(value_letters(value))
        if len(shown) > word.max:
            shown = "".join(graphemes(shown))[: word.max - 1].rstrip() + "."
        return shown

    def _amount(self, value: Amount, form: str) -> str:
        toman = self.style.toman and value.code == RIAL
        exponent = 1 if toman else value.exponent
        whole, cents = divmod(abs(value.minor), 10**exponent)
        shown = f"{whole:,}".replace(",", self.tongue.group)
        if value.exponent or (toman and cents):
            shown += f".{cents:0{exponent}d}"
        shown = self.write(f"-{shown}" if value.minor < 0 else shown)
        return shown if form == "bare" else f"{shown} {self.plain(TOMAN_UNIT if toman else f'unit.{value.code}')}"

    def _day(self, day: date, form: str) -> str:
        if self.tongue.calendar == "jalali":
            year, month, number = jalali_parts(day)
            return f"{month:02}/{number:02}" if form == "short" else f"{year}/{month:02}/{number:02}"
        short = f"{day.day:02}/{day.month:02}"
        return short if form == "short" else f"{short}/{day.year}"


_WORST_DAY = date(2027, 12, 28)


def worst(speech: Speech, word: Word) -> Value:
    """A value of the word that no other is longer than, in this language."""
    match word.type:
        case WordType.TEXT:
            return ("m" if speech.tongue.alphabet == "gsm" or word.verbatim else "م") * word.max
        case WordType.WORD:
            return max(word.words, key=lambda known: size(speech.tongue, speech.plain(f"{word.texts}.{known}")))
        case WordType.NUMBER:
            return int("8" * word.max)
        case WordType.AMOUNT:
            return word.amount(int("8" * word.max))
        case WordType.DAY:
            return _WORST_DAY
        case WordType.MOMENT:
            return datetime.fromisoformat(f"{_WORST_DAY}T22:48:00+00:00")


def check(word: Word, value: object) -> str:
    """Why the value is not one of the word; empty when it is."""
    return "" if _is_of(word, value) else f"{word.name} is declared {word.type} {word.max or ''}".rstrip()


def _is_of(word: Word, value: object) -> bool:
    match value:
        case str():
            listed = value in word.words or OTHER in word.words
            short = word.cut or len(value) <= word.max
            return (word.type is WordType.WORD and listed) or (word.type is WordType.TEXT and short)
        case int():
            return word.type is WordType.NUMBER and 0 <= value < 10**word.max
        case Amount():
            declared = word.type is WordType.AMOUNT and word.amount(value.minor) == value
            return declared and 0 <= value.minor < 10**word.max
        case datetime():
            return word.type is WordType.MOMENT and value.tzinfo is not None
        case date():
            return word.type is WordType.DAY
        case _:
            return False
