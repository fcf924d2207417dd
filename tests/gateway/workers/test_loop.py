"""The loop of workers and the sweeper: they go on, count, rest and stop."""

import asyncio
from collections.abc import Callable

import pytest

from gateway.observe import Metrics
from gateway.workers.loop import Loop
from gateway.workers.sweeper import Sweeper


class Script:
    """A tick that does what it is told, then stops its loop."""

    def __init__(self, *steps: int | Exception) -> None:
        self._steps = list(steps)
        self.ticks = 0
        self.at_end: Callable[[], None] = lambda: None

    async def tick(self) -> int:
        self.ticks += 1
        step = self._steps.pop(0)
        if not self._steps:
            self.at_end()
        if isinstance(step, Exception):
            raise step
        return step


def counted(metrics: Metrics, name: str) -> tuple[float, float]:
    values = [metrics.registry.get_sample_value(f"tapdial_worker_{what}_total", {"worker": name}) for what in _WHAT]
    return values[0] or 0.0, values[1] or 0.0


_WHAT = ("items", "failures")


async def test_a_loop_goes_on_after_a_failure_and_counts() -> None:
    metrics, script = Metrics(), Script(2, RuntimeError("no"), 0, 3)
    loop = Loop("outbox", script.tick, metrics, idle_s=0.001)
    script.at_end = loop.stop

    async with asyncio.timeout(5):
        await loop.run()

    assert (script.ticks, counted(metrics, "outbox")) == (4, (5.0, 1.0))


async def test_a_stop_ends_a_rest_at_once() -> None:
    script = Script(0, 0)
    loop = Loop("idle", script.tick, Metrics(), idle_s=3600)

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        group.create_task(loop.run())
        await asyncio.sleep(0.01)
        loop.stop()

    assert script.ticks == 1


async def test_a_stop_before_the_start_is_not_lost() -> None:
    script = Script(1)
    loop = Loop("early", script.tick, Metrics())
    loop.stop()

    await loop.run()

    assert script.ticks == 0


async def test_a_tick_that_hangs_is_cut_off_and_counted() -> None:
    metrics = Metrics()

    async def hang() -> int:
        loop.stop()
        await asyncio.sleep(3600)
        return 1

    loop = Loop("hanging", hang, metrics, idle_s=0.001, tick_max_s=0.01)
    await loop.run()

    assert counted(metrics, "hanging") == (0.0, 1.0)


@pytest.mark.parametrize(("failures", "rest_s"), [(1, 2.0), (2, 4.0), (5, 32.0), (6, 60.0), (7, 60.0)])
async def test_patience_doubles_up_to_a_minute(failures: int, rest_s: float) -> None:
    loop = Loop("failing", Script(*[RuntimeError("no")] * failures).tick, Metrics(), idle_s=1.0)

    rests = [await loop._round() for _ in range(failures)]

    assert rests[-1][0] == rest_s


async def test_one_failing_sweep_keeps_no_other_from_its_work() -> None:
    metrics = Metrics()
    sweeper = Sweeper(
        {"people": Script(1).tick, "payments": Script(RuntimeError("no")).tick, "benefits": Script(2).tick}, metrics
    )

    assert await sweeper.tick() == 3
    assert counted(metrics, "sweep_payments") == (0.0, 1.0)
