"""A terminal's line to its acquirer: one TCP connection that signs on, echoes when idle, and comes back after a cut."""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from simulators.faults import Faults, TillMishap
from simulators.till.dialects import Dialect, Framing
from simulators.till.iso8583 import IsoError, Message
from simulators.trace import Trace

CONNECT_TIMEOUT_S = 5.0
SIGN_ON_TIMEOUT_S = 5.0
SIGN_OFF_TIMEOUT_S = 1.0
ECHO_IDLE_S = 30.0
RETRY_FIRST_S = 0.2
RETRY_MAX_S = 5.0
SIGN_ON, SIGN_OFF, ECHO = "001", "002", "301"
REMEMBERED_MAX = 256

_Key = tuple[str, str]
"""Type of the answer and trace number."""


class LineCut(ConnectionError):
    """The line is down; whether the last message arrived is not known."""


class Crashed(Exception):
    """The terminal dies here; what it has written down is all that is left of it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer whose MAC was right, and its bytes."""

    message: Message
    raw: bytes


@dataclass(frozen=True, slots=True)
class Peer:
    """Who talks to whom, and how: `name` has 8 characters, `key` 16 bytes."""

    name: str
    key: bytes
    host: str
    port: int
    dialect: Dialect
    framing: Framing


class Line:
    """The line of one terminal."""

    def __init__(self, peer: Peer, *, trace: Trace, faults: Faults, next_stan: Callable[[], str]) -> None:
        self.up = asyncio.Event()
        self.wanted = asyncio.Event()
        self.wanted.set()
        self.unmatched: list[str] = []
        self._peer = peer
        self._trace = trace
        self._faults = faults
        self._next_stan = next_stan
        self._writer: asyncio.StreamWriter | None = None
        self._waiting: dict[_Key, asyncio.Future[Answer]] = {}
        self._over: OrderedDict[_Key, str] = OrderedDict()
        self._doubt = asyncio.Event()
        self._deaf = False
        self._pocket = b""

    async def run(self) -> None:
        """Keep the line up while it is wanted, until cancelled."""
        pause_s = RETRY_FIRST_S
        while True:
            await self.wanted.wait()
            try:
                async with asyncio.timeout(CONNECT_TIMEOUT_S):
                    reader, writer = await asyncio.open_connection(self._peer.host, self._peer.port)
            except (OSError, TimeoutError):
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, RETRY_MAX_S)
                continue
            signed_on = await self._serve(reader, writer)
            pause_s = RETRY_FIRST_S if signed_on else min(pause_s * 2, RETRY_MAX_S)
            await asyncio.sleep(pause_s)

    async def switch(self, *, on: bool) -> None:
        """Sign off and stay away, or come back."""
        if on:
            self.wanted.set()
            return
        self.wanted.clear()
        if self.up.is_set():
            with contextlib.suppress(LineCut, TimeoutError):
                await self._network(SIGN_OFF, SIGN_OFF_TIMEOUT_S)
        self.cut()

    async def exchange(self, message: Message, *, timeout_s: float, cut_after: bool = False) -> Answer:
        """Send a request and wait for its answer; `cut_after` tears the line once the request has left.

        Raises:
            LineCut: The line is down, or went down before the answer.
            TimeoutError: No answer in time; whether the line still lives is asked at once.
            Crashed: A fault says so.
        """
        writer = self._writer
        if writer is None:
            raise LineCut
        data = self._peer.dialect.encode(message, self._peer.key)
        key = (message.answer_mti, message[11])
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[key] = answer
        end = "answered"
        try:
            async with asyncio.timeout(timeout_s):
                self._send(message, data, writer)
                await writer.drain()
                if self._faults.till.takes(TillMishap.CRASH_AFTER, message.mti):
                    raise Crashed
                if cut_after:
                    self.cut()
                return await answer
        except OSError as problem:
            end = "given up"
            # TimeoutError is an OSError too, and says something else.
            if isinstance(problem, TimeoutError):
                self._doubt.set()
                raise
            raise LineCut from problem
        finally:
            self._waiting.pop(key, None)
            self._remember(key, end)
            if not answer.cancel() and not answer.cancelled():
                answer.exception()  # Seen: a cut that nobody waits for any more is not worth a warning.

    def cut(self) -> None:
        """Close the connection; the line comes back by itself if it is wanted."""
        writer, self._writer = self._writer, None
        self.up.clear()
        if writer is not None:
            self._trace.record("iso8583", f"{self._peer.name}: line cut", outbound=True)
            writer.close()

    def _send(self, message: Message, data: bytes, writer: asyncio.StreamWriter) -> None:
        """Write the request, or what the faults make of it."""
        faults, mti = self._faults.till, message.mti
        if faults.takes(TillMishap.CRASH_BEFORE, mti):
            raise Crashed
        if faults.takes(TillMishap.HALF_OPEN, mti):
            self._deaf = True
        self._note(message, data, outbound=True)
        if faults.takes(TillMishap.CORRUPT_MAC, mti):
            data = _turned(data)
        frame = self._peer.framing.frame(data)
        if self._deaf or faults.takes(TillMishap.DROP, mti):
            return
        if faults.takes(TillMishap.TRUNCATE, mti):
            writer.write(frame[: len(frame) // 2])
            self.cut()
            return
        if faults.takes(TillMishap.REORDER, mti):
            self._pocket = frame
            return
        if faults.takes(TillMishap.DUPLICATE, mti):
            frame += frame
        if mti != "0800":
            frame, self._pocket = frame + self._pocket, b""
        writer.write(frame)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One connection from its sign-on to its end; whether it got as far as being signed on."""
        self._writer, self._deaf = writer, False
        signed_on = False
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read(reader))
                await self._network(SIGN_ON, SIGN_ON_TIMEOUT_S)
                signed_on = True
                self.up.set()
                while True:
                    self._doubt.clear()
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(ECHO_IDLE_S):
                            await self._doubt.wait()
                    await self._network(ECHO, SIGN_ON_TIMEOUT_S)
        except* (OSError, EOFError, IsoError) as problems:
            self._trace.record("iso8583", f"{self._peer.name}: line down", _reasons(problems), outbound=False)
        finally:
            self.up.clear()
            if self._writer is writer:
                self._writer = None
            writer.close()
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(LineCut())
        return signed_on

    async def _network(self, code: str, timeout_s: float) -> None:
        now = datetime.now(UTC)
        fields = {7: f"{now:%m%d%H%M%S}", 11: self._next_stan(), 41: self._peer.name, 70: code}
        answer = await self.exchange(Message("0800", fields), timeout_s=timeout_s)
        if answer.message[39] != "00":
            raise LineCut(f"0810 says {answer.message[39]}")

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while True:
            # No time-out here: an idle line is quiet for as long as nobody pays, and the echo finds a dead one.
            size = await self._peer.framing.size(reader)
            async with asyncio.timeout(SIGN_ON_TIMEOUT_S):
                data = await reader.readexactly(size)
            if not self._deaf:
                await self._arrived(data)

    async def _arrived(self, data: bytes) -> None:
        """Hand the answer to who waits for it, or write down why nobody does."""
        faults = self._faults.till
        message = self._peer.dialect.decode(data, self._peer.key)
        if message.mti == "0800":
            self._answer_echo(message, data)
            return
        request = f"{message.mti[:2]}{int(message.mti[2]) - 1}0"
        if faults.takes(TillMishap.DROP_ANSWER, request):
            return
        if faults.takes(TillMishap.CORRUPT_ANSWER, request):
            self._peer.dialect.decode(_turned(data), self._peer.key)
        if faults.takes(TillMishap.DELAY, request):
            await asyncio.sleep(faults.delay_ms / 1000)
        self._note(message, data, outbound=False)
        key = (message.mti, message[11])
        answer = self._waiting.get(key)
        if answer is not None and not answer.done() and message[41] == self._peer.name:
            answer.set_result(Answer(message, data))
            return
        why = self._why_unmatched(message, key)
        self.unmatched = [*self.unmatched[-REMEMBERED_MAX:], why]
        self._trace.record("iso8583", why, outbound=False)

    def _answer_echo(self, asked: Message, data: bytes) -> None:
        """The acquirer asks whether the terminal is there: it is."""
        self._note(asked, data, outbound=False)
        if self._writer is not None:
            kept = {number: asked[number] for number in (7, 11, 70) if asked[number]}
            answer = Message("0810", {**kept, 39: "00", 41: self._peer.name})
            said = self._peer.dialect.encode(answer, self._peer.key)
            self._note(answer, said, outbound=True)
            self._writer.write(self._peer.framing.frame(said))

    def _why_unmatched(self, message: Message, key: _Key) -> str:
        said = f"{message.mti} STAN {message[11]}"
        if message[41] != self._peer.name:
            return f"{said}: for the terminal {message[41]!r}, not for us"
        if key in self._waiting:
            return f"{said}: its answer is here already"
        match self._over.get(key):
            case "answered":
                return f"{said}: a second answer, the first one counts"
            case "given up":
                return f"{said}: too late, nobody waits any more"
            case _:
                return f"{said}: nothing of this type and number was asked"

    def _remember(self, key: _Key, end: str) -> None:
        self._over[key] = end
        while len(self._over) > REMEMBERED_MAX:
            self._over.popitem(last=False)

    def _note(self, message: Message, data: bytes, *, outbound: bool) -> None:
        parts = [f"{message.mti} DE39 {message[39]}" if message[39] else message.mti]
        if message[4]:
            parts.append(f"{int(message[4]):,} IRR")
        parts += [f"STAN {message[11]}", self._peer.name]
        detail = f"{message.shown()}\n\n{data.hex(' ').upper()}"
        self._trace.record("iso8583", " · ".join(parts), detail, outbound=outbound)


def _turned(data: bytes) -> bytes:
    """With another last character: of text another text, of bytes another byte."""
    return data[:-1] + bytes([data[-1] ^ 1])


def _reasons(problems: BaseExceptionGroup[BaseException]) -> str:
    return "; ".join(f"{type(problem).__name__} {problem}".strip() for problem in problems.exceptions)
