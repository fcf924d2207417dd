"""How often somebody may try: fixed windows in memory, bounded, one process."""

from collections import OrderedDict
from datetime import datetime, timedelta

from wallet.clock import Clock

SUBJECTS_MAX = 20_000


class Limiter:
    """At most `tries_max` tries of a subject in each `window`; the least recent of 20,000 subjects is forgotten."""

    def __init__(self, clock: Clock, tries_max: int, window: timedelta, subjects_max: int = SUBJECTS_MAX) -> None:
        self._clock = clock
        self._tries_max = tries_max
        self._window = window
        self._subjects_max = subjects_max
        self._seen: OrderedDict[str, tuple[datetime, int]] = OrderedDict()

    def take(self, subject: str) -> int:
        """Count a try; 0 when it may go on, else the seconds until the next window."""
        now = self._clock.now()
        since, tries = self._seen.pop(subject, (now, 0))
        if since + self._window <= now:
            since, tries = now, 0
        self._seen[subject] = since, tries + 1
        if len(self._seen) > self._subjects_max:
            self._seen.popitem(last=False)
        if tries < self._tries_max:
            return 0
        return max(1, -((now - since - self._window) // timedelta(seconds=1)))
