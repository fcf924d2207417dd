"""How well a link does: shares of throttling and of faults, and latency, each an average that forgets."""

from dataclasses import dataclass

WEIGHT = 0.05
"""Of the newest answer."""
HALF_LIFE_S = 15.0
"""Without answers a bad reputation halves in so many seconds, so that a link which nobody uses is tried again."""
HEALTHY_MIN = 40


@dataclass(slots=True)
class Health:
    """Counted over a time that the caller gives, in seconds."""

    response_s: float
    """Latency is judged by how long an answer may take."""
    latency_s: float = 0.0
    _throttle: float = 0.0
    _error: float = 0.0
    _at: float = 0.0
    _latency_at: float = 0.0

    def accepted(self, now: float, latency_s: float) -> None:
        """The SMSC judged a message; this link is not to blame for the judgement."""
        self._fade(now)
        self._throttle -= WEIGHT * self._throttle
        self._error -= WEIGHT * self._error
        # The older what it knows, the more the newest answer counts.
        silent_s = now - self._latency_at
        if not self.latency_s:
            weight = 1.0
        elif silent_s < 1.0:
            # So soon after the last one the average is no older than its own weight; most answers come so.
            weight = 2 * WEIGHT
        else:
            weight = max(2 * WEIGHT, 1.0 - _faded(silent_s))
        self.latency_s += weight * (latency_s - self.latency_s)
        self._latency_at = now

    def throttled(self, now: float) -> None:
        """The SMSC said that we are too fast."""
        self._fade(now)
        self._throttle += WEIGHT * (1.0 - self._throttle)

    def failed(self, now: float) -> None:
        """The SMSC did not answer, or had a fault of its own."""
        self._fade(now)
        self._error += WEIGHT * (1.0 - self._error)

    def throttle_ratio(self, now: float) -> float:
        """Share of answers that were throttling."""
        self._fade(now)
        return self._throttle

    def error_ratio(self, now: float) -> float:
        """Share of answers that were faults of the link, or did not come."""
        self._fade(now)
        return self._error

    def score(self, now: float) -> int:
        """0 to 100 for a link that is bound."""
        self._fade(now)
        slow = min(0.8, self.latency_s * _faded(now - self._latency_at) / self.response_s)
        return round(100 * (1.0 - self._throttle) * (1.0 - self._error) * (1.0 - slow))

    def _fade(self, now: float) -> None:
        if now - self._at < 0.25:
            return
        factor = _faded(now - self._at)
        self._throttle *= factor
        self._error *= factor
        self._at = now


def _faded(seconds: float) -> float:
    """What is left of a reputation."""
    return float(0.5 ** (seconds / HALF_LIFE_S))
