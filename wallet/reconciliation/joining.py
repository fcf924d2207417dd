"""The passes over what is not plain: from the surest evidence to the weakest, none of which guesses."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from wallet.reconciliation.batches import Bookings
from wallet.reconciliation.bounds import Bounds, Link
from wallet.reconciliation.bystanders import Bystanders
from wallet.reconciliation.identity import differing, end_to_end_ids, is_twin, own_names, same
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
    done, twins = [*units.pairs], set[Unit]()
    if {Side.LEDGER, Side.RAIL} <= terms.sides:
        join = _Join(ledger, rail, bounds, meanings, bystanders, last=len(terms.sides) == 2)
        done += join.run()
        twins = {unit for unit in (*ledger, *rail) if join.is_twin(unit)}
    rest = [*aside, *ledger, *rail]
    if Side.BANK in terms.sides:
        ours, bank = Pool([*rest, *done]), Pool(units.bank)
        join = _Join(ours, bank, bounds, meanings, bystanders, last=True)
        done = join.run()
        rest = [*ours, *bank]
        twins.update(unit for unit in rest if len(unit.rows) == 1 and join.is_twin(unit))
    for unit in done:
        yield judged(unit, terms)
    for unit in rest:
        yield judged(unit, terms, twin=unit in twins)


def _meets_rail(unit: Unit, terms: Terms) -> bool:
    """Whether a rail may have a row of the ledger too."""
    (row,) = unit.rows
    return row.railed or bool(row.own) or len(terms.sides) == 2


class _Join:
    """Two sides, of which the passes link what they can; the rest stays in the pools."""

    def __init__(
        self, ours: Pool, theirs: Pool, bounds: Bounds, meanings: Meanings, bystanders: Bystanders, *, last: bool
    ) -> None:
        self._ours, self._theirs = ours, theirs
        self._bounds, self._meanings, self._bystanders = bounds, meanings, bystanders
        self._last = last
        self._done: list[Unit] = []
        self._bookings = Bookings(ours, theirs, bounds, meanings)
        self._bookings_of_ours = Bookings(theirs, ours, bounds, meanings, parts_min=2)

    def run(self) -> list[Unit]:
        """What is told by amount and name, again and again; then what differs, and what was undone."""
        ours, theirs, bounds, meanings = self._ours, self._theirs, self._bounds, self._meanings
        while self._round():
            pass
        if own := theirs.by(own_names):
            self._take(differing(ours, theirs, bounds, ours.by(own_names), own, Rule.OWN))
        self._take(self._differing(late=True))
        if self._last:
            self._take(undone(theirs, ours, bounds, meanings))
            self._take(undone(ours, theirs, bounds, meanings))
        self._take(self._differing(late=False))
        self._take(reference_differing(ours, theirs, bounds, self._bystanders))
        return self._done

    def is_twin(self, unit: Unit) -> bool:
        """Whether a row that is open is one more of what its book has in what was linked, or plainly matched."""
        if unit in self._theirs:
            meant = self._meanings.clear(unit)
            return any(self._bystanders.moved(name, unit.minor) for name in meant) or any(
                is_twin(unit, self._theirs, keys) for keys in (own_names, self._meanings.clear_keys)
            )
        return any(is_twin(unit, self._ours, keys) for keys in (own_names, end_to_end_ids))

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
        if own := theirs.by(own_names):
            self._take(same(ours, theirs, bounds, ours.by(own_names), own, Rule.OWN))
        ids = ours.by(end_to_end_ids), theirs.by(end_to_end_ids)
        self._take(same(ours, theirs, bounds, *ids, Rule.END_TO_END))
        self._take(self._bookings.links())
        self._take(self._bookings_of_ours.links())
        self._take(by_clear_name(ours, theirs, bounds, meanings))
        self._take(by_account(ours, theirs, bounds, meanings, others))
        self._take(by_near_name(ours, theirs, bounds, meanings))
        self._take(by_reference(ours, theirs, bounds, others))
        self._take(by_sum(ours, theirs, bounds, meanings))
        return len(ours) < before

    def _differing(self, *, late: bool) -> Iterator[Link]:
        """By EndToEndId: what lies too far apart if `late`, else what has another amount."""
        ours, theirs, bounds, meanings = self._ours, self._theirs, self._bounds, self._meanings
        ids = ours.by(end_to_end_ids), theirs.by(end_to_end_ids)
        for links in (
            differing(ours, theirs, bounds, *ids, Rule.END_TO_END),
            name_differing(ours, theirs, bounds, meanings),
        ):
            for link in links:
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
