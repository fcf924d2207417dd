"""A simulated gateway process: the product's own writer and reads over the simulated wire; it may die at any moment."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

from tests.wallet.simulation.driver import Wire, engines
from tests.wallet.simulation.loop import LoopClock
from tests.wallet.simulation.server import Server
from wallet.errors import LedgerUnavailable, WalletFault
from wallet.ledger.engines import Engines
from wallet.ledger.reads import Reads
from wallet.ledger.writer import Writer

T = TypeVar("T")
MakeWriter = Callable[..., Writer]
GROUP_MAX = 6
"""Small, so that a few calls already make several groups, and long calls several jobs."""
_CLOSE_S = 30.0


@dataclass(eq=False, slots=True)
class Life:
    """From one start to one death."""

    wire: Wire
    databases: Engines
    writer: Writer
    reads: Reads
    running: asyncio.Task[None]
    tasks: list[asyncio.Task[object]] = field(default_factory=list)
    is_over: bool = False


class Process:
    """Dies and starts again under the same name."""

    def __init__(
        self,
        name: str,
        server: Server,
        clock: LoopClock,
        random: Random,
        tasks: asyncio.TaskGroup,
        make: MakeWriter,
        group_max: int = GROUP_MAX,
    ) -> None:
        self.name = name
        self._server = server
        self._clock = clock
        self._random = random
        self._tasks = tasks
        self._make = make
        self._group_max = group_max
        self._lives = 0
        self.life = self._start()

    @property
    def is_up(self) -> bool:
        return not self.life.is_over

    def start(self) -> None:
        if self.life.is_over:
            self.life = self._start()

    def crash(self) -> None:
        """Everything that it was doing is gone, and no answer of it counts any more."""
        life = self.life
        if life.is_over:
            return
        self._server.trace.say(self.name, "crashes")
        life.is_over = True
        life.wire.cut()
        for task in (life.running, *life.tasks):
            task.cancel()

    async def stop(self) -> None:
        """End in good order, as `Ledger.close` does."""
        life = self.life
        if life.is_over:
            return
        life.writer.stop()
        await asyncio.wait({life.running}, timeout=_CLOSE_S)
        if not life.running.done():
            life.running.cancel()
            await asyncio.wait({life.running})
        if not life.is_over:
            self._server.trace.say(self.name, "has stopped")
            await asyncio.sleep(1)  # its callers get what the writer gave them
            life.is_over = True
            life.wire.cut()

    async def ask(
        self, work: Callable[[Writer], Awaitable[T]], patience_s: float | None = None
    ) -> T | WalletFault | None:
        """What this process answers; None if it died or the caller's patience ended, and then nothing is known."""
        if not self.is_up:
            return None
        life = self.life

        async def answer() -> T | WalletFault:
            try:
                return await work(life.writer)
            except WalletFault as fault:
                return fault

        task = self._tasks.create_task(answer())
        life.tasks.append(task)
        await asyncio.wait({task}, timeout=patience_s)
        if life.is_over and not task.done():
            return None
        if not task.done():
            task.cancel()
            return None
        return None if task.cancelled() or life.wire.is_cut else task.result()

    async def read(self, work: Callable[[Reads], Awaitable[T]]) -> T | None:
        """What a reader of this process sees; None if it cannot read now."""
        life = self.life
        if life.is_over:
            return None
        try:
            return await work(life.reads)
        except LedgerUnavailable:
            return None

    def _start(self) -> Life:
        self._lives += 1
        name = f"{self.name}{self._lives}"
        self._server.trace.say(name, "starts")
        wire = Wire(self._server, name)
        databases = engines(wire)
        options = {"group_max": self._group_max, "below": self._random.randrange}
        writer = self._make(databases, self._clock, 10 * self._group_max, **options)
        running = self._tasks.create_task(writer.run())
        return Life(wire, databases, writer, Reads(databases.reader), running)
