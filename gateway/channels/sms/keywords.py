"""Keywords: which word a person wrote, in which language, and what follows it. The words are `keywords.toml`.

People write on keypads and in a hurry: Arabic yeh and kaf for Persian ones, with or without half spaces, in capitals,
with accents or without, `PAY1405` in one word, a full stop at the end. All of that reads alike.
"""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from gateway.languages import LANGUAGES
from gateway.services.shortnumber import ascii_digits

WORDS_JOINED_MAX = 3
"""A keyword of several words, as `opt out`, has so many at most."""
_LETTERS = str.maketrans(
    {
        # Arabic forms and the Persian ones that keypads of either language type for them.
        "ي": "ی", "ى": "ی", "ئ": "ی", "ك": "ک", "ة": "ه", "ۀ": "ه", "ؤ": "و",
        "آ": "ا", "أ": "ا", "إ": "ا", "ٱ": "ا", "ء": "", "ـ": "",
        "œ": "oe", "æ": "ae", "ß": "ss", "’": "", "'": "",
    }
)  # fmt: skip
_GAP = r"(?:[^\w\u200c\u200d\u0300-\u036f\u064b-\u065f\u0670]|_)"
"""What stands between words: neither a letter or digit, nor a half space, nor a mark over or under a letter."""
_GAPS = re.compile(f"{_GAP}+")
_LEADING = re.compile(f"{_GAP}*")
_NOT_LETTERS = re.compile(r"[\W_]+")
_WORD_AND_NUMBER = re.compile(r"([^\W\d_]+)(\d+)")
_SECRET = re.compile(r"[0-9]{4,8}", re.ASCII)
"""A PIN has four digits, the codes that we give out six and eight."""
_HALF_SPACES = "\u200c\u200d"
_UNSEEN = frozenset({"Cf", "Cs", "Co", "Cn"})


class Keyword(StrEnum):
    """What a person asks for."""

    BALANCE = "balance"
    PAY = "pay"
    CLAIM = "claim"
    STOP = "stop"
    START = "start"
    HELP = "help"
    COMPLAINT = "complaint"
    YES = "yes"
    NO = "no"
    DIGIT = "digit"
    """One digit alone; the argument is the digit, in no language."""


@dataclass(frozen=True, slots=True)
class Found:
    """A keyword that was written.

    Attributes:
        keyword: Which.
        language: Of the word; '' for a digit.
        argument: What follows it, as it was written.
    """

    keyword: Keyword
    language: str
    argument: str = field(repr=False)


class Keywords:
    """The words of every language."""

    def __init__(self, words: Mapping[str, Mapping[str, list[str]]] | None = None) -> None:
        """`words` by language and keyword; the shipped ones if not given."""
        if words is None:
            words = tomllib.loads(Path(__file__).with_name("keywords.toml").read_text("utf-8"))
        self._named = {
            (language, Keyword(name)): forms[0] for language, lists in words.items() for name, forms in lists.items()
        }
        self._known: dict[str, dict[str, Keyword]] = {}
        for language, lists in words.items():
            for name, forms in lists.items():
                for form in forms:
                    # A word of two parts is also written in one, or with a half space, which reads as one.
                    for spelling in {alike(form), alike(form).replace(" ", "")}:
                        self._known.setdefault(spelling, {})[language] = Keyword(name)

    def named(self, keyword: Keyword, language: str) -> str:
        """The word that people are told to write."""
        return self._named[language, keyword]

    def find(self, text: str, language: str) -> Found | None:
        """The keyword that `text` begins with, None if it begins with none; a word of `language` wins."""
        text = _printed(text)
        digits = _only_digits(text)
        if len(digits) == 1:
            return Found(Keyword.DIGIT, "", digits)
        heads = _heads(text)
        # The longest run of words that is a keyword wins, so that `opt out` is not read as some `opt`.
        for head, rest in reversed(heads):
            found = self._found(head, rest, language)
            if found is not None:
                return found
        glued = _WORD_AND_NUMBER.fullmatch(heads[0][0]) if heads else None
        if glued is None:
            return None
        return self._found(glued.group(1), f"{glued.group(2)} {heads[0][1]}".strip(), language)

    def _found(self, head: str, rest: str, language: str) -> Found | None:
        spoken = self._known.get(alike(head))
        if not spoken:
            return None
        own = language if language in spoken else next(name for name in LANGUAGES if name in spoken)
        if spoken[own] in {Keyword.YES, Keyword.NO} and len(rest.split()) > 1:
            # A sentence that happens to begin with such a word agrees to nothing.
            return None
        return Found(spoken[own], own, rest)


def looks_secret(text: str) -> bool:
    """Whether the whole text may be a PIN or a code, which nobody should send by SMS."""
    return _SECRET.fullmatch(_only_digits(text)) is not None


def _only_digits(text: str) -> str:
    """The text in ASCII digits, '' if there is anything but digits and what may stand between them."""
    digits = ascii_digits(_NOT_LETTERS.sub("", text))
    return digits if digits.isascii() and digits.isdigit() else ""


def alike(word: str) -> str:
    """A word as it is compared: without case, accents, letter forms and punctuation; one space between its parts."""
    return " ".join(_plain(part) for part in _GAPS.split(word) if part)


def _plain(word: str) -> str:
    plain = unicodedata.normalize("NFKC", word).casefold().translate(_LETTERS)
    letters = "".join(char for char in unicodedata.normalize("NFKD", plain) if unicodedata.category(char) != "Mn")
    return ascii_digits(_NOT_LETTERS.sub("", letters))


def _printed(text: str) -> str:
    """Without marks of direction and the like, which stand anywhere and are seen nowhere, but for half spaces."""
    return "".join(char for char in text if char in _HALF_SPACES or unicodedata.category(char) not in _UNSEEN)


def _heads(text: str) -> list[tuple[str, str]]:
    """The first word and the rest, the first two words and the rest, and so on."""
    start = _LEADING.match(text)
    begin = at = start.end() if start else 0
    heads: list[tuple[str, str]] = []
    while at < len(text) and len(heads) < WORDS_JOINED_MAX:
        gap = _GAPS.search(text, at)
        end, at = (gap.start(), gap.end()) if gap else (len(text), len(text))
        heads.append((text[begin:end], text[at:].strip()))
    return heads
