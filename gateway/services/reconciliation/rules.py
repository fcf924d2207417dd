"""What follows from what staff have said, and what is different between two results. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gateway.services.reconciliation.content import Prepared, figures
from gateway.services.reconciliation.model import ChangeKind, Decision, GroupRow, Key, TotalLine, What
from wallet.reconciliation import Decided, Row, Side, Verdict

STEP = 1 << 20
"""Generations between two runs: each thing that staff link takes one."""


def next_run(generation: int) -> int:
    """The generation under which the next run writes: above any that staff can reach meanwhile."""
    return (generation // STEP + 1) * STEP


def in_force(decisions: Iterable[Decision]) -> list[Decided]:
    """What holds of all that was said, oldest first.

    Undoing something of a row ends every earlier link that has this row; linking two rows again ends what forbade it.
    """
    standing: list[tuple[frozenset[Key], bool]] = []
    for one in decisions:
        keys = frozenset(one.keys)
        if one.what is What.LINKED:
            standing = [(rows, together) for rows, together in standing if together or len(rows & keys) < 2]
            standing.append((keys, True))
            continue
        standing = [(rows, together) for rows, together in standing if not together or not rows & keys]
        if one.what is What.UNLINKED:
            standing.append((keys, False))
    return [one for rows, together in standing for one in ([Decided(rows, together)] if together else _apart(rows))]


def _apart(rows: frozenset[Key]) -> list[Decided]:
    """What keeps parted rows apart: the bank's from ours, which may stay together; else each from each."""
    theirs = [key for key in rows if key[0] is Side.BANK]
    ours = [key for key in rows if key[0] is not Side.BANK]
    if not theirs or not ours:
        return [Decided(rows, together=False)]
    return [Decided(frozenset({one, other}), together=False) for one in theirs for other in ours]


def concerning(decided: Iterable[Decided], keys: frozenset[Key] | Mapping[Key, object]) -> list[Decided]:
    """Those that say something of two of these rows."""
    return [one for one in decided if sum(key in keys for key in one.rows) >= 2]


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
        before = {}
        for row in one.rows:
            key = (row.side, row.id)
            if (known := was.pop(key, None)) is None:
                continue
            before[known[0].id] = known[0]
            if figures(known[1]) != figures(row):
                yield Found(ChangeKind.AMENDED, key, place, known[0].id)
        about = (one.rows[0].side, one.rows[0].id)
        kind = _kind(one.group.verdict, [group.verdict for group in before.values()])
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
