"""The pass over one row that several others make together, bound by a name or an account that all of them have."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

from wallet.reconciliation.bounds import Bounds, Link
from wallet.reconciliation.meanings import Meanings
from wallet.reconciliation.rows import Rule
from wallet.reconciliation.sums import only_set
from wallet.reconciliation.units import Pool, Unit

_SEVERAL_MAX = 16


def by_sum(ours: Pool, theirs: Pool, bounds: Bounds, meanings: Meanings) -> Iterator[Link]:
    """One on one side and the only set of two or more on the other that makes exactly it."""
    for keys in (meanings.clear_keys, _accounts):
        yield from _bound_by(ours, theirs, bounds, meanings, keys)


def _bound_by(
    ours: Pool, theirs: Pool, bounds: Bounds, meanings: Meanings, keys: Callable[[Unit], Iterable[Hashable]]
) -> Iterator[Link]:
    there = theirs.by(keys)
    here = ours.by(keys, there)
    for key, found in there.items():
        those = [other for other in found if other in theirs]
        these = [one for one in here.get(key, ()) if one in ours]
        if not all(meanings.agree(one, other) for one in these[:1] for other in those):
            continue
        if len(these) == 1:
            yield from _made_of(these[0], those, bounds)
        elif len(those) == 1:
            yield from _made_of(those[0], these, bounds)


def _made_of(whole: Unit, parts: Sequence[Unit], bounds: Bounds) -> Iterator[Link]:
    fitting = [part for part in parts if bounds.fit(part, whole)]
    if not 2 <= len(fitting) <= _SEVERAL_MAX:
        return
    kinds = only_set([part.minor for part in fitting], whole.minor)
    chosen = [part for part in fitting if kinds and part.minor in kinds]
    if len(chosen) > 1 and bounds.allow_all(chosen, whole):
        yield Link((whole, *chosen), Rule.SUM)


def _accounts(unit: Unit) -> set[Hashable]:
    return {(account, unit.minor < 0) for account in unit.accounts}
