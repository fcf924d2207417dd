"""A process that fills or queues a campaign, to be killed: `python -m … URL load ROWS | queue 0`."""

import asyncio
import io
import resource
import sys
from datetime import UTC, datetime

from gateway.services.campaigns import CampaignKind, sending
from gateway.settings import Settings
from gateway.store import Store
from tests.gateway.services.campaigns.conftest import TEXTS, House, owing
from wallet.clock import ManualClock

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


async def load(house: House, rows: int) -> None:
    """Load rows; print the campaign and by how many KiB the process grew."""
    file = io.BytesIO(owing(rows))
    made = await house.campaigns.create("autumn", CampaignKind.CAMPAIGN, TEXTS, source="csv", hours=8)
    before = 0

    async def seen(_total: int, _bad: int) -> None:
        nonlocal before
        before = before or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    await house.campaigns.load_csv(made.id, file, seen)
    await house.campaigns.release(made.id, "apr_1")
    sys.stdout.write(f"{made.id} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before}\n")


async def queue(house: House) -> None:
    """Print a line before each step, for ever; small steps, so that a kill hits one."""
    sending.BATCH = 200
    while True:
        sys.stdout.write("step\n")
        sys.stdout.flush()
        await house.campaigns.tick()


async def main(url: str, verb: str, what: str) -> None:
    """Do one of the two."""
    store = await Store.open(url)
    house = House(store, ManualClock(AT), Settings())
    await (load(house, int(what)) if verb == "load" else queue(house))
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
