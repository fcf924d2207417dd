"""Loaders in front of a cluster, and what their acknowledgements say: how long nobody was answered, and for what."""

import asyncio
import itertools
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from wallet.clock import SystemClock
from wallet.errors import LedgerUnavailable
from wallet.ids import TransferId
from wallet.ledger import Ledger

ROOT = Path(__file__).parents[2]
STOP_S = 60.0


@dataclass
class Load:
    """What the loaders were told, as it comes."""

    outcomes: dict[TransferId, str] = field(default_factory=dict)
    moments: list[float] = field(default_factory=list)
    loaders: set[int] = field(default_factory=set)

    async def until(self, more: int, limit_s: float) -> None:
        """Wait for so many further acknowledgements."""
        wanted = len(self.moments) + more
        async with asyncio.timeout(limit_s):
            while len(self.moments) < wanted:  # noqa: ASYNC110  - lines of another process come in beside it
                await asyncio.sleep(0.05)

    def silence_s(self, since: float) -> float:
        """The longest time without an acknowledgement that ended after `since`."""
        late = sorted([since, *(moment for moment in self.moments if moment > since)])
        return max((after - before for before, after in itertools.pairwise(late)), default=float("inf"))

    async def listen(self, loader: int, lines: asyncio.StreamReader) -> None:
        """Take every line of one loader."""
        async for line in lines:
            self.loaders.add(loader)
            transfer, outcome, moment = line.decode().split()
            assert TransferId(UUID(transfer)) not in self.outcomes, "one id was answered twice"
            self.outcomes[TransferId(UUID(transfer))] = outcome
            self.moments.append(float(moment))


@asynccontextmanager
async def loaded(url: str, processes: int = 2) -> AsyncIterator[Load]:
    """That many loaders post while the body runs; they have stopped, their answers in hand, when it ends."""
    load = Load()
    loaders = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.rigs.ha_loader", url, cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        for _ in range(processes)
    ]
    async with asyncio.TaskGroup() as tasks:
        for loader in loaders:
            assert loader.stdout is not None
            tasks.create_task(load.listen(loader.pid, loader.stdout))
        try:
            await load.until(200, 60)
            async with asyncio.timeout(30):
                while len(load.loaders) < processes:  # noqa: ASYNC110  - as above
                    await asyncio.sleep(0.05)
            yield load
        finally:
            for loader in loaders:
                if loader.returncode is None:
                    loader.terminate()
            try:
                async with asyncio.timeout(STOP_S):
                    ended = [await loader.wait() for loader in loaders]
            except TimeoutError:
                for loader in loaders:
                    if loader.returncode is None:
                        loader.kill()
                raise
    assert set(ended) == {0}, ended


async def must_hold(url: str, load: Load) -> None:
    """Every acknowledged transfer is in the book, none twice, no entry half, and the book is sound."""
    began = time.monotonic()
    ledger = await reopened(url)
    try:
        verified = await ledger.verify()
        assert verified.finding is None, str(verified.finding)
        booked: list[TransferId] = []
        after = 0
        while page := await ledger.follow(after=after):
            booked += [row.transfer.id for row in page]
            after = page[-1].position
    finally:
        await ledger.close()
    assert set(load.outcomes.values()) <= {"POSTED", "DUPLICATE"}
    lost = set(load.outcomes) - set(booked)
    assert not lost, f"{len(lost)} of {len(load.outcomes)} acknowledged transfers are gone"
    assert len(set(booked)) == len(booked) == after
    assert len(booked) % 2 == 0
    say(f"{len(load.outcomes)} acknowledged, {after} in the book, verified in {time.monotonic() - began:.1f} s")


async def reopened(url: str) -> Ledger:
    """As a gateway does that starts in the middle of a failover: again, until the door leads somewhere."""
    async with asyncio.timeout(STOP_S):
        while True:
            try:
                return await Ledger.open(url, SystemClock())
            except LedgerUnavailable:
                await asyncio.sleep(0.2)


def say(figures: str) -> None:
    """A line for whoever runs the rig with `-s`."""
    sys.stdout.write(f"{figures}\n")
