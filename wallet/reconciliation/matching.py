"""Matching of books: passes from the surest evidence to the weakest, none of which guesses."""

from collections.abc import Hashable, Iterable, Iterator, Sequence

from wallet.reconciliation.batches import by_batch
from wallet.reconciliation.bounds import Bounds, Link
from wallet.reconciliation.bystanders import Bystanders
from wallet.reconciliation.decisions import Decisions
from wallet.reconciliation.identity import differing, end_to_end_ids, looks, own_names, same
from wallet.reconciliation.judging import judged
from wallet.reconciliation.meanings import Meanings
from wallet.reconciliation.naming import Names, name_of
from wallet.reconciliation.references import (
    by_account,
    by_clear_name,
    by_near_name,
    by_reference,
    name_differing,
    reference_differing,
)
from wallet.reconciliation.rows import Decided, Group, Row, Rule, Side, Terms
from wallet.reconciliation.several import by_sum
from wallet.reconciliation.undoing import undone
from wallet.reconciliation.units import Pool, Unit, joined
from wallet.reconciliation.wording import reference_of


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
        yield judged(joined((Unit((row,)) for row in together), Rule.DECIDED), terms)
    units = [[Unit((row,)) for row in rows[side] if (side, row.id) not in fixed] for side in Side]
    ours = rows[Side.LEDGER] + rows[Side.RAIL]
    ids, orders = {name_of(row) for row in ours}, {reference_of(row.batch) for row in ours}
    meanings = Meanings(Names(ids - {""}), Names(orders - {""}))
    yield from _grouped(units, Bounds(terms, decisions), meanings, Bystanders())


def _grouped(
    units: Sequence[list[Unit]], bounds: Bounds, meanings: Meanings, bystanders: Bystanders
) -> Iterator[Group]:
    terms = bounds.terms
    ledger, rail, bank = units
    done: list[Unit] = []
    seen: set[Hashable] = set()
    if Side.RAIL in terms.sides and Side.LEDGER in terms.sides:
        aside = (
            []
            if len(terms.sides) == 2
            else [unit for unit in ledger if not unit.rows[0].railed and not unit.rows[0].own]
        )
        join = _Join(
            Pool(set(ledger) - set(aside)), Pool(rail), bounds, meanings, bystanders, last=len(terms.sides) == 2
        )
        join.run()
        done = join.done
        seen.update(look for unit in done for look in looks(unit))
        ours = [*aside, *join.ours, *done], [*join.theirs]
        ledger, rail = (list(ours[0]), list(ours[1])) if len(terms.sides) == 3 else (list(join.ours), list(join.theirs))
    if Side.BANK in terms.sides:
        join = _Join(Pool([*ledger, *rail]), Pool(bank), bounds, meanings, bystanders, last=True)
        join.run()
        done = join.done
        seen.update(look for unit in done for look in looks(unit))
        ledger, rail, bank = list(join.ours), [], list(join.theirs)
    for unit in done:
        yield judged(unit, terms)
    for unit in (*ledger, *rail, *bank):
        yield judged(unit, terms, twin=len(unit.rows) == 1 and not seen.isdisjoint(looks(unit)))


class _Join:
    """Two sides, of which the passes link what they can; the rest stays in the pools."""

    def __init__(
        self, ours: Pool, theirs: Pool, bounds: Bounds, meanings: Meanings, bystanders: Bystanders, *, last: bool
    ) -> None:
        self.ours, self.theirs = ours, theirs
        self.done: list[Unit] = []
        self._bounds, self._meanings, self._bystanders = bounds, meanings, bystanders
        self._last = last

    def run(self) -> None:
        """Whatever is told by amount and name, again and again; then what differs, and what was undone."""
        ours, theirs, bounds, meanings = self.ours, self.theirs, self._bounds, self._meanings
        while self._round():
            pass
        self._take(link for link in differing(ours, theirs, bounds, own_names, Rule.OWN))
        for late in (True, False):
            self._take(self._differing(late=late))
            if self._last and late:
                self._take(undone(theirs, ours, bounds, meanings))
                self._take(undone(ours, theirs, bounds, meanings))
        self._take(reference_differing(ours, theirs, bounds, self._bystanders))

    def _round(self) -> bool:
        """One after the other; whether any of them found anything."""
        ours, theirs, bounds, meanings, others = self.ours, self.theirs, self._bounds, self._meanings, self._bystanders
        before = len(ours)
        self._take(same(ours, theirs, bounds, own_names, Rule.OWN))
        self._take(same(ours, theirs, bounds, end_to_end_ids, Rule.END_TO_END))
        self._take(by_batch(ours, theirs, bounds, meanings.orders))
        self._take(by_batch(theirs, ours, bounds, meanings.orders))
        self._take(by_clear_name(ours, theirs, bounds, meanings))
        self._take(by_account(ours, theirs, bounds, meanings, others))
        self._take(by_near_name(ours, theirs, bounds, meanings))
        self._take(by_reference(ours, theirs, bounds, others))
        self._take(by_sum(ours, theirs, bounds, meanings))
        return len(ours) < before

    def _differing(self, *, late: bool) -> Iterator[Link]:
        """By EndToEndId: what lies too far apart if `late`, else what has another amount."""
        ours, theirs, bounds, meanings = self.ours, self.theirs, self._bounds, self._meanings
        for link in differing(ours, theirs, bounds, end_to_end_ids, Rule.END_TO_END):
            if bounds.same_amount(*link.units) is late:
                yield link
        for link in name_differing(ours, theirs, bounds, meanings):
            if bounds.same_amount(*link.units) is late:
                yield link

    def _take(self, links: Iterable[Link]) -> None:
        for link in links:
            unit = joined(link.units, link.rule, link.days)
            self.done.append(unit)
            if self._last:
                self._bystanders.note(unit.rows)
            for one in link.units:
                (self.ours if one in self.ours else self.theirs).remove(one)
