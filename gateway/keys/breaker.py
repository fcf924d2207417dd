"""A breaker: what has failed is not asked again by everybody at once. Pure; the caller brings the time."""


class Breaker:
    """Opens after failures in a row; while it is open, one call in each pause finds out whether all is well again."""

    def __init__(self, *, failures_max: int, pause_s: float) -> None:
        self._failures_max = failures_max
        self._pause_s = pause_s
        self._failures = 0
        self._next_try = 0.0

    @property
    def is_open(self) -> bool:
        """Whether most calls are turned away."""
        return self._failures >= self._failures_max

    def admits(self, now_s: float) -> bool:
        """Whether a call may be made at this moment; a caller that hears yes while it is open is the one that tries."""
        if not self.is_open:
            return True
        if now_s < self._next_try:
            return False
        self._next_try = now_s + self._pause_s
        return True

    def failed(self, now_s: float) -> None:
        """A call has failed."""
        self._failures += 1
        self._next_try = now_s + self._pause_s

    def succeeded(self) -> None:
        """A call was answered."""
        self._failures = 0
