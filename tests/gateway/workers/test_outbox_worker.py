"""The worker settles, claims and sends at the same time, within bounds, and gives up nothing that it has in hand."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from gateway.errors import StoreUnavailable
from gateway.observe import Metrics
from gateway.services.notices import Channel, NoticeState, Outgoing, PartResult, PartState, Report
from gateway.workers.loop import Loop
from gateway.workers.outbox import OutboxWorker
from tests.gateway.peers.smsc_stubs import after, until


def message(number: int) -> Outgoing:
    return Outgoing(f"ntc_{number}", "lse_1", Channel.SMS, "+98", "hello", "", 1, frozenset(), after(900))


class Box:
    """Hands out messages once; `gone` is how often it fails, `broken` what it never settles."""

    def __init__(self, *messages: Outgoing) -> None:
        self.waiting = list(messages)
        self.gone = 0
        self.broken: set[str] = set()
        self.settled: list[list[str]] = []

    @property
    def ends(self) -> set[str]:
        return {id_ for batch in self.settled for id_ in batch}

    async def claim(self, channel: Channel, limit: int) -> list[Outgoing]:
        assert channel is Channel.SMS
        if self.gone:
            raise StoreUnavailable("gone")
        taken, self.waiting = self.waiting[:limit], self.waiting[limit:]
        return taken

    async def settle(self, batch: Sequence[tuple[Outgoing, Report]]) -> Mapping[str, NoticeState]:
        await asyncio.sleep(0)
        if self.gone:
            self.gone -= 1
            raise StoreUnavailable("gone")
        ids = [message.id for message, _ in batch]
        if self.broken & set(ids):
            raise AssertionError("a bug")
        self.settled.append(ids)
        return dict.fromkeys(ids, NoticeState.SENT)


class Link:
    """Takes everything, while it has room; answers when it is told to."""

    def __init__(self, *, room: int = 10, is_open: bool = True) -> None:
        self.room = room
        self.sending = 0
        self.answers = asyncio.Event()
        if is_open:
            self.answers.set()

    async def send(self, message: Outgoing) -> Report:
        self.sending += 1
        await self.answers.wait()
        return Report("smsc", 1, (PartResult(1, PartState.SENT, f"m-{message.id}"),))


@asynccontextmanager
async def running(worker: OutboxWorker) -> AsyncIterator[Loop]:
    """The worker in its loop, stopped at the end."""
    loop = Loop("outbox_sms", worker.tick, Metrics(), idle_s=0.01, pause_max_s=0.02, wake=worker.wake)
    async with asyncio.TaskGroup() as group:
        group.create_task(worker.run(loop.run))
        yield loop
        loop.stop()


async def test_all_that_is_due_is_sent_and_settled() -> None:
    box = Box(*map(message, range(25)))
    async with running(OutboxWorker(box, Channel.SMS, Link(), Metrics())):
        await until(lambda: len(box.ends) == 25)


async def test_one_slow_answer_holds_up_no_other_message() -> None:
    class OneSlow(Link):
        async def send(self, message: Outgoing) -> Report:
            if message.id == "ntc_0":
                await self.answers.wait()
            return Report("smsc", 1, ())

    box, link = Box(*map(message, range(25))), OneSlow(is_open=False)
    async with running(OutboxWorker(box, Channel.SMS, link, Metrics(), in_hand_max=5)):
        await until(lambda: len(box.ends) == 24)
        link.answers.set()
        await until(lambda: len(box.ends) == 25)


async def test_what_is_in_hand_is_bounded() -> None:
    box, link = Box(*map(message, range(25))), Link(is_open=False)
    async with running(OutboxWorker(box, Channel.SMS, link, Metrics(), in_hand_max=5)):
        await until(lambda: link.sending == 5)
        await asyncio.sleep(0.03)
        assert (link.sending, box.settled) == (5, [])
        link.answers.set()
        await until(lambda: len(box.ends) == 25)


async def test_nothing_is_claimed_while_the_link_is_down() -> None:
    box = Box(message(1))
    async with running(OutboxWorker(box, Channel.SMS, Link(room=0), Metrics())):
        await asyncio.sleep(0.03)
    assert box.waiting
    assert box.settled == []


async def test_a_settlement_that_fails_is_tried_again_until_the_store_is_back() -> None:
    box, link = Box(message(1), message(2)), Link(is_open=False)
    async with running(OutboxWorker(box, Channel.SMS, link, Metrics())):
        await until(lambda: link.sending == 2)
        box.gone = 2
        link.answers.set()
        await until(lambda: box.ends == {"ntc_1", "ntc_2"})


async def test_a_bug_in_one_settlement_keeps_no_other_from_its_own() -> None:
    metrics, box = Metrics(), Box(message(1), message(2), message(3))
    box.broken = {"ntc_2"}
    async with running(OutboxWorker(box, Channel.SMS, Link(), metrics)):
        await until(lambda: box.ends == {"ntc_1", "ntc_3"})
    assert metrics.registry.get_sample_value("tapdial_worker_failures_total", {"worker": "outbox_sms"}) == 1


async def test_what_comes_late_is_settled_after_the_report_that_it_follows() -> None:
    box, link = Box(message(1)), Link(is_open=False)
    worker = OutboxWorker(box, Channel.SMS, link, Metrics())
    async with running(worker):
        await until(lambda: link.sending == 1)
        link.answers.set()
        worker.came_late(message(1), Report("smsc", 1, (PartResult(1, PartState.SENT, "late"),)))
        box.gone = 1
        await until(lambda: len(box.settled) == 2)
    assert box.settled == [["ntc_1"], ["ntc_1"]]


async def test_a_tick_that_is_broken_off_among_bugs_gives_up_no_settlement() -> None:
    class Stuck(Box):
        async def settle(self, batch: Sequence[tuple[Outgoing, Report]]) -> Mapping[str, NoticeState]:
            if len(batch) > 1:
                raise AssertionError("a bug")
            if self.gone:
                self.gone -= 1
                await asyncio.sleep(60)
            return await super().settle(batch)

    box, link = Stuck(message(1), message(2), message(3)), Link(is_open=False)
    worker = OutboxWorker(box, Channel.SMS, link, Metrics())
    loop = Loop("outbox_sms", worker.tick, Metrics(), idle_s=0.01, pause_max_s=0.02, tick_max_s=0.05, wake=worker.wake)
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        group.create_task(worker.run(loop.run))
        await until(lambda: link.sending == 3)
        link.answers.set()
        await asyncio.sleep(0)
        box.waiting, box.gone = [], 1
        await until(lambda: box.ends == {"ntc_1", "ntc_2", "ntc_3"})
        loop.stop()


async def test_a_stop_waits_for_what_is_in_hand_and_settles_it_though_the_store_fails_first() -> None:
    box, link = Box(message(1), message(2)), Link(is_open=False)
    async with running(OutboxWorker(box, Channel.SMS, link, Metrics())) as loop:
        await until(lambda: link.sending == 2)
        loop.stop()
        await asyncio.sleep(0.02)
        assert box.settled == []
        box.gone = 1
        link.answers.set()
    assert box.ends == {"ntc_1", "ntc_2"}


async def test_a_stop_waits_no_longer_than_it_may() -> None:
    box, link = Box(message(1)), Link(is_open=False)
    async with asyncio.timeout(2), running(OutboxWorker(box, Channel.SMS, link, Metrics(), finish_s=0.02)):
        await until(lambda: link.sending == 1)
    assert box.settled == []


async def test_what_is_put_in_meanwhile_wakes_a_resting_worker() -> None:
    box = Box()
    worker = OutboxWorker(box, Channel.SMS, Link(), Metrics())
    loop = Loop("outbox_sms", worker.tick, Metrics(), idle_s=60.0, wake=worker.wake)
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        group.create_task(worker.run(loop.run))
        await asyncio.sleep(0.02)
        box.waiting.append(message(1))
        worker.wake.set()
        await until(lambda: box.ends == {"ntc_1"})
        loop.stop()
