"""A mailbox: an SMTP server in this loop that takes every letter, has bad days on demand, and sends letters back."""

import asyncio
import ssl
from collections import deque
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart
from typing import Any

import aiosmtplib
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

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
    html: str = ""


@dataclass(slots=True)
class MailFaults:
    """Bad days of the mailbox; all off at first.

    Attributes:
        refused: By recipient, what RCPT is answered with, as `450 4.2.2 mailbox full`.
        answers_lost: So many of the next letters are kept, and the line is cut instead of an answer.
        delay_s: How long the answer to a letter is held back.
        closed: Whoever connects is greeted with 421.
    """

    refused: dict[str, str] = field(default_factory=dict)
    answers_lost: int = 0
    delay_s: float = 0.0
    closed: bool = False


class Mailbox:
    """Takes letters for anybody. `start`, then `stop`."""

    def __init__(self, trace: Trace, *, tls: ssl.SSLContext | None = None, users: dict[str, str] | None = None) -> None:
        """With `tls` it offers STARTTLS; with `users` (name to password) it wants AUTH after that."""
        self.messages: deque[Letter] = deque(maxlen=KEPT_MAX)
        self.faults = MailFaults()
        self.port = 0
        self.accepted = 0
        self._tls = tls
        self._users = users or {}
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
        conversations = [_hung_up(one) for one in self._connections]
        async with asyncio.timeout(STOP_S):
            while not all(one is None or one.done() for one in conversations):  # noqa: ASYNC110 - aiosmtpd has no event
                await asyncio.sleep(0.01)
        self._connections.clear()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take a recipient, unless it is refused."""
        if (refusal := self.faults.refused.get(address)) is not None:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep a letter."""
        content = envelope.original_content or b""
        if b"\r" in content.replace(b"\r\n", b"") or b"\n" in content.replace(b"\r\n", b""):
            # A bare CR or LF is stored as sent, and whoever reads it next may split the letter there.
            return "554 bare CR or LF"
        parsed: Any = message_from_bytes(content, policy=policy.default)
        letter = Letter(
            sender=envelope.mail_from or "",
            recipients=tuple(envelope.rcpt_tos),
            subject=str(parsed["Subject"] or ""),
            text=_content(parsed, "plain"),
            message_id=str(parsed["Message-ID"] or ""),
            html=_content(parsed, "html"),
        )
        self.messages.append(letter)
        self._trace.record("mail", f"{letter.subject} to {', '.join(letter.recipients)}", letter.text, outbound=False)
        await asyncio.sleep(self.faults.delay_s)
        if self.faults.answers_lost:
            self.faults.answers_lost -= 1
            _hung_up(server)
            await asyncio.sleep(STOP_S)  # cut off here
        return "250 OK"

    async def send_back(
        self, letter: Letter, host: str, port: int, *, action: str = "failed", status: str = "5.1.1"
    ) -> None:
        """Report to the letter's return path what became of it (RFC 3464): a bounce, from nobody.

        Raises:
            aiosmtplib.SMTPException: The report was not taken.
        """
        report = delivery_report(letter, action=action, status=status)
        async with aiosmtplib.SMTP(hostname=host, port=port, start_tls=False, timeout=STOP_S) as client:
            await client.mail("")
            await client.rcpt(letter.sender)
            await client.data(report)

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: LoginPassword
    ) -> AuthResult:
        known = self._users.get(data.login.decode()) == data.password.decode()
        return AuthResult(success=known, handled=False, auth_data=data)

    def _connection(self) -> asyncio.BaseProtocol:
        self.accepted += 1
        if self.faults.closed:
            return _Closed()
        self._connections = {one for one in self._connections if one.transport is not None}
        connection = SMTP(
            self,
            data_size_limit=LETTER_OCTETS_MAX,
            command_call_limit=COMMANDS_MAX,
            hostname="mailbox.example",
            tls_context=self._tls,
            require_starttls=bool(self._users),
            auth_required=bool(self._users),
            authenticator=self._authenticate,
            loop=asyncio.get_running_loop(),
        )
        self._connections.add(connection)
        return connection


def delivery_report(letter: Letter, *, action: str, status: str) -> bytes:
    """A report on a letter as a relay writes it: words, fields, and the head of the letter (RFC 3464, RFC 6522)."""
    words = f"Your letter to {letter.recipients[0]}: {action} ({status})."
    fields = f"Reporting-MTA: dns; mailbox.example\n\nFinal-Recipient: rfc822; {letter.recipients[0]}\n"
    fields += f"Action: {action}\nStatus: {status}\nDiagnostic-Code: smtp; 550 {status} no\n"
    head = f"Message-ID: {letter.message_id}\nSubject: a letter\n"
    parts = [("text/plain", words), ("message/delivery-status", fields), ("text/rfc822-headers", head)]
    lines = [
        "From: MAILER-DAEMON@mailbox.example",
        f"To: {letter.sender}",
        "Subject: Delivery status notification",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="=_report"',
        "",
    ]
    for kind, content in parts:
        lines += ["--=_report", f"Content-Type: {kind}", "", content]
    return "\n".join([*lines, "--=_report--", ""]).replace("\n", "\r\n").encode()


def _hung_up(connection: SMTP) -> "asyncio.Task[None] | None":
    """Cut the line below any TLS, and end the conversation, which this gives back.

    While TLS begins, closing the transport that aiosmtpd shows would tell it nothing.
    """
    wire = connection._original_transport or connection.transport  # noqa: SLF001 - see above
    if wire is not None:
        wire.close()
    conversation = connection._handler_coroutine  # noqa: SLF001 - see above
    if conversation is not None:
        conversation.cancel()
    return conversation


class _Closed(asyncio.Protocol):
    """Says that it is closed, and hangs up."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.WriteTransport):
            transport.write(b"421 4.3.2 mailbox.example is closed\r\n")
            transport.close()


def _content(parsed: object, kind: str) -> str:
    body = parsed.get_body((kind,)) if isinstance(parsed, EmailMessage) else None
    try:
        return str(body.get_content()) if isinstance(body, MIMEPart) else ""
    except (LookupError, ValueError):
        return ""  # a character set that nobody knows
