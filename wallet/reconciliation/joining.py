"""The passes over what is not plain: from the surest evidence to the weakest, none of which guesses."""

from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from typing import NamedTuple

from wallet.reconciliation.batches import by_batch
from wallet.reconciliation.bounds import Bounds, Link
from wallet.reconciliation.bystanders import Bystanders
from wallet.reconciliation.identity import differing, end_to_end_ids, looks, own_names, same
from wallet.reconciliation.judging import judged
from wallet.reconciliation.meanings import Meanings
from wallet.reconciliation.references import (
    by_account,
    by_clear_name,
    by_near_name,
    by_reference,
    name_differing,
    reference_differing,
)
from wallet.reconciliation.rows import Group, Rule, Side, Terms
from wallet.reconciliation.several import by_sum
from wallet.reconciliation.undoing import undone
from wallet.reconciliation.units import Pool, Unit, joined


class Open(NamedTuple):
    """Units that the passes take up, of each book; pairs are rows of ledger and rail that have one name of ours."""

    ledger: Sequence[Unit]
    pairs: Sequence[Unit]
    rail: Sequence[Unit]
    bank: Sequence[Unit]


def grouped(units: Open, bounds: Bounds, meanings: Meanings, bystanders: Bystanders) -> Iterator[Group]:
    """What becomes of each of them."""
    terms = bounds.terms
    aside = [unit for unit in units.ledger if not _meets_rail(unit, terms)]
    ledger, rail = Pool(set(units.ledger).difference(aside)), Pool(units.rail)
    done = [*units.pairs]
    if {Side.LEDGER, Side.RAIL} <= terms.sides:
        done += _Join(ledger, rail, bounds, meanings, bystanders, last=len(terms.sides) == 2).run()
    seen = {look for unit in done for look in looks(unit)}
    rest = [*aside, *ledger, *rail]
    if Side.BANK in terms.sides:
        ours, bank = Pool([*rest, *done]), Pool(units.bank)
        done = _Join(ours, bank, bounds, meanings, bystanders, last=True).run()
        seen.update(look for unit in done for look in looks(unit))
        rest = [*ours, *bank]
    for unit in done:
        yield judged(unit, terms)
    for unit in rest:
        yield judged(unit, terms, twin=len(unit.rows) == 1 and _is_twin(unit, seen, meanings, bystanders))


def _meets_rail(unit: Unit, terms: Terms) -> bool:
    """Whether a rail may have a row of the ledger too."""
    (row,) = unit.rows
    return row.railed or bool(row.own) or len(terms.sides) == 2


def _is_twin(unit: Unit, seen: Collection[Hashable], meanings: Meanings, bystanders: Bystanders) -> bool:
    """Whether a row looks like one that is matched."""
    meant = meanings.clear(unit)
    ends: set[Hashable] = {("end", word, unit.minor < 0, unit.minor) for word in meant}
    return any(look in seen for look in ends | looks(unit)) or any(bystanders.moved(word, unit.minor) for word in meant)


class _Join:
    """Two sides, of which the passes link what they can; the rest stays in the pools."""

    def __init__(
        self, ours: Pool, theirs: Pool, bounds: Bounds, meanings: Meanings, bystanders: Bystanders, *, last: bool
    ) -> None:
        self._ours, self._theirs = ours, theirs
        self._done: list[Unit] = []
        self._bounds, self._meanings, self._bystanders = bounds, meanings, bystanders
        self._last = last

    def run(self) -> list[Unit]:
        """What is told by amount and name, again and again; then what differs, and what was undone."""
        ours, theirs, bounds, meanings = self._ours, self._theirs, self._bounds, self._meanings
        while self._round():
            pass
        self._take(link for link in differing(ours, theirs, bounds, own_names, Rule.OWN))
        for late in (True, False):
            self._take(self._differing(late=late))
            if self._last and late:
                self._take(undone(theirs, ours, bounds, meanings))
                self._take(undone(ours, theirs, bounds, meanings))
        self._take(reference_differing(ours, theirs, bounds, self._bystanders))
        return self._done

    def _round(self) -> bool:
        """One after the other; whether any of them found anything."""
        ours, theirs, bounds, meanings, others = (
            self._ours,
            self._theirs,
            self._bounds,
            self._meanings,
            self._bystanders,
        )
        before = len(ours)
        self._take(same(ours, theirs, bounds, own_names, Rule.OWN))
        self._take(same(ours, theirs, bounds, end_to_end_ids, Rule.END_TO_END))
        self._take(by_batch(ours, theirs, bounds, meanings))
        self._take(by_batch(theirs, ours, bounds, meanings))
        self._take(by_clear_name(ours, theirs, bounds, meanings))
        self._take(by_account(ours, theirs, bounds, meanings, others))
        self._take(by_near_name(ours, theirs, bounds, meanings))
        self._take(by_reference(ours, theirs, bounds, others))
        self._take(by_sum(ours, theirs, bounds, meanings))
        return len(ours) < before

    def _differing(self, *, late: bool) -> Iterator[Link]:
        """By EndToEndId: what lies too far apart if `late`, else what has another amount."""
        ours, theirs, bounds, meanings = self._ours, self._theirs, self._bounds, self._meanings
        for link in differing(ours, theirs, bounds, end_to_end_ids, Rule.END_TO_END):
            if bounds.same_amount(*link.units) is late:
                yield link
        for link in name_differing(ours, theirs, bounds, meanings):
            if bounds.same_amount(*link.units) is late:
                yield link

    def _take(self, links: Iterable[Link]) -> None:
        for link in links:
            unit = joined(link.units, link.rule, link.days)
            self._done.append(unit)
            if self._last:
                self._bystanders.note(unit.rows)
            for one in link.units:
                (self._ours if one in self._ours else self._theirs).remove(one)
