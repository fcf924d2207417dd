"""What follows from what staff have said, and what is different between two results. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gateway.services.reconciliation.content import Prepared, figures
from gateway.services.reconciliation.model import ChangeKind, Decision, GroupRow, Key, TotalLine, What
from wallet.reconciliation import Decided, Reason, Row, Side, Verdict

APART_MAX = 100_000
"""Pairs of rows that one undoing keeps apart, where they are more than its rows."""
STEP = 1 << 20
"""Generations between two runs: each thing that staff link takes one."""


def next_run(generation: int) -> int:
    """The generation under which the next run writes: above any that staff can reach meanwhile."""
    return (generation // STEP + 1) * STEP


def in_force(decisions: Iterable[Decision]) -> list[Decided]:
    """What holds of all that was said, oldest first.

    Undoing something of a row ends every earlier link that has this row; linking two rows again ends what forbade it.
    """
    standing: dict[int, Decided] = {}
    by_key: defaultdict[Key, set[int]] = defaultdict(set)
    for number, one in enumerate(decisions):
        keys, linked = frozenset(one.keys), one.what is What.LINKED
        for other in {other for key in keys for other in by_key[key]}:
            known = standing[other]
            ends = not known.together and len(known.rows & keys) > 1 if linked else known.together
            if ends:
                del standing[other]
                for key in known.rows:
                    by_key[key].discard(other)
        if one.what is not What.PARTED:
            standing[number] = Decided(keys, together=linked)
            for key in keys:
                by_key[key].add(number)
    return [held for one in standing.values() for held in ([one] if one.together else _apart(one.rows))]


def _apart(rows: frozenset[Key]) -> list[Decided]:
    """What keeps parted rows apart: the bank's from ours, which may stay together; else each from each.

    Rules put one row of the bank to many of ours and never many to many, so where there are many of both, staff had
    linked them, and no rule needs to be kept from it: it would take as many bars as there are pairs.
    """
    theirs = [key for key in rows if key[0] is Side.BANK]
    ours = [key for key in rows if key[0] is not Side.BANK]
    if not theirs or not ours:
        theirs, ours = ([key for key in rows if key[0] is side] for side in (Side.LEDGER, Side.RAIL))
        if len(rows) ** 2 <= APART_MAX:
            return [Decided(rows, together=False)]
    if len(theirs) * len(ours) > max(APART_MAX, len(rows)):
        return []
    return [Decided(frozenset({one, other}), together=False) for one in theirs for other in ours]


def concerning(decided: Iterable[Decided], keys: frozenset[Key] | Mapping[Key, object]) -> list[Decided]:
    """Those that say something of two of these rows."""
    return [one for one in decided if sum(key in keys for key in one.rows) >= 2]


EXACT = frozenset({Reason.SAME_AMOUNT, Reason.SUM_OF_SEVERAL, Reason.TAKES_BACK})
BONDS = frozenset(
    {Reason.LIKE_REFERENCE, Reason.DIGITS_SWAPPED, Reason.SAME_ACCOUNT, Reason.LIKE_NAME, Reason.SAME_BATCH}
)


def explains(reasons: Collection[Reason], rows: Iterable[Row], other: Side) -> bool:
    """Whether a suggestion is as good as an explanation: exact by amount, and bound by more than amount and day.

    Rows of the ledger must come to those of the `other` side exactly.
    """
    sums: defaultdict[Side, int] = defaultdict(int)
    for row in rows:
        sums[row.side] += row.minor
    bound = not EXACT.isdisjoint(reasons) and not BONDS.isdisjoint(reasons)
    return bound and Side.LEDGER in sums and sums[Side.LEDGER] == sums[other]


@dataclass(frozen=True, slots=True)
class Found:
    """A change: see model.Change; `place` is that of the group that stands now, or None."""

    kind: ChangeKind
    about: Key
    place: int | None
    was_id: str


def explained(gone: Iterable[GroupRow], fresh: Sequence[Prepared]) -> Iterator[Found]:
    """What became of groups that stand no longer, and what is open that no run had read."""
    was: dict[Key, tuple[GroupRow, Row]] = {(row.side, row.id): (group, row) for group in gone for row in group.rows}
    for place, one in enumerate(fresh):
        before, amended = {}, False
        for row in one.rows:
            key = (row.side, row.id)
            if (known := was.pop(key, None)) is None:
                continue
            before[known[0].id] = known[0]
            if figures(known[1]) != figures(row):
                amended = True
                yield Found(ChangeKind.AMENDED, key, place, known[0].id)
        about = (one.rows[0].side, one.rows[0].id)
        kind = _kind(one.group.verdict, [group.verdict for group in before.values()])
        if kind is ChangeKind.REGROUPED and _same(one, list(before.values())):
            # Its rows are put together as they were: one of them says something else, if only in its text.
            kind = None if amended else ChangeKind.AMENDED
        if kind is not None:
            yield Found(kind, about, place, min(before, default=""))
    for key, (group, _) in was.items():
        yield Found(ChangeKind.VANISHED, key, None, group.id)


def _kind(now: Verdict, before: Sequence[Verdict]) -> ChangeKind | None:
    """None for what was matched at once, and for what is matched in another way: there is nothing to look at."""
    if now is not Verdict.MATCHED:
        if not before:
            return ChangeKind.APPEARED
        return ChangeKind.REOPENED if Verdict.MATCHED in before else ChangeKind.REGROUPED
    return ChangeKind.MATCHED if any(one is not Verdict.MATCHED for one in before) else None


def _same(one: Prepared, before: Sequence[GroupRow]) -> bool:
    """Whether the same rows were one group before, by the same rule and for the same reason."""
    if len(before) != 1:
        return False
    group, was = one.group, before[0]
    told = (was.verdict, was.rule, was.broken) == (group.verdict, group.rule, group.broken)
    return told and {(row.side, row.id) for row in one.rows} == set(was.keys)


Sums = dict[str, list[int]]
"""`verdict side asset` -> rows and minor units; `verdict` -> groups."""


def added(sums: Sums, verdict: Verdict, rows: Iterable[Row], sign: int = 1) -> None:
    """Count a group in, or out with -1."""
    sums.setdefault(verdict.value, [0])[0] += sign
    for row in rows:
        line = sums.setdefault(f"{verdict.value} {row.side.value} {row.asset}", [0, 0])
        line[0] += sign
        line[1] += sign * row.minor


def read_sums(sums: Mapping[str, Sequence[int]]) -> tuple[dict[Verdict, int], tuple[TotalLine, ...]]:
    """Groups by verdict, and the lines below."""
    groups: dict[Verdict, int] = {}
    lines: list[TotalLine] = []
    for name, values in sorted(sums.items()):
        verdict, *rest = name.split(" ")
        if not rest:
            groups[Verdict(verdict)] = values[0]
        elif values[0]:
            lines.append(TotalLine(Verdict(verdict), Side(rest[0]), rest[1], values[0], values[1]))
    return groups, tuple(lines)
