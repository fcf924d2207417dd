"""What an SMSC brings us: receipts, messages from people, USSD hops; each answered when its box has kept it."""

import asyncio
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Protocol

from gateway.errors import Fault
from gateway.observe import Metrics, log
from gateway.peers.smsc.profile import LinkProfile
from gateway.peers.smsc.receipts import is_receipt, receipt_of
from gateway.peers.smsc.session import Session
from gateway.services.notices import Receipt
from gateway.wire import smpp
from gateway.wire.smpp import DataSm, DeliverSm, Status

HANDLE_S = 10.0
HANDLED_AT_ONCE_MAX = 100
WAITING_MAX = 1000
"""Requests that wait to be handled; then the session stops reading until there are half as many."""


class ReceiptBox(Protocol):
    """Keeps receipts. Satisfied by services.notices.Outbox."""

    async def receipt(self, receipt: Receipt) -> None:
        """Returns when it is committed; raises a Fault if it is not, so that the SMSC sends it again."""
        ...


@dataclass(frozen=True, slots=True)
class Inbound:
    """Where things go that come over links."""

    receipts: ReceiptBox


class Inbox:
    """Hands on what comes over one link, so many at once, and answers it. Lives in the TaskGroup that `open` gets."""

    def __init__(self, profile: LinkProfile, inbound: Inbound, metrics: Metrics) -> None:
        self._profile = profile
        self._inbound = inbound
        self._metrics = metrics
        self._log = log(link=profile.name)
        self._group: asyncio.TaskGroup | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: deque[tuple[Session, DeliverSm | DataSm]] = deque()
        self._holding = False

    def open(self, group: asyncio.TaskGroup) -> None:
        """Run handlers in `group` from now on."""
        self._group = group

    def close(self) -> None:
        """Break off what is in hand: it was not answered, so the SMSC sends it again."""
        self._group = None
        self._waiting.clear()
        self._holding = False
        for task in self._tasks:
            task.cancel()

    async def drain(self, drain_s: float) -> None:
        """Wait for what is in hand."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=drain_s)

    def take(self, session: Session, pdu: DeliverSm | DataSm) -> None:
        """Handle it now or when its turn comes."""
        self._waiting.append((session, pdu))
        if len(self._waiting) >= WAITING_MAX and not self._holding:
            self._holding = True
            session.hold(on=True)
        self._start()

    def _start(self) -> None:
        while self._group and self._waiting and len(self._tasks) < HANDLED_AT_ONCE_MAX:
            session, pdu = self._waiting.popleft()
            if self._holding and len(self._waiting) <= WAITING_MAX // 2:
                self._holding = False
                session.hold(on=False)
            self._spawn(self._handle(session, pdu))

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        assert self._group is not None
        task = self._group.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._start()

    async def _handle(self, session: Session, pdu: DeliverSm | DataSm) -> None:
        session.say(smpp.respond(pdu, await self._status(pdu)))

    async def _status(self, pdu: DeliverSm | DataSm) -> int:
        """What it is answered with, after what it brings is committed."""
        try:
            async with asyncio.timeout(HANDLE_S):
                return await self._keep(pdu)
        except (Fault, TimeoutError) as problem:
            self._log.warning("not kept", why=type(problem).__name__)
            self._count("not_kept")
            return Status.TEMPORARY_APP_ERROR
        except Exception:  # noqa: BLE001 - the wire's boundary: the session outlives a bug behind it
            self._log.exception("not kept")
            self._count("not_kept")
            return Status.SYSTEM_ERROR

    async def _keep(self, pdu: DeliverSm | DataSm) -> int:
        receipt = receipt_of(self._profile, pdu)
        if receipt is not None:
            await self._inbound.receipts.receipt(receipt)
            self._count(receipt.state.value)
            return Status.OK
        if is_receipt(pdu):
            # Sent again it would be as unreadable.
            self._count("unreadable_receipt")
            return Status.OK
        self._count("message")
        return Status.PERMANENT_APP_ERROR

    def _count(self, kind: str) -> None:
        self._metrics.link_inbound.labels(self._profile.name, kind).inc()
