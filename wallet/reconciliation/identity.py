"""Passes over names that both books have for one movement: our own, and the EndToEndId. Either may repeat."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

from wallet.reconciliation.bounds import Bounds, Link, same_account
from wallet.reconciliation.naming import name_of
from wallet.reconciliation.rows import Rule
from wallet.reconciliation.units import Pool, Unit, days_apart

Keys = Callable[[Unit], Iterable[Hashable]]
_PAIRS_MAX = 10_000


def own_names(unit: Unit) -> set[tuple[str, bool]]:
    """What ledger and rail call it; what takes it back bears the same name."""
    return {(row.own, row.back) for row in unit.rows if row.own}


def end_to_end_ids(unit: Unit) -> set[tuple[str, bool]]:
    """What we and the bank call it, and which way the money goes."""
    return {(word, unit.minor < 0) for row in unit.rows if (word := name_of(row))}


def same(ours: Pool, theirs: Pool, bounds: Bounds, keys: Keys, rule: Rule) -> Iterator[Link]:
    """Pairs of one key and one amount, as many as there are on both sides."""
    there = theirs.by(keys)
    here = ours.by(keys, there)
    for key, those in there.items():
        for one, other in _paired(here.get(key, ()), those, bounds):
            if one in ours and other in theirs:
                yield Link((one, other), rule, days_apart(one, other))


def differing(ours: Pool, theirs: Pool, bounds: Bounds, keys: Keys, rule: Rule) -> Iterator[Link]:
    """One on each side that bear a name, and say another amount or lie too far apart."""
    there = theirs.by(keys)
    here = ours.by(keys, there)
    for key, found in there.items():
        those = [other for other in found if other in theirs]
        these = [one for one in here.get(key, ()) if one in ours]
        if len(these) == len(those) == 1 and bounds.allow(these[0], those[0]):
            yield Link((these[0], those[0]), rule, days_apart(these[0], those[0]))


def _paired(ours: Sequence[Unit], theirs: Sequence[Unit], bounds: Bounds) -> Sequence[tuple[Unit, Unit]]:
    """Pairs of one amount, the likeliest first; a unit may occur in several."""
    if len(ours) * len(theirs) > _PAIRS_MAX:
        # So many of one name are all alike to anybody; the first with the first is as good as any, and not quadratic.
        pairs = list(zip(ours, theirs, strict=False))
    else:
        pairs = [(one, other) for one in ours for other in theirs]
    fit = [pair for pair in pairs if bounds.same_amount(*pair) and bounds.fit(*pair)]
    return fit if len(fit) < 2 else sorted(fit, key=lambda pair: _unlikeness(*pair))


def _unlikeness(one: Unit, other: Unit) -> tuple[Hashable, ...]:
    """Sorts the pair first that has the most in common, then the first booked: what repeats comes later."""
    return (
        abs(one.minor - other.minor),
        not same_account(one, other),
        one.said(lambda row: row.party).isdisjoint(other.said(lambda row: row.party)),
        one.said(lambda row: row.batch).isdisjoint(other.said(lambda row: row.batch)),
        -len({row.side for row in one.rows}),
        days_apart(one, other),
        one.rows[0].on,
        other.rows[0].on,
        one.place,
        other.place,
    )


def looks(unit: Unit) -> set[Hashable]:
    """As what it shows itself: what looks like a matched one is one more of it."""
    own = {("own", *name, unit.minor) for name in own_names(unit)}
    return own | {("end", *name, unit.minor) for name in end_to_end_ids(unit)}
