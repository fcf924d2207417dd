"""When to send and when to come back: pure counting over a time that the caller gives, in seconds."""

from collections.abc import Callable
from dataclasses import dataclass

RATE_MIN = 1.0
PAUSE_S = 1.0
"""How long nothing is sent after a throttling answer."""


class Pace:
    """Additive increase, multiplicative decrease: half the rate after throttling, a little more after each success.

    Sending on against 0x58 gets operators to cut the bind; a naive sender has most of its messages refused.
    """

    def __init__(self, rate_max: float) -> None:
        self.rate = rate_max
        self._rate_max = rate_max
        self._next_at = 0.0

    def wait(self, now: float) -> float:
        """How many seconds the next turn is away."""
        return max(0.0, self._next_at - now)

    def turn(self, now: float) -> float:
        """Take the next turn; how many seconds to wait for it."""
        at = max(now, self._next_at)
        self._next_at = at + 1 / self.rate
        return at - now

    def throttled(self, now: float) -> None:
        """The SMSC said that we are too fast. Answers of one burst count once."""
        if self._next_at < now + PAUSE_S:
            self.rate = max(RATE_MIN, self.rate / 2)
            self._next_at = now + PAUSE_S

    def accepted(self) -> None:
        """The SMSC took a message."""
        self.rate = min(self._rate_max, self.rate + 1 / self.rate)

    def paused(self, now: float) -> bool:
        """Whether the next turn is so far away that no new message should be taken for this link."""
        return self._next_at >= now + PAUSE_S / 2


@dataclass(slots=True)
class Backoff:
    """Waits between tries: doubling from `min_s` to `max_s`, each cut by up to a half so that a herd spreads."""

    min_s: float
    max_s: float
    jitter: Callable[[], float]
    """0 up to 1."""
    tries: int = 0

    def next(self) -> float:
        """How long to wait before the next try."""
        whole = min(self.max_s, self.min_s * 2.0 ** min(self.tries, 16))
        self.tries += 1
        return max(self.min_s, whole * (1 - self.jitter() / 2))

    def refused(self) -> float:
        """How long to wait when a bind was refused for what we are: hammering helps nobody."""
        return self.max_s

    def reset(self) -> None:
        """A try has succeeded."""
        self.tries = 0
