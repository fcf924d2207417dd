"""Passes over names that both books have for one movement: our own, and the EndToEndId. Either may repeat."""

from collections.abc import Callable, Hashable, Iterable, Iterator

from wallet.reconciliation.bounds import Bounds, Link
from wallet.reconciliation.rows import Rule
from wallet.reconciliation.units import Pool, Unit, days_apart
from wallet.reconciliation.wording import reference_of

Keys = Callable[[Unit], Iterable[Hashable]]
_PAIRS_MAX = 10_000


def own_names(unit: Unit) -> set[tuple[str, bool]]:
    """What ledger and rail call it; what takes it back bears the same name."""
    return {(row.own, row.back) for row in unit.rows if row.own}


def end_to_end_ids(unit: Unit) -> set[tuple[str, bool]]:
    """What we and the bank call it, and which way the money goes."""
    return {(word, unit.minor < 0) for row in unit.rows if (word := reference_of(row.end_to_end_id))}


def by_own(ours: Pool, theirs: Pool, bounds: Bounds) -> Iterator[Link]:
    """Rows with our own name for it and of one amount."""
    return _same(ours, theirs, bounds, own_names, Rule.OWN)


def by_end_to_end(ours: Pool, theirs: Pool, bounds: Bounds) -> Iterator[Link]:
    """Rows with one EndToEndId and of one amount, as many as there are on both sides."""
    return _same(ours, theirs, bounds, end_to_end_ids, Rule.END_TO_END)


def own_differing(ours: Pool, theirs: Pool, bounds: Bounds) -> Iterator[Link]:
    """What is left of one name of our own."""
    return _differing(ours, theirs, bounds, own_names, Rule.OWN)


def end_to_end_differing(ours: Pool, theirs: Pool, bounds: Bounds) -> Iterator[Link]:
    """What is left of one EndToEndId."""
    return _differing(ours, theirs, bounds, end_to_end_ids, Rule.END_TO_END)


def _same(ours: Pool, theirs: Pool, bounds: Bounds, keys: Keys, rule: Rule) -> Iterator[Link]:
    here = ours.by(keys)
    for key, those in theirs.by(keys).items():
        these = here.get(key, [])
        for one, other in _paired(these, those, bounds):
            if one in ours and other in theirs:
                yield Link((one,), (other,), rule)


def _paired(ours: list[Unit], theirs: list[Unit], bounds: Bounds) -> Iterator[tuple[Unit, Unit]]:
    """Pairs of one amount, the likeliest first; each unit may occur in several."""
    if len(ours) * len(theirs) > _PAIRS_MAX:
        # So many of one name are all alike to anybody; the first with the first is as good as any, and not quadratic.
        pairs = list(zip(ours, theirs, strict=False))
    else:
        pairs = [(one, other) for one in ours for other in theirs]
    fit = [pair for pair in pairs if bounds.same_amount(*pair) and bounds.fit(*pair)]
    return iter(sorted(fit, key=lambda pair: _unlikeness(*pair)))


def _unlikeness(one: Unit, other: Unit) -> tuple[Hashable, ...]:
    """Sorts the pair first that has the most in common, then the first booked: what repeats comes later."""
    return (
        abs(one.minor - other.minor),
        one.accounts.isdisjoint(other.accounts),
        one.said(lambda row: row.party).isdisjoint(other.said(lambda row: row.party)),
        one.said(lambda row: row.batch).isdisjoint(other.said(lambda row: row.batch)),
        days_apart(one, other),
        one.rows[0].on,
        other.rows[0].on,
        one.place,
        other.place,
    )


def _differing(ours: Pool, theirs: Pool, bounds: Bounds, keys: Keys, rule: Rule) -> Iterator[Link]:
    """One on each side that bear a name and say another amount, or lie too far apart."""
    here = ours.by(keys)
    for key, found in theirs.by(keys).items():
        these = [one for one in here.get(key, []) if one in ours]
        those = [other for other in found if other in theirs]
        if len(these) == len(those) == 1 and bounds.differ_only(these[0], those[0]):
            yield Link((these[0],), (those[0],), rule)
