"""A door without money behind it: services that answer what they are told, and a peer of any dialect and framing."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from gateway.channels.nfc import Desk, Listener, TerminalServer
from gateway.channels.nfc.framing import Framing
from gateway.keys import SoftwareKeyStore
from gateway.observe import Metrics
from gateway.wire.iso8583 import Dialect, Message, answer_mti, decode, encode_span, split_mac
from tests.gateway.channels.nfc.phone import cmac
from wallet.clock import ManualClock

TERMINAL = "TERM0001"


@dataclass
class Service:
    """Answers in the house's dialect with `code`, or fails as `fault` says; `gate` holds answers back."""

    keys: SoftwareKeyStore
    code: str = "00"
    fault: Exception | None = None
    gate: asyncio.Event | None = None
    came: list[Message] = field(default_factory=list)
    kept: bool = False
    """Whether the first answer is given again, as services do to repeats."""
    told: bytes = b""

    async def answer(self, message: Message, terminal_id: str) -> bytes:
        self.came.append(message)
        if self.gate is not None:
            await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        echoed = {n: message.fields[n] for n in (3, 4, 7, 11, 12, 13, 37, 41, 60) if n in message.fields}
        span = encode_span(Message(answer_mti(message.mti), {**echoed, 39: self.code}))
        body = span + await self.keys.link_mac("acquirer", terminal_id, span)
        self.told = self.told or body
        return self.told if self.kept else body


@dataclass
class Registry:
    """Knows one terminal, and whether staff stopped it."""

    blocked: set[str] = field(default_factory=set)

    async def terminal(self, terminal_id: str) -> object | None:
        return object() if terminal_id == TERMINAL else None

    async def stopped(self, terminal_ids: Sequence[str]) -> frozenset[str]:
        return frozenset(terminal_ids) & self.blocked


@dataclass
class Peer:
    """A terminal that writes what it is told and reads answers, their MACs checked."""

    key: bytes = field(repr=False)
    dialect: Dialect
    framing: Framing
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    stan: int = 0

    def body(self, mti: str, fields: dict[int, str | bytes]) -> bytes:
        span = encode_span(Message(mti, fields), self.dialect)
        mac = cmac(self.key, span)[:8]
        return span + (mac if self.dialect.binary == "raw" else mac.hex().upper().encode())

    def send(self, body: bytes) -> None:
        self.writer.write(self.framing.frame(body))

    async def receive(self) -> Message | None:
        """The next message; None when the line was cut."""
        try:
            async with asyncio.timeout(10):
                size = self.framing.size_of(await self.reader.readexactly(self.framing.length.size))
                data = await self.reader.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        body = data[self.framing.header_bytes :]
        span, mac = split_mac(body, self.dialect)
        assert cmac(self.key, span)[:8] == mac, "the answer's MAC is wrong"
        return decode(body, self.dialect)

    async def ask(self, mti: str, fields: dict[int, str | bytes]) -> Message | None:
        self.stan += 1
        self.send(self.body(mti, {7: "1122080000", 11: f"{self.stan:06d}", 41: TERMINAL, **fields}))
        return await self.receive()

    async def sign_on(self) -> Message | None:
        modern = self.dialect.versions == "1"
        return await self.ask("1804" if modern else "0800", {24: "801"} if modern else {70: "001"})

    async def hang_up(self) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


class Door:
    """One listener, its services, and peers that call it."""

    def __init__(
        self,
        listener: Listener,
        clock: ManualClock,
        keys: SoftwareKeyStore,
        *,
        idle_s: float,
        answer_s: float,
        room: int,
    ) -> None:
        self.keys = keys
        self.taps, self.batches, self.registry = Service(self.keys), Service(self.keys), Registry()
        self.metrics, self.listener = Metrics(), listener
        desk = Desk(
            self.taps, self.registry, self.keys, self.metrics, idle_s, answer_s, 3, batches=self.batches, clock=clock,
            room=asyncio.Semaphore(room),
        )  # fmt: skip
        self.desk = desk
        self.server = TerminalServer(desk, listener)
        self.peers: list[Peer] = []

    async def call(self, tls: ssl.SSLContext | None = None) -> Peer:
        name = "localhost" if tls else None
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port, ssl=tls, server_hostname=name)
        key = await self.keys.terminal_key("acquirer", TERMINAL)
        peer = Peer(key, self.listener.speaks, self.listener.framing, reader, writer)
        self.peers.append(peer)
        return peer

    async def signed_on(self) -> Peer:
        peer = await self.call()
        assert await peer.sign_on() is not None
        return peer

    def refused(self, reason: str) -> float:
        labels = {"door": "iso8583", "reason": reason}
        return self.metrics.registry.get_sample_value("tapdial_refused_input_total", labels) or 0.0


async def until(fact: Callable[[], object]) -> None:
    """Wait for what another task does."""
    async with asyncio.timeout(10):
        while not fact():  # noqa: ASYNC110 - a fact of another task, which has no event
            await asyncio.sleep(0)


@asynccontextmanager
async def door(
    listener: Listener,
    clock: ManualClock,
    keys: SoftwareKeyStore | None = None,
    *,
    idle_s: float = 5.0,
    answer_s: float = 5.0,
    room: int = 100,
) -> AsyncIterator[Door]:
    made = Door(listener, clock, keys or SoftwareKeyStore.for_tests(), idle_s=idle_s, answer_s=answer_s, room=room)
    await made.server.start()
    try:
        yield made
    finally:
        for peer in made.peers:
            await peer.hang_up()
        await made.server.stop(5)
