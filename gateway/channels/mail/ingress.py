"""Listens for letters: aiosmtpd in our loop, within limits of its connections, their time, commands and octets."""

import asyncio
import collections
import contextlib
import logging
import ssl
from collections import Counter
from pathlib import Path

from aiosmtpd.smtp import SMTP

from gateway.channels.mail.answers import Answer
from gateway.channels.mail.desk import Cover, MailDesk
from gateway.errors import SettingsFault
from gateway.observe import Metrics
from gateway.wire.mime import OCTETS_MAX

CONNECTIONS_MAX = 50
CONNECTIONS_PER_ADDRESS_MAX = 20
COMMAND_S = 30.0
"""How long one command may take to come, a letter being one."""
CONNECTION_S = 300.0
"""How long a connection may last, whatever it does."""
CALLS_MAX = {"*": 10, "AUTH": 3, "MAIL": 100, "RCPT": 200, "DATA": 100, "RSET": 100, "NOOP": 100}
"""How often a connection may send each command; then 421 and farewell."""
COMMAND_OCTETS_MAX = 1_100
"""A line of AUTH PLAIN may be longer than 512 octets (RFC 4954 §4); nobody's here is."""
_HANG_UP_S = 5.0
_BURIAL_S = 0.2


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """For STARTTLS.

    Raises:
        SettingsFault: The files cannot be read, or do not belong together.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key)
    except OSError as problem:
        raise SettingsFault(f"certificate {certificate} or its key: {problem.strerror or problem}") from problem
    return context


class MailIngress:
    """SMTP on one port (RFC 5321). Use `await start(host, port)` and `await stop(grace_s)`."""

    def __init__(
        self,
        desk: MailDesk,
        metrics: Metrics,
        *,
        domain: str,
        tls: ssl.SSLContext | None = None,
        connections_max: int = CONNECTIONS_MAX,
        per_address_max: int = CONNECTIONS_PER_ADDRESS_MAX,
        command_s: float = COMMAND_S,
        connection_s: float = CONNECTION_S,
    ) -> None:
        self.desk = desk
        self.domain = domain
        self.tls = tls
        self.command_s = command_s
        self.connection_s = connection_s
        self._metrics = metrics
        self._connections_max = connections_max
        self._per_address_max = per_address_max
        self._connections: set[Connection] = set()
        self._addresses: Counter[str] = Counter()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> None:
        """Listen. Port 0 takes a free one, see `port`.

        Raises:
            OSError: The port is busy.
        """
        # It logs what it hears, which may be anybody's number or words; we count refusals instead.
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)
        # aiosmtpd's own Controller would run a thread and a loop of its own.
        self._server = await asyncio.get_running_loop().create_server(lambda: Connection(self), host, port)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        assert self._server is not None, "not started"
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self, grace_s: float) -> None:
        """Take no new connection, answer letters in hand for at most `grace_s`, then hang up.

        A letter whose answer did not get through comes again and is known by its id.
        """
        if self._server is None:
            return
        self._server.close()
        self._server = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                while self.desk.in_hand:  # noqa: ASYNC110 - aiosmtpd has no event
                    await asyncio.sleep(0.01)
        for connection in list(self._connections):
            connection.hang_up()
        async with asyncio.timeout(_HANG_UP_S):
            while self._connections:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)

    def enter(self, connection: "Connection", address: str) -> bool:
        """Whether a new connection from `address` may stay."""
        if len(self._connections) >= self._connections_max or self._addresses[address] >= self._per_address_max:
            self._metrics.refused.labels(door="mail", reason=Answer.TOO_MANY_CONNECTIONS.reason).inc()
            return False
        self._connections.add(connection)
        self._addresses[address] += 1
        return True

    def leave(self, connection: "Connection", address: str) -> None:
        """A connection that had entered is gone."""
        self._connections.discard(connection)
        self._addresses[address] -= 1
        if not self._addresses[address]:
            del self._addresses[address]


class Connection(SMTP):
    """One connection: aiosmtpd's, with an end to its time."""

    def __init__(self, ingress: MailIngress) -> None:
        self._ingress = ingress
        self._wire: asyncio.Transport | None = None
        self._address = ""
        self._deadline: asyncio.TimerHandle | None = None
        super().__init__(
            ingress.desk,
            data_size_limit=OCTETS_MAX,
            hostname=ingress.domain,
            ident="Tapdial",
            tls_context=ingress.tls,
            timeout=ingress.command_s,
            auth_exclude_mechanism=["LOGIN"],
            command_call_limit=CALLS_MAX,
            loop=asyncio.get_running_loop(),
        )
        # aiosmtpd keeps one such table for all connections, and lets each EHLO raise its limits.
        self.command_size_limits = collections.defaultdict(lambda: COMMAND_OCTETS_MAX)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Also called when TLS begins on the same connection."""
        if self._wire is None:
            assert isinstance(transport, asyncio.Transport)
            self._address = str((transport.get_extra_info("peername") or ("",))[0])
            if not self._ingress.enter(self, self._address):
                transport.set_protocol(asyncio.Protocol())
                transport.write(f"{Answer.TOO_MANY_CONNECTIONS.value}\r\n".encode())
                transport.close()
                return
            self._wire = transport
            self._deadline = self.loop.call_later(self._ingress.connection_s, self.hang_up)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """The line is gone."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
            self._ingress.leave(self, self._address)
        super().connection_lost(error)

    def hang_up(self) -> None:
        """Close the line at once."""
        if self._wire is not None:
            self._wire.abort()
            # While TLS begins, nobody tells aiosmtpd that the line is gone.
            self.loop.call_later(_BURIAL_S, self._bury)

    def _bury(self) -> None:
        if self._deadline is not None:
            self.connection_lost(None)

    def _timeout_cb(self) -> None:
        self.hang_up()

    def _create_envelope(self) -> Cover:
        return Cover()
