"""What of a payment still stands in a bank's line after damage, and which sums tell the set that they are of."""

import random
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from wallet.reconciliation.rows import Row

SUBSETS_MAX = 1 << 24
"""Sets that `only_set` counts through. Where there are more, amounts of eight digits leave hardly a sum to one set."""


class Name(Enum):
    """What is left of the name that we and the bank share."""

    CLEAR = "clear"
    """All of it, or its first sixteen letters: written otherwise, or in another place."""
    SLIP = "slip"
    """All but one letter, or two that have changed places; ours have check digits."""
    LOST = "lost"


def swapped(rng: random.Random, text: str) -> str:
    """Two neighbouring digits that differ have changed places; the first digit never becomes nought."""
    places = [
        at
        for at in range(len(text) - 1)
        if text[at] != text[at + 1] and text[at : at + 2].isdigit() and (at or text[1] != "0")
    ]
    if not places:
        return text
    at = rng.choice(places)
    return f"{text[:at]}{text[at + 1]}{text[at]}{text[at + 2 :]}"


def _changed(rng: random.Random, text: str) -> str:
    at = rng.randrange(1, len(text))
    return f"{text[:at]}{rng.choice([digit for digit in '0123456789' if digit != text[at]])}{text[at + 1 :]}"


def _spaced(rng: random.Random, text: str) -> str:
    at = rng.randrange(2, len(text) - 1)
    return f"{text[:at]} {text[at:]}"


def _in_text(rng: random.Random, line: Row) -> Row:
    form = rng.choice(("{0} {1}", "/EREF/{1}/REMI/{0}", "{0} REF {1}.", "{0}/{1}"))
    return line._replace(end_to_end_id="", text=form.format(line.text, line.end_to_end_id))


Damage = Callable[[random.Random, Row], Row]
DAMAGES: Sequence[tuple[Name, Damage]] = (
    (Name.CLEAR, lambda _, line: line._replace(end_to_end_id=line.end_to_end_id.lower())),
    (Name.CLEAR, lambda rng, line: line._replace(end_to_end_id=_spaced(rng, line.end_to_end_id))),
    (Name.CLEAR, _in_text),
    (Name.CLEAR, _in_text),
    (Name.CLEAR, lambda _, line: line._replace(end_to_end_id=line.end_to_end_id[:16])),
    (Name.SLIP, lambda rng, line: line._replace(end_to_end_id=_changed(rng, line.end_to_end_id))),
    (Name.SLIP, lambda rng, line: line._replace(end_to_end_id=swapped(rng, line.end_to_end_id))),
    (Name.LOST, lambda _, line: line._replace(end_to_end_id="")),
    (Name.LOST, lambda _, line: line._replace(end_to_end_id="NOTPROVIDED")),
    (Name.LOST, lambda rng, line: line._replace(end_to_end_id=line.end_to_end_id[: rng.randrange(8, 13)])),
)
"""What happens to an EndToEndId on its way through banks, each as often as another."""


@dataclass(frozen=True, slots=True)
class Part:
    """A booking of some payments of an order: their places in it, and whether the booking names the order."""

    places: frozenset[int]
    name: Name
    count: int


def only_set(amounts: Collection[int], within: Collection[int], count: int) -> bool:
    """Whether no other set of `amounts` has the sum of `within` (and as many, if `count` is said).

    Equal amounts are different payments: where one of them is in and another is out, nobody can tell them apart.
    """
    have, want = Counter(amounts), Counter(within)
    if any(want[minor] not in {0, many} for minor, many in have.items()):
        return False
    if want == have:
        return True
    ways = 1
    for many in have.values():
        ways *= many + 1
    if ways > SUBSETS_MAX:
        return False
    kinds = sorted(have.items(), key=lambda kind: -kind[1])
    left, right = _sums(kinds[::2], said=bool(count)), _sums(kinds[1::2], said=bool(count))
    total = sum(within)
    found = sum(many * right.get((total - minor, count and count - taken), 0) for (minor, taken), many in left.items())
    return found == 1


def _sums(kinds: Sequence[tuple[int, int]], *, said: bool) -> dict[tuple[int, int], int]:
    """How many sets there are of each sum and, if said, each count."""
    sums = {(0, 0): 1}
    for minor, many in kinds:
        grown: dict[tuple[int, int], int] = {}
        for (total, taken), ways in sums.items():
            for more in range(many + 1):
                key = (total + more * minor, taken + more if said else 0)
                grown[key] = grown.get(key, 0) + ways
        sums = grown
    return sums


def told_parts(parts: Sequence[Part], amounts: Mapping[int, int]) -> frozenset[int]:
    """Which parts can be told, one after the other; `amounts` by place: those without a line of their own.

    A part that names its order is told if its set is the only one; its payments are then out of the question for the
    next. What does not name its order clearly is told where it is all that is left: by a name with a slip, or, without
    any, where amounts to the last digit make a sum that no other order has.
    """
    rest, told = dict(amounts), set[int]()
    while True:
        for at, part in enumerate(parts):
            if at not in told and _told(part, rest):
                told.add(at)
                for place in part.places:
                    del rest[place]
                break
        else:
            return frozenset(told)


def _told(part: Part, rest: Mapping[int, int]) -> bool:
    within = [rest[place] for place in part.places]
    match part.name:
        case Name.CLEAR:
            return only_set(list(rest.values()), within, part.count)
        case Name.SLIP:
            return len(within) == len(rest)
        case Name.LOST:
            return len(within) == len(rest) and any(minor % 10_000 for minor in within)
