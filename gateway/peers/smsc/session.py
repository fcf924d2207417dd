"""One SMPP session over one TCP connection: requests in flight, answers by number, timers, a clean or unclean end.

It is an asyncio.Protocol with callbacks, since tasks, streams and a timer for each message cost more than the message:
what is written within one turn of the loop leaves as one piece, and one timer serves all answers, which are due in the
order of their requests. Nobody's flood holds the loop: octets are read in slices, one a turn, and reading stops while a
peer does not read what it is told, or while what it sent before is still being worked on.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from itertools import takewhile
from typing import Protocol, cast

from gateway.errors import PeerUnavailable
from gateway.peers.smsc.faults import BindRefused, NoAnswer, NotSent
from gateway.peers.smsc.keepalive import KeepAlive, Timers
from gateway.wire import smpp
from gateway.wire.smpp import BrokenPdu, Pdu, Status

SLICE_OCTETS = 8192
"""Read in one turn of the loop: at most 512 PDUs."""
SEQUENCE_MAX = 0x7FFF_FFFF
LATE_MAX = 1000
"""Requests that were not answered in time, of which the answer is still known if it comes after all."""
UNBIND_S = 2.0
CLOSE_S = 1.0
"""How long what is written last may take to leave; then the connection is aborted."""
RESPONSE = 0x8000_0000
"""The bit that a response's command_id has."""
NACK = smpp.GenericNack.command_id

Answer = Pdu | BrokenPdu | None
"""The PDU that answers a request, one that cannot be read, or None: no answer in time, or the line was lost."""
OnAnswer = Callable[[Answer], None]


class Owner(Protocol):
    """What a session tells; called inside the loop, so nothing here may take long. Satisfied by Link."""

    def requested(self, session: "Session", pdu: Pdu) -> None:
        """A deliver_sm, data_sm or outbind; the first two are answered by `session.say`."""
        ...

    def refused(self, what: str) -> None:
        """`pdu` or `frame`: cannot be read. `unexpected`: not what an ESME is sent. `unasked`: answers nothing."""
        ...

    def writable(self) -> None:
        """The peer reads again."""
        ...

    def ended(self, session: "Session") -> None:
        """The session is over, its in-flight requests have been given back."""
        ...


class Session(asyncio.Protocol):
    """A connection, from connecting to its end. Made by `loop.create_connection` or a server."""

    def __init__(self, timers: Timers, owner: Owner) -> None:
        self.bound = False
        self.why = ""
        """Why it ended; '' while it lives."""
        self.is_writable = True
        self._timers = timers
        self.owner = owner
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._decoder = smpp.Decoder()
        self._unread: deque[bytes] = deque()
        self._held = False
        self._scheduled = False
        self._reads = True
        self._unsent: list[bytes] = []
        self._waiting: dict[int, tuple[float, int, OnAnswer]] = {}
        self._special: dict[int, tuple[int, OnAnswer]] = {}
        self._late: dict[int, OnAnswer] = {}
        self._number = self._enquired = 0
        self._alive = KeepAlive(timers, self._enquire, self.end)
        self._due: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._closing: asyncio.TimerHandle | None = None
        self._ended = asyncio.Event()
        self._lost = asyncio.Event()
        self._drained = asyncio.Event()

    @property
    def in_flight(self) -> int:
        """How many posted requests wait for their answers."""
        return len(self._waiting)

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The line is there."""
        self._transport = cast("asyncio.Transport", transport)
        if self.why:
            self._transport.abort()
            return
        self._alive.start()

    def connection_lost(self, exc: Exception | None) -> None:
        """The line is gone."""
        self.end(f"lost: {type(exc).__name__}" if exc else "closed by the SMSC")
        if self._closing:
            self._closing.cancel()
        self._lost.set()

    def eof_received(self) -> bool:
        """Half a line serves nobody."""
        self.end("closed by the SMSC")
        return False

    def data_received(self, data: bytes) -> None:
        """Read at once what is short, the rest a slice a turn."""
        self._alive.heard_at = self._loop.time()
        if not self._unread and not self._held and len(data) <= SLICE_OCTETS:
            self._read(data)
            return
        self._unread.extend(data[at : at + SLICE_OCTETS] for at in range(0, len(data), SLICE_OCTETS))
        self._schedule()
        self._gate()

    def pause_writing(self) -> None:
        """The peer does not read: nothing more is posted, nor read from it, and not for long."""
        self.is_writable = False
        self._stalled = self._loop.call_later(self._timers.response_s, self.end, "the SMSC does not read")
        self._gate()

    def resume_writing(self) -> None:
        """The peer reads again."""
        self.is_writable = True
        if self._stalled:
            self._stalled.cancel()
        self._gate()
        self.owner.writable()

    # requests of ours

    def post(self, pdu: Pdu, on_answer: OnAnswer) -> None:
        """Send a request of a bound session; `on_answer` is called once, from the loop, never from here.

        An answer that comes after None was told for want of one is told, too, if the line still stands.

        Raises:
            PduFault: It does not fit into a PDU; nothing was sent.
            NotSent: The session has ended or is about to; nothing was sent.
        """
        if not self.bound:
            raise NotSent("the session has ended or is about to")
        number = self._number % SEQUENCE_MAX + 1
        octets = smpp.encode(pdu, sequence=number)
        self._number = number
        due = self._loop.time() + self._timers.response_s
        self._waiting[number] = (due, pdu.command_id | RESPONSE, on_answer)
        if self._due is None:
            self._due = self._loop.call_at(due, self._overdue)
        self._write(octets)

    async def request(self, pdu: Pdu, timeout_s: float | None = None) -> Pdu:
        """Send a request and wait for the PDU that answers it: its response, or a generic_nack.

        `timeout_s` is for what has a time of its own, and may be sent before the session is bound.

        Raises:
            PduFault: It does not fit into a PDU; nothing was sent.
            NotSent: The session has ended; nothing was sent.
            NoAnswer: It was sent, and the connection or the time ran out, or the answer cannot be read.
        """
        future: asyncio.Future[Answer] = self._loop.create_future()

        def answered(answer: Answer) -> None:
            if not future.done():
                future.set_result(answer)

        if timeout_s is None:
            self.post(pdu, answered)
            return _readable(await future)
        number = self._send_special(pdu, answered)
        try:
            async with asyncio.timeout(timeout_s):
                return _readable(await future)
        except TimeoutError:
            raise NoAnswer("no answer in time") from None
        finally:
            self._special.pop(number, None)

    async def bind(self, request: Pdu, timeout_s: float) -> None:
        """Bind as what `request` says.

        Raises:
            BindRefused: With the SMSC's status.
            PduFault: The request does not fit into a PDU.
            PeerUnavailable: No answer in time.
        """
        answer = await self.request(request, timeout_s)
        if answer.command_id == NACK or answer.status != Status.OK:
            raise BindRefused(answer.status)
        if self.why:
            raise NoAnswer(self.why)
        self.bound = self._alive.enquires = True

    async def unbind(self, drain_s: float) -> None:
        """Take no more, wait up to `drain_s` for what is in flight, take leave, end."""
        self.bound = False
        if self._waiting and drain_s:
            self._drained.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(drain_s):
                    await self._drained.wait()
        with suppress(PeerUnavailable):
            await self.request(smpp.Unbind(), UNBIND_S)
        self.end("unbound")

    def say(self, pdu: Pdu) -> None:
        """Send what nobody answers; nothing happens if the line is gone."""
        if not self.why:
            self._write(smpp.encode(pdu))

    def hold(self, *, on: bool) -> None:
        """Stop reading while whoever works on the peer's requests has enough of them, and go on afterwards."""
        self._held = on
        self._schedule()
        self._gate()

    # ends

    def end(self, why: str) -> None:
        """End the session now; what is in flight is given back as unanswered, what was written still leaves."""
        if self.why:
            return
        self.bound = False
        self.why = why
        self._flush()
        self._alive.stop()
        for timer in (self._due, self._stalled):
            if timer:
                timer.cancel()
        if self._transport:
            self._transport.close()
            self._closing = self._loop.call_later(CLOSE_S, self._transport.abort)
        else:
            self._lost.set()
        waiting = [on_answer for _, _, on_answer in self._waiting.values()]
        waiting += [on_answer for _, on_answer in self._special.values()]
        self._waiting.clear()
        self._special.clear()
        self._late.clear()
        for on_answer in waiting:
            on_answer(None)
        self._drained.set()
        self._ended.set()
        self.owner.ended(self)

    async def until_ended(self) -> None:
        """Wait for the end, whoever brings it about."""
        await self._ended.wait()

    async def until_lost(self) -> None:
        """Wait until nothing is left of the connection; after `end` that takes CLOSE_S at most."""
        await self._lost.wait()

    # inside

    def _enquire(self, answered: Callable[[], None]) -> None:
        # A peer that never answers one but lives otherwise leaves none behind.
        self._special.pop(self._enquired, None)
        self._enquired = self._send_special(smpp.EnquireLink(), lambda _answer: answered())

    def _send_special(self, pdu: Pdu, on_answer: OnAnswer) -> int:
        if self.why or self._transport is None:
            raise NotSent("the session has ended")
        number = self._number % SEQUENCE_MAX + 1
        octets = smpp.encode(pdu, sequence=number)
        self._number = number
        self._special[number] = (pdu.command_id | RESPONSE, on_answer)
        self._write(octets)
        return number

    def _write(self, octets: bytes) -> None:
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.append(octets)

    def _flush(self) -> None:
        if self._unsent and self._transport:
            octets = b"".join(self._unsent)
            self._unsent.clear()
            self._transport.write(octets)

    def _gate(self) -> None:
        reads = self.is_writable and not self._held and not self._unread
        if reads is self._reads or self.why or self._transport is None:
            return
        self._reads = reads
        if reads:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def _schedule(self) -> None:
        if self._unread and not self._held and not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._read_on)

    def _read_on(self) -> None:
        self._scheduled = False
        if self._unread and not self._held and not self.why:
            self._read(self._unread.popleft())
        self._schedule()
        self._gate()

    def _read(self, octets: bytes) -> None:
        try:
            for pdu in self._decoder.feed(octets):
                self._take(pdu)
        except smpp.FrameFault as fault:
            self.owner.refused("frame")
            self.say(smpp.GenericNack(sequence=fault.sequence, status=fault.status))
            self.end("a PDU without a possible length")

    def _take(self, pdu: Pdu | BrokenPdu) -> None:
        if pdu.command_id >= RESPONSE:
            self._answered(pdu)
            return
        if self.why:
            return
        match pdu:
            case BrokenPdu():
                self.owner.refused("pdu")
                self.say(smpp.refuse(pdu))
            case smpp.DeliverSm() | smpp.DataSm() | smpp.Outbind():
                self.owner.requested(self, pdu)
            case smpp.EnquireLink():
                self.say(smpp.respond(pdu))
            case smpp.Unbind():
                self.say(smpp.respond(pdu))
                self.end("unbound by the SMSC")
            case smpp.AlertNotification():
                pass
            case _:
                self.owner.refused("unexpected")
                self.say(smpp.respond(pdu, Status.INVALID_BIND_STATUS))

    def _answered(self, pdu: Pdu | BrokenPdu) -> None:
        number = pdu.sequence
        found = self._waiting.get(number)
        if found is not None:
            expected, on_answer = found[1], found[2]
        elif number in self._special:
            expected, on_answer = self._special[number]
        else:
            self._answered_late(pdu)
            return
        if isinstance(pdu, BrokenPdu):
            self.owner.refused("pdu")
        elif pdu.command_id not in (expected, NACK):
            self.owner.refused("unexpected")
            return
        if found is None:
            del self._special[number]
        else:
            del self._waiting[number]
            if not self._waiting:
                self._drained.set()
        on_answer(pdu)

    def _answered_late(self, pdu: Pdu | BrokenPdu) -> None:
        on_answer = self._late.pop(pdu.sequence, None)
        if on_answer is None:
            self.owner.refused("unasked")
        else:
            on_answer(pdu)

    def _overdue(self) -> None:
        now = self._loop.time()
        late = list(takewhile(lambda item: item[1][0] <= now, self._waiting.items()))
        for number, (_, _, on_answer) in late:
            del self._waiting[number]
            self._late[number] = on_answer
        for number in list(self._late)[:-LATE_MAX]:
            del self._late[number]
        first = next(iter(self._waiting.values()), None)
        self._due = self._loop.call_at(first[0], self._overdue) if first else None
        if not self._waiting:
            self._drained.set()
        for _, (_, _, on_answer) in late:
            on_answer(None)


def _readable(answer: Answer) -> Pdu:
    if answer is None:
        raise NoAnswer("the connection or the time ran out")
    if isinstance(answer, BrokenPdu):
        raise NoAnswer(f"the answer cannot be read: {answer.reason}")
    return answer
