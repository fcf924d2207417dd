"""Within what bounds rows may be linked: a flow's terms, what staff have barred, and what contradicts itself."""

from collections.abc import Iterable
from dataclasses import dataclass

from wallet.reconciliation.decisions import Decisions
from wallet.reconciliation.rows import Rule, Terms
from wallet.reconciliation.units import Unit, days_apart


@dataclass(frozen=True, slots=True)
class Link:
    """Units of two sides that a pass has found to be one thing."""

    ours: tuple[Unit, ...]
    theirs: tuple[Unit, ...]
    rule: Rule


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of one run."""

    terms: Terms
    decisions: Decisions

    def same_amount(self, one: Unit, other: Unit) -> bool:
        """Whether both move the same, but for what the terms tolerate."""
        return abs(one.minor - other.minor) <= self.terms.minor

    def fit(self, one: Unit, other: Unit) -> bool:
        """Whether nothing forbids to link them."""
        return self.differ_only(one, other) and days_apart(one, other) <= self.terms.days

    def differ_only(self, one: Unit, other: Unit) -> bool:
        """Whether nothing forbids to link them but, it may be, their days."""
        return one.rows[0].asset == other.rows[0].asset and not contradict(one, other) and not self.barred((one, other))

    def barred(self, units: Iterable[Unit]) -> bool:
        """Whether staff have said that some of these rows do not belong together."""
        return self.decisions.bar(units)


def contradict(one: Unit, other: Unit) -> bool:
    """Whether both say to whom it goes, or what we call it, and do not say the same."""
    mine, theirs = one.said(lambda row: row.own), other.said(lambda row: row.own)
    if mine and theirs and mine.isdisjoint(theirs):
        return True
    mine, theirs = set(one.accounts), set(other.accounts)
    return bool(mine and theirs) and not any(a.endswith(b) or b.endswith(a) for a in mine for b in theirs)
