"""A process that posts as fast as it may and prints each acknowledged id, until somebody kills it."""

import asyncio
import sys

from tests.wallet.books import ALICE, BANK, BOB, FUNDING, fund, send
from wallet.clock import SystemClock
from wallet.ledger import Ledger

CALLERS = 100


async def main(url: str) -> None:
    clock = SystemClock()
    ledger = await Ledger.open(url, clock)
    await ledger.open_accounts(BANK, FUNDING, ALICE, BOB)

    async def call() -> None:
        while True:
            asked = (fund(clock, 5, linked=True), send(clock, 3))
            for result in await ledger.post(*asked):
                sys.stdout.write(f"{result.transfer.id} {result.outcome.name}\n")
            sys.stdout.flush()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(CALLERS):
            tasks.create_task(call())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
