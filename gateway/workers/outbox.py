"""Carries the outbox of one channel: claim, send, settle."""

import asyncio
from typing import Protocol

from gateway.errors import Fault
from gateway.observe import Metrics, log
from gateway.services.notices import Carrier, Channel, NoticeState, Outgoing, Report

SETTLE_TRIES_MAX = 4
SETTLE_PAUSE_S = 0.25


class Box(Protocol):
    """The outbox. Satisfied by services.notices.Outbox."""

    async def claim(self, channel: Channel, limit: int) -> list[Outgoing]:
        """Lease what is due."""
        ...

    async def settle(self, message: Outgoing, report: Report) -> NoticeState:
        """Record what became of a claimed message; harmless when repeated."""
        ...


class OutboxWorker:
    """One channel's carrier and the messages that are due for it; each message stands alone."""

    def __init__(
        self, box: Box, channel: Channel, carrier: Carrier, metrics: Metrics, *, claimed_max: int = 20
    ) -> None:
        """`claimed_max` bounds what is claimed at once, whatever room the carrier has."""
        self._box = box
        self._channel = channel
        self._carrier = carrier
        self._claimed_max = claimed_max
        self._failures = metrics.worker_failures.labels(f"outbox_{channel.value}")
        self._log = log(worker=f"outbox_{channel.value}")

    async def tick(self) -> int:
        """Send what is due; how many messages. Claims nothing while the carrier is down."""
        room = min(self._carrier.room, self._claimed_max)
        if not room:
            return 0
        messages = await self._box.claim(self._channel, room)
        async with asyncio.TaskGroup() as group:
            for message in messages:
                group.create_task(self._carry(message))
        return len(messages)

    async def _carry(self, message: Outgoing) -> None:
        report = await self._carrier.send(message)
        for attempt in range(1, SETTLE_TRIES_MAX + 1):
            try:
                await self._box.settle(message, report)
            except Fault as fault:
                # Unsettled it would be sent again when its lease runs out, so the store gets a moment to come back.
                self._log.warning("not settled", notice=message.id, attempt=attempt, why=fault.code)
                await asyncio.sleep(SETTLE_PAUSE_S * attempt)
            else:
                return
        self._failures.inc()
