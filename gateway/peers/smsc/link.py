"""A link to one SMSC that is bound again whenever it can be, and carries the outbox's messages and their receipts."""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Protocol

from gateway.errors import Fault, PeerUnavailable
from gateway.observe import Metrics, log
from gateway.peers.smsc.pace import Backoff, Pace
from gateway.peers.smsc.profile import Address, LinkProfile
from gateway.peers.smsc.receipts import is_receipt, receipt_of
from gateway.peers.smsc.session import BindRefused, NoAnswer, NotSent, Session
from gateway.services.notices import Outgoing, PartResult, PartState, Receipt, Report
from gateway.wire import gsm, smpp
from gateway.wire.smpp import Pdu, PduFault, Status
from wallet.clock import Clock

WAIT_MAX_S = 2.0
"""How long a part waits for its place in the window, and again for its turn, before it is given back for later."""
HANDLE_S = 10.0
UDHI = 0x40
"""esm_class: the user data begins with a header (SMPP 3.4, 5.2.12)."""
RECEIPT_WANTED = 0x01
"""registered_delivery: a receipt at success and at failure (5.2.17)."""
VALIDITY_DAYS_MAX = 28

THROTTLING = frozenset({Status.THROTTLED, Status.QUEUE_FULL})
TEMPORARY = THROTTLING | {Status.SYSTEM_ERROR, Status.TEMPORARY_APP_ERROR, Status.INVALID_BIND_STATUS}
"""Statuses after which the same message may be taken later; any other one is an answer for good."""


class ReceiptBox(Protocol):
    """Keeps receipts. Satisfied by services.notices.Outbox."""

    async def receipt(self, receipt: Receipt) -> None:
        """Returns when it is committed; raises a Fault if it is not, so that the SMSC sends it again."""
        ...


def _jitter() -> float:
    return secrets.randbelow(1000) / 1000


class Link:
    """One transceiver bind. `run` keeps it up and lives in a TaskGroup of the application, until `stop`."""

    def __init__(
        self,
        profile: LinkProfile,
        box: ReceiptBox,
        clock: Clock,
        metrics: Metrics,
        *,
        drain_s: float = 5.0,
        jitter: Callable[[], float] = _jitter,
    ) -> None:
        """`drain_s` is how long a stop waits for answers to what is in flight."""
        self.profile = profile
        self._box = box
        self._clock = clock
        self._metrics = metrics
        self._drain_s = drain_s
        self._log = log(link=profile.name)
        self._session: Session | None = None
        self._stopping = asyncio.Event()
        self._window = asyncio.Semaphore(profile.window)
        self._pace = Pace(profile.rate_max)
        self._backoff = Backoff(profile.retry_min_s, profile.retry_max_s, jitter)
        self._up(0)

    @property
    def bound(self) -> bool:
        """Whether it is bound."""
        return self._session is not None and self._session.bound

    @property
    def ready(self) -> bool:
        """Whether it is bound and not paused by throttling."""
        return self.bound and not self._pace.paused(_loop_time())

    @property
    def room(self) -> int:
        """How many messages it would send soon: twice its window while it is ready."""
        return 2 * self.profile.window if self.ready else 0

    async def run(self) -> None:
        """Connect, bind, carry, and again, until `stop`; then take no more, wait for answers, unbind."""
        while not self._stopping.is_set():
            wait_s = await self._live()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._stopping.wait()

    def stop(self) -> None:
        """Let `run` take leave of the SMSC and return; remembered if it has not begun."""
        self._stopping.set()

    async def send(self, message: Outgoing) -> Report:
        """Send the parts of `message` that are not done; raises nothing, whatever happens is in the report."""
        try:
            parts = gsm.split(message.text, reference=message.reference)
        except ValueError:
            return Report(
                self.profile.name, 1, (PartResult(1, PartState.REFUSED, status=Status.INVALID_MESSAGE_LENGTH),)
            )
        async with asyncio.TaskGroup() as group:
            sending = [
                group.create_task(self._send_part(message, part))
                for part in parts
                if part.number not in message.parts_done
            ]
        return Report(self.profile.name, len(parts), tuple(task.result() for task in sending))

    async def _live(self) -> float:
        """One session from connecting to its end; how long to wait before the next one."""
        try:
            async with asyncio.timeout(self.profile.bind_s):
                reader, writer = await asyncio.open_connection(self.profile.host, self.profile.port)
        except (OSError, TimeoutError):
            self._metrics.link_binds.labels(self.profile.name, "unreachable").inc()
            return self._backoff.next()
        session = Session(self.profile, reader, writer, self._answer, self._refused)
        refused = False
        async with asyncio.TaskGroup() as group:
            running = group.create_task(session.run())
            if await self._bind(session):
                self._session = session
                self._backoff.reset()
                self._up(1)
                leaving = group.create_task(self._leave(session))
                try:
                    await running
                finally:
                    leaving.cancel()
                    self._session = None
                    self._up(0)
                self._log.warning("link ended", why=session.why)
            else:
                refused = session.why == _CONFIGURED
        return self._backoff.refused() if refused else self._backoff.next()

    async def _leave(self, session: Session) -> None:
        await self._stopping.wait()
        await session.unbind(self._drain_s)

    async def _bind(self, session: Session) -> bool:
        try:
            await session.bind()
        except BindRefused as problem:
            self._metrics.link_binds.labels(self.profile.name, f"0x{problem.status:02X}").inc()
            self._log.error("bind refused", status=f"0x{problem.status:08X}", configured=problem.configured)
            session.end(_CONFIGURED if problem.configured else "bind refused")
            return False
        except (PeerUnavailable, PduFault) as problem:
            self._metrics.link_binds.labels(self.profile.name, "no_answer").inc()
            self._log.warning("bind failed", why=str(problem))
            session.end("bind not answered")
            return False
        self._metrics.link_binds.labels(self.profile.name, "bound").inc()
        self._log.info("link bound")
        return True

    async def _send_part(self, message: Outgoing, part: gsm.Part) -> PartResult:
        later = PartResult(part.number, PartState.LATER)
        session = self._session
        if session is None or not session.bound or self._pace.wait(_loop_time()) > WAIT_MAX_S:
            return later
        try:
            async with asyncio.timeout(WAIT_MAX_S):
                await self._window.acquire()
        except TimeoutError:
            return later
        try:
            await asyncio.sleep(self._pace.turn(_loop_time()))
            answer = await session.request(self._submit(message, part))
        except NotSent:
            return later
        except NoAnswer:
            self._count("no_answer")
            return PartResult(part.number, PartState.UNCERTAIN)
        except PduFault as fault:
            self._count("unfit")
            return PartResult(part.number, PartState.REFUSED, status=fault.status)
        finally:
            self._window.release()
        return self._result(part.number, answer)

    def _result(self, number: int, answer: Pdu) -> PartResult:
        self._count(f"0x{answer.status:02X}")
        if isinstance(answer, smpp.SubmitSmResp) and answer.status == Status.OK:
            self._pace.accepted()
            return PartResult(number, PartState.SENT, answer.message_id)
        if answer.status in THROTTLING:
            self._pace.throttled(_loop_time())
        state = PartState.LATER if answer.status in TEMPORARY else PartState.REFUSED
        return PartResult(number, state, status=answer.status)

    def _submit(self, message: Outgoing, part: gsm.Part) -> smpp.SubmitSm:
        source, dest = Address.of(self.profile.sender), Address.of(message.address)
        return smpp.SubmitSm(
            source_ton=source.ton,
            source_npi=source.npi,
            source=source.digits,
            dest_ton=dest.ton,
            dest_npi=dest.npi,
            dest=dest.digits,
            esm_class=UDHI if part.header else 0,
            validity=validity(message.valid_until, self._clock.now()),
            registered_delivery=RECEIPT_WANTED,
            data_coding=part.coding.value,
            short_message=part.header + part.data,
        )

    async def _answer(self, pdu: Pdu) -> Pdu:
        """What a deliver_sm or data_sm is answered with, after what it brings is committed."""
        assert isinstance(pdu, smpp.DeliverSm | smpp.DataSm)
        receipt = receipt_of(self.profile.name, pdu)
        if receipt is None:
            # Sent again it would be as unreadable; and messages from people have no door here.
            readable = not is_receipt(pdu)
            self._inbound("message" if readable else "unreadable_receipt")
            return smpp.respond(pdu, Status.PERMANENT_APP_ERROR if readable else Status.OK)
        try:
            async with asyncio.timeout(HANDLE_S):
                await self._box.receipt(receipt)
        except (Fault, TimeoutError) as problem:
            self._log.warning("receipt not kept", why=type(problem).__name__)
            self._inbound("not_kept")
            return smpp.respond(pdu, Status.TEMPORARY_APP_ERROR)
        except Exception:  # noqa: BLE001 - the wire's boundary: the session outlives a bug behind it
            self._log.exception("receipt not kept")
            self._inbound("not_kept")
            return smpp.respond(pdu, Status.SYSTEM_ERROR)
        self._inbound(receipt.state.value)
        return smpp.respond(pdu)

    def _refused(self, what: str) -> None:
        self._metrics.refused.labels(door="smpp", reason=what).inc()

    def _up(self, value: int) -> None:
        self._metrics.links.labels(self.profile.name).set(value)

    def _count(self, result: str) -> None:
        self._metrics.link_submits.labels(self.profile.name, result).inc()

    def _inbound(self, kind: str) -> None:
        self._metrics.link_inbound.labels(self.profile.name, kind).inc()


_CONFIGURED = "bind refused for what we are"


def validity(until: datetime, now: datetime) -> str:
    """Relative validity_period `YYMMDDhhmmss000R` from `now` to `until`; at least a minute (SMPP 3.4, 7.1.1.2)."""
    seconds = max(60, int((until - now).total_seconds()))
    days, seconds = divmod(seconds, 86_400)
    if days >= VALIDITY_DAYS_MAX:
        days, seconds = VALIDITY_DAYS_MAX, 0
    return f"0000{days:02d}{seconds // 3600:02d}{seconds % 3600 // 60:02d}{seconds % 60:02d}000R"


def _loop_time() -> float:
    return asyncio.get_running_loop().time()
