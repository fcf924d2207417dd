"""One SMPP session over one TCP connection: requests in flight, answers by number, timers, a clean or unclean end."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from gateway.errors import PeerUnavailable
from gateway.peers.smsc.profile import LinkProfile
from gateway.wire import smpp
from gateway.wire.smpp import BrokenPdu, Pdu, Status

READ_OCTETS = 65_536
HANDLED_AT_ONCE_MAX = 50
SEQUENCE_MAX = 0x7FFF_FFFF
UNBIND_S = 2.0
CLOSE_S = 1.0


class NotSent(PeerUnavailable):
    """The request never left: the session has ended, or is about to."""

    code = "smsc_not_sent"


class NoAnswer(PeerUnavailable):
    """The request left and no answer came: nobody knows what became of it."""

    code = "smsc_no_answer"


class BindRefused(PeerUnavailable):
    """The SMSC refused the bind with `status`."""

    code = "smsc_bind_refused"

    def __init__(self, status: int) -> None:
        super().__init__(f"bind refused with 0x{status:08X}")
        self.status = status

    @property
    def configured(self) -> bool:
        """Whether it was refused for what we are, which no new try will change."""
        return self.status in (Status.BIND_FAILED, Status.INVALID_PASSWORD, Status.INVALID_SYSTEM_ID)


@dataclass(slots=True)
class Session:
    """A bound or binding connection. `run` must be running for anything else to work.

    `on_request` answers deliver_sm and data_sm; it must not raise. `on_refused` is told `pdu` or `frame` for what
    cannot be read, and `unexpected` for what only an ESME sends.
    """

    profile: LinkProfile
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    on_request: Callable[[Pdu], Awaitable[Pdu]]
    on_refused: Callable[[str], None]
    bound: bool = False
    why: str = ""
    """Why it ended."""
    _ended: asyncio.Event = field(default_factory=asyncio.Event)
    _waiting: dict[int, "asyncio.Future[Pdu | BrokenPdu | None]"] = field(default_factory=dict)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)
    _heard_at: float = 0.0
    _number: int = 0
    _handled: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(HANDLED_AT_ONCE_MAX))

    async def run(self) -> None:
        """Read and keep alive until the session ends; what is in flight then has no answer."""
        try:
            async with asyncio.TaskGroup() as group:
                self._tasks |= {group.create_task(self._read(group)), group.create_task(self._keep_alive())}
                await self._ended.wait()
                for task in self._tasks:
                    task.cancel()
        finally:
            self.end(self.why or "cancelled")
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_result(None)
            await self._close()

    async def bind(self) -> None:
        """Bind as transceiver.

        Raises:
            BindRefused: With the SMSC's status.
            PeerUnavailable: No answer in time.
        """
        request = smpp.BindTransceiver(
            system_id=self.profile.system_id, password=self.profile.password, system_type=self.profile.system_type
        )
        answer = await self.request(request, self.profile.bind_s)
        if not isinstance(answer, smpp.BindTransceiverResp) or answer.status != Status.OK:
            raise BindRefused(answer.status)
        self.bound = True

    async def request(self, pdu: Pdu, timeout_s: float | None = None) -> Pdu:
        """Send a request and wait for the PDU that answers it: its response, or a generic_nack.

        Raises:
            PduFault: It does not fit into a PDU; nothing was sent.
            NotSent: The session has ended; nothing was sent.
            NoAnswer: It was sent, and the connection or the time ran out, or the answer cannot be read.
        """
        self._number = number = self._number % SEQUENCE_MAX + 1
        octets = smpp.encode(replace(pdu, sequence=number))
        if self._ended.is_set() or (isinstance(pdu, smpp.SubmitSm) and not self.bound):
            raise NotSent("the session has ended or is about to")
        answer: asyncio.Future[Pdu | BrokenPdu | None] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            async with asyncio.timeout(self.profile.response_s if timeout_s is None else timeout_s):
                self.writer.write(octets)
                await self.writer.drain()
                got = await answer
        except (TimeoutError, OSError) as problem:
            raise NoAnswer(f"no answer: {type(problem).__name__}") from None
        finally:
            del self._waiting[number]
        if got is None:
            raise NoAnswer("the connection was lost")
        if isinstance(got, BrokenPdu):
            raise NoAnswer(f"the answer cannot be read: {got.reason}")
        return got

    async def unbind(self, drain_s: float) -> None:
        """Wait up to `drain_s` for what is in flight, take leave, end."""
        self.bound = False
        if self._waiting and drain_s:
            await asyncio.wait(list(self._waiting.values()), timeout=drain_s)
        with suppress(PeerUnavailable):
            await self.request(smpp.Unbind(), UNBIND_S)
        self.end("unbound")

    def end(self, why: str) -> None:
        """End the session at once; `run` returns."""
        self.bound = False
        self.why = self.why or why
        self._ended.set()

    async def _close(self) -> None:
        self.writer.close()
        try:
            async with asyncio.timeout(CLOSE_S):
                await self.writer.wait_closed()
        except (OSError, TimeoutError):
            self.writer.transport.abort()

    async def _read(self, group: asyncio.TaskGroup) -> None:
        decoder = smpp.Decoder()
        try:
            while octets := await self.reader.read(READ_OCTETS):
                self._heard_at = asyncio.get_running_loop().time()
                for pdu in decoder.feed(octets):
                    await self._take(pdu, group)
                async with asyncio.timeout(self.profile.response_s):
                    await self.writer.drain()
            self.end("closed by the SMSC")
        except smpp.FrameFault as fault:
            self.on_refused("frame")
            self._say(smpp.GenericNack(sequence=fault.sequence, status=fault.status))
            self.end("a PDU without a possible length")
        except (OSError, TimeoutError) as problem:
            self.end(f"lost: {type(problem).__name__}")

    async def _take(self, pdu: Pdu | BrokenPdu, group: asyncio.TaskGroup) -> None:
        if isinstance(pdu, BrokenPdu):
            self.on_refused("pdu")
        if pdu.is_response:
            # An answer that nobody waits for came too late; its message has been settled as uncertain.
            waiting = self._waiting.get(pdu.sequence)
            if waiting is not None and not waiting.done():
                waiting.set_result(pdu)
            return
        match pdu:
            case BrokenPdu():
                self._say(smpp.refuse(pdu))
            case smpp.EnquireLink():
                self._say(smpp.respond(pdu))
            case smpp.DeliverSm() | smpp.DataSm():
                await self._handled.acquire()
                handling = group.create_task(self._handle(pdu))
                self._tasks.add(handling)
                handling.add_done_callback(self._tasks.discard)
            case smpp.Unbind():
                self._say(smpp.respond(pdu))
                self.end("unbound by the SMSC")
            case smpp.AlertNotification() | smpp.Outbind():
                pass
            case _:
                self.on_refused("unexpected")
                self._say(smpp.respond(pdu, Status.INVALID_BIND_STATUS))

    async def _handle(self, pdu: Pdu) -> None:
        try:
            self._say(await self.on_request(pdu))
        finally:
            self._handled.release()

    def _say(self, pdu: Pdu) -> None:
        if not self.writer.is_closing():
            self.writer.write(smpp.encode(pdu))

    async def _keep_alive(self) -> None:
        now = asyncio.get_running_loop().time
        self._heard_at = now()
        while True:
            silent_s = now() - self._heard_at
            if silent_s < self.profile.enquire_s:
                await asyncio.sleep(self.profile.enquire_s - silent_s)
                continue
            try:
                await self.request(smpp.EnquireLink())
            except PeerUnavailable:
                self.end("no answer to enquire_link")
                return
