"""Full rounds of Python's garbage collector wait while a run is at work.

A run holds a few objects for each row of each book. None of them is garbage before it ends, and each full round would
look at all of them while nothing else of the process goes on: a second for some hundred thousand rows. Young objects
are collected as ever.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_NEVER = 1 << 30


class _Rounds:
    """Counts who wants none; what was set before is put back after the last of them."""

    def __init__(self) -> None:
        self._wanted_none = 0
        self._before = gc.get_threshold()

    @contextmanager
    def none(self) -> Iterator[None]:
        """No full round begins by itself meanwhile."""
        if not self._wanted_none:
            self._before = gc.get_threshold()
            gc.set_threshold(*self._before[:2], _NEVER)
        self._wanted_none += 1
        try:
            yield
        finally:
            self._wanted_none -= 1
            if not self._wanted_none:
                gc.set_threshold(*self._before)


ROUNDS = _Rounds()
"""There is one collector in a process."""
