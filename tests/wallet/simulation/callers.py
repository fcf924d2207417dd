"""Callers and followers: they ask, lose patience, ask again elsewhere, and write down every answer that they got."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from tests.wallet.memory import plain
from tests.wallet.simulation.generator import Call, Calls
from tests.wallet.simulation.loop import LoopClock
from tests.wallet.simulation.process import Process
from tests.wallet.simulation.trace import Trace
from wallet.errors import WalletFault
from wallet.transfers import LogRow, PostResult


@dataclass(slots=True)
class Ask:
    """One call put to one process, and what came of it: results, a fault, or nothing at all."""

    call: Call
    process: str
    answer: list[PostResult] | WalletFault | None = None

    @property
    def results(self) -> list[PostResult]:
        return self.answer if isinstance(self.answer, list) else []


@dataclass(slots=True)
class Callers:
    """A few people who use the gateway at once."""

    random: Random
    processes: Sequence[Process]
    calls: Calls
    clock: LoopClock
    trace: Trace
    asks: list[Ask] = field(default_factory=list)

    async def one(self, name: str, count: int, tasks: asyncio.TaskGroup) -> None:
        """One caller's whole day."""
        for _ in range(count):
            await asyncio.sleep(self.random.choice([0.0, 0.001, 0.01, 1.0, 6.0]) * self.random.random())
            call = self.calls.next(self.clock.now())
            if self.random.random() < 0.15:
                tasks.create_task(self._ask(f"{name}'s twin", call))
            await self._until_answered(name, call)

    async def _until_answered(self, name: str, call: Call) -> None:
        for _ in range(self.random.choice([1, 3, 5])):
            ask = await self._ask(name, call)
            if isinstance(ask.answer, list) and self.random.random() < 0.85:
                return
            await asyncio.sleep(self.random.choice([0.0, 0.01, 2.0, 20.0]) * self.random.random())

    async def _ask(self, name: str, call: Call) -> Ask:
        process = self.random.choice(self.processes)
        ask = Ask(call, process.name)
        self.asks.append(ask)
        patience_s = self.random.choice([None, None, None, 0.005, 0.05, 10.0])
        ask.answer = await process.ask(lambda writer: writer.post(call), patience_s)
        said = [plain(result) for result in ask.results] or type(ask.answer).__name__
        self.trace.say(name, f"asked {process.name} for {[str(one.id)[:4] for one in call]}: {said}")
        return ask


@dataclass(slots=True)
class Follower:
    """Copies the log from somewhere on, a few rows at a time, from whichever process answers."""

    random: Random
    processes: Sequence[Process]
    copy: list[LogRow] = field(default_factory=list)
    start: int | None = None
    """The position after which its copy starts, once it has seen the log for the first time."""

    async def follow(self) -> None:
        while True:
            await asyncio.sleep(self.random.choice([0.005, 0.5, 20.0]) * self.random.random())
            await self.poll()

    async def poll(self) -> bool:
        """One page; whether it got one at all."""
        process = self.random.choice(self.processes)
        if self.start is None:
            head = await process.read(lambda reads: reads.head())
            self.start = None if head is None else self.random.randint(0, head.position)
            return True
        after = self.copy[-1].position if self.copy else self.start
        rows = await process.read(lambda reads: reads.follow(after, self.random.randint(1, 5)))
        self.copy += rows or []
        return bool(rows)
