"""What a line of the bank means by a damaged name: one of ours, if it can mean no other."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property

from wallet.reconciliation.rows import Row
from wallet.reconciliation.wording import reference_of, squeezed

LENGTH_MIN, LENGTH_MAX = 8, 40
"""Of names that are looked for in texts, or cut, or with a slip: shorter ones are found by chance."""
CUT_MIN = 12
"""Letters of a name that a bank must have left for it to be the beginning of another."""
_TEXT_MAX = 500


@dataclass
class Names:
    """Names of one kind that we have given, of all rows and not of open ones alone: EndToEndIds, or orders.

    Attributes:
        given: As references compare; one name may be in several.
        asked: Words of which anybody may ask whether they were cut.
    """

    given: Sequence[AbstractSet[str]]
    asked: Collection[str] = ()

    @cached_property
    def _sizes(self) -> list[int]:
        sizes = {size for given in self.given for size in set(map(len, given))}
        return sorted(size for size in sizes if LENGTH_MIN <= size <= LENGTH_MAX)

    @cached_property
    def _letters(self) -> str:
        letters: set[str] = set()
        for given in self.given:
            for name in given:
                letters.update(name)
        return "".join(sorted(letters))

    @cached_property
    def _heads(self) -> Mapping[str, Sequence[str]]:
        """Names by their first letters, of those alone that a word that is asked begins with."""
        heads: dict[str, list[str]] = {word[:CUT_MIN]: [] for word in self.asked if word not in self}
        for name in {name for given in self.given for name in given if name[:CUT_MIN] in heads}:
            heads[name[:CUT_MIN]].append(name)
        return heads

    def __contains__(self, word: object) -> bool:
        return any(word in given for given in self.given)

    def among(self, words: AbstractSet[str]) -> set[str]:
        """Those of the words that are names."""
        return {word for given in self.given for word in given & words}

    def within(self, texts: Iterable[str]) -> set[str]:
        """Names that stand whole in one of the texts, whatever spaces and marks are between their letters."""
        found: set[str] = set()
        for text in texts:
            letters = squeezed(text[:_TEXT_MAX]) if len(text) >= LENGTH_MIN else ""
            for size in self._sizes:
                found |= self.among({letters[at : at + size] for at in range(len(letters) - size + 1)})
        return found

    def cut(self, word: str) -> set[str]:
        """Names of which the word, one of those asked, is the beginning."""
        if len(word) < CUT_MIN:
            return set()
        return {name for name in self._heads.get(word[:CUT_MIN], ()) if name.startswith(word)}

    def near(self, word: str) -> set[str]:
        """Names that are one slip away: a letter changed, lost, put in, or two neighbours that have changed places."""
        if not LENGTH_MIN <= len(word) <= LENGTH_MAX:
            return set()
        return self.among(set(slips(word, self._letters)))


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
