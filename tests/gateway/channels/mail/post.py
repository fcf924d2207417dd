"""A letters' door over a real store, and raw sockets that speak to it as nobody should."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from sqlalchemy import select

from gateway.app.adapters import NoticeTeller
from gateway.channels.mail import MailDesk, MailIngress
from gateway.errors import StoreUnavailable
from gateway.keys import SoftwareKeyStore
from gateway.observe import Metrics
from gateway.services.forwarding import Forwarding, ForwardOutcome, Request
from gateway.services.notices import Bounces, Channel, Notices, Outbox, Words
from gateway.services.notices.tables import OUTBOX
from gateway.store import Store
from wallet.clock import ManualClock

DOMAIN = "sms.tapdial.example"
SENDER = "clinic@example.org"
TO = f"09120000001@{DOMAIN}"
MSISDN = "+989120000001"


class BrokenForwarding(Forwarding):
    """Its database is gone while `gone`."""

    gone = False

    async def forward(self, request: Request) -> ForwardOutcome:
        if self.gone:
            raise StoreUnavailable("gone")
        return await super().forward(request)


class Addressees:
    """Remembers whose address came back."""

    def __init__(self) -> None:
        self.bounced: list[tuple[str, str, str]] = []

    async def email_bounced(self, person_id: str, email: str, status: str) -> bool:
        self.bounced.append((person_id, email, status))
        return True


@dataclass
class Post:
    """The door and what stands behind it."""

    store: Store
    clock: ManualClock
    metrics: Metrics
    notices: Notices
    outbox: Outbox
    forwarding: BrokenForwarding
    bounces: Bounces
    people: Addressees
    ingress: MailIngress
    token: str = field(default="", repr=False)

    @property
    def port(self) -> int:
        return self.ingress.port

    async def messages(self) -> list[tuple[str, str]]:
        """Number and text of everything that waits to go out by SMS."""
        return [(one.address, one.text) for one in await self.outbox.claim(Channel.SMS, 100)]

    async def count(self) -> int:
        """How many messages the outbox has."""
        return len(await self.store.read(select(OUTBOX.c.id)))

    def refused(self, reason: str) -> float:
        """How often the door refused something for this reason."""
        return (
            self.metrics.registry.get_sample_value("tapdial_refused_input_total", {"door": "mail", "reason": reason})
            or 0
        )

    def letter(self, text: str = "The branch opens at nine.", **fields: str) -> bytes:
        """A letter with the token in a field; `Message_ID` and the like in `fields`."""
        head = {"From": SENDER, "Subject": "x", "X-Tapdial-Token": self.token}
        head |= {name.replace("_", "-"): value for name, value in fields.items()}
        lines = [f"{name}: {value}" for name, value in head.items() if value]
        return "\r\n".join([*lines, "", text]).encode()

    async def deliver(self, content: bytes, *, to: Sequence[str] = (TO,), sender: str = SENDER) -> str:
        """Speak SMTP by hand, because a client would mend the letter; the last answer."""
        commands = [b"EHLO me", f"MAIL FROM:<{sender}>".encode(), *(f"RCPT TO:<{one}>".encode() for one in to), b"DATA"]
        async with talking(self.port) as talk:
            for command in commands:
                answer = await talk.say(command + b"\r\n")
                if answer[0] not in "23":
                    return answer
            return await talk.say(content + b"\r\n.\r\n")


@dataclass
class Talk:
    """A raw connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def say(self, octets: bytes) -> str:
        """Send octets; the answer's last line, '' if the line is cut."""
        self.writer.write(octets)
        return await self.hear()

    async def hear(self, timeout_s: float = 10.0) -> str:
        """The next answer's last line."""
        async with asyncio.timeout(timeout_s):
            try:
                while (line := (await self.reader.readline()).decode())[3:4] == "-":
                    pass
            except ConnectionError:
                return ""
        return line.strip()


@asynccontextmanager
async def talking(port: int) -> AsyncIterator[Talk]:
    """Connect and hear the greeting."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    talk = Talk(reader, writer)
    try:
        assert (await talk.hear()).startswith("220 ")
        yield talk
    finally:
        writer.close()


@asynccontextmanager
async def post_office(
    url: str, clock: ManualClock, *, tls: ssl.SSLContext | None = None, daily: int = 200, **limits: float
) -> AsyncIterator[Post]:
    """A door that listens, with SENDER on its list; `limits` are those of MailIngress."""
    store, keys, metrics, people = await Store.open(url), SoftwareKeyStore.for_tests(), Metrics(), Addressees()
    notices = Notices(store, keys, clock, Words(zone="Asia/Tehran", service_code="*1420#"))
    outbox = Outbox(store, keys, clock, metrics)
    zone = ZoneInfo("Asia/Tehran")
    forwarding = BrokenForwarding(store, keys, clock, NoticeTeller(notices), zone=zone, parts_max=4)
    bounces = Bounces(store, keys, outbox, people, metrics, domain=DOMAIN, sender="receipts@tapdial.example")
    desk = MailDesk(forwarding, bounces, metrics, domain=DOMAIN)
    ingress = MailIngress(desk, metrics, domain=DOMAIN, tls=tls, **limits)  # type: ignore[arg-type]
    await ingress.start("127.0.0.1", 0)
    made = Post(store, clock, metrics, notices, outbox, forwarding, bounces, people, ingress)
    made.token = (await forwarding.add(SENDER, "Clinic", daily)).token
    try:
        yield made
    finally:
        await ingress.stop(1.0)
        await store.close()
