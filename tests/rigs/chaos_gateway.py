"""The gateway's messaging in processes that are made to be killed: `-m tests.rigs.chaos_gateway URL PORT KEYS`.

This process imports everything once, then forks a gateway for each line that it reads and prints its process id: so
a killed one is back at once. A gateway is outbox, worker and link, as gateway.app starts them, with short timers.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from gateway.keys import SoftwareKeyStore
from gateway.observe import Metrics, set_up_logging
from gateway.peers.smsc import Link, LinkProfile
from gateway.services.notices import Channel, Outbox
from gateway.store import Store
from gateway.workers.loop import Loop
from gateway.workers.outbox import OutboxWorker
from wallet.clock import SystemClock

LEASE_S = 5.0
RESPONSE_S = 0.7
PASSPHRASE = "chaos"


async def run(url: str, port: int, keys: SoftwareKeyStore) -> None:
    """One gateway, until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    clock, metrics = SystemClock(), Metrics()
    store = await Store.open(url)
    outbox = Outbox(store, keys, clock, metrics, lease_s=LEASE_S)
    if url.startswith("sqlite"):
        await outbox.take_over()
    profile = LinkProfile(
        "chaos", "127.0.0.1", port, "tapdial", "chaos", "1420", window=30, rate_max=2000.0, response_s=RESPONSE_S,
        bind_s=2.0, retry_min_s=0.05, retry_max_s=0.2,
    )  # fmt: skip
    link = Link(profile, outbox, clock, metrics, drain_s=1.0)
    worker = OutboxWorker(outbox, Channel.SMS, link, metrics, in_hand_max=60, finish_s=5.0)
    loops = [
        Loop("outbox_sms", worker.tick, metrics, idle_s=0.05, pause_max_s=0.5, wake=worker.wake),
        Loop("tidy", outbox.tidy, metrics, idle_s=0.2, pause_max_s=0.5),
    ]
    async with asyncio.TaskGroup() as group:
        group.create_task(link.run())
        group.create_task(worker.run(loops[0].run))
        group.create_task(loops[1].run())
        await stop.wait()
        link.stop()
        for loop in loops:
            loop.stop()
    await store.close()


def main() -> None:
    """Fork a gateway a line; when there are no more lines, those that live are ended by whoever started them."""
    url, port, keys = sys.argv[1], int(sys.argv[2]), SoftwareKeyStore.open(Path(sys.argv[3]), PASSPHRASE)
    set_up_logging("error")
    # Nobody waits for the children here.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            asyncio.run(run(url, port, keys))
            os._exit(0)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
