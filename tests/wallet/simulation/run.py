"""One run of one seed: a storm over two processes, then calm, then everything that must hold."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TypeVar

from tests.wallet.memory import plain
from tests.wallet.simulation.callers import Ask, Callers, Follower
from tests.wallet.simulation.faults import Weather
from tests.wallet.simulation.generator import CASH, WALLETS, Calls
from tests.wallet.simulation.loop import HangsError, LoopClock, VirtualLoop, task_group
from tests.wallet.simulation.oracle import Oracle, again
from tests.wallet.simulation.process import MakeWriter, Process
from tests.wallet.simulation.server import Server
from tests.wallet.simulation.trace import Trace
from tests.wallet.strategies import START, world
from wallet.accounts import AccountChange, AccountState, ChangeOutcome, Limits
from wallet.errors import WalletFault
from wallet.ledger.verify import verify
from wallet.ledger.writer import Writer

T = TypeVar("T")
RUN_MAX_S = 3600.0
"""Virtual seconds after which somebody who still waits is taken to hang."""
_AFTERWARDS_S = 200.0
"""Longer than any hold of the generator lasts and any clock is wrong."""


class SimulationError(AssertionError):
    """A seed that fails, with how to see it again."""


@dataclass(slots=True)
class Plan:
    """How a run is made; the defects of the rig's own test are planted here."""

    template: Path
    folder: Path
    make: MakeWriter = Writer
    holds_transactions: bool = True


@dataclass(slots=True)
class Result:
    """What a run came to."""

    digest: str
    groups: int
    faults: int
    answered: int
    lines: Sequence[str] = field(repr=False)


def simulate(seed: int, plan: Plan) -> Result:
    """Run one seed.

    Raises:
        SimulationError: Something that must hold does not.
    """
    random = Random(seed)  # noqa: S311 - a run is to be repeated, not to be kept secret
    loop, trace = VirtualLoop(random), Trace()
    try:
        run = _Run(random, loop, trace, plan)
        loop.run_until_complete(run.whole())
        assert not loop.complaints, f"nobody took these: {loop.complaints}"
        answered = sum(bool(ask.results) for ask in run.asks)
        met = sum(" meets " in line for line in trace.lines)
        return Result(trace.digest(), run.groups, met, answered, trace.lines)
    except (AssertionError, ExceptionGroup, TimeoutError) as wrong:
        tail = "\n".join(trace.lines[-60:])
        how = f"SIM_SEED={seed} .venv/bin/pytest tests/wallet/test_ledger_simulation.py -k alone -s"
        raise SimulationError(f"seed {seed}: {wrong!r}\n{tail}\nAlone: {how}") from wrong
    finally:
        with suppress(RuntimeError, HangsError):
            loop.close()


class _Run:
    def __init__(self, random: Random, loop: VirtualLoop, trace: Trace, plan: Plan) -> None:
        self.random = random
        self.loop = loop
        self.trace = trace
        self.plan = plan
        self.weather = Weather.of(random)
        self.accounts = world("")
        self.asks: list[Ask] = []
        self.followers: list[Follower] = []
        self.groups = 0

    async def whole(self) -> None:
        path = self.plan.folder / "simulated.db"
        for old in self.plan.folder.glob("simulated.db*"):
            old.unlink()
        shutil.copyfile(self.plan.template, path)
        async with asyncio.timeout(RUN_MAX_S), task_group() as tasks:
            server = Server(path, self.weather, self.trace, tasks, self.plan.holds_transactions)
            try:
                await self.storm(server, tasks)
                await self.judge(server, tasks)
            finally:
                server.close()
        self.groups = len(server.committed)

    async def storm(self, server: Server, tasks: asyncio.TaskGroup) -> None:
        random = self.random
        # Clocks of two machines never agree to the microsecond. If they did, one process could take the other's block
        # for its own: the same transfers decided on the same head at the same moment make the same block.
        processes = [
            Process(
                name, server, self.clock(random.choice([0.0, 0.0, -3.0, 5.0]) + own_s), random, tasks, self.plan.make
            )
            for name, own_s in [("a", 0.0), ("b", 0.000_137)][: random.choice([1, 2, 2])]
        ]
        await _insist(processes[0], self.open_accounts)
        calls = Calls(random, self.accounts)
        callers = Callers(random, processes, calls, self.clock(0.0), self.trace, self.asks)
        self.followers = [Follower(random, processes) for _ in range(2)]
        async with task_group() as background:
            background_tasks = [background.create_task(follower.follow()) for follower in self.followers]
            background_tasks += [background.create_task(self.sweep(process)) for process in processes]
            background_tasks += [background.create_task(self.trouble(server, processes))]
            async with task_group() as crowd:
                for number in range(random.randint(2, 4)):
                    crowd.create_task(callers.one(f"caller {number}", random.randint(2, 6), crowd))
            self.weather.calm()
            for task in background_tasks:
                task.cancel()
        for process in processes:
            await process.stop()

    async def open_accounts(self, writer: Writer) -> bool:
        await writer.open_accounts(self.accounts)
        return True

    async def judge(self, server: Server, tasks: asyncio.TaskGroup) -> None:
        """In calm weather, with a process that was not there before, look at everything."""
        await asyncio.sleep(_AFTERWARDS_S)
        process = Process("judge", server, self.clock(10.0), self.random, tasks, Writer, group_max=1000)
        while await _insist(process, lambda writer: writer.expire_holds(100)):
            pass
        oracle = Oracle()
        oracle.replay(server.committed)
        reads = process.life.reads
        log = await reads.follow(0, 10_000)
        found = [(account, balances) for account, _, balances in await reads.accounts("", 100)]
        oracle.book(log, found)
        oracle.callers(self.asks)
        oracle.wholeness(log, self.asks)
        await self.follow_to_the_end(process, oracle)
        for account in self.accounts:
            assert not await reads.open_holds(account.id), "a hold is open long after its time"
        await self.verify()
        head = await reads.head()
        async with task_group() as again_at_once:
            for ask in self.asks:
                if ask.results:
                    again_at_once.create_task(self.replay(process, ask))
        assert await reads.head() == head, "asking again changed the book"
        await process.stop()
        self.trace.say("judge", f"head {head.position} {head.hash.hex()}")

    async def follow_to_the_end(self, judge: Process, oracle: Oracle) -> None:
        log = await judge.life.reads.follow(0, 10_000)
        for follower in self.followers:
            follower.processes = [judge]
            while await follower.poll():
                pass
            oracle.follower(log, follower)

    async def verify(self) -> None:
        verified = await verify(f"sqlite:///{self.plan.folder / 'simulated.db'}")
        assert verified.finding is None, str(verified.finding)

    async def replay(self, process: Process, ask: Ask) -> None:
        results = await _insist(process, lambda writer: writer.post(ask.call))
        assert [plain(result) for result in results] == [again(plain(first)) for first in ask.results], f"{ask}"

    async def sweep(self, process: Process) -> None:
        while True:
            await asyncio.sleep(self.random.uniform(2, 40))
            await process.ask(lambda writer: writer.expire_holds(self.random.randint(1, 5)))

    async def trouble(self, server: Server, processes: Sequence[Process]) -> None:
        """Now and then something big: a process dies or ends, the server restarts, an account changes its state."""
        while True:
            await asyncio.sleep(self.random.choice([0.01, 0.3, 3.0, 20.0]) * self.random.random())
            process = self.random.choice(processes)
            match self.random.randrange(6):
                case 0 | 1 if self.weather.happens(0.7):
                    process.crash()
                case 2 if self.weather.happens(0.3):
                    await process.stop()
                case 3 if self.weather.happens(0.3):
                    server.restart(self.random.choice([0.0, 0.5, 6.0]))
                case 4:
                    await process.ask(self.change_account)
                case _:
                    pass
            for each in processes:
                if not each.is_up and self.random.random() < 0.7:
                    each.start()

    async def change_account(self, writer: Writer) -> ChangeOutcome:
        account = self.accounts[self.random.choice([*WALLETS, *CASH])].id
        state = self.random.choice([*AccountState, AccountState.OPEN, AccountState.OPEN])
        limits = self.random.choice([None, None, Limits(0), Limits(20), Limits(0, 60)])
        return await writer.change(AccountChange(account, "stf_1", state, limits))

    def clock(self, skew_s: float) -> LoopClock:
        return LoopClock(self.loop, START, skew_s)


async def _insist(process: Process, work: Callable[[Writer], Awaitable[T]]) -> T:
    while True:
        answer = await process.ask(work)
        if answer is not None and not isinstance(answer, WalletFault):
            return answer
