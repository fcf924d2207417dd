"""Matching of books: passes from the surest evidence to the weakest, none of which guesses."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

from wallet.reconciliation.batches import by_batch
from wallet.reconciliation.bounds import Bounds, Link
from wallet.reconciliation.decisions import Decisions
from wallet.reconciliation.identity import (
    by_end_to_end,
    by_own,
    end_to_end_differing,
    end_to_end_ids,
    own_differing,
    own_names,
)
from wallet.reconciliation.judging import judged
from wallet.reconciliation.rows import Decided, Group, Row, Rule, Side, Terms
from wallet.reconciliation.units import Pool, Unit, days_apart, joined

Pass = Callable[[Pool, Pool, Bounds], Iterator[Link]]
PASSES: Sequence[Pass] = (by_own, by_end_to_end, by_batch, own_differing, end_to_end_differing)
"""In the order in which they are tried: what an earlier one has linked, no later one sees."""


def match(
    terms: Terms,
    ledger: Iterable[Row],
    rail: Iterable[Row],
    bank: Iterable[Row],
    decided: Sequence[Decided] = (),
) -> Iterator[Group]:
    """Every row of every side in exactly one group; which groups there are does not depend on the order of rows.

    Each side is read once. The ledger and the rail are joined first, and what they make is joined with the bank.
    """
    decisions = Decisions(decided)
    rows = {Side.LEDGER: list(ledger), Side.RAIL: list(rail), Side.BANK: list(bank)}
    pinned = decisions.pinned(row for side in rows.values() for row in side)
    fixed = {(row.side, row.id) for together in pinned for row in together}
    for together in pinned:
        unit = joined((Unit((row,)) for row in together), Rule.DECIDED, 0)
        yield judged(unit, terms)
    pools = [Pool(Unit((row,)) for row in rows[side] if (side, row.id) not in fixed) for side in Side]
    bounds = Bounds(terms, decisions)
    first, *others = (pool for side, pool in zip(Side, pools, strict=True) if side in terms.sides or len(pool))
    twins: set[tuple[Hashable, ...]] = set()
    done: list[Unit] = []
    for other in others:
        first = Pool((*done, *first))
        done = _joined(first, other, bounds)
        twins.update(look for unit in done for look in _looks(unit))
        if other is not others[-1]:
            done += other
    for unit in done:
        yield judged(unit, terms)
    for pool in (first, others[-1]):
        for unit in pool:
            yield judged(unit, terms, twin=not twins.isdisjoint(_looks(unit)))


def _looks(unit: Unit) -> set[tuple[Hashable, ...]]:
    names = {("own", *name) for name in own_names(unit)} | {("end", *name) for name in end_to_end_ids(unit)}
    return {(*name, unit.minor) for name in names}


def _joined(ours: Pool, theirs: Pool, bounds: Bounds) -> list[Unit]:
    """What the passes link of two sides; the rest stays in the pools."""
    done: list[Unit] = []
    for look in PASSES:
        for link in look(ours, theirs, bounds):
            days = max(days_apart(one, other) for one in link.ours for other in link.theirs)
            done.append(joined((*link.ours, *link.theirs), link.rule, days))
            for one in link.ours:
                ours.remove(one)
            for other in link.theirs:
                theirs.remove(other)
    return done
