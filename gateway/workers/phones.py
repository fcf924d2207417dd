"""Asks the phones of staff: each request is a task that outlives its tick, as a person may take more than a minute."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from sqlalchemy import Row

from gateway.observe import Metrics, log

IN_HAND_MAX = 50
FINISH_S = 8.0


class Asking(Protocol):
    """Requests to phones. Satisfied by services.signing.Phones."""

    async def claim(self, limit: int) -> list[Row[Any]]:
        """Lease what is to be asked."""
        ...

    async def ask(self, row: Row[Any]) -> None:
        """Ask, and record what came of it."""
        ...


class PhonesWorker:
    """Claims requests and asks; `run` owns the tasks."""

    def __init__(
        self, phones: Asking, metrics: Metrics, *, in_hand_max: int = IN_HAND_MAX, finish_s: float = FINISH_S
    ) -> None:
        """`finish_s` is how long a stop waits for answers; what has none is asked about after its lease."""
        self._phones = phones
        self._in_hand_max = in_hand_max
        self._finish_s = finish_s
        self._group: asyncio.TaskGroup | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures = metrics.worker_failures.labels("phones")
        self._log = log(worker="phones")

    async def run(self, ticking: Callable[[], Awaitable[None]]) -> None:
        """Own the tasks while `ticking` calls `tick`; when it returns, wait a little for answers."""
        async with asyncio.TaskGroup() as self._group:
            await ticking()
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=self._finish_s)
            for task in self._tasks:
                task.cancel()

    async def tick(self) -> int:
        """Begin to ask what there is room for; how many."""
        assert self._group is not None, "run owns the tasks"
        room = self._in_hand_max - len(self._tasks)
        rows = await self._phones.claim(room) if room > 0 else []
        for row in rows:
            task = self._group.create_task(self._ask(row))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return len(rows)

    async def _ask(self, row: Row[Any]) -> None:
        try:
            await self._phones.ask(row)
        except Exception as problem:  # noqa: BLE001 - one request's trouble is not the others'; its lease runs out
            self._failures.inc()
            self._log.exception("phone_not_asked", request=row.id, fault=type(problem).__name__)
