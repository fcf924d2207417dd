"""Our link, driven as the yardsticks are: `… PORT COUNT WINDOW WARM`; prints `{"seconds", "cpu_s"}`.

Messages go through `Link.send`, which is what the outbox calls: splitting, window, pace, metrics and timers included.
As the outbox's worker does, it has twice the window in hand (`Link.room`), of which one window at a time is let out.
"""

import asyncio
import gc
import json
import sys
import time
from datetime import timedelta

from bench.smpp_blocking import DEST, SOURCE, TEXT
from gateway.cli.run import COLLECT_AFTER
from gateway.observe import Metrics
from gateway.peers.smsc import Link, LinkProfile
from gateway.services.notices import Channel, Outgoing, PartState, Receipt
from wallet.clock import SystemClock

RATE_MAX = 1e9
"""The pace must count, and never hold back."""
READY_S = 10.0


class Box:
    """No receipts are asked of the SMSCs of this bench."""

    async def receipt(self, receipt: Receipt) -> None:
        """Never called."""
        raise AssertionError(receipt)


async def run(link: Link, count: int, window: int) -> None:
    """`count` messages, `window` of them on the wire at once, as many again waiting for their place."""
    until = SystemClock().now() + timedelta(minutes=15)
    left = iter(range(count))

    async def carry() -> None:
        for number in left:
            message = Outgoing(
                "ntc_1", "lse_1", Channel.SMS, f"+{DEST}", TEXT.decode(), "", number & 0xFFFF, frozenset(), until
            )
            report = await link.send(message)
            assert report.parts[0].state is PartState.SENT, report

    async with asyncio.TaskGroup() as group:
        for _ in range(2 * window):
            group.create_task(carry())


async def main(port: int, count: int, window: int, warm: int) -> None:
    """Bind, warm up, measure, leave."""
    profile = LinkProfile("bench", "127.0.0.1", port, "bench", "", SOURCE, window=window, rate_max=RATE_MAX)
    link = Link(profile, Box(), SystemClock(), Metrics())
    async with asyncio.TaskGroup() as group:
        group.create_task(link.run())
        async with asyncio.timeout(READY_S):
            while not link.ready:  # noqa: ASYNC110 - a link has no event for it
                await asyncio.sleep(0.01)
        await run(link, warm, window)
        started, cpu_s = time.perf_counter(), time.process_time()
        await run(link, count, window)
        took = {"seconds": time.perf_counter() - started, "cpu_s": time.process_time() - cpu_s}
        link.stop()
    print(json.dumps(took))


if __name__ == "__main__":
    gc.set_threshold(*COLLECT_AFTER)  # as `tapdial serve` does
    asyncio.run(main(*(int(word) for word in sys.argv[1:5])))
