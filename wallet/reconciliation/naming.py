"""What a line of the bank means by a damaged name: one of ours, if it can mean no other."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from wallet.reconciliation.rows import Row
from wallet.reconciliation.wording import reference_of, squeezed

LENGTH_MIN, LENGTH_MAX = 8, 40
"""Of names that are looked for in texts, or cut, or with a slip: shorter ones are found by chance."""
_CUT_MIN = 12
_TEXT_MAX = 500


@dataclass
class Names:
    """Names of one kind that we have given, of all rows and not of open ones alone: EndToEndIds, or orders.

    Attributes:
        given: As references compare.
    """

    given: Collection[str]
    _lengths: frozenset[int] = field(init=False, default=frozenset())

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self.given)

    @cached_property
    def _sizes(self) -> list[int]:
        return sorted({size for name in self.given if LENGTH_MIN <= (size := len(name)) <= LENGTH_MAX})

    @cached_property
    def _letters(self) -> str:
        return "".join(sorted(set().union(*self.given))) if self.given else ""

    def within(self, texts: Iterable[str]) -> set[str]:
        """Names that stand whole in one of the texts, whatever spaces and marks are between their letters."""
        found: set[str] = set()
        for text in texts:
            letters = squeezed(text[:_TEXT_MAX])
            for size in self._sizes:
                for at in range(len(letters) - size + 1):
                    if (word := letters[at : at + size]) in self.given:
                        found.add(word)
        return found

    def cut(self, word: str) -> set[str]:
        """Names of which the word is the beginning, at most two."""
        if len(word) < _CUT_MIN:
            return set()
        at = bisect_left(self._sorted, word)
        return {name for name in self._sorted[at : at + 2] if name.startswith(word)}

    def near(self, word: str) -> set[str]:
        """Names that are one slip away: a letter changed, lost, put in, or two neighbours that have changed places."""
        if not LENGTH_MIN <= len(word) <= LENGTH_MAX:
            return set()
        return {slip for slip in slips(word, self._letters) if slip in self.given}


def slips(word: str, letters: str) -> Iterator[str]:
    """All words that are one slip away, some of them twice."""
    for at in range(len(word) + 1):
        head, tail = word[:at], word[at:]
        for letter in letters:
            yield f"{head}{letter}{tail}"
            yield f"{head}{letter}{tail[1:]}"
        yield head + tail[1:]
        if len(tail) > 1:
            yield f"{head}{tail[1]}{tail[0]}{tail[2:]}"


def is_slip(one: str, other: str) -> bool:
    """Whether two words are one slip away from each other, or the same."""
    if abs(len(one) - len(other)) > 1:
        return False
    begin = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    mine, theirs = one[begin:], other[begin:]
    return (
        mine[1:] == theirs[1:]
        or mine[1:] == theirs
        or mine == theirs[1:]
        or (len(mine) > 1 and mine[:2] == theirs[1::-1] and mine[2:] == theirs[2:])
    )


def texts_of(row: Row) -> tuple[str, str, str]:
    """Where a bank may put what was meant for another field."""
    return row.end_to_end_id, row.reference, row.text


def name_of(row: Row) -> str:
    """Its EndToEndId as references compare."""
    return reference_of(row.end_to_end_id)
