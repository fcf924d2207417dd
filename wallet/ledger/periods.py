"""Pure decisions about periods: whether one may be closed, given how far the book is closed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from wallet.periods import Period, PeriodClose, PeriodOutcome, PeriodState


@dataclass(frozen=True, slots=True)
class Closing:
    """A closing and what was computed for it outside of the writer.

    Attributes:
        asked: What the caller wants.
        ends_at: When its last day is over in the ledger's zone.
        position: The last position booked before that; for the final closing only.
        seal: Over the trial balance; for the final closing only, None if it was not soft-closed a moment ago.
        seen: Up to which position late entries are in that trial balance.
    """

    asked: PeriodClose
    ends_at: datetime
    position: int = 0
    seal: bytes | None = None
    seen: int = 0


@dataclass(slots=True)
class Closed:
    """How far the book is closed; moved by each closing that is done."""

    closed_through: date | None
    soft_through: date | None

    def is_soft(self, through: date) -> bool:
        """Whether the next thing to do is the final closing through this day."""
        return _reaches(self.soft_through, through) and not _reaches(self.closed_through, through)

    def refusal(self, closing: Closing, at: datetime) -> PeriodOutcome | None:
        """What speaks against a closing at the moment `at` of the log, before anybody reads a row for it."""
        through, state = closing.asked.through, closing.asked.state
        if _reaches(self.closed_through, through) or (
            state is PeriodState.SOFT and _reaches(self.soft_through, through)
        ):
            return PeriodOutcome.ALREADY
        if at < closing.ends_at:
            return PeriodOutcome.NOT_OVER
        if state is PeriodState.CLOSED and not _reaches(self.soft_through, through):
            return PeriodOutcome.NOT_SOFT
        return None

    def close(
        self, closing: Closing, at: datetime, position: int, is_late: Callable[[], bool]
    ) -> PeriodOutcome | Period:
        """Decide a closing; `position` is the last one booked before its end, `is_late` asks for entries since `seen`.

        Gives the row to store, or what speaks against it.
        """
        asked = closing.asked
        refusal = self.refusal(closing, at)
        if refusal is not None:
            return refusal
        if asked.state is PeriodState.CLOSED:
            if closing.seal is None or position != closing.position or is_late():
                return PeriodOutcome.STALE
            self.closed_through = asked.through
        if not _reaches(self.soft_through, asked.through):
            self.soft_through = asked.through
        return Period(asked.through, asked.state, position, closing.seal, asked.cause, at)


def _reaches(far: date | None, day: date) -> bool:
    return far is not None and day <= far
