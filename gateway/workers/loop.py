"""The loop that every worker shares: tick, count, rest; a failure is logged, counted and answered by patience."""

import asyncio
from collections.abc import Awaitable, Callable

from gateway.observe import Metrics, log

Tick = Callable[[], Awaitable[int]]
"""One round of a worker's work; how many items it did."""
FAILURES_COUNTED_MAX = 30
"""Beyond this the pause has long reached its longest."""


class Loop:
    """Runs a tick until it is asked to stop.

    A tick that did something is followed by the next at once, one that did nothing after `idle_s`, one that failed
    after a pause that doubles from `idle_s` up to `pause_max_s`. A tick that takes longer than `tick_max_s` is cut off
    and counts as failed; None lets it take its time.
    """

    def __init__(
        self,
        name: str,
        tick: Tick,
        metrics: Metrics,
        *,
        idle_s: float = 1.0,
        pause_max_s: float = 60.0,
        tick_max_s: float | None = 60.0,
        wake: asyncio.Event | None = None,
    ) -> None:
        """`wake`, while it is set, ends the rest after a tick that did nothing; the tick clears it."""
        self.name = name
        self._tick = tick
        self._items = metrics.worker_items.labels(name)
        self._failed = metrics.worker_failures.labels(name)
        self._idle_s = idle_s
        self._pause_max_s = pause_max_s
        self._tick_max_s = tick_max_s
        self._stop = asyncio.Event()
        self._wake = wake or self._stop
        self._failures = 0
        self._log = log(worker=name)

    def stop(self) -> None:
        """Let the tick in hand finish, then leave `run`; remembered if `run` has not begun."""
        self._stop.set()
        self._wake.set()

    async def run(self) -> None:
        """Tick until `stop`; only cancellation breaks a tick off."""
        while not self._stop.is_set():
            await self._rest(*await self._round())

    async def _round(self) -> tuple[float, asyncio.Event]:
        """One tick; how long to rest after it, and what ends the rest before."""
        try:
            async with asyncio.timeout(self._tick_max_s):
                done = await self._tick()
        except Exception as problem:  # noqa: BLE001 - a worker lives on; the failure is logged and counted
            self._failures = min(self._failures + 1, FAILURES_COUNTED_MAX)
            self._failed.inc()
            self._log.exception("tick_failed", failures=self._failures, fault=type(problem).__name__)
            return min(self._idle_s * 2.0**self._failures, self._pause_max_s), self._stop
        self._failures = 0
        self._items.inc(done)
        return (0.0 if done else self._idle_s), self._wake

    async def _rest(self, rest_s: float, until: asyncio.Event) -> None:
        if not rest_s:
            await asyncio.sleep(0)
            return
        try:
            async with asyncio.timeout(rest_s):
                await until.wait()
        except TimeoutError:
            return
