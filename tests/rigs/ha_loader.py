"""A process that posts through the cluster's door and prints each acknowledged id with its moment, until it is stopped.

It does what any client of the ledger must: what was not answered is asked again with the same ids.
"""

import asyncio
import signal
import sys
import time

from tests.wallet.books import ALICE, BANK, BOB, FUNDING, fund, send
from wallet.clock import SystemClock
from wallet.errors import WalletFault
from wallet.ledger import Ledger
from wallet.transfers import PostResult, Transfer

CALLERS = 50
PAUSE_S = 0.2


async def main(url: str) -> None:
    clock = SystemClock()
    ledger = await Ledger.open(url, clock)
    await ledger.open_accounts(BANK, FUNDING, ALICE, BOB)
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)

    async def call() -> None:
        while not stopping.is_set():
            for result in await insisting(ledger, fund(clock, 5, linked=True), send(clock, 3)):
                sys.stdout.write(f"{result.transfer.id} {result.outcome.name} {time.monotonic():.3f}\n")
            sys.stdout.flush()
            await asyncio.sleep(0.05)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(CALLERS):
            tasks.create_task(call())
    await ledger.close()


async def insisting(ledger: Ledger, *transfers: Transfer) -> list[PostResult]:
    while True:
        try:
            return await ledger.post(*transfers)
        except WalletFault as fault:
            if not fault.retryable:
                raise
            sys.stderr.write(f"{type(fault).__name__}: {fault}\n")
            await asyncio.sleep(PAUSE_S)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
