"""How commands reach a phone: in this process, or over TCP; the faults of the phone's side are applied here, once."""

import asyncio
import contextlib
import time
from dataclasses import dataclass
from typing import Protocol

from simulators.nfc import frames
from simulators.nfc.faults import CardFaults, TornOff

ANSWER_TIMEOUT_S = 5.0
EXCHANGES_MAX = 64


class Card(Protocol):
    """What stands behind a transport: `NfcPhone` is one."""

    @property
    def faults(self) -> CardFaults:
        """Its bad days."""
        ...

    def tap(self) -> None:
        """A field: the card application starts anew."""
        ...

    def transceive(self, apdu: bytes) -> bytes:
        """Answer one command."""
        ...


class Transport(Protocol):
    """A reader's way to a phone. One tap: `activate`, some `transceive`, `deactivate`."""

    async def activate(self) -> None:
        """Switch the field on.

        Raises:
            TornOff: No phone is there.
        """
        ...

    async def transceive(self, apdu: bytes) -> bytes:
        """Send a command APDU, wait for the answer: data and status word, two bytes at least unless a fault cut it.

        Raises:
            TornOff: The phone is gone; nobody knows whether it took the command.
        """
        ...

    async def deactivate(self) -> None:
        """Switch the field off; harmless when it is."""
        ...


class InProcess:
    """A phone of this process in the field."""

    def __init__(self, card: Card) -> None:
        self._card = card
        self._number = 0
        self._on = False

    async def activate(self) -> None:
        """The field is on, and the card application starts anew."""
        self._card.tap()
        self._number, self._on = 0, True

    async def transceive(self, apdu: bytes) -> bytes:
        """The phone's answer, or what its faults make of it.

        Raises:
            TornOff: A fault tore the phone off, or no field is on.
        """
        if not self._on:
            raise TornOff("no field is on")
        faults = self._card.faults
        self._number += 1
        if faults.tears_now(self._number):
            faults.tears += 1
            self._on = False
            if faults.tear_after:
                self._card.transceive(apdu)
            raise TornOff(f"at command {self._number}")
        answer = self._card.transceive(apdu)
        if faults.delay_ms:
            await asyncio.sleep(faults.delay_ms / 1000)
        return faults.marred(self._number, answer)

    async def deactivate(self) -> None:
        """The field is off."""
        self._on = False


class TcpTransport:
    """A phone that is served by `PhoneServer`, in this process or another."""

    def __init__(self, host: str, port: int, *, timeout_s: float = ANSWER_TIMEOUT_S) -> None:
        self._host = host
        self._port = port
        self._timeout_s = timeout_s
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def activate(self) -> None:
        """Connect, and switch the field on.

        Raises:
            TornOff: Nobody listens, or not in time.
        """
        await self.deactivate()
        try:
            async with asyncio.timeout(self._timeout_s):
                self._streams = await asyncio.open_connection(self._host, self._port)
            frames.write(self._streams[1], frames.ON)
        except (OSError, TimeoutError) as problem:
            raise TornOff(type(problem).__name__) from problem

    async def transceive(self, apdu: bytes) -> bytes:
        """Send a command and wait for its answer.

        Raises:
            TornOff: The line is gone, or the answer is late.
        """
        if self._streams is None:
            raise TornOff("no field is on")
        reader, writer = self._streams
        try:
            async with asyncio.timeout(self._timeout_s):
                frames.write(writer, apdu)
                await writer.drain()
                return await frames.read(reader, writer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, frames.TooLong) as problem:
            await self.deactivate()
            raise TornOff(type(problem).__name__) from problem

    async def deactivate(self) -> None:
        """Switch the field off and hang up."""
        if self._streams is None:
            return
        (_, writer), self._streams = self._streams, None
        with contextlib.suppress(OSError, TimeoutError):
            frames.write(writer, frames.OFF)
            writer.close()
            async with asyncio.timeout(1):
                await writer.wait_closed()


@dataclass(frozen=True, slots=True)
class Exchange:
    """One command and its answer (None: torn off), and how long it took at the reader."""

    command: bytes
    answer: bytes | None
    ms: float


class Timed:
    """A transport that keeps how long each command of this tap took: a relay shows in the time."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.exchanges: list[Exchange] = []

    @property
    def slowest_ms(self) -> float:
        """The longest wait of this tap; 0 before the first."""
        return max((one.ms for one in self.exchanges), default=0.0)

    async def activate(self) -> None:
        """Begin anew."""
        self.exchanges.clear()
        await self._inner.activate()

    async def transceive(self, apdu: bytes) -> bytes:
        """As the inner one."""
        started = time.perf_counter()
        answer: bytes | None = None
        try:
            answer = await self._inner.transceive(apdu)
            return answer
        finally:
            if len(self.exchanges) < EXCHANGES_MAX:
                self.exchanges.append(Exchange(apdu, answer, (time.perf_counter() - started) * 1000))

    async def deactivate(self) -> None:
        """As the inner one."""
        await self._inner.deactivate()
