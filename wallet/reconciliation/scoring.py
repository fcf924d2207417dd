"""How good a reconciliation is, where the truth is known: what was put together, beside what belongs together.

The figures, of which the first matters most:

- **Wrong links**: pairs of rows in one MATCHED group that truth has apart.
- **Exactly right**: lines of the bank whose group has the same rows as the true one, and is MATCHED exactly when the
  true one is; and lines of which no book tells what they belong to, if they were left open.
- **Decomposed**: bookings of many, that is lines whose true group has two rows of the ledger or more and is right, that
  are exactly right and MATCHED; of those that can be told, and of all.
- **Exceptions**: rows of every side that have no business in a MATCHED group, because something is wrong with them or
  nothing tells what they belong to. Recall: the share of them that was left open. Precision: their share of what was.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from wallet.reconciliation.rows import Group, Side, Verdict

ALIKE_MAX = 5
"""Rows that may stand for one another, of which every order is tried."""
Key = tuple[Side, str]


@dataclass(frozen=True, slots=True)
class TrueRow:
    """What belongs to a row.

    Attributes:
        group: Rows of one name belong together.
        open: Something is wrong with the group: it must not be MATCHED.
        told: The rows of the books can tell it; if not, whoever links them guesses.
        alike: Rows with one label here, other than '', may stand for one another: of two equal bookings, nobody can say
            which one is too many.
    """

    side: Side
    id: str
    group: str
    open: bool = False
    told: bool = True
    alike: str = ""


@dataclass(frozen=True, slots=True)
class FoundRow:
    """What a reconciliation made of a row; `matched`: its group's verdict is MATCHED."""

    side: Side
    id: str
    group: str
    matched: bool


class ScoreFault(Exception):
    """The two do not speak of the same rows, each of them once, or contradict themselves."""


@dataclass(frozen=True, slots=True)
class Score:
    """The figures; see the module. `lines` are the bank's, `rows` those of all sides.

    Attributes:
        untold: Lines of which nothing tells what they belong to.
        untold_open: Those of them that were left open, and so count as right.
        wrong_links: Pairs.
        wrong_groups: MATCHED groups that have such pairs.
        batches: Bookings of many that can be told.
        all_batches: And those that cannot.
        exceptions: Rows that must be open; `left_open`: rows that are; `both`: rows that must be and are.
    """

    rows: int
    lines: int
    right: int
    untold: int
    untold_open: int
    wrong_links: int
    wrong_groups: int
    batches: int
    decomposed: int
    all_batches: int
    all_decomposed: int
    exceptions: int
    left_open: int
    both: int

    @property
    def right_share(self) -> float:
        """Of lines that are exactly right; 1 of none."""
        return _share(self.right, self.lines)

    @property
    def linked_share(self) -> float:
        """The same where a line that is left open because nothing tells counts as not right."""
        return _share(self.right - self.untold_open, self.lines)

    @property
    def decomposed_share(self) -> float:
        """Of bookings of many that can be told."""
        return _share(self.decomposed, self.batches)

    @property
    def all_decomposed_share(self) -> float:
        """Of all bookings of many."""
        return _share(self.all_decomposed, self.all_batches)

    @property
    def recall(self) -> float:
        """Of exceptions that were left open."""
        return _share(self.both, self.exceptions)

    @property
    def precision(self) -> float:
        """Of open rows that are exceptions."""
        return _share(self.both, self.left_open)


def _share(some: int, of: int) -> float:
    return some / of if of else 1.0


def found_rows(groups: Iterable[Group]) -> Iterator[FoundRow]:
    """What a matcher made of each row."""
    for number, group in enumerate(groups):
        matched = group.verdict is Verdict.MATCHED
        for row in group.rows:
            yield FoundRow(row.side, row.id, str(number), matched)


def score(truth: Iterable[TrueRow], found: Iterable[FoundRow]) -> Score:
    """Count.

    Raises:
        ScoreFault: A row is in one of the two alone or twice in one, a group is matched and open, too many are alike.
    """
    true: dict[Key, TrueRow] = {}
    for row in truth:
        if true.setdefault((row.side, row.id), row) is not row:
            raise ScoreFault(f"twice in the truth: {row.side.value} {row.id}")
    made: defaultdict[str, list[Key]] = defaultdict(list)
    found_of: dict[Key, FoundRow] = {}
    for one in found:
        key = (one.side, one.id)
        if key not in true or found_of.setdefault(key, one) is not one:
            raise ScoreFault(f"twice in what was found, or not in the truth: {one.side.value} {one.id}")
        made[one.group].append(key)
        if found_of[made[one.group][0]].matched is not one.matched:
            raise ScoreFault(f"a group is matched and open: {one.group}")
    if len(found_of) != len(true):
        lost = next(key for key in true if key not in found_of)
        raise ScoreFault(f"nothing was made of {lost[0].value} {lost[1]}")
    _exchange(true, found_of, made)
    return _counted(true, found_of, made)


def _exchange(true: dict[Key, TrueRow], found_of: Mapping[Key, FoundRow], made: Mapping[str, Sequence[Key]]) -> None:
    """Let rows that are alike stand for one another as what was found would have it."""
    alike: defaultdict[str, list[Key]] = defaultdict(list)
    for key, row in true.items():
        if row.alike:
            alike[row.alike].append(key)
    for label, keys in alike.items():
        if len(keys) > ALIKE_MAX:
            raise ScoreFault(f"more than {ALIKE_MAX} rows are alike: {label}")
        beside = [
            Counter(true[other].group for other in made[found_of[key].group] if other not in keys) for key in keys
        ]
        true.update(zip(keys, _fitting([true[key] for key in keys], beside), strict=True))


def _fitting(roles: Sequence[TrueRow], beside: Sequence[Counter[str]]) -> Sequence[TrueRow]:
    """The order of roles in which most rows have the company that is theirs; the given one if no other is better."""
    orders = list(permutations(roles))
    return max(orders, key=lambda order: sum(near[role.group] for near, role in zip(beside, order, strict=True)))


def _counted(true: Mapping[Key, TrueRow], found_of: Mapping[Key, FoundRow], made: Mapping[str, Sequence[Key]]) -> Score:
    size, entries = Counter(row.group for row in true.values()), Counter[str]()
    for (side, _), row in true.items():
        entries[row.group] += side is Side.LEDGER
    figures = Counter[str]()
    for keys in made.values():
        matched = found_of[keys[0]].matched
        within = Counter(true[key].group for key in keys)
        if matched:
            wrong = _pairs(len(keys)) - sum(map(_pairs, within.values()))
            figures.update(wrong_links=wrong, wrong_groups=wrong > 0)
        same = len(within) == 1 and len(keys) == size[true[keys[0]].group]
        for key in keys:
            row = true[key]
            excepted = row.open or not row.told
            figures.update(exceptions=excepted, left_open=not matched, both=excepted and not matched)
            if key[0] is not Side.BANK:
                continue
            exact = same and matched is not row.open
            aside = not row.told and not matched
            figures.update(lines=1, right=exact or aside, untold=not row.told, untold_open=aside)
            if entries[row.group] > 1 and not row.open:
                figures.update(all_batches=1, all_decomposed=exact, batches=row.told, decomposed=row.told and exact)
    return Score(rows=len(true), **{name: figures[name] for name in Score.__dataclass_fields__ if name != "rows"})


def _pairs(many: int) -> int:
    return many * (many - 1) // 2
