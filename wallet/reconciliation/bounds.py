"""Within what bounds rows may be linked: a flow's terms, what staff have barred, and what contradicts itself."""

from collections.abc import Iterable
from dataclasses import dataclass

from wallet.reconciliation.decisions import Decisions
from wallet.reconciliation.rows import Rule, Terms
from wallet.reconciliation.units import Unit, days_apart


@dataclass(frozen=True, slots=True)
class Link:
    """Units of two sides that a pass has found to be one thing; or of one, that undo one another."""

    units: tuple[Unit, ...]
    rule: Rule
    days: int = 0


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of one run."""

    terms: Terms
    decisions: Decisions

    def same_amount(self, one: Unit, other: Unit) -> bool:
        """Whether a book on either side says the same, but for what the terms tolerate."""
        if one.minor == other.minor:
            return True
        return any(abs(mine - theirs) <= self.terms.minor for mine in one.minors for theirs in other.minors)

    def fit(self, one: Unit, other: Unit) -> bool:
        """Whether nothing forbids to link them."""
        return self.allow(one, other) and days_apart(one, other) <= self.terms.days

    def allow(self, one: Unit, other: Unit) -> bool:
        """Whether nothing forbids to link them but, it may be, their days."""
        return (
            one.asset == other.asset
            and (one.minor < 0) is (other.minor < 0)
            and not contradict(one, other)
            and not self.decisions.bar((one, other))
        )

    def allow_all(self, parts: Iterable[Unit], whole: Unit) -> bool:
        """Whether several may be linked with one: each fits, and no two of them are barred."""
        parts = tuple(parts)
        return all(self.fit(part, whole) for part in parts) and not self.decisions.bar((*parts, whole))


def contradict(one: Unit, other: Unit) -> bool:
    """Whether both say what we call it, or to whose account it goes, and do not say the same."""
    # A line of the bank, which comes second, hardly ever has a name of ours.
    if other.owns and one.owns and one.owns.isdisjoint(other.owns):
        return True
    return bool(one.accounts and other.accounts) and not same_account(one, other)


def same_account(one: Unit, other: Unit) -> bool:
    """Whether both name one account; an IBAN ends with the number that a bank gives it at home."""
    mine, theirs = one.accounts, other.accounts
    return not mine.isdisjoint(theirs) or any(a.endswith(b) or b.endswith(a) for a in mine for b in theirs)
