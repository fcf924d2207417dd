"""Passes over names that both books have for one movement: our own, and the EndToEndId. Either may repeat."""

from collections.abc import Hashable, Iterator, Sequence

from wallet.reconciliation.bounds import Bounds, Link, same_account
from wallet.reconciliation.rows import Rule
from wallet.reconciliation.units import Index, Keys, Pool, Unit, days_apart
from wallet.reconciliation.wording import reference_of

PAIRS_MAX = 10_000
"""Of rows under one name that are compared each with each."""


def own_names(unit: Unit) -> set[str]:
    """What ledger and rail call it; what takes it back bears the same name."""
    return {f"{row.own}\0" if row.back else row.own for row in unit.rows if row.own}


def end_to_end_ids(unit: Unit) -> set[str]:
    """What we and the bank call it, and which way the money goes."""
    return {directed(name, unit) for name in unit.names}


def directed(name: str, unit: Unit) -> str:
    """A name of ours, and which way the money goes: a return bears the name of what it returns."""
    return name if unit.minor < 0 else f"+{name}"


def batch_names(unit: Unit) -> set[str]:
    """Of the order that it belongs to, or that it books."""
    return {name for batch in {row.batch for row in unit.rows} if batch and (name := reference_of(batch))}


def same(ours: Pool, theirs: Pool, bounds: Bounds, here: Index, there: Index, rule: Rule) -> Iterator[Link]:
    """Pairs of one key and one amount, as many as there are on both sides."""
    for key, found in there.items():
        if key in here and (those := theirs.open(found)) and (these := ours.open(here[key])):
            for one, other in _paired(these, those, bounds):
                if one in ours and other in theirs:
                    yield Link((one, other), rule, days_apart(one, other))


def differing(ours: Pool, theirs: Pool, bounds: Bounds, here: Index, there: Index, rule: Rule) -> Iterator[Link]:
    """One on each side that bear a name, and say another amount or lie too far apart."""
    for key, found in there.items():
        those, these = theirs.open(found), ours.open(here.get(key, ()))
        if len(these) == len(those) == 1 and bounds.allow(these[0], those[0]):
            yield Link((these[0], those[0]), rule, days_apart(these[0], those[0]))


def is_twin(unit: Unit, pool: Pool, keys: Keys) -> bool:
    """Whether another row of the same book bears its name and amount, and is open no longer."""
    index = pool.by(keys)
    return any(
        other is not unit and other.minor == unit.minor and other not in pool
        for key in keys(unit)
        for other in index.get(key, ())
    )


def _paired(ours: Sequence[Unit], theirs: Sequence[Unit], bounds: Bounds) -> Sequence[tuple[Unit, Unit]]:
    """Pairs of one amount, the likeliest first; a unit may occur in several."""
    if len(ours) * len(theirs) > PAIRS_MAX:
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
        batch_names(one).isdisjoint(batch_names(other)),
        -len({row.side for row in one.rows}),
        days_apart(one, other),
        one.rows[0].on,
        other.rows[0].on,
        one.place,
        other.place,
    )
