"""The passes over all that is like a name: an account with an amount, a damaged EndToEndId, another reference."""

from collections import Counter
from collections.abc import Iterator, Sequence

from wallet.reconciliation.bounds import Bounds, Link, same_account
from wallet.reconciliation.bystanders import REFERENCE_MIN, Bystanders
from wallet.reconciliation.identity import PAIRS_MAX, batch_names, differing, end_to_end_ids, same
from wallet.reconciliation.meanings import Meanings
from wallet.reconciliation.naming import is_slip, name_of
from wallet.reconciliation.rows import Rule
from wallet.reconciliation.units import Pool, Unit, days_apart
from wallet.reconciliation.wording import reference_of, words_of


def by_clear_name(ours: Pool, theirs: Pool, bounds: Bounds, meanings: Meanings) -> Iterator[Link]:
    """Our EndToEndId, whole in another field or cut at its end, and the amount."""
    here, there = ours.by(end_to_end_ids), theirs.by(meanings.clear_keys)
    return same(ours, theirs, bounds, here, there, Rule.REFERENCE)


def by_account(ours: Pool, theirs: Pool, bounds: Bounds, meanings: Meanings, bystanders: Bystanders) -> Iterator[Link]:
    """An account and an amount that one row on each side has at that time, and none that is matched.

    Lines that are alike count as one, of which the first is taken: the others are the ones too many.
    """
    there = theirs.by(_accounts)
    here = ours.by(_accounts, there)
    for key, found in there.items():
        if key not in here or not (those := theirs.open(found)) or not (these := ours.open(here[key])):
            continue
        for one in these if len(these) * len(those) <= PAIRS_MAX else ():
            fitting = [other for other in those if bounds.fit(one, other)]
            if not fitting or not alike(fitting) or sum(bounds.fit(other, fitting[0]) for other in these) > 1:
                continue
            first = min(fitting, key=lambda other: (days_apart(one, other), other.rows[0].on, other.place))
            slip = any(is_slip(name_of(first.rows[0]), name) for name in one.names)
            if slip or (meanings.agree(one, first) and not bystanders.paid(first, bounds.terms.days)):
                yield Link((one, first), Rule.REFERENCE, days_apart(one, first))
                break


def by_near_name(ours: Pool, theirs: Pool, bounds: Bounds, meanings: Meanings) -> Iterator[Link]:
    """An EndToEndId with one slip that can be one of ours alone, the amount, and one thing more that says the same."""
    amounts = Counter(unit.minor for unit in ours)
    # Looked up for what is open yet alone, and last, because it is dear.
    here, there = ours.by(end_to_end_ids), Pool(theirs).by(meanings.near_keys)
    for link in same(ours, theirs, bounds, here, there, Rule.REFERENCE):
        one, other = link.units
        if _witnessed(one, other) or amounts[other.minor] == 1:
            yield link


def by_reference(ours: Pool, theirs: Pool, bounds: Bounds, bystanders: Bystanders) -> Iterator[Link]:
    """Another reference that one row alone has on each side, and the amount."""
    for one, other in _referred(ours, theirs, bystanders):
        if bounds.same_amount(one, other) and bounds.fit(one, other):
            yield Link((one, other), Rule.REFERENCE, days_apart(one, other))


def reference_differing(ours: Pool, theirs: Pool, bounds: Bounds, bystanders: Bystanders) -> Iterator[Link]:
    """The same, with another amount or too far apart."""
    for one, other in _referred(ours, theirs, bystanders):
        if bounds.allow(one, other):
            yield Link((one, other), Rule.REFERENCE, days_apart(one, other))


def name_differing(ours: Pool, theirs: Pool, bounds: Bounds, meanings: Meanings) -> Iterator[Link]:
    """Our EndToEndId, clear though not in its place, with another amount or too far apart."""
    here, there = ours.by(end_to_end_ids), theirs.by(meanings.clear_keys)
    return differing(ours, theirs, bounds, here, there, Rule.REFERENCE)


def alike(units: Sequence[Unit]) -> bool:
    """Whether rows of a book are one as good as the other: they differ in day and in the book's own reference alone."""
    said = {(row.minor, row.end_to_end_id, row.account, row.party, row.text) for unit in units for row in unit.rows}
    return len(said) == 1


def _accounts(unit: Unit) -> set[tuple[str, int]]:
    return {(account, minor) for account in unit.accounts for minor in unit.minors}


def _witnessed(one: Unit, other: Unit) -> bool:
    """Whether account, name or order say that two are one."""
    return (
        same_account(one, other)
        or not one.said(lambda row: row.party).isdisjoint(other.said(lambda row: row.party))
        or not batch_names(one).isdisjoint(batch_names(other))
    )


def _referred(ours: Pool, theirs: Pool, bystanders: Bystanders) -> Iterator[tuple[Unit, Unit]]:
    """Pairs of which a reference of one is the other's too, or a word of its text, and of nobody else's."""
    there = theirs.by(_references_and_words)
    here = ours.by(_references_and_words, there)
    for word, found in there.items():
        these, those = here.get(word, ()), found
        if len(these) == len(those) == 1 and not bystanders.referred(word):
            one, other = these[0], those[0]
            if one in ours and other in theirs and (word in _references(one) or word in _references(other)):
                yield one, other


def _references(unit: Unit) -> set[str]:
    """Long enough to be one; an EndToEndId too, for what is neither ours nor damaged."""
    words = {reference_of(row.reference) for row in unit.rows if row.reference}
    return {word for word in words | unit.names if len(word) >= REFERENCE_MIN}


def _references_and_words(unit: Unit) -> set[str]:
    words = {word for row in unit.rows if row.text for word in words_of(row.text) if len(word) >= REFERENCE_MIN}
    return words | _references(unit)
