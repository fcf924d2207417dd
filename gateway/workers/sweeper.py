"""One worker that calls each service's `sweep`: what a crash has left between intent and outcome is finished."""

from collections.abc import Awaitable, Callable, Mapping

from gateway.observe import Metrics, log

Sweep = Callable[[], Awaitable[int]]
"""Finishes what a crash left; how many."""


class Sweeper:
    """`sweeps` by the service's name. A service whose sweep fails does not keep the others from theirs."""

    def __init__(self, sweeps: Mapping[str, Sweep], metrics: Metrics) -> None:
        self._sweeps = sweeps
        self._metrics = metrics
        self._log = log(worker="sweeper")

    async def tick(self) -> int:
        """Sweep each service once; how many things were finished."""
        return sum([await self._sweep(name, sweep) for name, sweep in self._sweeps.items()])

    async def _sweep(self, name: str, sweep: Sweep) -> int:
        try:
            done = await sweep()
        except Exception as problem:  # noqa: BLE001 - the other services are swept; logged and counted
            self._metrics.worker_failures.labels(f"sweep_{name}").inc()
            self._log.exception("sweep_failed", service=name, fault=type(problem).__name__)
            return 0
        if done:
            self._log.info("swept", service=name, done=done)
        return done
