"""Letters to the institution's relay, which carries them (RFC 5321); each has one recipient and one answer."""

import asyncio
from collections.abc import Awaitable, Callable
from email.errors import MessageError

import aiosmtplib

from gateway.observe import Metrics
from gateway.peers.mail.connections import LINK, Connections, RelayProfile, Unreachable
from gateway.peers.mail.letter import compose
from gateway.services.notices import Outgoing, PartResult, PartState, Report
from wallet.clock import Clock

TEMPORARY, PERMANENT = range(400, 500), range(500, 600)
NOT_ALLOWED = 553
"""What an address that no header can carry is refused with (RFC 5321 §4.2.3)."""

ReturnPath = Callable[[str], Awaitable[str]]
"""From a notice's id to the address that its bounces go to."""


class MailRelay:
    """The carrier of e-mail. `close` at the end."""

    def __init__(self, profile: RelayProfile, clock: Clock, metrics: Metrics, return_path: ReturnPath) -> None:
        self._profile = profile
        self._clock = clock
        self._metrics = metrics
        self._return_path = return_path
        self._connections = Connections(profile, metrics)

    @property
    def room(self) -> int:
        """Free connections; 0 while the relay cannot be reached."""
        return self._connections.room

    async def send(self, message: Outgoing) -> Report:
        """Send `message`; raises nothing, whatever happens is in the report."""
        part = await self._sent(message)
        self._metrics.link_submits.labels(LINK, part.state.value).inc()
        return Report(LINK, 1, (part,))

    async def close(self) -> None:
        """Close the connections that are open and idle."""
        await self._connections.close()

    async def _sent(self, message: Outgoing) -> PartResult:
        try:
            letter = compose(message, self._profile.sender, self._clock.now())
        except (ValueError, IndexError, MessageError):
            return PartResult(1, PartState.REFUSED, status=NOT_ALLOWED)
        # Until the letter itself goes out, a lost connection has carried nothing.
        state = PartState.LATER
        try:
            async with asyncio.timeout(self._profile.timeout_s):
                sender = await self._return_path(message.id)
                async with self._connections.one() as smtp:
                    # A report of failure need not bring the letter back (RFC 3461 §4.3).
                    options = ["RET=HDRS"] if smtp.supports_extension("dsn") else []
                    await smtp.mail(sender, options=options)
                    await smtp.rcpt(message.address)
                    state = PartState.UNCERTAIN
                    await smtp.data(letter.as_bytes())
                    state = PartState.SENT
        except Unreachable as problem:
            # Whatever it is, such as a wrong password, it is not about this letter.
            return PartResult(1, PartState.LATER, status=problem.status)
        except aiosmtplib.SMTPResponseException as problem:
            if problem.code in TEMPORARY:
                return PartResult(1, PartState.LATER, status=problem.code)
            if problem.code in PERMANENT:
                return PartResult(1, PartState.REFUSED, status=problem.code)
            # Neither yes nor no, or no answer of SMTP at all: it says no more than silence would.
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            # What fails after the answer to the letter does not matter.
            pass
        return PartResult(1, state, str(letter["Message-ID"]) if state is PartState.SENT else "")
