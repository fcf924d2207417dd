"""Listens for terminals and owns their lines."""

import asyncio
from contextlib import suppress

from gateway.channels.nfc.framing import DropReason
from gateway.channels.nfc.line import Desk, Line
from gateway.errors import Fault
from gateway.observe import log
from gateway.wire.iso8583 import BODY_BYTES_MAX

CONNECTIONS_MAX = 2000
_HANG_UP_S = 5.0


class TerminalServer:
    """ISO 8583 over TCP. Use `await start(host, port)` and `await stop(grace_s)`."""

    def __init__(self, desk: Desk, *, connections_max: int = CONNECTIONS_MAX) -> None:
        self._desk = desk
        self._connections_max = connections_max
        self._lines: set[Line] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> None:
        """Listen. Port 0 takes a free one, see `port`.

        Raises:
            OSError: The port is busy.
        """
        self._server = await asyncio.start_server(self._accept, host, port, limit=2 * BODY_BYTES_MAX)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        assert self._server is not None, "not started"
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def signed_on(self) -> frozenset[str]:
        """Terminals that are signed on now."""
        return frozenset(line.terminal_id for line in self._lines if line.terminal_id)

    async def stop(self, grace_s: float) -> None:
        """Take no new line and no new message, answer what is in work for at most `grace_s`, then hang up."""
        if self._server is None:
            return
        self._server.close()
        for line in list(self._lines):
            line.drain()
        try:
            async with asyncio.timeout(grace_s):
                await self._empty.wait()
        except TimeoutError:
            log().warning("lines_cut", lines=len(self._lines))
            for line in list(self._lines):
                line.abort()
            async with asyncio.timeout(_HANG_UP_S + self._desk.answer_s):
                await self._empty.wait()
        self._server = None

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._lines) >= self._connections_max:
            self._desk.metrics.refused.labels(door="iso8583", reason=DropReason.TOO_MANY.value).inc()
            writer.close()
            return
        line = Line(self._desk, reader, writer)
        self._lines.add(line)
        self._empty.clear()
        try:
            await line.serve()
        except (Fault, TimeoutError) as fault:
            log().warning("fault", terminal=line.terminal_id, fault=type(fault).__name__, detail=str(fault))
        finally:
            writer.close()
            with suppress(ConnectionError, TimeoutError):
                async with asyncio.timeout(_HANG_UP_S):
                    await writer.wait_closed()
            self._lines.discard(line)
            if not self._lines:
                self._empty.set()
