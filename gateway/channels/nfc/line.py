"""One terminal's connection: sign-on, MACs, messages side by side up to a bound."""

import asyncio
import hmac
from contextlib import suppress
from dataclasses import dataclass

from gateway.channels.nfc.framing import Dropped, DropReason, read_body
from gateway.channels.nfc.ports import Batches, Taps, Terminals
from gateway.errors import Fault
from gateway.keys import KeyStore
from gateway.observe import Metrics, log
from gateway.services.taps import Verdict, is_request
from gateway.wire import iso8583
from gateway.wire.iso8583 import BadMessage, Message
from wallet.errors import WalletFault

SIGN_ON, SIGN_OFF, ECHO = "001", "002", "301"
BATCHES = frozenset({"0320", "0321", "0500", "0501"})
"""Types of what a terminal says of its batch."""
_NETWORK = "0800"
_WRITE_S = 5.0


@dataclass(frozen=True, slots=True)
class Desk:
    """What every line needs.

    Attributes:
        idle_s: Silence after which a line is closed.
        answer_s: How long a message may take before it is answered with 96.
        in_flight_max: Messages of one line that are worked on at once; more wait in the socket.
        sign_on_s: How long a new line may be silent: strangers must not keep the places of terminals.
        batches: Answers terminals about their batches; None: as any message that is not known.
    """

    taps: Taps
    terminals: Terminals
    keys: KeyStore
    metrics: Metrics
    idle_s: float
    answer_s: float = 10.0
    in_flight_max: int = 8
    sign_on_s: float = 10.0
    batches: Batches | None = None


class Line:
    """One connection, from its sign-on to its end."""

    def __init__(self, desk: Desk, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._desk = desk
        self._reader = reader
        self._writer = writer
        self._room = asyncio.Semaphore(desk.in_flight_max)
        self._draining = False
        self._silence: asyncio.Timeout | None = None
        self.terminal_id = ""
        """Who signed on; '' before."""

    async def serve(self) -> None:
        """Until the terminal hangs up, falls silent, breaks a rule, or `drain` is called."""
        try:
            await self._sign_on()
            if self.terminal_id:
                await self._messages()
        except Dropped as dropped:
            self._desk.metrics.refused.labels(door="iso8583", reason=dropped.reason.value).inc()
            log().warning("line_dropped", terminal=self.terminal_id, reason=dropped.reason.value)

    def drain(self) -> None:
        """Begin no further message; what is in work is finished and answered."""
        self._draining = True
        if self._silence is not None:
            # Refused when the silence is over already, or a message's body is on its way: that one is still answered.
            with suppress(RuntimeError):
                self._silence.reschedule(asyncio.get_running_loop().time())

    def abort(self) -> None:
        """Cut the connection now."""
        self._writer.transport.abort()

    async def _sign_on(self) -> None:
        body = await self._next(min(self._desk.sign_on_s, self._desk.idle_s))
        if body is None:
            return
        try:
            message = iso8583.decode(body)
        except BadMessage as problem:
            raise Dropped(DropReason.BAD_SIGN_ON) from problem
        terminal_id = message.text(41)
        if message.mti != _NETWORK or message.text(70) != SIGN_ON or not terminal_id:
            raise Dropped(DropReason.BAD_SIGN_ON)
        await self._check_mac(terminal_id, body)
        async with asyncio.timeout(self._desk.answer_s):
            known = await self._desk.terminals.terminal(terminal_id) is not None
        verdict = Verdict.APPROVED if known else Verdict.MERCHANT_UNKNOWN
        await self._send(await self._desk.taps.plain_answer(message, terminal_id, verdict))
        self.terminal_id = terminal_id if known else ""
        log().info("line_signed_on", terminal=terminal_id, known=known)

    async def _messages(self) -> None:
        # The group ends when every message in work has its answer; a rule broken closes the socket first.
        async with asyncio.TaskGroup() as group:
            try:
                while (body := await self._next(self._desk.idle_s)) is not None:
                    await self._check_mac(self.terminal_id, body)
                    await self._room.acquire()
                    group.create_task(self._one(body))
            except Dropped as dropped:
                self._drop(dropped.reason)

    def _drop(self, reason: DropReason) -> None:
        self._desk.metrics.refused.labels(door="iso8583", reason=reason.value).inc()
        log().warning("line_dropped", terminal=self.terminal_id, reason=reason.value)
        self._writer.close()

    async def _next(self, silence_s: float) -> bytes | None:
        if self._draining:
            return None
        self._silence = asyncio.timeout(silence_s)
        try:
            return await read_body(self._reader, self._silence)
        finally:
            self._silence = None

    async def _check_mac(self, terminal_id: str, body: bytes) -> None:
        span, mac = iso8583.split_mac(body)
        if not hmac.compare_digest(await self._desk.keys.link_mac("acquirer", terminal_id, span), mac):
            raise Dropped(DropReason.BAD_MAC)

    async def _one(self, body: bytes) -> None:
        try:
            answer = await self._answered(body)
            if answer is None:
                self._drop(DropReason.BAD_TYPE)
            else:
                await self._send(answer)
        finally:
            self._room.release()

    async def _answered(self, body: bytes) -> bytes | None:
        """The answer to a body whose MAC was good; None for one that wants none."""
        verdict = Verdict.BAD_FORMAT
        try:
            message = iso8583.decode(body)
        except BadMessage as problem:
            self._desk.metrics.refused.labels(door="iso8583", reason="bad_content").inc()
            log().info("message_refused", terminal=self.terminal_id, reason=str(problem))
            message = Message(problem.mti, problem.fields)
            return await self._plain(message, verdict) if is_request(message.mti) else None
        if not is_request(message.mti):
            return None
        if message.mti == _NETWORK:
            return await self._plain(message, self._network(message))
        try:
            async with asyncio.timeout(self._desk.answer_s):
                if message.mti in BATCHES and self._desk.batches is not None:
                    return await self._desk.batches.answer(message, self.terminal_id)
                return await self._desk.taps.answer(message, self.terminal_id)
        except (Fault, WalletFault, TimeoutError) as fault:
            log().warning("fault", terminal=self.terminal_id, fault=type(fault).__name__, detail=str(fault))
        except Exception:  # noqa: BLE001 - the boundary of a request: the terminal gets 96, we get the trace
            log().exception("unhandled", terminal=self.terminal_id)
        return await self._plain(message, Verdict.MALFUNCTION)

    def _network(self, message: Message) -> Verdict:
        whole = all(message.text(number) for number in (7, 11, 41, 70)) and message.text(41) == self.terminal_id
        return Verdict.APPROVED if whole and message.text(70) in {SIGN_ON, SIGN_OFF, ECHO} else Verdict.BAD_FORMAT

    async def _plain(self, message: Message, verdict: Verdict) -> bytes:
        return await self._desk.taps.plain_answer(message, self.terminal_id, verdict)

    async def _send(self, body: bytes) -> None:
        # A terminal that is gone asks again on its next line and gets the stored answer.
        with suppress(ConnectionError, TimeoutError):
            self._writer.write(iso8583.frame(body))
            async with asyncio.timeout(_WRITE_S):
                await self._writer.drain()
