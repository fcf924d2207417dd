"""One e-mail a call to the institution's relay, which keeps and carries it (RFC 5321, RFC 5322)."""

import asyncio
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import aiosmtplib

from gateway.observe import Metrics
from gateway.services.notices import Outgoing, PartResult, PartState, Report
from wallet.clock import Clock

LINK = "mail"
LETTERS_AT_ONCE = 20
TEMPORARY = range(400, 500)


class MailRelay:
    """Sends one message a connection. A relay that offers STARTTLS is taken at its word."""

    def __init__(
        self, host: str, port: int, sender: str, clock: Clock, metrics: Metrics, *, timeout_s: float = 10.0
    ) -> None:
        self._host = host
        self._port = port
        self._sender = sender
        self._clock = clock
        self._metrics = metrics
        self._timeout_s = timeout_s

    @property
    def room(self) -> int:
        """Always the same: a relay that is away is found out by the next letter."""
        return LETTERS_AT_ONCE

    async def send(self, message: Outgoing) -> Report:
        """Send `message`; raises nothing, whatever happens is in the report."""
        part = await self._sent(message)
        self._metrics.link_submits.labels(LINK, part.state.value).inc()
        return Report(LINK, 1, (part,))

    async def _sent(self, message: Outgoing) -> PartResult:
        try:
            letter = compose(message, self._sender, self._clock.now())
        except (ValueError, IndexError, MessageError):
            return PartResult(1, PartState.REFUSED, status=553)
        client = aiosmtplib.SMTP(hostname=self._host, port=self._port, timeout=self._timeout_s)
        sent = PartResult(1, PartState.SENT, str(letter["Message-ID"]))
        state = PartState.LATER
        try:
            async with asyncio.timeout(self._timeout_s), client:
                state = PartState.UNCERTAIN
                await client.send_message(letter, sender=self._sender, recipients=[message.address])
                state = PartState.SENT
        except aiosmtplib.SMTPRecipientsRefused as problem:
            return _refused(problem.recipients[0].code)
        except aiosmtplib.SMTPResponseException as problem:
            # A relay that greets us with a refusal may be itself again later.
            return _refused(problem.code) if state is PartState.UNCERTAIN else PartResult(1, state, status=problem.code)
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            # What fails after the letter was taken, such as the farewell, does not matter.
            pass
        return sent if state is PartState.SENT else PartResult(1, state)


def compose(message: Outgoing, sender: str, now: datetime) -> EmailMessage:
    """The letter: plain text, never answered by a machine, its id that of the notice.

    Raises:
        ValueError: An address that no header can carry, or that would need SMTPUTF8.
        IndexError: As above; email.headerregistry raises it for some.
        MessageError: As above.
    """
    if not message.address.isascii():
        raise ValueError("an address with letters that not every relay takes")
    to = Address(addr_spec=message.address)
    domain = Address(addr_spec=sender).domain
    letter = EmailMessage(policy=SMTP)
    letter["From"] = Address("Tapdial", addr_spec=sender)
    letter["To"] = to
    letter["Subject"] = message.subject
    letter["Date"] = format_datetime(now)
    letter["Message-ID"] = f"<{message.id}@{domain}>"
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(message.text, cte="quoted-printable")
    return letter


def _refused(code: int) -> PartResult:
    state = PartState.LATER if code in TEMPORARY else PartState.REFUSED
    return PartResult(1, state, status=code)
