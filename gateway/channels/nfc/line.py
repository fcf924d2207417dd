"""One terminal's connection: sign-on, MACs, messages side by side up to a bound."""

import asyncio
import hmac
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from gateway.channels.nfc.desk import Code, Desk
from gateway.channels.nfc.framing import BODY_S, Dropped, DropReason, Frame, Silent, read_frame
from gateway.channels.nfc.listeners import Listener
from gateway.errors import KeyFault, KeysUnavailable
from gateway.observe import log
from gateway.services.links import TerminalStatus
from gateway.wire.iso8583 import BadMessage, Message, decode, from_house, is_request, split_mac, to_house

__all__ = ["ECHO", "KEY_EXCHANGE", "SIGN_OFF", "SIGN_ON", "Desk", "Line"]

SIGN_ON, SIGN_OFF, KEY_EXCHANGE, ECHO = "001", "002", "101", "301"
_NETWORK = "0800"
_WRITE_S = 5.0
_STAN_MAX = 999_999
_ECHOES_MAX = 8
"""Echoes of ours that may still be answered."""


class Line:
    """One connection, from its sign-on to its end; `changed` is told of each status that staff should see at once."""

    def __init__(
        self,
        desk: Desk,
        listener: Listener,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        changed: Callable[[TerminalStatus], None] = lambda _status: None,
    ) -> None:
        self._desk, self._listener, self._dialect = desk, listener, listener.speaks
        self._reader, self._writer = reader, writer
        self._changed = changed
        self._room = asyncio.Semaphore(desk.in_flight_max)
        self._draining = False
        self._silence: asyncio.Timeout | None = None
        self._echoes: deque[str] = deque(maxlen=_ECHOES_MAX)
        self._heard = True
        self._stan = 0
        peer = writer.get_extra_info("peername") or ("",)
        self._status = TerminalStatus("", listener.name, self._dialect.name, str(peer[0]), False, desk.clock.now())

    @property
    def terminal_id(self) -> str:
        """Who signed on; '' before."""
        return self._status.terminal_id if self._status.up else ""

    @property
    def status(self) -> TerminalStatus:
        """What staff see of it."""
        return self._status

    async def serve(self) -> None:
        """Until the terminal hangs up, falls silent, breaks a rule, or `drain` is called."""
        try:
            await self._sign_on()
            if self.terminal_id:
                await self._messages()
        except Silent:
            log().info("line_silent", terminal=self.terminal_id)
        except Dropped as dropped:
            self._drop(dropped.reason)
        finally:
            if self.terminal_id:
                self._status = replace(self._status, up=False, since=self._desk.clock.now(), in_flight=0)
                self._changed(self._status)

    def drain(self) -> None:
        """Begin no further message; what is in work is finished and answered."""
        self._draining = True
        if self._silence is not None:
            # Refused when the silence is over already, or a message's body is on its way: that one is still answered.
            with suppress(RuntimeError):
                self._silence.reschedule(asyncio.get_running_loop().time())

    def block(self) -> None:
        """Cut it, because staff stopped the terminal; what is in work goes on without its answer being read."""
        self._drop(DropReason.BLOCKED)
        self.drain()

    def crowd_out(self) -> None:
        """Cut it, because it has not signed on and its place is needed."""
        self._drop(DropReason.TOO_MANY)
        self.abort()

    def abort(self) -> None:
        """Cut the connection now."""
        self._writer.transport.abort()

    async def _sign_on(self) -> None:
        desk, dialect = self._desk, self._dialect
        try:
            # Session control keeps a line alive, but no stranger's.
            async with asyncio.timeout(desk.sign_on_s + BODY_S):
                frame = await self._next(min(desk.sign_on_s, desk.idle_s))
        except TimeoutError as problem:
            raise Dropped(DropReason.SLOW) from problem
        if frame is None:
            return
        try:
            came = decode(frame.body, dialect)
            message = to_house(came, dialect)
        except BadMessage as problem:
            raise Dropped(DropReason.BAD_SIGN_ON) from problem
        terminal_id = message.text(41)
        if message.mti != _NETWORK or message.text(70) != SIGN_ON or not terminal_id:
            raise Dropped(DropReason.BAD_SIGN_ON)
        await self._check_mac(terminal_id, frame.body)
        async with asyncio.timeout(desk.answer_s):
            known = await desk.terminals.terminal(terminal_id) is not None
            stopped = known and terminal_id in await desk.terminals.stopped([terminal_id])
        code = Code.STOPPED if stopped else Code.OK if known else Code.UNKNOWN
        await self._send(await desk.plain(came, terminal_id, dialect, code), frame.header)
        log().info("line_signed_on", terminal=terminal_id, known=known, stopped=stopped)
        if known:
            dropped = DropReason.BLOCKED.value if stopped else ""
            self._status = replace(self._seen(came, terminal_id), up=not stopped, dropped=dropped)
            self._changed(self._status)

    async def _messages(self) -> None:
        # The group ends when every message in work has its answer; a rule broken closes the socket first.
        async with asyncio.TaskGroup() as group:
            try:
                while (frame := await self._next(self._desk.idle_s)) is not None:
                    await self._check_mac(self.terminal_id, frame.body)
                    # Both bounds stop the reading, so that the peer's own writes wait.
                    await self._room.acquire()
                    try:
                        await self._desk.room.acquire()
                    except BaseException:
                        self._room.release()
                        raise
                    # By the task's end, not by its own words: one that is cancelled before it begins says none.
                    group.create_task(self._one(frame)).add_done_callback(self._make_room)
            except Silent:
                log().info("line_silent", terminal=self.terminal_id)
            except Dropped as dropped:
                self._drop(dropped.reason)

    def _drop(self, reason: DropReason) -> None:
        self._desk.metrics.refused.labels(door="iso8583", reason=reason.value).inc()
        log().warning("line_dropped", terminal=self.terminal_id, reason=reason.value)
        self._status = replace(self._status, dropped=reason.value)
        self._writer.close()

    async def _next(self, silence_s: float) -> Frame | None:
        """The next message; None when there is none, or none is taken any more."""
        echo_s = self._listener.echo_s if self._status.up else 0.0
        while not self._draining:
            self._silence = asyncio.timeout(min(echo_s, silence_s) if echo_s else silence_s)
            try:
                least = self._dialect.body_bytes_min
                frame = await read_frame(self._reader, self._listener.framing, self._silence, least)
            except Silent:
                if self._ends():
                    return None
                if not echo_s:
                    raise
                if not self._heard:
                    raise Dropped(DropReason.HALF_OPEN) from None
                await self._echo()
                continue
            finally:
                self._silence = None
            self._heard = True
            if frame is None or not frame.send_back:
                return frame
            await self._write(frame.send_back)
        return None

    def _ends(self) -> bool:
        return self._draining

    async def _check_mac(self, terminal_id: str, body: bytes) -> None:
        try:
            span, mac = split_mac(body, self._dialect)
        except BadMessage as problem:
            raise Dropped(DropReason.BAD_MAC) from problem
        try:
            ours = await self._desk.keys.link_mac("acquirer", terminal_id, span)
        except (KeysUnavailable, KeyFault) as problem:
            raise Dropped(DropReason.NO_KEYS) from problem
        if not hmac.compare_digest(ours, mac):
            raise Dropped(DropReason.BAD_MAC)

    async def _one(self, frame: Frame) -> None:
        self._status = replace(self._status, in_flight=self._status.in_flight + 1)
        try:
            answer = await self._answered(frame.body)
            if answer:
                await self._send(answer, frame.header)
        except (KeysUnavailable, KeyFault):
            self._drop(DropReason.NO_KEYS)
        finally:
            self._status = replace(self._status, in_flight=self._status.in_flight - 1)

    def _make_room(self, _task: asyncio.Task[None]) -> None:
        self._desk.room.release()
        self._room.release()

    async def _answered(self, body: bytes) -> bytes:
        """The answer to a body whose MAC was good; empty for one that wants none."""
        desk, dialect = self._desk, self._dialect
        try:
            came = decode(body, dialect)
        except BadMessage as problem:
            desk.refused(self.terminal_id, problem)
            came = Message(problem.mti, problem.fields)
            self._status = replace(self._status, refused=self._status.refused + 1)
            if not is_request(came.mti):
                self._drop(DropReason.BAD_TYPE)
                return b""
            return await desk.plain(came, self.terminal_id, dialect, Code.FORMAT)
        self._status = self._seen(came, self.terminal_id)
        if not is_request(came.mti):
            self._unasked(came)
            return b""
        if came.mti[1] == _NETWORK[1]:
            return await self._network(came)
        return await desk.answer(came, self.terminal_id, dialect)

    async def _network(self, came: Message) -> bytes:
        try:
            message = to_house(came, self._dialect)
        except BadMessage as problem:
            self._desk.refused(self.terminal_id, problem)
            return await self._desk.plain(came, self.terminal_id, self._dialect, Code.FORMAT)
        whole = all(message.text(number) for number in (7, 11, 41, 70)) and message.text(41) == self.terminal_id
        says = message.text(70) if whole and message.mti == _NETWORK else ""
        code = Code.OK if says in {SIGN_ON, SIGN_OFF, ECHO} else Code.FORMAT
        if says == KEY_EXCHANGE:
            # A terminal's key follows from its number and is put in by hand: there is none to exchange.
            code = Code.NOT_SUPPORTED
        if says == SIGN_OFF:
            self.drain()
        return await self._desk.plain(came, self.terminal_id, self._dialect, code)

    def _unasked(self, came: Message) -> None:
        """An answer: to our echo, or to nothing; then the line is dropped, and the log says why it fits nothing."""
        why = ""
        if came.mti[1] != _NETWORK[1]:
            why = "we ask no terminal for this"
        elif not self._echoes:
            why = "nothing was asked"
        elif came.text(11) not in self._echoes:
            why = "another trace number was asked"
        elif came.text(41) != self.terminal_id:
            why = "another terminal answers"
        if why:
            log().warning("answer_unmatched", terminal=self.terminal_id, mti=came.mti, stan=came.text(11), why=why)
            self._drop(DropReason.BAD_TYPE)
        else:
            self._echoes.remove(came.text(11))

    async def _echo(self) -> None:
        """Ask whether the terminal is there. Whatever it says then is life; if it says nothing, the line is dropped."""
        self._stan = self._stan % _STAN_MAX + 1
        stan = f"{self._stan:06d}"
        self._echoes.append(stan)
        self._heard = False
        moment = f"{self._desk.clock.now():%m%d%H%M%S}"
        house = Message(_NETWORK, {7: moment, 11: stan, 41: self.terminal_id, 70: ECHO})
        message = from_house(house, self._dialect)
        try:
            body = await self._desk.sealed(message, self.terminal_id, self._dialect)
        except (KeysUnavailable, KeyFault) as problem:
            raise Dropped(DropReason.NO_KEYS) from problem
        await self._send(body, b"")

    def _seen(self, came: Message, terminal_id: str) -> TerminalStatus:
        status = self._status
        return replace(
            status,
            terminal_id=terminal_id,
            last_at=self._desk.clock.now(),
            last_mti=came.mti,
            messages=status.messages + 1,
        )

    async def _send(self, body: bytes, header: bytes) -> None:
        await self._write(self._listener.framing.frame(body, header))

    async def _write(self, data: bytes) -> None:
        # A terminal that is gone asks again on its next line and gets the stored answer.
        with suppress(ConnectionError):
            self._writer.write(data)
            try:
                async with asyncio.timeout(_WRITE_S):
                    await self._writer.drain()
            except TimeoutError:
                # It sends and does not read: what it is owed would pile up here.
                self._drop(DropReason.SLOW)
                self.abort()
