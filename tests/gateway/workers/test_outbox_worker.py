"""The worker carries what is due, each message alone, and nothing while its carrier is down."""

from gateway.errors import StoreUnavailable
from gateway.observe import Metrics
from gateway.services.notices import Channel, NoticeState, Outgoing, PartResult, PartState, Report
from gateway.workers.outbox import SETTLE_TRIES_MAX, OutboxWorker
from tests.gateway.peers.smsc_stubs import after


def message(number: int) -> Outgoing:
    return Outgoing(f"ntc_{number}", "lse_1", Channel.SMS, "+98", "hello", "", 1, frozenset(), after(900))


class Box:
    """Hands out messages once; settling the ones in `broken` fails."""

    def __init__(self, *messages: Outgoing, broken: dict[str, int] | None = None) -> None:
        self.waiting = list(messages)
        self.broken = broken or {}
        self.settled: dict[str, Report] = {}

    async def claim(self, channel: Channel, limit: int) -> list[Outgoing]:
        assert channel is Channel.SMS
        taken, self.waiting = self.waiting[:limit], self.waiting[limit:]
        return taken

    async def settle(self, message: Outgoing, report: Report) -> NoticeState:
        if self.broken.get(message.id, 0) > 0:
            self.broken[message.id] -= 1
            raise StoreUnavailable("gone")
        self.settled[message.id] = report
        return NoticeState.SENT


class Link:
    """Takes everything, while it has room."""

    def __init__(self, *, room: int = 10) -> None:
        self.room = room

    async def send(self, message: Outgoing) -> Report:
        return Report("smsc", 1, (PartResult(1, PartState.SENT, f"m-{message.id}"),))


async def test_a_batch_is_sent_and_settled() -> None:
    box = Box(*map(message, range(5)))
    worker = OutboxWorker(box, Channel.SMS, Link(), Metrics(), claimed_max=3)
    assert [await worker.tick() for _ in range(3)] == [3, 2, 0]
    assert set(box.settled) == {f"ntc_{number}" for number in range(5)}


async def test_nothing_is_claimed_while_the_link_is_down() -> None:
    box = Box(message(1))
    assert await OutboxWorker(box, Channel.SMS, Link(room=0), Metrics()).tick() == 0
    assert box.waiting


async def test_a_settlement_that_fails_is_tried_again_and_holds_up_no_other() -> None:
    metrics = Metrics()
    box = Box(message(1), message(2), message(3), broken={"ntc_1": 1, "ntc_2": SETTLE_TRIES_MAX})
    assert await OutboxWorker(box, Channel.SMS, Link(), metrics).tick() == 3
    assert set(box.settled) == {"ntc_1", "ntc_3"}
    failures = metrics.registry.get_sample_value("tapdial_worker_failures_total", {"worker": "outbox_sms"})
    assert failures == 1
