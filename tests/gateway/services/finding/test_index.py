"""The index follows the log segment by segment, once, whoever does it, and finds the same as reading every row."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select

from gateway.services.finding import index as index_of
from gateway.services.finding import tails
from gateway.services.finding.index import SLICE, UNINDEXED_MAX, TailIndex
from gateway.services.finding.tables import SEGMENTS
from gateway.services.finding.tails import BUCKETS, MERGED, SEGMENT, Named
from gateway.store import Store
from tests.gateway.services.finding.world import LongLog
from wallet.clock import ManualClock
from wallet.ids import new_ids


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    made = await Store.open(database_url)
    yield made
    await made.close()


def log_of(clock: ManualClock, rows: int) -> LongLog:
    causes = new_ids("pay", clock, rows)
    chance = random.Random(1)  # noqa: S311 - a test, and the same each time
    # Some causes have more than one row, near and far apart.
    for _ in range(rows // 10):
        causes[chance.randrange(rows)] = causes[chance.randrange(rows)]
    return LongLog(causes)


async def test_what_is_indexed_and_what_is_not_yet_are_found_alike(store: Store, clock: ManualClock) -> None:
    log = log_of(clock, SEGMENT + 500)
    index = TailIndex(store, log, log)
    chance = random.Random(2)  # noqa: S311 - a test, and the same each time

    assert [await index.tick(), await index.tick()] == [SEGMENT, 0]
    for named in Named:
        texts = {one.cause if named is Named.CAUSE else one.id.hex for one in log.rows}
        for row in [*chance.sample(log.rows[:SEGMENT], 5), *log.rows[-2:]]:
            text = row.cause if named is Named.CAUSE else row.id.hex
            for digits in (4, 9):
                ends = await index.ends(named, text[-digits:], 1000)
                got = {one.cause if named is Named.CAUSE else one.id.hex for one in ends.rows}
                assert got == {one for one in texts if one.endswith(text[-digits:])}
                assert not ends.behind
    assert max(log.scanned) <= SEGMENT


async def test_what_is_merged_is_found_as_before_whoever_merges_and_wherever_it_stops(
    store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With segments of few rows: two merged ones, part of a third, and some that wait for the rest of theirs."""
    for module in (tails, index_of):
        monkeypatch.setattr(module, "SEGMENT", 16)
    monkeypatch.setattr(tails, "_OFFSET_BITS", 4)
    log = log_of(clock, 16 * (MERGED * 2 + 3) + 3)
    index = TailIndex(store, log, log)
    texts = {named: {one.cause if named is Named.CAUSE else one.id.hex for one in log.rows} for named in Named}
    chance = random.Random(3)  # noqa: S311 - a test, and the same each time
    sought = [(named, text) for named in Named for text in chance.sample(sorted(texts[named]), 6)]

    async def finds_all() -> None:
        for named, text in sought:
            for digits in (4, 5, 6):
                ends = await index.ends(named, text[-digits:], 1000)
                got = [one.cause if named is Named.CAUSE else one.id.hex for one in ends.rows]
                assert sorted(got) == sorted(one for one in texts[named] if one.endswith(text[-digits:]))

    async def lists() -> int:
        return len(await store.read(select(SEGMENTS)))

    for _ in range(MERGED * 2 + 3):
        assert await index.tick() == 16
    await finds_all()
    before, ticks = await lists(), 0
    while made := sum(await asyncio.gather(*(TailIndex(store, log, log).tick() for _ in range(2)))):
        if ticks % 25 == 0:
            await finds_all()
        ticks += made // 16
    await finds_all()
    assert ticks == 2 * 2 * BUCKETS // SLICE
    narrow = await store.read(
        select(SEGMENTS).where(SEGMENTS.c.named.in_([f"{named.value}_narrow" for named in Named]))
    )
    assert {row.segment for row in narrow} == set(range(2 * MERGED, 2 * MERGED + 3))
    assert len(narrow) < await lists() <= before


async def test_two_processes_index_each_segment_once(store: Store, clock: ManualClock) -> None:
    log = log_of(clock, 2 * SEGMENT)
    index = TailIndex(store, log, log)

    async with asyncio.TaskGroup() as tasks:
        both = [tasks.create_task(TailIndex(store, log, log).tick()) for _ in range(2)]
    assert sorted(task.result() for task in both) == [0, SEGMENT]
    assert await index.tick() == SEGMENT

    row = log.rows[SEGMENT + 7]
    ends = await index.ends(Named.CAUSE, row.cause[-8:], 10)
    assert [one.cause for one in ends.rows] == [row.cause]


async def test_an_index_that_is_far_behind_says_so_and_reads_no_more_than_it_may(
    store: Store, clock: ManualClock
) -> None:
    log = log_of(clock, UNINDEXED_MAX + 10)
    index = TailIndex(store, log, log)

    newest, oldest = log.rows[-1], next(row for row in log.rows if log.rows[-1].cause[-4:] != row.cause[-4:])
    found = await index.ends(Named.CAUSE, newest.cause[-8:], 10)
    lost = await index.ends(Named.CAUSE, oldest.cause[-8:], 10)

    assert (found.behind, lost.behind) == (True, True)
    assert newest.cause in {row.cause for row in found.rows}
    assert max(log.scanned) == UNINDEXED_MAX
