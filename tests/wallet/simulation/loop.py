"""An event loop of virtual time: nothing waits, what is ready runs in an order that the seed chooses, one at a time.

Time jumps to the next timer when nothing is ready. When nothing is left at all while somebody still waits, the run
hangs, and that is said at once instead of being waited out.
"""

import asyncio
import heapq
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from datetime import datetime, timedelta
from random import Random
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
STEPS_MAX = 400_000
"""Callbacks of one run; more means that something turns in circles."""


class HangsError(AssertionError):
    """Nothing is ready, no timer is set, and the run is not over."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Deterministic: the same seed and the same code run the same callbacks at the same virtual moments."""

    def __init__(self, random: Random) -> None:
        super().__init__()
        self._random = random
        self._now_s = 0.0
        self._soon: list[asyncio.Handle] = []
        self._later: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._numbers = 0
        self.steps = 0
        self.complaints: list[str] = []
        """What would have been logged: exceptions that nobody took."""
        self.set_exception_handler(lambda _, context: self.complaints.append(str(context)))

    def time(self) -> float:
        return self._now_s

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._soon.append(handle)
        return handle

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._numbers += 1
        heapq.heappush(self._later, (when, self._numbers, handle))
        return handle

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now_s + max(0.0, delay), callback, *args, context=context)

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        raise AssertionError("a simulation has no threads")

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """It is left out when its time comes."""

    def _run_once(self) -> None:
        """One callback; BaseEventLoop.run_forever calls this until somebody stops it."""
        self._take_due()
        if not self._soon:
            raise HangsError(f"nothing can happen any more at {self._now_s:.6f} s")
        self.steps += 1
        if self.steps > STEPS_MAX:
            raise HangsError(f"still busy after {STEPS_MAX} steps, at {self._now_s:.6f} s")
        handle = self._soon.pop(int(self._random.random() * len(self._soon)))
        if not handle.cancelled():
            handle._run()

    def _take_due(self) -> None:
        while self._later:
            when, _, handle = self._later[0]
            if handle.cancelled():
                heapq.heappop(self._later)
            elif when <= self._now_s or not self._soon:
                self._now_s = max(self._now_s, when)
                heapq.heappop(self._later)
                self._soon.append(handle)
            else:
                return


class _Tasks(asyncio.TaskGroup):
    """A task group that closes what it takes no more, as those of Python 3.13 do, so that a failing run is quiet."""

    def create_task(
        self,
        coro: Generator[Any, None, T] | Coroutine[Any, Any, T],
        *,
        name: str | None = None,
        context: Context | None = None,
    ) -> asyncio.Task[T]:
        try:
            return super().create_task(coro, name=name, context=context)
        except RuntimeError:
            coro.close()
            raise


def task_group() -> asyncio.TaskGroup:
    """One that is quiet when a run fails."""
    return _Tasks()


class LoopClock:
    """A process's clock: the loop's virtual time from a start on, wrong by a constant skew."""

    def __init__(self, loop: VirtualLoop, start: datetime, skew_s: float) -> None:
        self._loop = loop
        self._start = start + timedelta(seconds=skew_s)

    def now(self) -> datetime:
        return self._start + timedelta(microseconds=int(self._loop.time() * 1_000_000))
