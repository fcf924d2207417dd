"""Durable authorisations a second on each database, in ratio to the same pipeline without one: `make bench-nfc`.

Sixty-four terminals each send their next 0100 when the last is answered. A line is the median of its rounds; within a
round the yardstick and both databases take turns, because a machine that is shared has moods.
"""

import argparse
import asyncio
import gc
import logging
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from bench import ledger_server
from bench.ledger_figures import Bar, Figures, percentile
from bench.nfc_house import House, opened
from bench.nfc_null import NullHouse
from gateway.cli.run import COLLECT_AFTER
from gateway.wire import iso8583

COMMAND = "make bench-nfc"
WORKERS = 64
ENGINES = ("postgresql", "sqlite")
PER_S_GOAL, P99_MS_MAX = 1000.0, 50.0
Answer = Callable[[str, bytes], Awaitable[bytes]]


@dataclass
class Run:
    """What one cell did: seconds of each authorisation, and of all."""

    latencies_s: list[float] = field(default_factory=list)
    elapsed_s: float = 0.0
    cpu_s: float = 0.0

    @property
    def per_s(self) -> float:
        """Authorisations in a second."""
        return len(self.latencies_s) / self.elapsed_s


async def run(answer: Answer, bodies: list[tuple[str, bytes]]) -> Run:
    """Answer all of them, WORKERS at once; each must be approved."""
    done, waiting, answers = Run(), iter(bodies), list[bytes]()

    async def worker() -> None:
        for terminal_id, body in waiting:
            begun = time.perf_counter()
            answers.append(await answer(terminal_id, body))
            done.latencies_s.append(time.perf_counter() - begun)

    begun, cpu = time.perf_counter(), time.process_time()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(WORKERS):
            tasks.create_task(worker())
    done.elapsed_s, done.cpu_s = time.perf_counter() - begun, time.process_time() - cpu
    assert all(iso8583.decode(one).text(39) == "00" for one in answers), "everybody has money and a phone"
    return done


@asynccontextmanager
async def houses(folder: Path, server: ledger_server.Server, people: int) -> AsyncIterator[dict[str, House]]:
    """One on each database."""
    await server.create("gateway", "wallet")
    urls = {
        "postgresql": {"store": server.url("gateway"), "ledger": server.url("wallet")},
        "sqlite": {"store": f"sqlite:///{folder / 'gateway.db'}", "ledger": f"sqlite:///{folder / 'wallet.db'}"},
    }
    async with AsyncExitStack() as stack:
        yield {engine: await stack.enter_async_context(opened(urls[engine], people)) for engine in ENGINES}


async def measured(count: int, rounds: int, people: int) -> dict[str, list[Run]]:
    """The runs of every cell, by name; `null` is the yardstick."""
    runs: defaultdict[str, list[Run]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name, ledger_server.running() as server:
        async with houses(Path(name), server, people) as made:
            some = made["sqlite"]
            null = NullHouse(
                some.keys, {till.terminal_id: till for till in some.tills}, {phone.pan: phone for phone in some.phones}
            )
            for turn in range(rounds + 1):
                gc.collect()
                cells: Mapping[str, Answer] = {"null": null.answer} | {one: made[one].answer for one in ENGINES}
                for cell, answer in cells.items():
                    bodies = made[cell if cell in made else "sqlite"].bodies(count if turn else count // 4)
                    if cell == "postgresql":
                        await server.checkpoint()
                    one = await run(answer, bodies)
                    if turn:  # the first turn warms all of them
                        runs[cell].append(one)
    return runs


def told(runs: dict[str, list[Run]]) -> bool:
    """Print and write the figures; whether the goals are met."""
    figures, met = Figures(COMMAND), True
    yardstick = statistics.median(one.per_s for one in runs["null"])
    for engine in ENGINES:
        per_s = statistics.median(one.per_s for one in runs[engine])
        latencies = [latency * 1000 for one in runs[engine] for latency in one.latencies_s]
        p50, p99 = percentile(latencies, 50), percentile(latencies, 99)
        cpu = statistics.median(one.cpu_s / len(one.latencies_s) for one in runs[engine])
        figures.add(f"{engine}: authorisations", per_s, yardstick, "1/s")
        figures.add(f"{engine}: of the goal", per_s, PER_S_GOAL, "1/s", Bar(1.0))
        figures.add(f"{engine}: p50", p50, P99_MS_MAX, "ms")
        figures.add(f"{engine}: p99", p99, P99_MS_MAX, "ms", Bar(1.0, at_most=True))
        figures.add(f"{engine}: processor", cpu * 1e6, 1e6 / yardstick, "us")
        met = met and per_s >= PER_S_GOAL and p99 <= P99_MS_MAX
    figures.write("nfc")
    return met


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=6000, help="authorisations in a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--people", type=int, default=500)
    asked = parser.parse_args()
    gc.set_threshold(*COLLECT_AFTER)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    return 0 if told(asyncio.run(measured(asked.count, asked.rounds, asked.people))) else 1


if __name__ == "__main__":
    sys.exit(main())
