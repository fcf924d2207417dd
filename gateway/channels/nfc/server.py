"""Listens for terminals and owns their lines: one server a port, and all ports of the house together."""

import asyncio
import socket
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress

from gateway.channels.nfc.desk import Desk
from gateway.channels.nfc.framing import DropReason
from gateway.channels.nfc.line import Line
from gateway.channels.nfc.listeners import CONNECTIONS_MAX, Listener
from gateway.errors import Fault
from gateway.observe import log
from gateway.services.links import LinkStatus, TerminalStatus
from gateway.wire.iso8583 import BODY_BYTES_MAX

__all__ = ["CONNECTIONS_MAX", "TerminalPorts", "TerminalServer"]

_HANG_UP_S = 5.0
_HANDSHAKE_S = 10.0
_GONE_MAX = 10_000
"""Terminals of which it is remembered how their lines ended, until that is said."""
_KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 30_000}
"""A peer that is gone without a word is found within a minute; by name, since not every system has each."""


class TerminalServer:
    """ISO 8583 over TCP at one port. Use `await start(host, port)` and `await stop(grace_s)`.

    Without a `listener` it speaks the house's dialect behind two length bytes.
    """

    def __init__(self, desk: Desk, listener: Listener | None = None, *, connections_max: int = CONNECTIONS_MAX) -> None:
        self._desk = desk
        self.listener = listener or Listener("terminals", "127.0.0.1", 0, connections_max=connections_max)
        self._lines: dict[Line, None] = {}
        self._gone: dict[str, TerminalStatus] = {}
        self._empty = asyncio.Event()
        self._empty.set()
        self._server: asyncio.Server | None = None
        self._since = desk.clock.now()

    async def start(self, host: str = "", port: int | None = None) -> None:
        """Listen, where the listener says unless told otherwise. Port 0 takes a free one, see `port`.

        Raises:
            OSError: The port is busy.
            SettingsFault: TLS cannot be had.
        """
        tls = self.listener.tls()
        self._server = await asyncio.start_server(
            self._accept,
            host or self.listener.host,
            self.listener.port if port is None else port,
            limit=2 * BODY_BYTES_MAX,
            ssl=tls,
            ssl_handshake_timeout=_HANDSHAKE_S if tls else None,
        )
        self._since = self._desk.clock.now()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        assert self._server is not None, "not started"
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def signed_on(self) -> frozenset[str]:
        """Terminals that are signed on now."""
        return frozenset(line.terminal_id for line in self._lines if line.terminal_id)

    def status(self) -> LinkStatus:
        """The port as a link among the house's."""
        statuses = [line.status for line in self._lines]
        return LinkStatus(
            name=f"terminals:{self.listener.name}",
            bind="listener",
            up=self._server is not None,
            since=self._since,
            window=self.listener.connections_max,
            in_flight=sum(status.in_flight for status in statuses),
            waiting=len(statuses),
            health=100 if self._server is not None else 0,
            submitted=sum(status.messages for status in statuses),
        )

    def terminals(self) -> dict[str, TerminalStatus]:
        """How each terminal's line stands, also of those that went since `forget`; of several lines, one that is up."""
        found = dict(self._gone)
        for line in self._lines:
            if line.terminal_id:
                found[line.terminal_id] = line.status
        return found

    def forget(self, said: Collection[TerminalStatus]) -> None:
        """These were said: of lines that are gone nothing needs to be remembered."""
        for status in said:
            if self._gone.get(status.terminal_id) == status:
                del self._gone[status.terminal_id]

    def block(self, terminal_ids: Collection[str]) -> None:
        """Cut the lines of these terminals."""
        for line in list(self._lines):
            if line.terminal_id in terminal_ids:
                line.block()

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
        if reason := self._unwanted(writer):
            self._desk.metrics.refused.labels(door="iso8583", reason=reason.value).inc()
            writer.close()
            return
        _keep_alive(writer)
        line = Line(self._desk, self.listener, reader, writer, self._changed)
        self._lines[line] = None
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
            self._lines.pop(line, None)
            if not self._lines:
                self._empty.set()

    def _unwanted(self, writer: asyncio.StreamWriter) -> DropReason | None:
        peer = writer.get_extra_info("peername")
        if not peer or not self.listener.allows(str(peer[0])):
            return DropReason.NOT_ALLOWED
        if len(self._lines) < self.listener.connections_max:
            return None
        # Strangers must not keep terminals out: who called first and has not signed on makes room.
        stranger = next((line for line in self._lines if not line.terminal_id), None)
        if stranger is None:
            return DropReason.TOO_MANY
        self._lines.pop(stranger)
        stranger.crowd_out()
        return None

    def _changed(self, status: TerminalStatus) -> None:
        """A line went up or down: what it is when it is gone is kept until it was said."""
        if status.up:
            self._gone.pop(status.terminal_id, None)
        elif len(self._gone) < _GONE_MAX:
            self._gone[status.terminal_id] = status


class TerminalPorts:
    """Every port of the house that terminals call."""

    def __init__(self, desk: Desk, listeners: Sequence[Listener]) -> None:
        self.servers = tuple(TerminalServer(desk, listener) for listener in listeners)
        self._said: dict[str, TerminalStatus] = {}

    async def start(self, failed: Callable[[Listener, OSError], Fault]) -> None:
        """Listen at each port.

        Raises:
            Fault: As `failed` says, of a port that cannot be had.
        """
        for server in self.servers:
            try:
                await server.start()
            except OSError as problem:
                raise failed(server.listener, problem) from problem

    @property
    def ports(self) -> list[int]:
        """Where it listens."""
        return [server.port for server in self.servers]

    async def stop(self, grace_s: float) -> None:
        """As each server's, all at once."""
        async with asyncio.TaskGroup() as tasks:
            for server in self.servers:
                tasks.create_task(server.stop(grace_s))

    def statuses(self) -> Sequence[LinkStatus]:
        """Each port as a link."""
        return [server.status() for server in self.servers]

    def signed_on(self) -> Sequence[str]:
        """Terminals that are signed on at any port."""
        return sorted(frozenset().union(*(server.signed_on for server in self.servers)))

    def block(self, terminal_ids: Collection[str]) -> None:
        """Cut the lines of these terminals."""
        for server in self.servers:
            server.block(terminal_ids)

    def news(self, limit: int) -> list[TerminalStatus]:
        """Terminals of which something is other than when it was last said, at most `limit`."""
        now: dict[str, TerminalStatus] = {}
        for server in self.servers:
            for terminal_id, status in server.terminals().items():
                if terminal_id not in now or status.up:
                    now[terminal_id] = status
        changed = [status for terminal_id, status in now.items() if self._said.get(terminal_id) != status]
        # Going up and down first: counts can wait.
        changed.sort(
            key=lambda status: (before := self._said.get(status.terminal_id)) is not None and before.up is status.up
        )
        return changed[:limit]

    def said(self, statuses: Collection[TerminalStatus]) -> None:
        """These were said."""
        for server in self.servers:
            server.forget(statuses)
        for status in statuses:
            if status.up:
                self._said[status.terminal_id] = status
            else:
                self._said.pop(status.terminal_id, None)


def _keep_alive(writer: asyncio.StreamWriter) -> None:
    line = writer.get_extra_info("socket")
    if line is None or line.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    with suppress(OSError):
        line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEPALIVE.items():
            if hasattr(socket, name):
                line.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
