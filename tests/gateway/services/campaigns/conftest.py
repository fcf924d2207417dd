"""A house that runs campaigns over a real store and outbox, with people and invoices in lists."""

import io
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from gateway.keys import SoftwareKeyStore
from gateway.observe import Metrics
from gateway.services.approvals import Proposals
from gateway.services.campaigns import Campaign, CampaignKind, Campaigns, Known, Owed, Parts, Window
from gateway.services.notices import Bulk, Channel, Outbox, PartResult, PartState, Report, Words
from gateway.services.notices.tables import OUTBOX
from gateway.settings import Settings
from gateway.store import Store
from wallet.clock import ManualClock
from wallet.money import irr

TEXTS = {"en": "You owe {amount}. Pay: {pay_code}", "fa": "بدهی شما {amount}. پرداخت: {pay_code}"}


@dataclass
class People:
    """Numbers that belong to somebody."""

    known: dict[str, Known] = field(default_factory=dict)

    async def known_among(self, msisdns: Collection[str]) -> Mapping[str, Known]:
        return {msisdn: self.known[msisdn] for msisdn in msisdns if msisdn in self.known}


@dataclass
class Bills:
    """Unpaid invoices, in order."""

    rows: list[Owed] = field(default_factory=list)

    async def owed(self, period: str, *, after: str, limit: int) -> list[Owed]:
        assert period == "1405-08"
        return [row for row in self.rows if row.invoice_id > after][:limit]


@dataclass
class Stopped:
    """Numbers that want no campaign."""

    numbers: set[str] = field(default_factory=set)

    async def stopped_among(self, msisdns: Collection[str]) -> set[str]:
        return self.numbers & set(msisdns)


def msisdn(place: int) -> str:
    return f"+98912{place:07d}"


def owing(count: int) -> bytes:
    return b"phone,amount\n" + b"".join(b"0912%07d,%d\n" % (n, 1000 + n) for n in range(count))


class House:
    """Campaigns on one database, and verbs short enough for a test to read as a story."""

    def __init__(self, store: Store, clock: ManualClock, settings: Settings) -> None:
        self.store, self.clock, self.settings = store, clock, settings
        self.people, self.bills, self.stopped = People(), Bills(), Stopped()
        self.outbox = Outbox(store, SoftwareKeyStore.for_tests(), clock, Metrics())
        self.campaigns = self.another(store)

    def another(self, store: Store) -> Campaigns:
        """The same service as another process has it."""
        post = Bulk(self.clock, Words(zone="Asia/Tehran", service_code="*1420#"))
        window = Window(8, 21, ZoneInfo("Asia/Tehran"))
        asked = Proposals(store, self.clock)
        readers = (self.people, self.bills, self.stopped)
        return Campaigns(Parts(store, self.clock, post, *readers, asked, self.settings, window))

    async def loaded(
        self,
        file: bytes,
        texts: Mapping[str, str] = TEXTS,
        *,
        hours: int = 1,
        kind: CampaignKind = CampaignKind.CAMPAIGN,
    ) -> Campaign:
        made = await self.campaigns.create("autumn", kind, texts, source="csv", hours=hours)
        return await self.campaigns.load_csv(made.id, io.BytesIO(file))

    async def running(self, file: bytes, texts: Mapping[str, str] = TEXTS, *, hours: int = 1) -> str:
        campaign = await self.loaded(file, texts, hours=hours)
        await self.campaigns.release(campaign.id, "apr_1")
        return campaign.id

    async def queue_all(self) -> None:
        while await self.campaigns.tick():
            pass

    async def send(self, limit: int, state: PartState = PartState.SENT) -> list[str]:
        """Carry what is due; the addresses."""
        messages = await self.outbox.claim(Channel.SMS, limit)
        for message in messages:
            await self.outbox.settle([(message, Report("smsc", 1, (PartResult(1, state, message.id),)))])
        return [message.address for message in messages]

    async def rows(self) -> list[Any]:
        return list(await self.store.read(select(OUTBOX).order_by(OUTBOX.c.next_at, OUTBOX.c.id)))


@pytest.fixture
async def house(database_url: str, clock: ManualClock) -> AsyncIterator[House]:
    await Store.upgrade(database_url)
    store = await Store.open(database_url)
    yield House(store, clock, Settings(campaign_rows_max=1000))
    await store.close()


def bill(place: int) -> Owed:
    return Owed(f"inv_{place:04d}", msisdn(place), f"per_{place}", "fa" if place % 2 else "en", irr(7_500_000))
