"""The outbox over SMPP: claim -> send -> settle on both databases, against one message at a time in the same run.

And how long one-time codes wait while a campaign drains. Both are functions that `bench.smpp` calls; alone:
`python -m bench.smpp_outbox --short`.
"""

import argparse
import asyncio
import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, insert, update

from bench import ledger_server
from bench.ledger_figures import Bar, Figures, percentile
from gateway.keys import SoftwareKeyStore
from gateway.observe import Metrics
from gateway.peers.smsc import Link, LinkProfile
from gateway.services.notices import (
    Carrier,
    Channel,
    Notice,
    NoticeClass,
    Notices,
    NoticeState,
    NoticeValue,
    Outbox,
    Outgoing,
    Report,
    Words,
)
from gateway.services.notices.tables import OUTBOX
from gateway.store import Store
from gateway.workers.loop import Loop
from gateway.workers.outbox import OutboxWorker
from wallet.clock import SystemClock
from wallet.money import irr

COMMAND = "make bench-smpp"
WINDOW = 100
MESSAGES, MESSAGES_SHORT = 40_000, 10_000
CAMPAIGN, CAMPAIGN_SHORT = 100_000, 10_000
ONE_BY_ONE_S = 2.0
CODE_EVERY_S = 0.05
CODE_WAIT_GOAL_S = 1.0
GOAL_PER_S = 4_000.0
CHUNK = 1_000


@contextlib.contextmanager
def smsc() -> Iterator[int]:
    """The lean SMSC in a process of its own; its port."""
    child = subprocess.Popen([sys.executable, "-m", "bench.smpp_null", "0"], stdout=subprocess.PIPE)
    assert child.stdout is not None
    try:
        yield int(child.stdout.readline())
    finally:
        child.terminate()
        child.communicate()


@dataclass
class Post:
    """An outbox and a link that is bound to the SMSC."""

    store: Store
    outbox: Outbox
    notices: Notices
    link: Link
    metrics: Metrics = field(default_factory=Metrics)

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(cls, url: str, port: int) -> AsyncIterator["Post"]:
        """Open the store, bind the link; let go of both at the end."""
        await Store.upgrade(url)
        store = await Store.open(url)
        clock, keys, metrics = SystemClock(), SoftwareKeyStore.for_tests(), Metrics()
        outbox = Outbox(store, keys, clock, metrics)
        notices = Notices(store, keys, clock, Words(zone="Asia/Tehran", service_code="*1420#"))
        profile = LinkProfile(
            "bench",
            "127.0.0.1",
            port,
            "tapdial",
            "bench",
            "1420",
            window=WINDOW,
            rate_max=1_000_000.0,
            retry_min_s=0.05,
        )
        link = Link(profile, outbox, clock, metrics)
        async with asyncio.TaskGroup() as group:
            group.create_task(link.run())
            while not link.room:  # noqa: ASYNC110 - a link has no event for it
                await asyncio.sleep(0.02)
            yield cls(store, outbox, notices, link, metrics)
            link.stop()
        await store.close()

    async def fill(self, count: int, prefix: str) -> None:
        """Put `count` notices in."""
        money: Mapping[str, NoticeValue] = {"amount": irr(1_200_000), "at": SystemClock().now()}
        one = await self.notices.prepare(Notice(prefix, NoticeClass.BENEFIT_PAID, "+98", "per", "en", money))
        pattern = one.rows[0]
        for start in range(0, count, CHUNK):
            rows = [
                {
                    **pattern, "id": f"ntc_{prefix}{number:08d}", "cause": f"{prefix}{number}", "lane": 3,
                    "person": f"per_{number}", "address": f"+98912{number:07d}", "channel": Channel.SMS.value,
                }
                for number in range(start, min(start + CHUNK, count))
            ]  # fmt: skip

            def work(tx: Connection, rows: Sequence[Mapping[str, object]] = rows) -> None:
                tx.execute(insert(OUTBOX), rows)

            await self.store.write(work)

    @contextlib.asynccontextmanager
    async def working(self, carrier: Carrier | None = None) -> AsyncIterator[None]:
        """The worker in its loop, as the gateway runs it."""
        worker = OutboxWorker(self.outbox, Channel.SMS, carrier or self.link, self.metrics)
        running = asyncio.get_running_loop()
        self.notices.wakes(lambda: running.call_soon_threadsafe(worker.wake.set))
        loop = Loop("outbox_sms", worker.tick, self.metrics, idle_s=0.2, wake=worker.wake)
        async with asyncio.TaskGroup() as group:
            group.create_task(worker.run(loop.run))
            yield
            loop.stop()

    def settled(self) -> float:
        """How many messages were settled as sent since the start."""
        return self.metrics.registry.get_sample_value("tapdial_notices_total", {"state": NoticeState.SENT.value}) or 0.0


async def pipelined(post: Post, count: int) -> float:
    """Messages a second from claim to settle, as the worker does it."""
    await post.fill(count, "a")
    before, started = post.settled(), time.perf_counter()
    async with post.working():
        while post.settled() - before < count:  # noqa: ASYNC110 - a counter has no event
            await asyncio.sleep(0.01)
        elapsed_s = time.perf_counter() - started
    return count / elapsed_s


async def one_by_one(post: Post, seconds: float) -> float:
    """Messages a second when one is claimed, sent and settled after the other: the yardstick."""
    await post.fill(5_000, "b")
    done, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        messages = await post.outbox.claim(Channel.SMS, 1)
        assert messages, "the yardstick has run out of messages"
        await post.outbox.settle([(messages[0], await post.link.send(messages[0]))])
        done += 1
    rate = done / (time.perf_counter() - started)
    left = update(OUTBOX).where(OUTBOX.c.state == NoticeState.READY.value).values(state=NoticeState.EXPIRED.value)
    await post.store.write(lambda tx: tx.execute(left).rowcount)
    return rate


class Watched:
    """A link that remembers when each code reached it."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.at: dict[str, float] = {}

    @property
    def room(self) -> int:
        """As the link has."""
        return self._link.room

    async def send(self, message: Outgoing) -> Report:
        """Send it; a code's moment is that of its answer."""
        report = await self._link.send(message)
        if message.class_ == NoticeClass.ONE_TIME_CODE.value:
            self.at[message.address] = time.perf_counter()
        return report


async def codes_beside(post: Post, count: int) -> list[float]:
    """Seconds from putting a code in to the SMSC's answer, a code every CODE_EVERY_S, while `count` messages drain."""
    await post.fill(count, "c")
    watched = Watched(post.link)
    put_in: dict[str, float] = {}
    before = post.settled()
    async with post.working(watched):
        while post.settled() - before - len(watched.at) < count:
            address = f"+98913{len(put_in):07d}"
            put_in[address] = time.perf_counter()
            code = Notice(address, NoticeClass.ONE_TIME_CODE, address, "", "en", secrets={"code": "123456"})
            await post.notices.tell(code)
            await asyncio.sleep(CODE_EVERY_S)
        while len(watched.at) < len(put_in):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
    return [watched.at[address] - at for address, at in put_in.items()]


async def measure(figures: Figures, engine: str, url: str, port: int, *, short: bool) -> None:
    """Both measurements on one database."""
    async with Post.opened(url, port) as post:
        alone = await one_by_one(post, ONE_BY_ONE_S)
        ours = await pipelined(post, MESSAGES_SHORT if short else MESSAGES)
        figures.add(f"outbox_{engine}", ours, alone, "1/s")
        figures.add(f"outbox_{engine}_to_goal", ours, GOAL_PER_S, "1/s", Bar(1.0))
        waits = await codes_beside(post, CAMPAIGN_SHORT if short else CAMPAIGN)
        for percent in (50, 99):
            bar = Bar(1.0, at_most=True) if percent == 99 else None
            wait_ms, goal_ms = percentile(waits, percent) * 1000, CODE_WAIT_GOAL_S * 1000
            figures.add(f"code_wait_{engine}_p{percent}", wait_ms, goal_ms, "ms", bar)


async def outbox_figures(figures: Figures, folder: Path, *, short: bool) -> None:
    """All lines of the outbox, on SQLite in `folder` and on a PostgreSQL of its own with fsync on."""
    with smsc() as port:
        await measure(figures, "sqlite", f"sqlite:///{folder / 'outbox.db'}", port, short=short)
        with ledger_server.running() as server:
            await server.create("outbox")
            await measure(figures, "postgresql", server.url("outbox"), port, short=short)


def main() -> int:
    """Print a line a figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="a tenth of the messages")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tapdial-bench") as folder:
        asyncio.run(outbox_figures(Figures(COMMAND), Path(folder), short=options.short))
    return 0


if __name__ == "__main__":
    sys.exit(main())
