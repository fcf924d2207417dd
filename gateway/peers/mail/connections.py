"""A few SMTP connections that stay open between letters (RFC 5321; STARTTLS by RFC 3207, AUTH by RFC 4954)."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import StrEnum

import aiosmtplib

from gateway.observe import Metrics, log

LINK = "mail"
REST_MAX_S = 60.0
CLOSING = 421
"""The relay is about to hang up (RFC 5321 §3.8)."""
REFUSALS = range(400, 600)
FAREWELL_S = 1.0
_FAILURES_COUNTED_MAX = 10


class Tls(StrEnum):
    """Whether letters go through TLS. Where they do, the relay's certificate and host name are checked."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    """Only if the relay offers STARTTLS; whoever sits on the line can take the offer away."""
    OFF = "off"


@dataclass(frozen=True, slots=True)
class RelayProfile:
    """One relay and how it is spoken to.

    Attributes:
        sender: Address in the letters' From.
        tls: See Tls.
        ca_file: PEM file of certificates that are trusted instead of the system's; '' for the system's.
        user: Name for AUTH; '' for none.
        password: Of `user`.
        connections_max: Open at once; each carries one letter at a time.
        idle_s: A connection that had nothing to carry for so long is closed.
        timeout_s: For one letter, everything included. Shorter than a lease of the outbox.
    """

    host: str
    port: int
    sender: str
    tls: Tls = Tls.OPTIONAL
    ca_file: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    connections_max: int = 4
    idle_s: float = 30.0
    timeout_s: float = 10.0


class Unreachable(Exception):
    """No connection could be had; nothing was sent. `status` is the relay's answer, 0 if it gave none."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the relay is not reached ({status})")
        self.status = status


class Connections:
    """Opens, keeps and closes them. A relay that cannot be reached gets a rest of 1 to 60 s, then one try alone."""

    def __init__(self, profile: RelayProfile, metrics: Metrics) -> None:
        self._profile = profile
        self._metrics = metrics
        self._idle: dict[aiosmtplib.SMTP, asyncio.TimerHandle] = {}
        self._busy = 0
        self._failures = 0
        self._rests_until = 0.0

    @property
    def room(self) -> int:
        """How many letters could go now."""
        if asyncio.get_running_loop().time() < self._rests_until:
            return 0
        return max(0, (1 if self._failures else self._profile.connections_max) - self._busy)

    @contextlib.asynccontextmanager
    async def one(self) -> AsyncIterator[aiosmtplib.SMTP]:
        """A connection for one letter; kept afterwards unless something went wrong that leaves it in disorder.

        Raises:
            Unreachable: There is none.
        """
        self._busy += 1
        try:
            smtp = await self._kept() or await self._opened()
            try:
                yield smtp
            except aiosmtplib.SMTPResponseException as problem:
                # A refusal is an answer like any other: the next letter begins with RSET.
                if problem.code == CLOSING or problem.code not in REFUSALS:
                    smtp.close()
                raise
            except BaseException:
                smtp.close()
                raise
            finally:
                self._keep(smtp)
        finally:
            self._busy -= 1

    async def close(self) -> None:
        """Say goodbye to the idle ones, for at most a second; those in use are closed by who uses them."""
        idle, self._idle = self._idle, {}
        for timer in idle.values():
            timer.cancel()
        for smtp in idle:
            with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                async with asyncio.timeout(FAREWELL_S):
                    await smtp.quit()
            smtp.close()

    async def _kept(self) -> aiosmtplib.SMTP | None:
        while self._idle:
            smtp, timer = self._idle.popitem()
            timer.cancel()
            try:
                # A relay may have hung up without our noticing; before MAIL that costs nothing but this question.
                await smtp.rset()
            except (aiosmtplib.SMTPException, OSError):
                smtp.close()
            except BaseException:
                smtp.close()
                raise
            else:
                return smtp
        return None

    async def _opened(self) -> aiosmtplib.SMTP:
        profile = self._profile
        smtp = aiosmtplib.SMTP(
            hostname=profile.host,
            port=profile.port,
            local_hostname=profile.sender.rpartition("@")[2],
            timeout=profile.timeout_s,
            start_tls={Tls.REQUIRED: True, Tls.OPTIONAL: None, Tls.OFF: False}[profile.tls],
            cert_bundle=profile.ca_file or None,
            username=profile.user or None,
            password=profile.password or None,
        )
        try:
            await smtp.connect()
        except aiosmtplib.SMTPResponseException as problem:
            self._failed(problem.code, type(problem).__name__)
            raise Unreachable(problem.code) from problem
        except (aiosmtplib.SMTPException, OSError) as problem:
            self._failed(0, type(problem).__name__)
            raise Unreachable(0) from problem
        except asyncio.CancelledError:
            self._failed(0, "TimeoutError")
            raise
        self._failures = 0
        self._metrics.links.labels(LINK).set(1)
        self._metrics.link_binds.labels(LINK, "ok").inc()
        return smtp

    def _failed(self, status: int, why: str) -> None:
        rest_s = min(2.0**self._failures, REST_MAX_S)
        self._failures = min(self._failures + 1, _FAILURES_COUNTED_MAX)
        # Half of it by chance, so that several processes do not come back together.
        rest_s *= 0.5 + secrets.randbelow(1000) / 2000
        self._rests_until = asyncio.get_running_loop().time() + rest_s
        self._metrics.links.labels(LINK).set(0)
        self._metrics.link_binds.labels(LINK, str(status) if status else "no_answer").inc()
        log(link=LINK).warning("relay_not_reached", status=status, why=why, rest_s=round(rest_s, 1))

    def _keep(self, smtp: aiosmtplib.SMTP) -> None:
        if smtp.is_connected:
            timer = asyncio.get_running_loop().call_later(self._profile.idle_s, self._expire, smtp)
            self._idle[smtp] = timer

    def _expire(self, smtp: aiosmtplib.SMTP) -> None:
        del self._idle[smtp]
        smtp.close()
