"""An inbox on one database with a reader that repeats what it read, and verbs short enough for a test to read."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, select

from gateway.app.adapters import NoticeTeller
from gateway.errors import StoreUnavailable
from gateway.keys import SoftwareKeyStore
from gateway.observe import Metrics
from gateway.services.messages import Answer, Incoming, Limit, Messages, Place, Reader, Taken, Written
from gateway.services.messages.tables import MESSAGES, PARTS
from gateway.services.notices import Notices, Words
from gateway.services.notices.tables import OUTBOX
from gateway.store import Store
from gateway.wire import gsm
from wallet.clock import ManualClock

PERSON = "+989120000001"
OTHER = "+989120000002"
OURS = "1420"
GSM = gsm.Alphabet(gsm.Coding.GSM)
UCS2 = gsm.Alphabet(gsm.Coding.UCS2)
KEYS = SoftwareKeyStore.for_tests()
"""All processes of one house share their keys."""


def message(text: str, source: str = PERSON, *, reference: str = "", link: str = "one") -> Incoming:
    """A message that stands alone."""
    encoded = gsm.encode(text)
    if encoded is not None:
        return Incoming(link, source, OURS, GSM, encoded, reference=reference)
    return Incoming(link, source, OURS, UCS2, gsm.encode_ucs2(text), reference=reference)


def cut(
    octets: bytes, count: int, alphabet: gsm.Alphabet, *, reference: int = 7, source: str = PERSON
) -> list[Incoming]:
    """The octets in `count` parts, cut wherever that falls, as some phones do."""
    size = -(-len(octets) // count)
    return [
        Incoming("one", source, OURS, alphabet, octets[n * size : (n + 1) * size], Place(reference, count, n + 1))
        for n in range(count)
    ]


@dataclass
class Echo:
    """Answers every message; keeps what it read."""

    read: list[str | None] = field(default_factory=list)
    fault: Exception | None = None
    limit: Limit = Limit.ANSWER

    async def answer(self, written: Written) -> Answer | None:
        self.read.append(written.text)
        if self.fault is not None:
            raise self.fault
        return None if written.text == "silence" else Answer("reply_thanks", "en", limit=self.limit)


class DyingTeller(NoticeTeller):
    """Dies between the reading of a message and its answer when `dies` is set."""

    dies = False

    async def prepared(self, class_: str, **said: Any) -> Callable[[Connection], bool]:  # noqa: ANN401 - handed through
        if self.dies:
            raise StoreUnavailable("died")
        return await super().prepared(class_, **said)


@dataclass
class Postbox:
    """One process."""

    store: Store
    clock: ManualClock
    echo: Echo
    teller: DyingTeller
    messages: Messages
    metrics: Metrics

    async def take(self, *incoming: Incoming) -> list[Taken]:
        return [await self.messages.take(one) for one in incoming]

    async def work(self) -> int:
        """Until nothing is due; how many messages were claimed."""
        done = 0
        while claimed := await self.messages.work():
            done += claimed
        return done

    async def states(self) -> list[str]:
        return [row.state for row in await self.store.read(select(MESSAGES).order_by(MESSAGES.c.id))]

    async def told(self) -> list[Mapping[str, Any]]:
        rows = await self.store.read(select(OUTBOX).order_by(OUTBOX.c.id))
        return [dict(row._mapping) for row in rows]

    async def kept(self) -> int:
        """Parts whose octets are still there."""
        return len(await self.store.read(select(PARTS).where(PARTS.c.sealed.is_not(None))))

    def later(self, **passed: float) -> None:
        self.clock.advance(timedelta(**passed))

    def ends(self, end: str) -> float:
        return self.metrics.registry.get_sample_value("tapdial_messages_total", {"end": end}) or 0.0

    def again(self, reader: Reader | None = None) -> "Postbox":
        """Another process on the same store."""
        echo = Echo()
        made = Messages(self.store, KEYS, self.clock, reader or echo, self.teller, self.metrics)
        return replace(self, echo=echo, messages=made)


@asynccontextmanager
async def postbox(
    url: str, clock: ManualClock, reader: Callable[[Store, NoticeTeller], Reader] | None = None
) -> AsyncIterator[Postbox]:
    """A process that echoes, or reads with what `reader` makes."""
    await Store.upgrade(url)
    store, metrics, echo = await Store.open(url), Metrics(), Echo()
    words = Words(zone="Asia/Tehran", service_code="*1420#")
    teller = DyingTeller(Notices(store, KEYS, clock, words))
    try:
        made = Messages(store, KEYS, clock, reader(store, teller) if reader else echo, teller, metrics)
        yield Postbox(store, clock, echo, teller, made, metrics)
    finally:
        await store.close()
