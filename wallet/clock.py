"""Time is aware UTC, comes from an injected clock, and is stored as integer microseconds since 1970."""

from datetime import UTC, datetime, timedelta
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Clock(Protocol):
    """Says what time it is. Everything that depends on time takes one of these."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment of this machine."""
        return datetime.now(UTC)


class ManualClock:
    """A clock that stands still until it is moved; for tests, simulations and replays."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        """The moment it was last set to."""
        return self._now

    def advance(self, step: timedelta) -> None:
        """Move forward by `step`."""
        self._now += step


def to_us(moment: datetime) -> int:
    """Microseconds since 1970 of an aware moment; a naive one is a bug."""
    assert moment.tzinfo is not None, "a naive moment has no place here"
    return (moment - _EPOCH) // _MICROSECOND


def from_us(us: int) -> datetime:
    """The aware UTC moment of `us` microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=us)
