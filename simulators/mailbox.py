"""A mailbox: an SMTP server in this loop that takes every letter and shows it."""

import asyncio
from collections import deque
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from simulators.trace import Trace

LETTER_OCTETS_MAX = 65_536
COMMANDS_MAX = 50
KEPT_MAX = 200
STOP_S = 2.0


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter as its reader sees it."""

    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    message_id: str


class Mailbox:
    """Takes letters for anybody. `start`, then `stop`."""

    def __init__(self, trace: Trace) -> None:
        self.messages: deque[Letter] = deque(maxlen=KEPT_MAX)
        self.port = 0
        self._trace = trace
        self._server: asyncio.Server | None = None
        self._connections: set[SMTP] = set()

    async def start(self, host: str, port: int) -> None:
        """Listen; port 0 takes any, which `port` says then."""
        # aiosmtpd's own Controller would run a thread and a loop of its own.
        self._server = await asyncio.get_running_loop().create_server(self._connection, host, port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the door and every connection."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        for one in self._connections:
            if one.transport is not None:
                one.transport.close()
        async with asyncio.timeout(STOP_S):
            while any(one.transport is not None for one in self._connections):  # noqa: ASYNC110 - aiosmtpd has no event
                await asyncio.sleep(0.01)
        self._connections.clear()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep a letter."""
        content = envelope.original_content or b""
        if b"\r" in content.replace(b"\r\n", b"") or b"\n" in content.replace(b"\r\n", b""):
            # A bare CR or LF is stored as sent, and whoever reads it next may split the letter there.
            return "554 bare CR or LF"
        parsed: Any = message_from_bytes(content, policy=policy.default)
        body = parsed.get_body(("plain",)) if isinstance(parsed, EmailMessage) else None
        letter = Letter(
            sender=envelope.mail_from or "",
            recipients=tuple(envelope.rcpt_tos),
            subject=str(parsed["Subject"] or ""),
            text=body.get_content() if body is not None else "",
            message_id=str(parsed["Message-ID"] or ""),
        )
        self.messages.append(letter)
        self._trace.record("mail", f"{letter.subject} to {', '.join(letter.recipients)}", letter.text, outbound=False)
        return "250 OK"

    def _connection(self) -> SMTP:
        self._connections = {one for one in self._connections if one.transport is not None}
        connection = SMTP(
            self,
            data_size_limit=LETTER_OCTETS_MAX,
            command_call_limit=COMMANDS_MAX,
            hostname="mailbox.example",
            loop=asyncio.get_running_loop(),
        )
        self._connections.add(connection)
        return connection
