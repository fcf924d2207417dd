"""What is done with letters: a handler of aiosmtpd, one for all connections. 250 means that it is in the database."""

import asyncio
import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from gateway.channels.mail.answers import OUTCOMES, TAKEN, UNFIT, Answer
from gateway.errors import Fault
from gateway.observe import Metrics, log
from gateway.services.forwarding import Forwarding, Request
from gateway.services.msisdn import normal_msisdn
from gateway.services.notices import Bounces, Verdict
from gateway.wire import dsn, mime
from gateway.wire.mail import Unfit, text_of

ANSWER_S = 20.0
RECIPIENTS_MAX = 10
TOKEN_FIELD = "x-tapdial-token"  # noqa: S105 - the name of a header field
NOBODY = "<>"
"""The null sender as aiosmtpd writes it: who reports of letters, and wants no report himself (RFC 5321 §4.5.5)."""
_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n|\0")
"""Whoever reads the letter next may take these for an end of line or of data (SMTP smuggling)."""
_LOCAL = re.compile(r"(\+?[0-9]{4,15})(?:\+([A-Za-z2-7]{1,64}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who has proven himself on a connection by AUTH."""

    address: str
    token: str = field(repr=False)


class Cover(Envelope):
    """One letter's envelope: whom it is for, as read from its recipients."""

    def __init__(self) -> None:
        super().__init__()
        self.msisdns: list[str] = []
        self.token = ""
        self.bounce_of = ""


class MailDesk:
    """Reads letters and hands them to services."""

    def __init__(self, forwarding: Forwarding, bounces: Bounces, metrics: Metrics, *, domain: str) -> None:
        self._forwarding = forwarding
        self._bounces = bounces
        self._metrics = metrics
        self._domain = domain.lower()
        self._log = log(door="mail")
        self.in_hand = 0
        """Letters whose answer is not decided yet."""

    async def auth_PLAIN(self, server: SMTP, args: list[str]) -> AuthResult | None:  # noqa: N802 - aiosmtpd's name
        """Sign in with address and token (RFC 4616); offered over TLS only."""
        blob: object
        if len(args) > 1:
            try:
                blob = base64.b64decode(args[1], validate=True)
            except binascii.Error:
                await server.push("501 5.5.2 this is not base64")
                return None
        else:
            blob = await server.challenge_auth("")
        if not isinstance(blob, bytes):
            return None  # aiosmtpd has answered already
        _, _, login = blob.partition(b"\0")
        address, _, token = login.decode("latin-1").partition("\0")
        try:
            async with asyncio.timeout(ANSWER_S):
                allowed = await self._forwarding.allows(address, token)
        except (Fault, TimeoutError) as fault:
            return AuthResult(success=False, handled=False, message=self._later(fault))
        if not allowed:
            return AuthResult(success=False, handled=False, message=self._refused(Answer.NOT_ALLOWED, "535 5.7.8"))
        return AuthResult(success=True, auth_data=SignedIn(address.lower(), token))

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, session: Session, envelope: Cover, address: str, options: list[str]
    ) -> str:
        """Only those on the list, and nobody, who brings bounces."""
        if address != NOBODY:
            signed_in = _signed_in(session)
            if signed_in is not None and signed_in.address != address.lower():
                return self._refused(Answer.OTHER_SENDER)
            try:
                async with asyncio.timeout(ANSWER_S):
                    known = await self._forwarding.knows(address)
            except (Fault, TimeoutError) as fault:
                return self._later(fault)
            if not known:
                return self._refused(Answer.NOT_LISTED)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 ok"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Cover, address: str, _options: list[str]
    ) -> str:
        """Numbers at our domain, or a return path of ours; never anything else."""
        local, _, domain = address.rpartition("@")
        if domain.lower() != self._domain:
            return self._refused(Answer.RELAY)
        refusal = await self._return_path(envelope, local) if envelope.mail_from == NOBODY else _number(envelope, local)
        if refusal is not None:
            return self._refused(refusal)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Cover) -> str:  # noqa: N802 - aiosmtpd's name
        """Read the letter and do what it asks for, once."""
        self.in_hand += 1
        try:
            async with asyncio.timeout(ANSWER_S):
                refusal = await self._taken(session, envelope)
        except (Fault, TimeoutError) as fault:
            return self._later(fault)
        finally:
            self.in_hand -= 1
        if refusal is not None:
            return self._refused(refusal)
        self._metrics.letters_in.labels("bounce" if envelope.bounce_of else "forwarded").inc()
        return TAKEN

    async def handle_exception(self, error: Exception) -> str:
        """What nobody foresaw; the words of the error may quote the letter."""
        self._log.error("unhandled", fault=type(error).__name__, exc_info=None)
        return self._refused(Answer.LATER)

    async def _taken(self, session: Session, envelope: Cover) -> Answer | None:
        content = envelope.original_content or b""
        if _BARE.search(content):
            return Answer.BARE_LINE_END
        try:
            mail = mime.read(content)
        except mime.BadLetter:
            return Answer.UNREADABLE
        if envelope.bounce_of:
            await self._bounces.take(envelope.bounce_of, [Verdict(*fate) for fate in dsn.fates(mail)])
            return None
        plain = text_of(mail)
        if isinstance(plain, Unfit):
            return UNFIT[plain]
        signed_in = _signed_in(session)
        token = signed_in.token if signed_in else mail.fields.get(TOKEN_FIELD, envelope.token)
        # A program that gives its letters no id repeats the same octets.
        key = mail.fields.get("message-id", "") or hashlib.sha256(content).hexdigest()
        request = Request(envelope.mail_from or "", token, tuple(envelope.msisdns), key, plain.text)
        return OUTCOMES[await self._forwarding.forward(request)]

    async def _return_path(self, envelope: Cover, local: str) -> Answer | None:
        if not local.lower().startswith("bounce+"):
            return Answer.NOT_A_BOUNCE
        notice = await self._bounces.notice_of(local)
        if notice is None:
            return Answer.NOT_OURS
        if envelope.bounce_of not in ("", notice):
            return Answer.MANY
        envelope.bounce_of = notice
        return None

    def _refused(self, answer: Answer, code: str = "") -> str:
        self._metrics.refused.labels(door="mail", reason=answer.reason).inc()
        return f"{code} {answer.value.split(' ', 2)[2]}" if code else answer.value

    def _later(self, fault: Exception) -> str:
        self._log.warning("fault", fault=type(fault).__name__)
        return self._refused(Answer.LATER)


def _signed_in(session: Session) -> SignedIn | None:
    found = getattr(session, "auth_data", None)
    return found if isinstance(found, SignedIn) else None


def _number(envelope: Cover, local: str) -> Answer | None:
    """`<number>` or `<number>+<token>`, the number in any usual way of writing it."""
    found = _LOCAL.fullmatch(local)
    if found is None:
        return Answer.NOT_A_BOUNCE if local.lower().startswith("bounce+") else Answer.NO_NUMBER
    msisdn = normal_msisdn(found[1])
    if msisdn is None:
        return Answer.NO_NUMBER
    if msisdn not in envelope.msisdns:
        if len(envelope.msisdns) >= RECIPIENTS_MAX:
            return Answer.MANY
        envelope.msisdns.append(msisdn)
    envelope.token = found[2] or envelope.token
    return None
