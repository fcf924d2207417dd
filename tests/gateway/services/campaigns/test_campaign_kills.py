"""A campaign that is killed while it is queued, twice and by two processes, tells each row once; memory is bounded."""

import asyncio
import sys

from sqlalchemy import func, select

from gateway.services.notices.tables import OUTBOX
from gateway.settings import Settings
from gateway.store import Store
from tests.gateway.services.campaigns.conftest import House
from wallet.clock import ManualClock

ROWS = {"sqlite": 20_000, "postgresql": 5_000}
STEPS_BEFORE_KILL = (3, 7)
MODULE = "tests.gateway.services.campaigns.process"


async def start(*words: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(sys.executable, "-m", MODULE, *words, stdout=asyncio.subprocess.PIPE)


async def killed_after(url: str, steps: int) -> None:
    process = await start(url, "queue", "0")
    assert process.stdout is not None
    for _ in range(steps):
        assert await process.stdout.readline() == b"step\n"
    process.kill()
    await process.communicate()


async def test_a_campaign_killed_anywhere_tells_each_row_once_in_bounded_memory(
    database_url: str, clock: ManualClock
) -> None:
    rows = ROWS[database_url.partition(":")[0]]
    loading = await start(database_url, "load", str(rows))
    said, _ = await loading.communicate()
    _, grown_kib = said.decode().split()
    assert int(grown_kib) < 30_000

    async with asyncio.TaskGroup() as group:
        for steps in STEPS_BEFORE_KILL:
            group.create_task(killed_after(database_url, steps))
    store = await Store.open(database_url)
    house = House(store, clock, Settings())
    count = select(func.count(), func.count(OUTBOX.c.address.distinct())).select_from(OUTBOX)
    half = (await store.read(count))[0]
    await house.queue_all()
    whole = (await store.read(count))[0]
    await store.close()

    assert 0 < half[0] < rows
    assert tuple(whole) == (rows, rows)
