"""Outbox, worker, link and SMSC simulator together, over a real socket, on both databases."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest

from gateway.keys import SoftwareKeyStore
from gateway.languages import LANGUAGES
from gateway.observe import Metrics
from gateway.peers.smsc import Link, LinkProfile
from gateway.services.notices import Channel, Notice, NoticeClass, Notices, NoticeState, NoticeValue, Outbox, Words
from gateway.store import Store
from gateway.workers.loop import Loop
from gateway.workers.outbox import OutboxWorker
from simulators.faults import Faults
from simulators.smsc import Smsc
from simulators.trace import Trace
from tests.gateway.peers.smsc_stubs import AT
from wallet.clock import SystemClock
from wallet.money import irr


class Town:
    """A gateway's messaging and an SMSC with phones."""

    def __init__(self, store: Store) -> None:
        clock, keys, self.metrics = SystemClock(), SoftwareKeyStore.for_tests(), Metrics()
        self.sms: list[tuple[str, str]] = []
        self.faults = Faults()
        self.smsc = Smsc(
            Trace(),
            self.faults,
            lambda msisdn, text, _sender: self.sms.append((msisdn, text)),
            accounts={"tapdial": "demo"},
            receipt_delay_s=0.02,
        )
        self.notices = Notices(store, keys, clock, Words(zone="Asia/Tehran", service_code="*1420#"))
        self.outbox = Outbox(store, keys, clock, self.metrics)
        self._link: Link | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Start both sides, and stop them."""
        await self.smsc.start("127.0.0.1", 0)
        profile = LinkProfile(
            "smsc", "127.0.0.1", self.smsc.port, "tapdial", "demo", "1420", response_s=2, retry_min_s=0.05,
            retry_max_s=0.1,
        )  # fmt: skip
        link = Link(profile, self.outbox, SystemClock(), self.metrics, drain_s=0.2, jitter=lambda: 0.0)
        worker = OutboxWorker(self.outbox, Channel.SMS, link, self.metrics)
        async with asyncio.TaskGroup() as group:
            group.create_task(link.run())
            loop = Loop("outbox_sms", worker.tick, self.metrics, idle_s=0.02, wake=worker.wake)
            group.create_task(worker.run(loop.run))
            try:
                yield
            finally:
                loop.stop()
                link.stop()
        await self.smsc.stop()

    async def until_all(self, state: NoticeState, count: int) -> None:
        """Wait until so many notices are in this state."""
        async with asyncio.timeout(10):
            while (await self.outbox.counts())[state] != count:  # noqa: ASYNC110 - the database has no event
                await asyncio.sleep(0.05)


@pytest.fixture
async def town(database_url: str) -> AsyncIterator[Town]:
    await Store.upgrade(database_url)
    store = await Store.open(database_url)
    town = Town(store)
    async with town.open():
        yield town
    await store.close()


def benefit(number: int, language: str = "en") -> Notice:
    values: Mapping[str, NoticeValue] = {"amount": irr(1_200_000), "at": AT}
    return Notice(f"clm_{number}", NoticeClass.BENEFIT_PAID, f"+98912000000{number}", f"per_{number}", language, values)


async def test_people_read_what_was_written_and_receipts_come_back(town: Town) -> None:
    for number, language in enumerate(LANGUAGES, start=1):
        assert await town.notices.tell(benefit(number, language))
        assert not await town.notices.tell(benefit(number, language))
    code = Notice("c_1", NoticeClass.ONE_TIME_CODE, "+989120000009", "per_9", "fa", secrets={"code": "739215"})
    await town.notices.tell(code)
    await town.until_all(NoticeState.DELIVERED, 5)
    assert sorted(town.sms) == [
        ("+989120000001", "1,200,000 rials of benefit has been paid into your Tapdial wallet on 22 Nov 2026, 11:30."),
        ("+989120000002", "۱٬۲۰۰٬۰۰۰ ریال مزایا به کیف پول تپ‌دایال شما واریز شد.\n۱۴۰۵/۰۹/۰۱ ساعت ۱۱:۳۰"),
        (
            "+989120000003",
            ("Une prestation de 1 200 000 rials a été versée sur votre portefeuille Tapdial le 22/11/2026 à 11:30."),
        ),
        ("+989120000004", "أُودعت إعانة قدرها ١٬٢٠٠٬٠٠٠ ريال في محفظتك في تابدايل.\n٢٠٢٦/١١/٢٢ الساعة ١١:٣٠"),
        (
            "+989120000009",
            (
                "کد تپ‌دایال شما: 739215\n\u200e*1420# را بگیرید و تا ۱۵ دقیقه دیگر واردش کنید. "
                "این کد را به کسی نگویید؛ ما هرگز نمی‌پرسیم."
            ),
        ),
    ]


async def test_an_smsc_that_goes_down_and_comes_back_loses_nothing(town: Town) -> None:
    for number in range(1, 4):
        await town.notices.tell(benefit(number))
    await town.until_all(NoticeState.DELIVERED, 3)
    town.faults.smsc_down = True
    async with asyncio.timeout(5):
        while town.metrics.registry.get_sample_value("tapdial_link_up", {"link": "smsc"}) != 0:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    for number in range(4, 10):
        await town.notices.tell(benefit(number))
    await asyncio.sleep(0.2)
    assert len(town.sms) == 3
    assert (await town.outbox.counts())[NoticeState.READY] == 6
    town.faults.smsc_down = False
    await town.until_all(NoticeState.DELIVERED, 9)
    assert len(town.sms) == len(set(town.sms)) == 9
