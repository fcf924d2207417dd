"""Carries the outbox of one channel: claiming, sending and settling go on at the same time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from gateway.errors import Fault
from gateway.observe import Metrics, log
from gateway.services.notices import Carrier, Channel, NoticeState, Outgoing, Report

IN_HAND_MAX = 400
"""Claimed and not settled: enough to keep a window of 100 full while a group commits."""
FINISH_S = 8.0
SETTLE_PAUSE_S = 0.25

Settlement = tuple[Outgoing, Report]


class Box(Protocol):
    """The outbox. Satisfied by services.notices.Outbox."""

    async def claim(self, channel: Channel, limit: int) -> list[Outgoing]:
        """Lease what is due."""
        ...

    async def settle(self, batch: Sequence[Settlement]) -> Mapping[str, NoticeState]:
        """Record what became of claimed messages; harmless when repeated."""
        ...


class OutboxWorker:
    """One channel's carrier and the messages that are due for it.

    A tick settles what is finished and claims what there is room for, in one group of the store; what it claims is sent
    by tasks that outlive the tick. `run` owns them.
    """

    def __init__(
        self,
        box: Box,
        channel: Channel,
        carrier: Carrier,
        metrics: Metrics,
        *,
        in_hand_max: int = IN_HAND_MAX,
        finish_s: float = FINISH_S,
    ) -> None:
        """`in_hand_max` bounds what is claimed and not settled, whatever room the carrier has.

        `finish_s` is how long a stop waits until what is in hand is sent and settled.
        """
        self.wake = asyncio.Event()
        """Set when a tick would find something to do: a send has ended, or somebody has put something in."""
        self._box = box
        self._channel = channel
        self._carrier = carrier
        self._in_hand_max = in_hand_max
        self._finish_s = finish_s
        self._sending = 0
        self._finished: list[Settlement] = []
        self._late: list[Settlement] = []
        self._sends: asyncio.TaskGroup | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures = metrics.worker_failures.labels(f"outbox_{channel.value}")
        self._log = log(worker=f"outbox_{channel.value}")

    def came_late(self, message: Outgoing, report: Report) -> None:
        """A part that the report of a finished send had as uncertain was taken after all."""
        if len(self._late) < self._in_hand_max:
            self._late.append((message, report))
            self.wake.set()

    async def run(self, ticking: Callable[[], Awaitable[None]]) -> None:
        """Own the sends while `ticking` calls `tick`; when it returns, let what is in hand finish and settle it."""
        async with asyncio.TaskGroup() as self._sends:
            await ticking()
            try:
                async with asyncio.timeout(self._finish_s):
                    await self._finish()
            except TimeoutError:
                # Their leases run out, and the policy of their class says what comes then.
                self._log.warning("not finished", sending=self._sending, unsettled=len(self._finished))
                for task in self._tasks:
                    task.cancel()

    async def tick(self) -> int:
        """Settle and claim; how many messages. Claims nothing while the carrier is down.

        Raises:
            Fault: The store took neither or one of both; what is not settled is settled by a later tick.
        """
        self.wake.clear()
        finished, self._finished = self._finished, []
        late, self._late = self._late, []
        room = max(0, min(self._carrier.room, self._in_hand_max - self._sending - len(finished)))
        async with asyncio.TaskGroup() as group:
            settling = group.create_task(self._settle_all(finished, late))
            claiming = group.create_task(self._claim(room))
        faults = [fault for fault in (settling.result(), claiming.result()[1]) if fault is not None]
        messages = claiming.result()[0]
        assert self._sends is not None, "run owns the sends"
        for message in messages:
            self._sending += 1
            task = self._sends.create_task(self._carry(message))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if faults:
            raise faults[0]
        return len(finished) + len(late) + len(messages)

    async def _claim(self, room: int) -> tuple[list[Outgoing], Fault | None]:
        # A fault is handed back, not raised: raised it would break off the settling beside it.
        try:
            return (await self._box.claim(self._channel, room) if room else []), None
        except Fault as fault:
            return [], fault

    async def _settle_all(self, finished: list[Settlement], late: list[Settlement]) -> Fault | None:
        """The late ones last: while its lease stands, a report of one part would decide for all."""
        fault = await self._settle(finished)
        if fault is not None:
            self._late = [*late, *self._late]
            return fault
        return await self._settle(late)

    async def _settle(self, batch: list[Settlement]) -> Fault | None:
        """Settle all; what the store did not take is kept for the next tick, as it would be sent again otherwise."""
        if not batch:
            return None
        try:
            await self._box.settle(batch)
        except Fault as fault:
            self._finished = [*batch, *self._finished]
            return fault
        except asyncio.CancelledError:
            self._finished = [*batch, *self._finished]
            raise
        except Exception:  # noqa: BLE001 - logged and counted below, or found out one by one
            if len(batch) == 1:
                # A bug: its lease runs out. It must not keep the others from being settled.
                self._failures.inc()
                self._log.exception("not settled", notice=batch[0][0].id)
                return None
            return await self._settle_each(batch)
        return None

    async def _settle_each(self, batch: list[Settlement]) -> Fault | None:
        fault: Fault | None = None
        try:
            while batch:
                one, *batch = batch
                fault = await self._settle([one]) or fault
        finally:
            # A tick that is broken off here gives up none of those whose turn had not come.
            self._finished = [*batch, *self._finished]
        return fault

    async def _carry(self, message: Outgoing) -> None:
        try:
            # First the report: the list that waits for it would be another one when the answer has come.
            report = await self._carrier.send(message)
            self._finished.append((message, report))
        except Exception:  # noqa: BLE001 - a bug of the carrier's: the lease runs out, the others go on
            self._failures.inc()
            self._log.exception("not sent", notice=message.id)
        finally:
            self._sending -= 1
            self.wake.set()

    async def _finish(self) -> None:
        while self._sending or self._finished:
            if not self._finished:
                self.wake.clear()
                await self.wake.wait()
            finished, self._finished = self._finished, []
            if (fault := await self._settle(finished)) is not None:
                self._log.warning("not settled yet", why=fault.code)
                await asyncio.sleep(SETTLE_PAUSE_S)
