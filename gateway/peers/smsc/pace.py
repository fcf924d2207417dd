"""When to send and when to come back: pure counting over a time that the caller gives, in seconds."""

from collections.abc import Callable
from dataclasses import dataclass

RATE_MIN = 1.0
PAUSE_S = 1.0
"""How long nothing is sent after a throttling answer."""
BURST_S = 0.05
"""So much of the rate may leave at once: a fast link then needs no sleep for each message."""


class Pace:
    """A bucket of turns, each for one PDU, that fills at a rate which follows what the SMSC says.

    Additive increase, multiplicative decrease: half the rate after throttling, a little more after each success.
    Sending on against 0x58 gets operators to cut the bind; a naive sender has most of its messages refused.
    """

    def __init__(self, rate_max: float) -> None:
        self.rate = rate_max
        self._rate_max = rate_max
        self._turns = self._turns_max
        self._counted_at = 0.0
        self._paused_until = 0.0

    @property
    def _turns_max(self) -> float:
        return max(1.0, self.rate * BURST_S)

    def wait(self, now: float) -> float:
        """How many seconds the next turn is away."""
        if now < self._paused_until:
            return self._paused_until - now
        self._count(now)
        return 0.0 if self._turns >= 1.0 else (1.0 - self._turns) / self.rate + 1e-6

    def take(self) -> None:
        """Take the turn that `wait` has just said is there."""
        self._turns -= 1.0

    def throttled(self, now: float) -> None:
        """The SMSC said that we are too fast. Answers of one burst count once."""
        if now >= self._paused_until:
            self.rate = max(min(RATE_MIN, self._rate_max), self.rate / 2)
        if self._paused_until < now + PAUSE_S / 2:
            self._paused_until = now + PAUSE_S
        self._turns, self._counted_at = 1.0, self._paused_until

    def accepted(self) -> None:
        """The SMSC took a message."""
        if self.rate < self._rate_max:
            self.rate = min(self._rate_max, self.rate + max(1.0, self._rate_max / 100) / self.rate)

    def paused(self, now: float) -> bool:
        """Whether throttling has just stopped it, so that no new message should be taken for this link."""
        return now < self._paused_until

    def _count(self, now: float) -> None:
        if now > self._counted_at:
            self._turns = min(self._turns_max, self._turns + (now - self._counted_at) * self.rate)
            self._counted_at = now


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
