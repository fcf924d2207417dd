"""A process that posts as fast as it may and prints each acknowledged id, until somebody kills it.

Half of its callers post linked pairs, the others holds that they capture, void or leave open.
"""

import asyncio
import sys
from collections.abc import Iterator
from datetime import timedelta
from itertools import cycle

from tests.wallet.books import ALICE, BANK, BOB, FUNDING, end, fund, hold, send
from wallet.clock import SystemClock
from wallet.ledger import Ledger
from wallet.transfers import Transfer, TransferKind

CALLERS = 100
_HOLD_FOR = timedelta(hours=1)


async def main(url: str) -> None:
    clock = SystemClock()
    ledger = await Ledger.open(url, clock)
    await ledger.open_accounts(BANK, FUNDING, ALICE, BOB)

    async def pay() -> None:
        while True:
            await post(ledger, fund(clock, 5, linked=True), send(clock, 3))

    async def tap(ends: Iterator[TransferKind | None]) -> None:
        while True:
            reserved = hold(clock, 2, clock.now() + _HOLD_FOR)
            await post(ledger, fund(clock, 2, linked=True), reserved)
            kind = next(ends)
            if kind is not None:
                await post(ledger, end(clock, reserved, kind, 1 if kind is TransferKind.CAPTURE else None))

    async with asyncio.TaskGroup() as tasks:
        for _ in range(CALLERS // 2):
            tasks.create_task(pay())
            tasks.create_task(tap(cycle([TransferKind.CAPTURE, TransferKind.VOID, None])))


async def post(ledger: Ledger, *asked: Transfer) -> None:
    for result in await ledger.post(*asked):
        sys.stdout.write(f"{result.transfer.id} {result.outcome.name}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
