"""One writer per process gathers what waits and commits it as one transaction.

There is no timer: while one group commits, the next one gathers, so a lone transfer waits for nobody and a crowd shares
one COMMIT. On PostgreSQL the next one is even read and decided meanwhile, on what the group before will leave; if that
comes to nothing, it is done over. Results are given after COMMIT in order of arrival. A caller that is cancelled loses
its answer, never its posting. A COMMIT whose answer was lost is resolved by looking for the group's block in the book.
"""

import asyncio
import contextlib
import secrets
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine

from wallet.accounts import Account, AccountChange, ChangeOutcome
from wallet.clock import Clock
from wallet.errors import LedgerBusy, LedgerCorrupt, LedgerUnavailable, WalletFault
from wallet.ledger.book import Decision
from wallet.ledger.engines import Engines
from wallet.ledger.faults import UNREACHABLE, Verdict, judge
from wallet.ledger.jobs import Answer, Job, answer, fail, group_of, portions
from wallet.ledger.periods import Closing
from wallet.ledger.store import Committing, Group, prepare, run_group, swap
from wallet.ledger.view import View
from wallet.periods import PeriodOutcome
from wallet.transfers import PostResult, Transfer

T = TypeVar("T")
GROUP_MAX = 1000
"""Transfers in one group; more adds latency and no throughput. One longer entry makes a group of its own."""
_GROUP_S = 15.0
"""How long PostgreSQL may take over one group before the connection counts as lost."""
_PATIENCE_S = 27.0
"""How long a group is tried again before its callers are told that the ledger is unavailable: longer than a failover,
whose measure is Patroni's ttl (20 s, its least) and five seconds."""
_PAUSE_MAX_MS = 500
_LOCKED_AFTER_MISS = 8
"""How many groups lock the head before they are read, once another writer moved it or reading ahead failed."""


class Writer:
    """The queue and the loop that empties it. `run` is the owner's task; `stop` lets it end.

    `below(n)` gives a random number from 0 to n - 1 for the pauses between tries.
    """

    def __init__(
        self,
        engines: Engines,
        clock: Clock,
        queue_max: int,
        *,
        group_max: int = GROUP_MAX,
        below: Callable[[int], int] = secrets.randbelow,
    ) -> None:
        self._engines = engines
        self._clock = clock
        self._queue_max = queue_max
        self._group_max = group_max
        self._below = below
        self._jobs: deque[Job] = deque()
        self._committing: list[Job] = []
        self._view: View | None = None
        self._hang_up: Callable[[], None] = _nothing
        self._locked_next = 0
        self._waiting = 0
        self._wake = asyncio.Event()
        self._stopping = False
        # SQLite's calls block, so they have a thread to themselves; one group is one hop.
        self._thread = ThreadPoolExecutor(1, "ledger") if engines.sqlite is not None else None

    async def post(self, transfers: Sequence[Transfer]) -> list[PostResult]:
        """Post one call's transfers, cut into jobs of at most a group where its entries allow."""
        if len(transfers) == 1:
            job = Job(self._future(), [(transfers[0],)])
            self._put([job])
            return (await job.done).results
        jobs = [Job(self._future(), entries) for entries in portions(transfers, self._group_max)]
        self._put(jobs)
        results: list[PostResult] = []
        faults: list[WalletFault] = []
        try:
            for job in jobs:
                try:
                    results += (await job.done).results
                except WalletFault as fault:
                    faults.append(fault)
        finally:
            for job in jobs:
                job.done.cancel()  # a cancelled caller takes no answer any more, and a fault would be nobody's
        if faults:
            raise faults[0]
        return results

    async def open_accounts(self, accounts: Sequence[Account]) -> None:
        """Open these accounts."""
        await self._one(Job(self._future(), accounts=tuple(accounts)))

    async def change(self, change: AccountChange) -> ChangeOutcome:
        """Change an account's state or limits."""
        outcome = (await self._one(Job(self._future(), change=change))).change
        assert outcome is not None, "a change has an outcome"
        return outcome

    async def close_period(self, closing: Closing) -> PeriodOutcome:
        """Close a period."""
        outcome = (await self._one(Job(self._future(), closing=closing))).closing
        assert outcome is not None, "a closing has an outcome"
        return outcome

    async def expire_holds(self, limit: int) -> int:
        """Write EXPIRE for up to `limit` lapsed holds; how many."""
        return (await self._one(Job(self._future(), lapsed_max=limit))).expired

    def stop(self) -> None:
        """Take nothing more; `run` ends when what waits is committed."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Commit groups until stopped; whoever still waits when this is cancelled is told so."""
        try:
            async with asyncio.TaskGroup() as tasks:
                try:
                    await asyncio.shield(tasks.create_task(self._work()))
                except asyncio.CancelledError:
                    self._hang_up()
                    raise
        finally:
            # Whoever still waits when the owner ends this task would wait for ever.
            self._stopping = True
            fail([*self._committing, *self._jobs], LedgerUnavailable("the ledger was closed"))
            self._jobs.clear()
            if self._thread is not None:
                self._thread.shutdown(wait=False)

    async def _work(self) -> None:
        while self._jobs or not self._stopping:
            if not self._jobs:
                self._wake.clear()
                await self._wake.wait()
            elif self._engines.ahead is not None:
                await self._commit_ahead(self._engines.ahead)
            else:
                self._committing = self._gather()
                await self._commit(self._committing, group_of(self._committing))

    def _future(self) -> asyncio.Future[Answer]:
        return asyncio.get_running_loop().create_future()

    async def _one(self, job: Job) -> Answer:
        self._put([job])
        return await job.done

    def _put(self, jobs: Sequence[Job]) -> None:
        if self._stopping:
            raise LedgerUnavailable("the ledger is closed")
        size = sum(job.size for job in jobs)
        if self._waiting + size > self._queue_max:
            raise LedgerBusy(f"{self._waiting} transfers wait for the writer")
        self._waiting += size
        self._jobs.extend(jobs)
        self._wake.set()

    def _gather(self) -> list[Job]:
        jobs = [self._jobs.popleft()]
        size = jobs[0].size
        while self._jobs and size + self._jobs[0].size <= self._group_max:
            jobs.append(self._jobs.popleft())
            size += jobs[-1].size
        self._waiting -= size
        return jobs

    async def _commit_ahead(self, ahead: AsyncEngine) -> None:
        """Commit what waits: while one group is written, the next one is read and decided on what that one leaves."""
        async with asyncio.TaskGroup() as tasks:
            writing: asyncio.Task[None] | None = None
            before: list[Job] = []
            while self._jobs:
                jobs = self._gather()
                self._committing = [*before, *jobs]
                group = group_of(jobs)
                prepared = await self._prepare(ahead, group)
                if writing is not None:
                    await writing
                before, writing = jobs, None
                if prepared is not None and prepared.writing is not None and prepared.view is self._view:
                    writing = tasks.create_task(self._write(jobs, group, prepared))
                else:
                    # Alone, for it goes on with the view that the next one would be prepared on.
                    await self._commit(jobs, group)

    async def _prepare(self, ahead: AsyncEngine, group: Group) -> Committing | None:
        """Decide a group on what this writer knows; None if it does not know enough, or cannot."""
        self._locked_next = max(0, self._locked_next - 1)
        view = self._view
        if view is None or self._locked_next or not group.is_plain:
            return None
        try:
            async with asyncio.timeout(_GROUP_S), ahead.connect() as connection:
                return await connection.run_sync(prepare, group, self._clock.now(), view)
        except Exception:  # noqa: BLE001 - whatever it was, the way with the lock meets it again and says so
            self._view, self._locked_next = None, _LOCKED_AFTER_MISS
            return None

    async def _write(self, jobs: list[Job], group: Group, prepared: Committing) -> None:
        """Write a prepared group; if the book is another one by now, take the way with the lock."""
        assert self._engines.swap is not None, "who reads ahead also swaps"
        try:
            written = await self._on_postgresql(self._engines.swap, swap, group, prepared)
        except Exception:  # noqa: BLE001 - as above; and whether it was written, its block will tell
            written = None
        if written is not None:
            answer(jobs, written.decision)
            return
        self._view, self._locked_next = None, _LOCKED_AFTER_MISS
        await self._commit(jobs, group)

    async def _commit(self, jobs: list[Job], group: Group) -> None:
        try:
            decision = await self._settle(group)
        except LedgerCorrupt as fault:
            if len(jobs) == 1:
                fail(jobs, fault)
                return
            # Rules and database disagree about one of them; the others must not suffer for it.
            for job in jobs:
                await self._commit([job], group_of([job]))
        except LedgerUnavailable as fault:
            fail(jobs, fault)
        except Exception as bug:  # noqa: BLE001 - a worker's tick: callers get the bug, the writer lives on
            fail(jobs, bug)
        else:
            answer(jobs, decision)

    async def _settle(self, group: Group) -> Decision:
        """Run a group until it is committed or hopeless."""
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + _PATIENCE_S
        pause_ms = 4
        while True:
            try:
                committed = await self._run(group)
            except UNREACHABLE as fault:
                verdict = judge(fault)
                if verdict is Verdict.OURS:
                    raise LedgerCorrupt(f"the database refused a row: {type(fault).__name__}") from fault
                if loop.time() >= give_up_at:
                    raise LedgerUnavailable("the ledger's database does not answer") from fault
            else:
                self._view = committed.view
                return committed.decision
            await asyncio.sleep(self._below(pause_ms) / 1000)
            pause_ms = min(pause_ms * 2, _PAUSE_MAX_MS)

    async def _run(self, group: Group) -> Committing:
        # It moves while the group is decided: whatever goes wrong until COMMIT, nobody may go on with it.
        view, self._view = self._view, None
        if self._engines.sqlite is not None:
            # No timeout: a thread cannot be stopped half-way, and the disk is ours.
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, self._run_sqlite, self._engines.sqlite, group, view)
        assert self._engines.postgresql is not None, "one of the engines writes"
        return await self._on_postgresql(self._engines.postgresql, run_group, group, self._clock.now(), view)

    def _run_sqlite(self, engine: Engine, group: Group, view: View | None) -> Committing:
        with engine.connect() as connection:
            try:
                committing = run_group(connection, group, self._clock.now(), view)
                connection.commit()
            except BaseException:
                # After a COMMIT that failed the pool would keep the connection with its transaction open.
                connection.invalidate()
                raise
        return committing

    async def _on_postgresql(self, engine: AsyncEngine, work: Callable[..., T], *arguments: object) -> T:
        async with contextlib.AsyncExitStack() as stack:
            async with asyncio.timeout(_GROUP_S):
                connection = await stack.enter_async_context(engine.connect())
                driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None, "an open connection has a driver's one below it"
            self._hang_up = driver.terminate
            # Hang up, do not cancel, here and in `run`: PostgreSQL answers a cancelled wait for its synchronous replica
            # by showing everybody a group that only one disk has, and the next failover would take it back.
            loop = asyncio.get_running_loop()
            hang_up_at = loop.time() + _GROUP_S
            hang_up = loop.call_at(hang_up_at, self._hang_up)
            stack.callback(hang_up.cancel)
            try:
                done = await connection.run_sync(work, *arguments)
                await connection.commit()
            except BaseException as fault:
                # As above; and whatever the server still does in it, the head row's lock makes the next try wait for.
                await connection.invalidate()
                if isinstance(fault, Exception) and loop.time() >= hang_up_at:
                    # The driver trips over its own pieces when it is hung up on while it prepares a statement.
                    raise TimeoutError("the database did not answer in time") from fault
                raise
        return done


def _nothing() -> None:
    """No connection was opened yet."""
