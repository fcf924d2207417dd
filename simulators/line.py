"""A terminal's line to its acquirer: one TCP connection that signs on, echoes when idle, and comes back after a cut."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from simulators import iso8583
from simulators.iso8583 import IsoError, Message
from simulators.trace import Trace

CONNECT_TIMEOUT_S = 5.0
SIGN_ON_TIMEOUT_S = 5.0
ECHO_IDLE_S = 30.0
RETRY_FIRST_S = 0.2
RETRY_MAX_S = 5.0
SIGN_ON = "001"
ECHO = "301"


class LineCut(ConnectionError):
    """The line is down; whether the last message arrived is not known."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer whose MAC was right, and its bytes."""

    message: Message
    raw: bytes


class Line:
    """The line of the terminal `name` (8 characters) with its MAC key (16 bytes)."""

    def __init__(
        self, name: str, key: bytes, *, host: str, port: int, trace: Trace, next_stan: Callable[[], str]
    ) -> None:
        self.up = asyncio.Event()
        self._name = name
        self._key = key
        self._host = host
        self._port = port
        self._trace = trace
        self._next_stan = next_stan
        self._writer: asyncio.StreamWriter | None = None
        self._waiting: dict[tuple[str, str], asyncio.Future[Answer]] = {}

    async def run(self) -> None:
        """Keep the line up until cancelled."""
        pause_s = RETRY_FIRST_S
        while True:
            try:
                async with asyncio.timeout(CONNECT_TIMEOUT_S):
                    reader, writer = await asyncio.open_connection(self._host, self._port)
            except (OSError, TimeoutError):
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, RETRY_MAX_S)
                continue
            signed_on = await self._serve(reader, writer)
            pause_s = RETRY_FIRST_S if signed_on else min(pause_s * 2, RETRY_MAX_S)
            await asyncio.sleep(pause_s)

    async def exchange(self, message: Message, *, timeout_s: float, cut_after: bool = False) -> Answer:
        """Send a request and wait for its answer; `cut_after` tears the line once the request has left.

        Raises:
            LineCut: The line is down, or went down before the answer.
            TimeoutError: No answer in time.
        """
        writer = self._writer
        if writer is None:
            raise LineCut
        data = iso8583.encode(message, self._key)
        key = (f"{message.mti[:2]}{int(message.mti[2]) + 1}0", message[11])
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[key] = answer
        try:
            async with asyncio.timeout(timeout_s):
                writer.write(iso8583.frame(data))
                self._note(message, data, outbound=True)
                await writer.drain()
                if cut_after:
                    self.cut()
                return await answer
        except OSError as problem:
            # TimeoutError is an OSError too, and says something else.
            if isinstance(problem, TimeoutError):
                raise
            raise LineCut from problem
        finally:
            self._waiting.pop(key, None)
            if not answer.cancel() and not answer.cancelled():
                answer.exception()  # Seen: a cut that nobody waits for any more is not worth a warning.

    def cut(self) -> None:
        """Close the connection; the line comes back by itself."""
        writer, self._writer = self._writer, None
        self.up.clear()
        if writer is not None:
            self._trace.record("iso8583", f"{self._name}: line cut", outbound=True)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One connection from its sign-on to its end; whether it got as far as being signed on."""
        self._writer = writer
        signed_on = False
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read(reader))
                await self._network(SIGN_ON)
                signed_on = True
                self.up.set()
                while True:
                    await asyncio.sleep(ECHO_IDLE_S)
                    await self._network(ECHO)
        except* (OSError, EOFError, IsoError) as problems:
            self._trace.record("iso8583", f"{self._name}: line down", _reasons(problems), outbound=False)
        finally:
            self.up.clear()
            self._writer = None
            writer.close()
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(LineCut())
        return signed_on

    async def _network(self, code: str) -> None:
        now = datetime.now(UTC)
        fields = {7: f"{now:%m%d%H%M%S}", 11: self._next_stan(), 41: self._name, 70: code}
        answer = await self.exchange(Message("0800", fields), timeout_s=SIGN_ON_TIMEOUT_S)
        if answer.message[39] != "00":
            raise LineCut(f"0810 says {answer.message[39]}")

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while True:
            # No time-out here: an idle line is quiet for as long as nobody pays, and the echo finds a dead one.
            size = int.from_bytes(await reader.readexactly(iso8583.LENGTH_BYTES), "big")
            if size > iso8583.MESSAGE_BYTES_MAX:
                raise IsoError(f"a message of {size} bytes")
            async with asyncio.timeout(SIGN_ON_TIMEOUT_S):
                data = await reader.readexactly(size)
            message = iso8583.decode(data, self._key)
            self._note(message, data, outbound=False)
            answer = self._waiting.get((message.mti, message[11]))
            if answer is None or answer.done() or message[41] != self._name:
                self._trace.record("iso8583", f"{message.mti} {message[11]}: nobody waits for it", outbound=False)
            else:
                answer.set_result(Answer(message, data))

    def _note(self, message: Message, data: bytes, *, outbound: bool) -> None:
        parts = [f"{message.mti} DE39 {message[39]}" if message[39] else message.mti]
        if message[4]:
            parts.append(f"{int(message[4]):,} IRR")
        parts += [f"STAN {message[11]}", self._name]
        detail = f"{message.shown()}\n\n{data.hex(' ').upper()}"
        self._trace.record("iso8583", " · ".join(parts), detail, outbound=outbound)


def _reasons(problems: BaseExceptionGroup[BaseException]) -> str:
    return "; ".join(f"{type(problem).__name__} {problem}".strip() for problem in problems.exceptions)
