"""The pass over one row that several others make together, bound by a name or an account that all of them have."""

from collections.abc import Iterator, Sequence

from wallet.reconciliation.bounds import Bounds, Link
from wallet.reconciliation.identity import end_to_end_ids
from wallet.reconciliation.meanings import Meanings
from wallet.reconciliation.rows import Rule
from wallet.reconciliation.sums import only_set
from wallet.reconciliation.units import Index, Pool, Unit

_SEVERAL_MAX = 16


def by_sum(ours: Pool, theirs: Pool, bounds: Bounds, meanings: Meanings) -> Iterator[Link]:
    """One on one side and the only set of two or more on the other that makes exactly it."""
    yield from _bound(ours, theirs, bounds, meanings, ours.by(end_to_end_ids), theirs.by(meanings.clear_keys))
    there = theirs.by(_accounts)
    yield from _bound(ours, theirs, bounds, meanings, ours.by(_accounts, there), there)


def _bound(ours: Pool, theirs: Pool, bounds: Bounds, meanings: Meanings, here: Index, there: Index) -> Iterator[Link]:
    for key, found in there.items():
        if key not in here or not (those := theirs.open(found)) or not (these := ours.open(here[key])):
            continue
        if len(these) + len(those) < 3 or 1 not in {len(these), len(those)}:
            continue
        if all(meanings.agree(one, other) for one in these for other in those):
            yield from _made_of(these[0], those, bounds) if len(these) == 1 else _made_of(those[0], these, bounds)


def _made_of(whole: Unit, parts: Sequence[Unit], bounds: Bounds) -> Iterator[Link]:
    fitting = [part for part in parts if bounds.fit(part, whole)]
    if not 2 <= len(fitting) <= _SEVERAL_MAX:
        return
    kinds = only_set([part.minor for part in fitting], whole.minor)
    chosen = [part for part in fitting if kinds and part.minor in kinds]
    if len(chosen) > 1 and bounds.allow_all(chosen, whole):
        yield Link((whole, *chosen), Rule.SUM)


def _accounts(unit: Unit) -> set[tuple[str, bool]]:
    return {(account, unit.minor < 0) for account in unit.accounts}
