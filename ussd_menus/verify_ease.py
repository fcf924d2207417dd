"""Proofs about reading: what is said in easy mode is short and made of short words.

The measure is total and the same for everybody: words in the longest sentence of a text, and letters in its average
word where it has enough words to have an average. A placeholder is one word without letters.
"""

import re
from collections.abc import Iterator

from ussd_menus.model import Finding
from ussd_menus.rules import Rule, at_text
from ussd_menus.screens import Menus
from ussd_menus.texts import PLACEHOLDER, spellings
from ussd_menus.verify_texts import used_keys

SENTENCE_WORDS_MAX = 14
"""Plain language asks for 15 to 20 words a sentence at most, easy language for fewer (IFLA, ISO 24495-1)."""
WORD_LETTERS_MAX = {"en": 6.5, "fr": 7.0, "fa": 6.0, "ar": 6.5}
"""Letters in the average word, by language; of other languages OTHER_LETTERS_MAX."""
OTHER_LETTERS_MAX = 7.5
AVERAGED_WORDS_MIN = 6
"""Fewer words have no average: `Contribution: {amount}` is no hard text."""

_SENTENCE = re.compile(r"[.!?؟…:;؛\n]+")
_WORD = re.compile(r"[^\W_]+(?:['’\u200c-][^\W_]+)*")


def ease(menus: Menus) -> Iterator[Finding]:
    """Every text of easy mode, in each language that has easy texts."""
    used = used_keys(menus)
    for tongue in menus.tongues.values():
        if tongue.easy is None:
            continue
        for key, text in tongue.worded(easy=True).items():
            for form in spellings(text):
                problem = hard(tongue.code, form)
                if problem and key in used:
                    fix = f"{key} has {problem} in easy mode: say it more plainly in {tongue.easy.file}"
                    easy = key in tongue.easy.texts
                    yield at_text(menus, tongue, key, used[key], Rule.HARD_TO_READ, fix, easy=easy)
                    break


def hard(language: str, text: str) -> str:
    """What makes the text hard to read; empty when nothing does."""
    sentences = [_WORD.findall(PLACEHOLDER.sub(" x ", part)) for part in _SENTENCE.split(text)]
    longest = max(map(len, sentences), default=0)
    if longest > SENTENCE_WORDS_MAX:
        return f"a sentence of {longest} words, more than {SENTENCE_WORDS_MAX},"
    words = [word for part in _SENTENCE.split(PLACEHOLDER.sub(" ", text)) for word in _WORD.findall(part)]
    most = WORD_LETTERS_MAX.get(language, OTHER_LETTERS_MAX)
    if len(words) >= AVERAGED_WORDS_MIN and sum(map(len, words)) / len(words) > most:
        return f"{sum(map(len, words)) / len(words):.1f} letters a word, more than {most},"
    return ""
