"""What the tests of the SMSC link share: moments, a receipt box, and an SMSC that does as it is told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from gateway.observe import Metrics
from gateway.peers.smsc import Inbound, Link, LinkProfile
from gateway.services.notices import Channel, Outgoing, Receipt
from gateway.wire import smpp
from gateway.wire.smpp import Pdu
from wallet.clock import ManualClock

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    """A moment `seconds` later."""
    return AT + timedelta(seconds=seconds)


def message(
    text: str = "hello", done: frozenset[int] = frozenset(), address: str = "+989120000001", lane: int = 1
) -> Outgoing:
    """A claimed message."""
    return Outgoing("ntc_1", "lse_1", Channel.SMS, address, text, "", 0x1234, done, after(900), lane)


class Box:
    """Keeps receipts in a list; raises `fault` while it is set."""

    def __init__(self) -> None:
        self.receipts: list[Receipt] = []
        self.fault: Exception | None = None

    async def receipt(self, receipt: Receipt) -> None:
        """Keep it."""
        if self.fault is not None:
            raise self.fault
        self.receipts.append(receipt)


Script = Callable[[Pdu], list[Pdu]]


def obedient(pdu: Pdu) -> list[Pdu]:
    """Answers everything with OK; ids are `m<sequence>`."""
    match pdu:
        case smpp.SubmitSm():
            return [smpp.respond(pdu, message_id=f"m{pdu.sequence}")]
        case smpp.BindTransceiver() | smpp.BindTransmitter() | smpp.BindReceiver() | smpp.EnquireLink() | smpp.Unbind():
            return [smpp.respond(pdu)]
        case _:
            return []


class ScriptedSmsc:
    """Listens on a free port and answers by its script, which a test may change at any time."""

    def __init__(self, script: Script = obedient) -> None:
        self.script = script
        self.heard: list[Pdu] = []
        self.binds = 0
        self.port = 0
        self._writers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()

    def cut(self) -> None:
        """Drop every connection."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    def cut_first(self) -> None:
        """Drop the oldest connection alone."""
        self._writers.pop(0).transport.abort()

    def say(self, *pdus: Pdu | bytes) -> None:
        """Send something unasked on the last connection."""
        for pdu in pdus:
            self._writers[-1].write(pdu if isinstance(pdu, bytes) else smpp.encode(pdu))

    def all(self, kind: type[Pdu]) -> list[Pdu]:
        """What was heard of one kind."""
        return [pdu for pdu in self.heard if isinstance(pdu, kind)]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        decoder = smpp.Decoder()
        try:
            while octets := await reader.read(65_536):
                for pdu in decoder.feed(octets):
                    assert isinstance(pdu, Pdu)
                    self.heard.append(pdu)
                    self.binds += isinstance(pdu, smpp.BindTransceiver | smpp.BindTransmitter | smpp.BindReceiver)
                    for answer in self.script(pdu):
                        writer.write(smpp.encode(answer))
        except OSError:
            pass
        finally:
            writer.close()


def answering(status: int) -> Script:
    """An SMSC that gives every submit_sm this status."""

    def script(pdu: Pdu) -> list[Pdu]:
        return [smpp.respond(pdu, status)] if isinstance(pdu, smpp.SubmitSm) else obedient(pdu)

    return script


def mute(pdu: Pdu) -> list[Pdu]:
    """An SMSC that never answers a submit_sm."""
    return [] if isinstance(pdu, smpp.SubmitSm) else obedient(pdu)


def profile_to(port: int, *, name: str = "smsc", **changes: Any) -> LinkProfile:  # noqa: ANN401 - any of its fields
    """A profile with short timers."""
    values: dict[str, Any] = {
        "window": 10, "bind_s": 0.5, "response_s": 0.3, "enquire_s": 5.0, "enquire_response_s": 0.1,
        "retry_min_s": 0.02, "retry_max_s": 0.1, "rate_max": 10_000.0,
    } | changes  # fmt: skip
    return LinkProfile(name, "127.0.0.1", port, "tapdial", "demo", "1420", **values)


def link_of(profile: LinkProfile, inbound: Inbound | Box | None = None, metrics: Metrics | None = None) -> Link:
    """A link that waits for nothing long."""
    return Link(profile, inbound or Box(), ManualClock(AT), metrics or Metrics(), drain_s=0.2, jitter=lambda: 0.0)


def link_to(
    port: int,
    inbound: Inbound | Box | None = None,
    metrics: Metrics | None = None,
    **changes: Any,  # noqa: ANN401 - any of a profile's fields
) -> Link:
    """A link with short timers."""
    return link_of(profile_to(port, **changes), inbound, metrics)


async def until(condition: Callable[[], bool], timeout_s: float = 5.0) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)


@asynccontextmanager
async def running(link: Link) -> AsyncIterator[Link]:
    """The link while it runs, and its clean end."""
    async with asyncio.TaskGroup() as group:
        group.create_task(link.run())
        try:
            yield link
        finally:
            link.stop()
