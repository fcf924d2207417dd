"""One account through one run of blocks: what the run takes for granted about it, and what it leaves."""

from dataclasses import dataclass, field
from typing import NamedTuple

from wallet.ledger.check.raw import ZERO, Figures

UNBOUNDED = 1 << 80
"""More than any sum of a side can be."""
OPEN, CLOSED = b"open", b"closed"

Peaks = tuple[int, int]
"""The highest debit and credit excess that an account had."""
NO_PEAKS: Peaks = (-UNBOUNDED, -UNBOUNDED)


class Terms(NamedTuple):
    """What a change row gives an account: its state and its limits.

    Attributes:
        old: Whether the row tells, later, of a book of schema version 1, whose log did not know of accounts.
    """

    state: bytes
    debit_excess_max: int | None
    credit_excess_max: int | None
    old: bool = False

    def admit(self, figures: Figures) -> bool:
        """Whether an account with these figures may have these terms."""
        empty = figures[0] == figures[1] and not figures[2] and not figures[3]
        stays = self.state != CLOSED or empty or self.old
        return stays and self.allow((debit_excess(figures), credit_excess(figures)))

    def allow(self, peaks: Peaks) -> bool:
        """Whether an account with these limits may go that far."""
        return peaks[0] <= bound(self.debit_excess_max) and peaks[1] <= bound(self.credit_excess_max)


def debit_excess(figures: Figures) -> int:
    """How far debits exceed credits, holds on the debit side counted."""
    return figures[0] + figures[2] - figures[1]


def credit_excess(figures: Figures) -> int:
    """How far credits exceed debits, holds on the credit side counted."""
    return figures[1] + figures[3] - figures[0]


def bound(limit: int | None) -> int:
    """A limit as a number that compares."""
    return UNBOUNDED if limit is None else limit


class Opening(NamedTuple):
    """The first change of an account in a run, which is its opening if there is none before."""

    terms: Terms
    in_time: bool
    """Whether it was made when the account says that it was opened."""
    moved: bool
    """Whether a transfer came first."""

    @property
    def sound(self) -> bool:
        """Whether an account may begin with it; only one of an old book may have moved before."""
        return self.terms.old or (self.terms.state == OPEN and self.in_time and not self.moved)


class Standing(NamedTuple):
    """An account between two blocks; until its opening it has no terms, and its peaks wait for them."""

    asset: bytes
    figures: Figures = ZERO
    terms: Terms | None = None
    peaks: Peaks = NO_PEAKS


class Touched(NamedTuple):
    """What a run says of one account.

    Attributes:
        asset: As its rows have it.
        before: Its figures before the run, if a row of the run tells.
        after: Its figures after the run, likewise.
        peaks: How far it went before its first change in the run.
        needs_open: Whether it must have been open before the run.
        opening: Its first change in the run, if its terms were not known there.
        early: Terms that it got before its figures were known.
        terms: Terms that the run leaves it with, None if those from before.
    """

    asset: bytes
    before: Figures | None
    after: Figures | None
    peaks: Peaks
    needs_open: bool
    opening: Opening | None
    early: tuple[Terms, ...]
    terms: Terms | None

    def follows(self, standing: Standing) -> bool:
        """Whether all that the run took for granted is so, given the account before the run."""
        if standing.asset != self.asset or self.before not in (None, standing.figures):
            return False
        if any(not terms.admit(standing.figures) for terms in self.early):
            return False
        if standing.terms is not None:
            return standing.terms.allow(self.peaks) and not (self.needs_open and standing.terms.state != OPEN)
        if self.opening is None:
            return True
        opening = self.opening._replace(moved=self.opening.moved or standing.figures != ZERO)
        return opening.sound and opening.terms.allow(self._peaks_after(standing))

    def leads_to(self, standing: Standing) -> Standing:
        """The account after the run."""
        return Standing(
            self.asset, self.after or standing.figures, self.terms or standing.terms, self._peaks_after(standing)
        )  # fmt: skip

    def _peaks_after(self, standing: Standing) -> Peaks:
        if standing.terms is not None:
            return NO_PEAKS
        return max(self.peaks[0], standing.peaks[0]), max(self.peaks[1], standing.peaks[1])


@dataclass(slots=True)
class Track:
    """The same while the run is read. While `terms` is None, the bounds are its peaks.

    Attributes:
        open: Whether it takes transfers; None while that is unknown.
    """

    asset: bytes
    before: Figures | None = None
    after: Figures | None = None
    debit_bound: int = -UNBOUNDED
    credit_bound: int = -UNBOUNDED
    open: bool | None = None
    terms: Terms | None = None
    needs_open: bool = False
    opening: Opening | None = None
    peaks: Peaks = NO_PEAKS
    early: list[Terms] = field(default_factory=list)

    @classmethod
    def of(cls, standing: Standing) -> "Track":
        """An account about which everything is known."""
        track = cls(standing.asset, standing.figures, standing.figures, *standing.peaks)
        if standing.terms is not None:
            track._take(standing.terms)
        return track

    def change(self, terms: Terms, *, in_time: bool, known: bool) -> bool:
        """Give it other terms; whether they fit what is known of it.

        `in_time` is for its opening; `known` says whether this is it, if no terms were given before.
        """
        fits = True
        if self.terms is None:
            self.peaks = self.debit_bound, self.credit_bound
            self.opening = Opening(terms, in_time, self.after is not None and self.after != ZERO)
            fits = not known or (self.opening.sound and terms.allow(self.peaks))
        self._take(terms)
        if self.after is None:
            self.early.append(terms)
            return fits
        return fits and terms.admit(self.after)

    def claim_open(self) -> bool:
        """Whether it may be open here; where nobody knows, the run takes it for granted."""
        if self.open is None:
            self.open = self.needs_open = True
        return self.open

    def claim_debit(self, excess: int) -> bool:
        """Whether it may have this debit excess; where nobody knows, the run takes it for granted."""
        if self.terms is None:
            self.debit_bound = excess
        return self.terms is None

    def claim_credit(self, excess: int) -> bool:
        """The same of its credit excess."""
        if self.terms is None:
            self.credit_bound = excess
        return self.terms is None

    def touched(self) -> Touched:
        """What the run says of it at its end."""
        peaks = (self.debit_bound, self.credit_bound) if self.terms is None else self.peaks
        return Touched(
            self.asset, self.before, self.after, peaks, self.needs_open, self.opening, tuple(self.early), self.terms
        )

    def _take(self, terms: Terms) -> None:
        self.terms = terms
        self.debit_bound, self.credit_bound = bound(terms.debit_excess_max), bound(terms.credit_excess_max)
        self.open = terms.state == OPEN
