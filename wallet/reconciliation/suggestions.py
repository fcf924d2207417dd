"""What might belong together of what is open, for people to decide; nothing here links anything.

Candidates come from indices alone: to each group and key so many of the nearest are looked at and no more, so that the
work grows with the groups and not with their pairs.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from wallet.reconciliation.likeness import Piece, alike, piece_of, slip_keys, swapped
from wallet.reconciliation.naming import CUT_MIN
from wallet.reconciliation.rows import Group, Reason, Side, Suggestion, Terms, Verdict
from wallet.reconciliation.sums import only_set
from wallet.reconciliation.units import place_of, sums_of

NEAREST = 6
"""How many of each kind of neighbours are looked at."""
PARTS_MAX, BATCH_MAX, TRIES_MAX = 12, 200, 4000
"""Of how many some may make a sum, of how many all, and how many sums are tried in all."""
NEAR_SHARE = 100
"""Amounts are near if they differ by one part in so many."""
_CHANCE_MAX = 3
"""A day's amounts make any sum if enough of them are taken: parts that nothing but the day joins are no more."""
_DAY = 3
"""The weakest bond that parts of a sum have."""
_RIVAL, _RIVALS_MAX = 5, 4
WEIGHTS = {
    Reason.TAKES_BACK: 45,
    Reason.SAME_AMOUNT: 40,
    Reason.SUM_OF_SEVERAL: 32,
    Reason.DIGITS_SWAPPED: 30,
    Reason.LIKE_REFERENCE: 25,
    Reason.SAME_ACCOUNT: 20,
    Reason.NEAR_AMOUNT: 18,
    Reason.LIKE_NAME: 15,
    Reason.SAME_BATCH: 14,
    Reason.SAME_DAY: 10,
    Reason.NEAR_DAY: 5,
}
_WITNESSES = frozenset({Reason.SAME_ACCOUNT, Reason.LIKE_NAME, Reason.SAME_BATCH})
_DAYS = frozenset({Reason.SAME_DAY, Reason.NEAR_DAY})
_NAMED = frozenset({Reason.LIKE_REFERENCE, Reason.DIGITS_SWAPPED})
_Found = tuple[tuple[Piece, ...], frozenset[Reason]]


def suggest(open_groups: Sequence[Group], terms: Terms, *, limit: int = 200) -> list[Suggestion]:
    """What staff might link, best first, whatever order the groups come in; groups that are matched are left aside.

    Only groups that lack one another's sides are joined, or a difference with what makes it up, or a return with what
    it may take back. Where several are as good, each has a lower score.
    """
    pieces = sorted(
        (piece_of(group, terms) for group in open_groups if group.verdict is not Verdict.MATCHED),
        key=lambda piece: piece.unit.place,
    )
    books = _Books(pieces, terms)
    judged: dict[frozenset[Piece], _Found] = {}
    for pair in dict.fromkeys(_ordered(pair) for piece in pieces for pair in books.pairs(piece)):
        if (found := weighed(pair, terms)) is not None:
            judged[frozenset(pair)] = found
    for made in books.sums(pieces):
        judged.setdefault(frozenset(made[0]), made)
    scored = sorted(zip(_scores([*judged.values()]), judged.values(), strict=True), key=_rank)
    return [_suggestion(score, *found) for score, found in scored[: max(limit, 0)]]


def weighed(pair: tuple[Piece, Piece], terms: Terms) -> _Found | None:
    """Why two might be one, or None where that is not worth anybody's look."""
    shared = alike(*pair, terms)
    if shared is None:
        return None
    amount = _amount(*pair, terms)
    told = bool(shared & (_WITNESSES | _NAMED))
    if amount is None:
        return (pair, shared) if shared & _NAMED and shared & _WITNESSES else None
    if amount is Reason.NEAR_AMOUNT and not told and not _tolerated(*pair, terms):
        return None
    return (pair, shared | {amount}) if shared else None


def _amount(one: Piece, other: Piece, terms: Terms) -> Reason | None:
    """What the amounts say."""
    if one.sides == other.sides:
        return Reason.TAKES_BACK
    if not one.sides.isdisjoint(other.sides):
        return Reason.SUM_OF_SEVERAL
    mine, theirs = one.unit.minors, other.unit.minors
    if not set(mine).isdisjoint(theirs):
        return Reason.SAME_AMOUNT
    if any(str(abs(b)) in swapped(str(abs(a))) for a in mine for b in theirs):
        return Reason.DIGITS_SWAPPED
    near = any(abs(a - b) * NEAR_SHARE <= max(abs(a), abs(b)) for a in mine for b in theirs)
    return Reason.NEAR_AMOUNT if near or _tolerated(one, other, terms) else None


def _tolerated(one: Piece, other: Piece, terms: Terms) -> bool:
    return any(abs(a - b) <= terms.minor for a in one.unit.minors for b in other.unit.minors)


def _ordered(pair: tuple[Piece, Piece]) -> tuple[Piece, Piece]:
    one, other = pair
    return pair if one.unit.place < other.unit.place else (other, one)


def _scores(judged: Sequence[_Found]) -> Iterator[int]:
    """Of each, less where others would have one of its groups and are as good."""
    plain = [sum(WEIGHTS[reason] for reason in reasons) for _, reasons in judged]
    wanted: defaultdict[Piece, list[int]] = defaultdict(list)
    for (pieces, _), score in zip(judged, plain, strict=True):
        for piece in pieces:
            wanted[piece].append(score)
    for scores in wanted.values():
        scores.sort()
    for (pieces, _), score in zip(judged, plain, strict=True):
        rivals = max(len(wanted[piece]) - bisect_left(wanted[piece], score) for piece in pieces) - 1
        yield max(1, min(100, score) - _RIVAL * min(rivals, _RIVALS_MAX))


def _rank(scored: tuple[int, _Found]) -> tuple[int, list[tuple[int, str]]]:
    score, (pieces, _) = scored
    return -score, sorted(piece.unit.place for piece in pieces)


def _suggestion(score: int, pieces: Iterable[Piece], reasons: frozenset[Reason]) -> Suggestion:
    rows = tuple(sorted((row for piece in pieces for row in piece.rows), key=place_of))
    return Suggestion(rows, score, tuple(reason for reason in WEIGHTS if reason in reasons))


class _Index:
    """Groups by key and sides, in the order of a measure."""

    def __init__(self, measure: Callable[[Piece], int]) -> None:
        self._measure = measure
        self._pieces: defaultdict[Hashable, defaultdict[frozenset[Side], list[Piece]]] = defaultdict(_lists)

    def add(self, key: Hashable, piece: Piece) -> None:
        self._pieces[key][piece.sides].append(piece)

    def sort(self) -> None:
        for by_sides in self._pieces.values():
            for pieces in by_sides.values():
                pieces.sort(key=lambda piece: (self._measure(piece), piece.unit.place))

    def nearest(
        self, key: Hashable, at: int, fit: Callable[[frozenset[Side]], bool], many: int = NEAREST
    ) -> Iterator[list[Piece]]:
        """For each fitting set of sides so many at most, those nearest to a measure first."""
        for sides, pieces in self._pieces.get(key, {}).items():
            if fit(sides):
                place = bisect_left(pieces, at, key=self._measure)
                window = pieces[max(0, place - many) : place + many]
                window.sort(key=lambda piece: (abs(self._measure(piece) - at), piece.unit.place))
                yield window[:many]


def _lists() -> defaultdict[frozenset[Side], list[Piece]]:
    return defaultdict(list)


@dataclass
class _Books:
    """What is open, by all that may lead from one to another."""

    pieces: Sequence[Piece]
    terms: Terms

    @cached_property
    def _by_amount(self) -> _Index:
        """By amount, in the order of days."""
        index = _Index(lambda piece: piece.day)
        for piece in self.pieces:
            for minor in piece.unit.minors:
                index.add((_asset(piece), minor), piece)
        index.sort()
        return index

    @cached_property
    def _by_name(self) -> _Index:
        """By all that names something, in the order of amounts."""
        index = _Index(lambda piece: piece.unit.minor)
        for piece in self.pieces:
            for key in set(_keys(piece)):
                index.add(key, piece)
        index.sort()
        return index

    @cached_property
    def _by_bond(self) -> _Index:
        """By what several have in common that make one sum, in the order of days."""
        index = _Index(lambda piece: piece.day)
        for piece in self.pieces:
            for key in _bonds(piece):
                index.add(key, piece)
        index.sort()
        return index

    def pairs(self, piece: Piece) -> Iterator[tuple[Piece, Piece]]:
        """Of a group with others."""
        if piece.complete:
            yield from self._made_up(piece)
            return
        asset, others = _asset(piece), piece.sides.isdisjoint
        for minor in piece.unit.minors:
            turned = (int(word) * (-1 if minor < 0 else 1) for word in swapped(str(abs(minor))))
            for amount in (minor, *turned):
                yield from _with(piece, self._by_amount.nearest((asset, amount), piece.day, others))
        for key in set(_keys(piece)):
            yield from _with(piece, self._by_name.nearest(key, piece.unit.minor, others))
        yield from self._taken_back(piece)

    def _made_up(self, piece: Piece) -> Iterator[tuple[Piece, Piece]]:
        """A difference, and what one side has of it alone."""
        for minor in {piece.difference, -piece.difference} - {0}:
            near = self._by_amount.nearest((_asset(piece), minor), piece.day, lambda sides: sides < piece.sides)
            for _, other in _with(piece, near):
                if not other.complete and len(set(sums_of((*piece.rows, *other.rows)).values())) == 1:
                    yield piece, other

    def _taken_back(self, piece: Piece) -> Iterator[tuple[Piece, Piece]]:
        """A return, and what the same books have before it that it may take back."""
        if not piece.unit.back or len(piece.unit.minors) > 1:
            return
        undoes = piece.unit.said(lambda row: row.undoes)
        key, mine = (_asset(piece), -piece.unit.minor), piece.sides
        for _, other in _with(piece, self._by_amount.nearest(key, piece.day, lambda sides: sides == mine)):
            named = not undoes or any(row.id in undoes for row in other.rows)
            if named and not other.unit.back and len(other.unit.minors) == 1 and other.day <= piece.day:
                yield piece, other

    def sums(self, pieces: Iterable[Piece]) -> Iterator[_Found]:
        """One that several of another side make together; those with a stronger bond are tried first."""
        tries = TRIES_MAX
        wholes = [piece for piece in pieces if _summed(piece)]
        bonds = ((rank, number, key) for number, whole in enumerate(wholes) for rank, key in _bonds(whole))
        for rank, number, key in sorted(bonds, key=lambda bond: bond[:2]):
            for parts in self._parts(wholes[number], (rank, key)):
                if tries == 0:
                    return
                tries -= 1
                yield from self._sum(wholes[number], parts)

    def _parts(self, whole: Piece, key: tuple[int, Hashable]) -> Iterator[Sequence[Piece]]:
        """What may be parts: all that a bond joins if they are the whole exactly, or else the nearest of them."""
        many = 2 * PARTS_MAX if key[0] == _DAY else BATCH_MAX
        for near in self._by_bond.nearest(key, whole.day, whole.sides.isdisjoint, many):
            parts = [part for part in near if _part(part, whole)]
            if sum(part.unit.minor for part in parts) != whole.unit.minor:
                parts = parts[:PARTS_MAX]
            if len(parts) > 1 and abs(sum(part.unit.minor for part in parts)) >= abs(whole.unit.minor):
                yield parts

    def _sum(self, whole: Piece, parts: Sequence[Piece]) -> Iterator[_Found]:
        amounts = only_set([part.unit.minor for part in parts], whole.unit.minor)
        chosen = [part for part in parts if part.unit.minor in (amounts or ())]
        shared = [alike(part, whole, self.terms) for part in chosen]
        if len(chosen) < 2 or None in shared:
            return
        reasons = frozenset.intersection(*(one for one in shared if one is not None))
        bound = bool(reasons & (_WITNESSES | _NAMED))
        if bound or (reasons & _DAYS and len(chosen) <= _CHANCE_MAX):
            yield (whole, *chosen), reasons | {Reason.SUM_OF_SEVERAL}


def _part(part: Piece, whole: Piece) -> bool:
    mine, all_ = part.unit.minor, whole.unit.minor
    return _summed(part) and 0 < abs(mine) < abs(all_)


def _summed(piece: Piece) -> bool:
    return not piece.complete and len(piece.unit.minors) == 1


def _with(piece: Piece, found: Iterable[Sequence[Piece]]) -> Iterator[tuple[Piece, Piece]]:
    return ((piece, other) for others in found for other in others if other is not piece)


def _asset(piece: Piece) -> str:
    return piece.rows[0].asset


def _keys(piece: Piece) -> Iterator[Hashable]:
    """All by which one may be found: what names it, parts and slips of that, and its amount's neighbours."""
    sign = (_asset(piece), piece.unit.minor < 0)
    yield sign
    yield from ((*sign, "account", account[-6:]) for account in piece.unit.accounts)
    yield from ((*sign, "batch", batch) for batch in piece.batches)
    yield from ((*sign, "name", word) for words in piece.names for word in words)
    yield from ((*sign, "word", word) for word in piece.words)
    yield from ((*sign, "slip", part) for word in piece.references for part in slip_keys(word))
    yield from ((*sign, "cut", word[:CUT_MIN]) for word in piece.references if len(word) >= CUT_MIN)


def _bonds(piece: Piece) -> list[tuple[int, Hashable]]:
    """What parts of a sum have in common, the strongest first: order, account, name, day."""
    sign = (_asset(piece), piece.unit.minor < 0)
    bonds: list[tuple[int, Hashable]] = [(0, (*sign, batch)) for batch in sorted(piece.batches)]
    bonds += [(1, (*sign, account[-6:])) for account in sorted(piece.unit.accounts)]
    bonds += [(2, (*sign, words)) for words in sorted(piece.names, key=sorted)]
    return [*bonds, (_DAY, (*sign, piece.day))]
