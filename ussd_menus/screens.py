"""The typed graph of the menus: the kinds of screen, the words of the actions, the texts.

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
    NUMBER = "number"
    """A whole number from `least` to `most`."""
    IBAN = "iban"
    """An Iranian IBAN: IR and 24 digits, the IR need not be typed (ISO 13616, check digits ISO 7064 mod 97-10)."""


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
    """A one-time code or a secret: never kept in the State. As a value it is shown by an end screen only; as an
    answer it goes straight into the call of the action that the input leads to."""
    verbatim: bool = False
    """A TEXT of ASCII letters that software reads: neither its digits nor its letters are those of the language."""
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


@dataclass(frozen=True, slots=True)
class Keys:
    """What is typed to find one's way, the same on every page of a dialogue; an empty key is none."""

    help: str = "0"
    back: str = "00"
    home: str = "000"
    next: str = "99"
    call_back: str = "9"
    """In easy mode only, and only on pages where it is no legal answer."""


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
    help: str = ""
    """Key of the text that the help key shows; empty for a screen that shows nothing, and for an end."""
    sensitive: bool = False
    """Its pages are Page(sensitive=True) and its answers are recorded nowhere."""
    keys: Keys = Keys()


@dataclass(frozen=True, slots=True)
class Option:
    """One line of a menu."""

    text: str
    to: str
    style: Mapping[str, str] = field(default_factory=dict)
    """What choosing it sets at once in the style of the session: `digits` (own, latin), `money` (rial, toman),
    `easy` (yes, no)."""


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
    empty: str = ""
    """Key of what stands for no rows."""


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
    least: int = 0
    """The smallest NUMBER that is taken."""
    most: int = 0
    """The largest."""


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

    sms: str = ""
    """Key of a text that goes to the person by SMS when the page is shown; empty for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InfoScreen(Screen):
    """One page to read; the key "1" goes on."""

    to: str
    label: str = "nav.go_on"


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterScreen(Screen):
    """Shows nothing: goes on by a known variable, or by `language` or `easy` ("yes", "no")."""

    by: str
    cases: Mapping[str, str] = field(default_factory=dict)
    """Word to screen."""
    steps: tuple[tuple[int, str], ...] = ()
    """(below, screen), ascending: the first whose `below` is greater than the NUMBER or the minor units."""
    otherwise: str = ""
    """Where everything else leads; empty only where `cases` names every word of the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubflowScreen(Screen):
    """Shows nothing: enters the screen `flow`, and goes on by the result of the return screen that it ends at."""

    flow: str
    on: Mapping[str, Branch]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnScreen(Screen):
    """Shows nothing: goes back to the subflow screen that was entered last, with a result."""

    result: str


STACK_MAX = 4
"""Subflows that may be open at once."""
GO_ON = "1"
"""The key of an info screen."""

AnyScreen = (
    MenuScreen
    | ListScreen
    | InfoScreen
    | RouterScreen
    | SubflowScreen
    | ReturnScreen
    | PagesScreen
    | InputScreen
    | SecretScreen
    | ConfirmScreen
    | ActionScreen
    | LanguageScreen
    | EndScreen
)

SILENT = ActionScreen | RouterScreen | SubflowScreen | ReturnScreen
"""Screens that show nothing."""


@dataclass(frozen=True, slots=True)
class House:
    """What holds for all menus: where a dialogue begins, where faults lead, the keys of navigation."""

    entry: str
    unavailable: str
    slow: str
    too_many: str
    keys: Keys
    invalid_max: int
    """Answers in a row that may be wrong before the dialogue ends."""
    help: str = ""
    """Key of the help text of screens whose dialogue names none."""
    call_back: str = ""
    """The screen to which the key `call_back` leads in easy mode; empty for none."""
    easy_options_max: int = 4
    """Options on one page in easy mode."""
    depth_max: int = 8
    """Pages to any screen by the shortest way, itself included."""
    codes: Mapping[str, str] = field(default_factory=dict)
    """Service code, digits and `*` without the outer `*` and `#`, to its first screen; other codes begin at `entry`."""


@dataclass(frozen=True, slots=True)
class Plural:
    """A text in the forms of its language (CLDR plural categories), chosen by the NUMBER `by`."""

    by: str
    forms: Mapping[str, str]
    """Category (zero, one, two, few, many, other) to text; `other` is always there."""


Text = str | Plural


@dataclass(frozen=True, slots=True)
class Overlay:
    """Texts that are laid over the plain ones of a language."""

    file: str
    texts: Mapping[str, Text]
    lines: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A string that people dial by heart, named with its version: an edit of the menus must not break it."""

    name: str
    file: str
    line: int
    dial: tuple[str, ...]
    """What stands between the stars after the service code; `{word}` takes one answer."""
    inputs: tuple[str, ...]
    """What is typed instead, from `starts_at` on."""
    starts_at: str
    ends_at: str
    """The screen that the last input leads to."""
    anyone: bool = False
    """Whether the session itself begins at `starts_at`, whoever dials: a stranger, or somebody who is locked."""


@dataclass(frozen=True, slots=True)
class Tongue:
    """One language: how it is written, and all its texts by key."""

    code: str
    name: str
    file: str
    alphabet: str
    """`gsm`: every page is brought into GSM-7; `ucs2`: pages are UCS-2."""
    digits: str
    """`latin`, `persian` or `arabic`."""
    calendar: str
    """`gregorian` or `jalali`."""
    group: str
    """What stands between groups of three digits."""
    texts: Mapping[str, Text]
    lines: Mapping[str, int] = field(default_factory=dict)
    easy: Overlay | None = None
    """What is said otherwise in easy mode."""

    def worded(self, *, easy: bool) -> Mapping[str, Text]:
        """The texts of the plain or the easy mode."""
        return {**self.texts, **self.easy.texts} if easy and self.easy else self.texts


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
    shortcuts: Mapping[str, Shortcut] = field(default_factory=dict)
    places: Mapping[str, Mapping[tuple[str, ...], int]] = field(default_factory=dict, repr=False)
    """File to the line of each of its keys."""
