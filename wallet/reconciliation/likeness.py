"""What is alike in two open groups: accounts, references, names, orders and days; and digits that changed places."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from wallet.reconciliation.bounds import same_account
from wallet.reconciliation.bystanders import REFERENCE_MIN
from wallet.reconciliation.judging import needed
from wallet.reconciliation.naming import CUT_MIN, LENGTH_MAX, LENGTH_MIN, is_slip, name_of
from wallet.reconciliation.rows import Group, Reason, Row, Side, Terms
from wallet.reconciliation.units import Unit, days_apart, place_of
from wallet.reconciliation.wording import reference_of, words_of

_WORDS_MAX, _TEXT_MAX = 12, 500
_NAME_WORDS_MAX, _NAME_WORD_MIN = 6, 2
_LETTERS = str.maketrans(
    {
        "ي": "ی", "ى": "ی", "ئ": "ی", "ك": "ک", "ة": "ه", "ۀ": "ه", "ؤ": "و",
        "آ": "ا", "أ": "ا", "إ": "ا", "ٱ": "ا", "ء": "",
    }
)  # fmt: skip
"""Letters that Arabic and Persian keyboards write differently in one name."""
_JOINERS = dict.fromkeys(map(ord, "\u0640\u200c\u200d\u200e\u200f"))


@dataclass(frozen=True, eq=False)
class Piece:
    """An open group as suggestions see it, always whole.

    Attributes:
        unit: Its rows.
        complete: Whether no book is missed: it is open for its amounts or days.
        difference: What its sides differ by if it is complete, else nothing.
    """

    unit: Unit
    complete: bool = False
    difference: int = 0

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """By side and id."""
        return self.unit.rows

    @cached_property
    def sides(self) -> frozenset[Side]:
        """Whose books say it."""
        return frozenset(row.side for row in self.rows)

    @cached_property
    def day(self) -> int:
        """The first of its days, as an ordinal."""
        return min(row.on for row in self.rows).toordinal()

    @cached_property
    def owns(self) -> frozenset[str]:
        """What ledger and rail call it."""
        return self.unit.owns

    @cached_property
    def batches(self) -> frozenset[str]:
        """Orders that it belongs to, as references compare."""
        return frozenset(self.unit.said(lambda row: reference_of(row.batch)))

    @cached_property
    def references(self) -> frozenset[str]:
        """Long enough to be one: EndToEndIds and others."""
        words = {word for row in self.rows for word in (reference_of(row.reference), name_of(row))}
        return frozenset(word for word in words if len(word) >= REFERENCE_MIN)

    @cached_property
    def words(self) -> frozenset[str]:
        """References, and words of its texts that may be one."""
        said = (word for row in self.rows for word in words_of(row.text[:_TEXT_MAX]) if len(word) >= REFERENCE_MIN)
        return self.references | frozenset(sorted(set(said))[:_WORDS_MAX])

    @cached_property
    def names(self) -> frozenset[frozenset[str]]:
        """Of the other side, each as its words."""
        return frozenset(words for row in self.rows if (words := name_words(row.party)))


def piece_of(group: Group, terms: Terms) -> Piece:
    """A group's."""
    rows = tuple(sorted(group.rows, key=place_of))
    complete = needed(rows, terms) <= {row.side for row in rows}
    return Piece(Unit(rows), complete, group.difference_minor if complete else 0)


def alike(one: Piece, other: Piece, terms: Terms) -> frozenset[Reason] | None:
    """What is alike but for amounts; None where they contradict each other: they cannot be one thing."""
    if one.owns and other.owns and one.owns.isdisjoint(other.owns):
        return None
    reasons = {*_days(one, other, terms), *_references(one, other)}
    if same_account(one.unit, other.unit):
        reasons.add(Reason.SAME_ACCOUNT)
    elif one.unit.accounts and other.unit.accounts and reasons.isdisjoint(_NAMED):
        return None
    if not one.batches.isdisjoint(other.batches):
        reasons.add(Reason.SAME_BATCH)
    if any(_like_name(mine, theirs) for mine in one.names for theirs in other.names):
        reasons.add(Reason.LIKE_NAME)
    return frozenset(reasons)


_NAMED = frozenset({Reason.LIKE_REFERENCE, Reason.DIGITS_SWAPPED})


def name_words(name: str) -> frozenset[str]:
    """The words of a name without case, accents, marks, and what Arabic and Persian keyboards write differently."""
    plain = unicodedata.normalize("NFKC", name[:200]).translate(_JOINERS).translate(_LETTERS).casefold()
    letters = "".join(
        letter if letter.isalnum() else " "
        for letter in unicodedata.normalize("NFD", plain)
        if not unicodedata.combining(letter)
    )
    words = sorted({word for word in letters.split() if len(word) >= _NAME_WORD_MIN})
    return frozenset(words[:_NAME_WORDS_MAX])


def swapped(digits: str) -> Iterator[str]:
    """All that it may have been before two neighbours changed places, of digits that are not the same."""
    for at in range(len(digits) - 1):
        one, other = digits[at], digits[at + 1]
        if one != other and one.isdigit() and other.isdigit():
            yield f"{digits[:at]}{other}{one}{digits[at + 2 :]}"


def slip_keys(word: str) -> Iterator[str]:
    """The word without each of its letters, and itself: words that are one slip apart have one of these in common."""
    yield word
    if LENGTH_MIN <= len(word) <= LENGTH_MAX:
        yield from {word[:at] + word[at + 1 :] for at in range(len(word))}


def _days(one: Piece, other: Piece, terms: Terms) -> Iterator[Reason]:
    apart = days_apart(one.unit, other.unit)
    if apart <= terms.days:
        yield Reason.NEAR_DAY if apart else Reason.SAME_DAY


def _references(one: Piece, other: Piece) -> Iterator[Reason]:
    if not (
        one.owns.isdisjoint(other.owns)
        and one.references.isdisjoint(other.words)
        and other.references.isdisjoint(one.words)
    ):
        yield Reason.LIKE_REFERENCE
        return
    pairs = [(mine, theirs) for mine in one.references for theirs in other.references]
    if any(_cut(mine, theirs) or _cut(theirs, mine) or _slip(mine, theirs) for mine, theirs in pairs):
        yield Reason.LIKE_REFERENCE
    if any(len(mine) == len(theirs) and theirs in swapped(mine) for mine, theirs in pairs):
        yield Reason.DIGITS_SWAPPED


def _cut(word: str, name: str) -> bool:
    return len(word) >= CUT_MIN and name.startswith(word)


def _slip(one: str, other: str) -> bool:
    """Whether a letter was lost, put in or changed; numbers that follow one another differ by a digit, and mean two."""
    if min(len(one), len(other)) < LENGTH_MIN or max(len(one), len(other)) > LENGTH_MAX or not is_slip(one, other):
        return False
    changed = [(a, b) for a, b in zip(one, other, strict=False) if a != b]
    return len(one) != len(other) or (len(changed) == 1 and not (changed[0][0].isdigit() and changed[0][1].isdigit()))


def _like_name(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two words are the same, or all; one word that is the same is what many are called."""
    shared = len(one & other)
    return shared >= 2 or shared == max(len(one), len(other))
