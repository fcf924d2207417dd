"""What an SMSC brings us: receipts, messages from people, USSD hops; each answered when its box has kept it."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Protocol

from gateway.errors import Fault
from gateway.observe import Metrics, log
from gateway.peers.smsc.arrivals import incoming_of
from gateway.peers.smsc.profile import LinkProfile
from gateway.peers.smsc.pushes import Pushes
from gateway.peers.smsc.receipts import is_receipt, receipt_of
from gateway.peers.smsc.session import Session
from gateway.peers.smsc.statuses import status_name
from gateway.peers.smsc.ussd import hop_of, is_confirmation, is_ussd, page_pdu
from gateway.services.dialogues.linked import LinkDialogues, LinkHop
from gateway.services.messages import Incoming
from gateway.services.notices import PartResult, PartState, Receipt
from gateway.wire import smpp
from gateway.wire.smpp import DataSm, DeliverSm, Status, SubmitSm

HANDLE_S = 10.0
PAGE_PAUSES_S = (0.2, 1.1)
"""Before each new try of a page that the SMSC did not take."""
HANDLED_AT_ONCE_MAX = 100
_TYPE = 0b0011_1100
WAITING_MAX = 1000
"""Requests that wait to be handled; then the session stops reading until there are half as many."""


class ReceiptBox(Protocol):
    """Keeps receipts. Satisfied by services.notices.Outbox."""

    async def receipt(self, receipt: Receipt) -> None:
        """Returns when it is committed; raises a Fault if it is not, so that the SMSC sends it again."""
        ...


class MessageBox(Protocol):
    """Keeps what people write. Satisfied by services.messages."""

    async def message(self, incoming: Incoming) -> None:
        """Returns when it is committed; raises a Fault if it is not, so that the SMSC sends it again."""
        ...


@dataclass(frozen=True, slots=True)
class Inbound:
    """Where things go that come over links; without a box for them, messages and hops are refused."""

    receipts: ReceiptBox
    messages: MessageBox | None = None
    dialogues: LinkDialogues | None = None


Submit = Callable[[SubmitSm], Awaitable[PartResult]]
"""Sends a page before everything else that waits on the link."""


class Inbox:
    """Hands on what comes over one link, so many at once, and answers it. Lives in the TaskGroup that `open` gets."""

    def __init__(
        self, profile: LinkProfile, inbound: Inbound, submit: Submit, pushes: Pushes, metrics: Metrics
    ) -> None:
        self._submit = submit
        self._pushes = pushes
        self._profile = profile
        self._inbound = inbound
        self._metrics = metrics
        self._log = log(link=profile.name)
        self._group: asyncio.TaskGroup | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: deque[tuple[Session, DeliverSm | DataSm]] = deque()
        self._held: set[Session] = set()

    def open(self, group: asyncio.TaskGroup) -> None:
        """Run handlers in `group` from now on."""
        self._group = group

    def close(self) -> None:
        """Break off what is in hand: it was not answered, so the SMSC sends it again."""
        self._group = None
        self._waiting.clear()
        self._held.clear()
        for task in self._tasks:
            task.cancel()

    async def drain(self, drain_s: float) -> None:
        """Wait for what is in hand."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=drain_s)

    def take(self, session: Session, pdu: DeliverSm | DataSm) -> None:
        """Handle it now or when its turn comes."""
        self._waiting.append((session, pdu))
        if len(self._waiting) >= WAITING_MAX and session not in self._held:
            self._held.add(session)
            session.hold(on=True)
        self._start()

    def _start(self) -> None:
        while self._group and self._waiting and len(self._tasks) < HANDLED_AT_ONCE_MAX:
            session, pdu = self._waiting.popleft()
            if self._held and len(self._waiting) <= WAITING_MAX // 2:
                self._let_go()
            self._spawn(self._handle(session, pdu))

    def _let_go(self) -> None:
        # Whichever halves of a pair were held, not only the one whose turn it is.
        for session in self._held:
            session.hold(on=False)
        self._held.clear()

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        assert self._group is not None
        task = self._group.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._start()

    async def _handle(self, session: Session, pdu: DeliverSm | DataSm) -> None:
        try:
            await self._hand_on(session, pdu)
        except Exception:  # noqa: BLE001 - the wire's boundary: a bug would end the gateway, and the PDU come again
            self._log.exception("not handled")
            self._count("not_kept")
            session.say(smpp.respond(pdu, Status.SYSTEM_ERROR))

    async def _hand_on(self, session: Session, pdu: DeliverSm | DataSm) -> None:
        receipt = receipt_of(self._profile, pdu)
        # A receipt first: some SMSCs give theirs the TLVs of whatever it is a receipt of.
        if receipt is not None or is_receipt(pdu):
            session.say(smpp.respond(pdu, await self._status(self._keep_receipt(receipt))))
        elif is_ussd(self._profile, pdu):
            await self._hop(session, pdu)
        else:
            session.say(smpp.respond(pdu, await self._status(self._keep_message(pdu))))

    async def _status(self, keeping: Awaitable[int]) -> int:
        """What a request is answered with, after what it brings is committed."""
        try:
            async with asyncio.timeout(HANDLE_S):
                return await keeping
        except (Fault, TimeoutError) as problem:
            self._log.warning("not kept", why=type(problem).__name__)
            self._count("not_kept")
            return Status.TEMPORARY_APP_ERROR
        except Exception:  # noqa: BLE001 - the wire's boundary: the session outlives a bug behind it
            self._log.exception("not kept")
            self._count("not_kept")
            return Status.SYSTEM_ERROR

    async def _keep_receipt(self, receipt: Receipt | None) -> int:
        if receipt is None:
            # Sent again it would be as unreadable.
            self._count("unreadable_receipt")
            return Status.OK
        await self._inbound.receipts.receipt(receipt)
        self._count(receipt.state.value)
        return Status.OK

    async def _keep_message(self, pdu: DeliverSm | DataSm) -> int:
        if pdu.esm_class & _TYPE:
            # An acknowledgement that a phone or a person gave to what we sent (5.2.12).
            self._count("acknowledgement")
            return Status.OK
        incoming = incoming_of(self._profile, pdu)
        if incoming is None or self._inbound.messages is None:
            self._count("unreadable_message" if incoming is None else "message")
            return Status.PERMANENT_APP_ERROR
        await self._inbound.messages.message(incoming)
        self._count("message")
        return Status.OK

    async def _hop(self, session: Session, pdu: DeliverSm | DataSm) -> None:
        """A hop is taken first, and answered by a page of its own."""
        hop, dialogues = self._pushes.heard(pdu, hop_of(self._profile, pdu)), self._inbound.dialogues
        if hop is None or dialogues is None:
            shown = is_confirmation(pdu)
            self._count("ussd_shown" if shown else "unreadable_hop" if hop is None else "hop")
            session.say(smpp.respond(pdu, Status.OK if shown else Status.PERMANENT_APP_ERROR))
            return
        session.say(smpp.respond(pdu))
        self._count("hop")
        await self._status(self._page(dialogues, hop, pdu))

    async def _page(self, dialogues: LinkDialogues, hop: LinkHop, pdu: DeliverSm | DataSm) -> int:
        page = await dialogues.hop(hop)
        if page is None:
            return Status.OK
        submit = page_pdu(self._profile, pdu, page)
        result = await self._submit(submit)
        for pause_s in PAGE_PAUSES_S:
            if result.state is PartState.LATER:
                await asyncio.sleep(pause_s)
                result = await self._submit(submit)
        if result.state is not PartState.SENT:
            self._log.warning("page not shown", state=result.state.value, status=status_name(result.status))
            self._count("page_not_shown")
        return Status.OK

    def _count(self, kind: str) -> None:
        self._metrics.link_inbound.labels(self._profile.name, kind).inc()
