"""The phones' worker: many are asked at once, one that goes wrong keeps none, and a stop waits only a little."""

import asyncio
from typing import Any, NamedTuple, cast

from sqlalchemy import Row

from gateway.observe import Metrics
from gateway.workers.phones import PhonesWorker


class Asked(NamedTuple):
    """A request's row, as far as the worker looks at it."""

    id: str


class Desk:
    """Requests by id; `slow` ones are answered by nobody, `broken` ones raise."""

    def __init__(self, *ids: str) -> None:
        self.waiting = list(ids)
        self.limits: list[int] = []
        self.answered: list[str] = []
        self.all_answered = asyncio.Event()

    async def claim(self, limit: int) -> list[Row[Any]]:
        self.limits.append(limit)
        taken, self.waiting = self.waiting[:limit], self.waiting[limit:]
        return cast("list[Row[Any]]", [Asked(one) for one in taken])

    async def ask(self, row: Row[Any]) -> None:
        if row.id == "slow":
            await asyncio.Event().wait()
        if row.id == "broken":
            raise RuntimeError("a bug")
        self.answered.append(row.id)
        self.all_answered.set()


async def test_phones_are_asked_at_once_within_a_bound_and_a_bug_stops_nobody() -> None:
    desk, metrics = Desk("slow", "broken", "good", "later"), Metrics()
    worker = PhonesWorker(desk, metrics, in_hand_max=3, finish_s=0)

    async def ticking() -> None:
        assert await worker.tick() == 3
        await desk.all_answered.wait()
        assert await worker.tick() == 1

    async with asyncio.timeout(5):
        await worker.run(ticking)

    assert sorted(desk.answered) == ["good", "later"]
    assert desk.limits[0] == 3
    assert metrics.registry.get_sample_value("tapdial_worker_failures_total", {"worker": "phones"}) == 1
