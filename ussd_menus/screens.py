"""The typed graph of the menus: nine kinds of screen, the words of the actions, the texts.

Names are global: `dialogue.screen`. Every target is the name of a screen, every text the key of a string.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ussd_menus.model import Amount


class AnswerKind(StrEnum):
    """What an input screen takes; `answers.py` reads it."""

    TEXT = "text"
    DIGITS = "digits"
    NATIONAL_NUMBER = "national_number"
    MSISDN = "msisdn"
    AMOUNT = "amount"
    DATE = "date"


class WordType(StrEnum):
    """The type of a word of the vocabulary, which decides how it is shown and how long it can be."""

    TEXT = "text"
    """A str of at most `max` characters."""
    WORD = "word"
    """A str from a closed list, shown by the text `<texts>.<word>`; an unknown one as `other` where that is listed."""
    NUMBER = "number"
    """An int of at most `max` digits."""
    AMOUNT = "amount"
    """An Amount of at most `max` digits."""
    DAY = "day"
    MOMENT = "moment"


@dataclass(frozen=True, slots=True)
class Word:
    """One name of the vocabulary: the same name means the same thing in every action, variable and placeholder."""

    name: str
    type: WordType
    max: int = 0
    """Characters of a TEXT, digits of a NUMBER or AMOUNT."""
    cut: bool = False
    """A longer TEXT is cut and marked; without it a longer one is a bug of the caller."""
    sensitive: bool = False
    """A one-time code: shown by an end screen only, never kept in the State."""
    words: tuple[str, ...] = ()
    texts: str = ""
    code: str = ""
    """Asset of an AMOUNT."""
    exponent: int = 0

    def amount(self, minor: int) -> Amount:
        """So many minor units of this word's asset."""
        return Amount(minor, self.code, self.exponent)


@dataclass(frozen=True, slots=True)
class Action:
    """What an action takes and can answer; the channel binds the name to a service."""

    name: str
    line: int
    args: tuple[str, ...]
    secrets: tuple[str, ...]
    outcomes: Mapping[str, tuple[str, ...]]
    """Outcome to the names of its values."""
    row: tuple[str, ...] = ()
    """Fields of a row of `rows`, the value of the outcome `ok`."""
    rows_max: int = 0


@dataclass(frozen=True, slots=True)
class Branch:
    """Where an outcome leads, and the text shown above that screen."""

    to: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """What every screen has."""

    name: str
    file: str
    line: int
    text: str
    """Key of what it says; empty for a screen without a head."""
    back: str = ""
    back_label: str = "nav.back"
    home: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """One line of a menu."""

    text: str
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuScreen(Screen):
    """Numbered options; numbers are the same on every page."""

    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListScreen(Screen):
    """The numbered rows of the last call that had rows; the chosen row's fields go into variables."""

    row: str
    choose: Mapping[str, str]
    """Variable to field of the row."""
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PagesScreen(Screen):
    """A text of any length, then, when `row` is given, the rows of the last call; `empty` stands for no rows."""

    row: str = ""
    empty: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputScreen(Screen):
    """Asks for one answer that may be kept."""

    kind: AnswerKind
    into: str
    to: str
    length_min: int = 1
    length_max: int = 40
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretScreen(Screen):
    """Asks for digits that go into the call and nowhere else."""

    call: str
    on: Mapping[str, Branch]
    length_min: int = 4
    length_max: int = 4
    error: str = "error.secret"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmScreen(Screen):
    """Shows what will be done; only `key` agrees."""

    key: str
    label: str
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionScreen(Screen):
    """Shows nothing: calls and branches by outcome."""

    call: str
    on: Mapping[str, Branch]


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageScreen(Screen):
    """The languages by their own names; the choice is the language of the session."""

    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndScreen(Screen):
    """One page, then the session is over."""


AnyScreen = (
    MenuScreen
    | ListScreen
    | PagesScreen
    | InputScreen
    | SecretScreen
    | ConfirmScreen
    | ActionScreen
    | LanguageScreen
    | EndScreen
)


@dataclass(frozen=True, slots=True)
class House:
    """What holds for all menus: where a dialogue begins, where faults lead, the keys of navigation."""

    entry: str
    unavailable: str
    slow: str
    too_many: str
    key_back: str
    key_home: str
    key_next: str
    invalid_max: int
    """Answers in a row that may be wrong before the dialogue ends."""


@dataclass(frozen=True, slots=True)
class Tongue:
    """One language: how it is written, and all its texts by key."""

    code: str
    name: str
    file: str
    alphabet: str
    """`gsm`: every page is brought into GSM-7; `ucs2`: pages are UCS-2."""
    digits: str
    """`latin` or `persian`."""
    calendar: str
    """`gregorian` or `jalali`."""
    group: str
    """What stands between groups of three digits."""
    texts: Mapping[str, str]
    lines: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Menus:
    """The menus as loaded: well formed, not yet proved (see verify)."""

    version: str
    """Hash of the content of all files."""
    house: House
    screens: Mapping[str, AnyScreen]
    actions: Mapping[str, Action]
    words: Mapping[str, Word]
    tongues: Mapping[str, Tongue]
    """In the order in which a language screen shows them."""
