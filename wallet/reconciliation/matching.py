"""Matching of books: passes from the surest evidence to the weakest, none of which guesses."""

from collections.abc import Iterable, Iterator, Sequence

from wallet.reconciliation.bounds import Bounds
from wallet.reconciliation.bystanders import Bystanders
from wallet.reconciliation.decisions import Decisions
from wallet.reconciliation.joining import Open, grouped
from wallet.reconciliation.judging import judged
from wallet.reconciliation.meanings import Meanings
from wallet.reconciliation.naming import Names
from wallet.reconciliation.plain import Plain
from wallet.reconciliation.rows import Decided, Group, Row, Rule, Terms
from wallet.reconciliation.sorting import Sorted
from wallet.reconciliation.units import Unit, joined, place_of


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
    plain = Plain(terms, decisions)
    plain.read(ledger, rail, bank)
    found = Sorted(plain, terms)
    lines = found.lines()
    asked = {name for line in lines for name in line.names}
    meanings = Meanings(Names((plain.names.out.keys(), plain.names.into.keys()), asked), Names((found.orders(),)))
    lines = found.book(lines, meanings, decisions)
    bystanders = Bystanders((row for line in lines for row in line.rows), found.matched)
    yield from found.groups(bystanders)
    rest = Open(*found.ours(), lines)
    pinned = decisions.pinned(row for units in rest for unit in units for row in unit.rows)
    for rows in pinned:
        yield judged(joined((Unit((row,)) for row in rows), Rule.DECIDED), terms)
    fixed = {place_of(row) for rows in pinned for row in rows}
    rest = Open(*([unit for unit in units if unit.place not in fixed] for units in rest))
    yield from grouped(rest, Bounds(terms, decisions), meanings, bystanders)
