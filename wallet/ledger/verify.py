"""Reads the whole book and names the first wrong row, in this process or in as many as there are processors.

The log never changes below its head, so its runs of blocks can be read at leisure and in any order, by short statements
that bind no snapshot. Each process folds a run by itself; here the runs are joined in order. Where one does not fit,
it is folded once more with the book before it at hand, and that names the row: the first one, however the log was cut.
"""

import asyncio
import gc
import os
import sqlite3
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import date
from multiprocessing import get_context

from wallet.errors import LedgerCorrupt, LedgerUnavailable
from wallet.ledger import engines, schema
from wallet.ledger.check import Finding, Progress, Verified, pages
from wallet.ledger.check.fold import Fold, Mark, Run
from wallet.ledger.check.raw import BlockRow, PeriodRow
from wallet.ledger.check.sources import Source, opened
from wallet.ledger.check.standing import Standings
from wallet.ledger.faults import UNREACHABLE
from wallet.ledger.reads import Reads
from wallet.periods import recompute

_PAGE_BLOCKS = 1000
_PAGE_ROWS = 5000
_PROCESSES_MAX = 8


def _spawned(processes: int) -> Executor:
    # Rows make no cycles, and looking for some among so many of them costs a tenth of the time.
    return ProcessPoolExecutor(processes, get_context("spawn"), gc.disable)


@dataclass(frozen=True, slots=True)
class Plan:
    """How the work is cut.

    Attributes:
        portion: Transfers, or blocks, of one run.
        processes: How many fold runs; with one, or with a log of few runs, this process does.
        pool: Makes them.
    """

    portion: int = 200_000
    processes: int = min(len(os.sched_getaffinity(0)), _PROCESSES_MAX)
    pool: Callable[[int], Executor] = _spawned


_PLAN = Plan()
_RUNS_MIN = 2
"""Fewer are folded sooner than a process starts."""


async def verify(url: str, progress: Progress | None = None, plan: Plan = _PLAN) -> Verified:
    """Re-read everything and name the first wrong row.

    Chain, entries, balances and versions, limits and states at each position, holds, citations, balancing, effective
    dates, periods and their seals, refusals, zero sum per asset, and that today's tables are where the log leads.
    Works on a read replica and on a read-only copy. Memory grows with accounts and open holds, not with the log.

    Raises:
        LedgerUnavailable: The database cannot be reached, or there is no ledger in it.
        LedgerCorrupt: Its schema is of another version.
    """
    try:
        async with opened(url) as source:
            if await pages.version(source) != schema.VERSION:
                raise LedgerCorrupt("the ledger's schema is of another version")
            return await _Check(url, source, progress, plan).verified()
    except (*UNREACHABLE, sqlite3.Error) as fault:
        raise LedgerUnavailable("the ledger's database cannot be read") from fault
    except BrokenProcessPool as fault:
        raise LedgerUnavailable("a process of the check was ended") from fault


class _Check:
    def __init__(self, url: str, source: Source, progress: Progress | None, plan: Plan) -> None:
        self._url = url
        self._source = source
        self._progress = progress
        self._plan = plan
        self._standings = Standings()

    async def verified(self) -> Verified:
        today = await pages.today(self._source)
        standings = self._standings
        finding, fold = await self._log(today.head.block, today.head.position)
        if finding is None:
            finding = standings.finding(today) or await self._seals(standings.seals)
        position = standings.mark.position if fold is None else fold.position
        counts = standings.counts
        return Verified(position, *counts, standings.mark.block, len(today.accounts), standings.mark.hash, finding)

    async def _log(self, last: int, positions: int) -> tuple[Finding | None, Fold | None]:
        """Join all runs up to a block; with a finding comes the fold that met it."""
        async with self._runs(last, positions) as runs:
            async for end, run in runs:
                if run is None or not self._standings.join(run):
                    fold = Fold(self._standings.mark, self._standings.book)
                    finding = await _fold(self._source, fold, end)
                    if finding is not None:
                        return finding, fold
                    joined = run is None and self._standings.join(fold.end())
                    assert joined, "a run that was folded with the book before it follows from that"
                if self._progress is not None:
                    self._progress(self._standings.mark.position, positions)
        return None, None

    @asynccontextmanager
    async def _runs(self, last: int, positions: int) -> AsyncIterator[AsyncIterator[tuple[int, Run | None]]]:
        """The last block of each run, and the run if another process folded it and found nothing wrong."""
        alone = self._plan.processes < 2 or max(last, positions) < _RUNS_MIN * self._plan.portion
        if alone:
            async with aclosing(self._ends_alone(last)) as ends:
                yield ends
            return
        pool = self._plan.pool(self._plan.processes)
        try:
            async with aclosing(self._folded(pool, last)) as runs:
                yield runs
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    async def _ends_alone(self, last: int) -> AsyncGenerator[tuple[int, Run | None], None]:
        async with aclosing(self._cuts(last)) as cuts:
            async for _, end in cuts:
                yield end, None

    async def _folded(self, pool: Executor, last: int) -> AsyncGenerator[tuple[int, Run | None], None]:
        loop = asyncio.get_running_loop()
        under_way: deque[tuple[int, asyncio.Future[Run | None]]] = deque()
        async with aclosing(self._cuts(last)) as cuts:
            async for after, end in cuts:
                under_way.append((end, loop.run_in_executor(pool, fold_apart, self._url, after, end)))
                # One more than there are processes, so that none waits for us; not all, so that results do not pile up.
                if len(under_way) > self._plan.processes:
                    joined_end, future = under_way.popleft()
                    yield joined_end, await future
        for joined_end, future in under_way:
            yield joined_end, await future

    async def _cuts(self, last: int) -> AsyncGenerator[tuple[int, int], None]:
        """The log in runs of about a portion: the block before each, and its last one."""
        after, portion, position = 0, self._plan.portion, 0
        while after < last:
            position += portion
            end = await pages.run_end(self._source, after, last, position, after + portion)
            yield after, end
            after = end

    async def _seals(self, closings: Sequence[PeriodRow]) -> Finding | None:
        """Whether the trial balances of closed periods still are those that were sealed."""
        if not closings:
            return None
        databases = engines.connect(self._url)
        try:
            reads = Reads(databases.reader)
            for row in closings:
                through = date.fromisoformat(row.through.decode())
                seal = await recompute(reads, through, row.position, self._standings.mark.position)
                if seal != row.seal:
                    return Finding("period", f"closed {through}", "its trial balance is not the one that was sealed")
        finally:
            await databases.close()
        return None


def fold_apart(url: str, after: int, last: int) -> Run | None:
    """Fold the blocks after `after` up to `last` in a process of its own; None if anything in them is wrong."""
    return asyncio.run(_fold_apart(url, after, last))


async def _fold_apart(url: str, after: int, last: int) -> Run | None:
    async with opened(url) as source:
        first = await pages.blocks(source, after, last, 1)
        if not first:
            return None
        closed, soft = await pages.closed_before(source, first[0].number)
        claimed = first[0].first_position - 1, first[0].previous, first[0].booked_at
        fold = Fold(Mark(after, *claimed, closed, soft))
        finding = await _fold(source, fold, last)
        return fold.end() if finding is None else None


async def _fold(source: Source, fold: Fold, last: int) -> Finding | None:
    """Read on to a block, page by page."""
    while fold.mark.block < last:
        some = await pages.blocks(source, fold.mark.block, last, _PAGE_BLOCKS)
        if not some:
            return Finding("block", str(fold.mark.block + 1), "is missing")
        for taken in _portions(some):
            finding = await _fold_page(source, fold, taken)
            if finding is not None:
                return finding
            # SQLite answers without waiting, and others want to run too.
            await asyncio.sleep(0)
    return None


async def _fold_page(source: Source, fold: Fold, taken: Sequence[BlockRow]) -> Finding | None:
    """Fold the rows of the blocks whose headers are sound; a header that is not comes after them."""
    sound: list[BlockRow] = []
    wrong: Finding | None = None
    for block in taken:
        wrong = fold.header(block)
        if wrong is not None:
            break
        sound.append(block)
    finding = fold.page(sound, await pages.page(source, fold, sound)) if sound else None
    return finding or wrong


def _portions(blocks: Sequence[BlockRow]) -> Iterator[Sequence[BlockRow]]:
    start, rows = 0, 0
    for place, block in enumerate(blocks, 1):
        rows += block.transfers + block.refusals + block.changes
        if rows >= _PAGE_ROWS or place == len(blocks):
            yield blocks[start:place]
            start, rows = place, 0
