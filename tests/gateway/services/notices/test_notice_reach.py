"""How a notice reaches its person: by the channel they chose, on by the next one when it is lost, once a cause."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from gateway.keys import SoftwareKeyStore
from gateway.observe import Metrics
from gateway.services.notices import (
    USUAL,
    Channel,
    Fallback,
    Mailbox,
    Notice,
    NoticeClass,
    Notices,
    Outbox,
    PartResult,
    PartState,
    Preferences,
    Reached,
    Report,
    Words,
)
from gateway.services.notices.preferences import next_channel, whole
from gateway.services.notices.tables import OUTBOX
from gateway.store import Store
from wallet.clock import ManualClock
from wallet.money import irr

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
PAID = Notice("clm_1", NoticeClass.BENEFIT_PAID, "+989120000001", "per_1", "fr", {"amount": irr(5000), "at": AT})
DEBT = Notice("cam_1:2", NoticeClass.DEBT_NOTICE, "+989120000001", "per_1", "en", {"text": "You owe."})
CLAIM = Notice("clm_2", NoticeClass.CLAIM_RECEIVED, "+989120000001", "per_1", "en", {"number": "S-1"})
CODE = Notice("per_1:1", NoticeClass.ONE_TIME_CODE, "+989120000001", "per_1", "en", secrets={"code": "1"})


class House:
    """An outbox, a mailbox and a fallback on one database."""

    def __init__(self, store: Store, clock: ManualClock) -> None:
        self.store, self.clock, self.email = store, clock, ""
        self.keys, words = SoftwareKeyStore.for_tests(), Words(zone="Asia/Tehran", service_code="*1420#")
        self.preferences = Preferences(store, clock)
        self.mailbox = Mailbox(store, clock, kept_days=90)
        self.notices = Notices(store, self.keys, clock, words, preferences=self.preferences, mailbox=self.mailbox)
        self.outbox = Outbox(store, self.keys, clock, Metrics())
        carried = (Channel.SMS, Channel.EMAIL)
        self.fallback = Fallback(store, clock, words, self.preferences, self.mailbox, self, carried=carried)
        self.crashes = False

    async def reached(self, person_id: str) -> Reached | None:
        if self.crashes:
            raise RuntimeError("killed between two steps")
        return Reached("+989120000001", "fr", self.email) if person_id == "per_1" else None

    async def end(self, channel: Channel, state: PartState) -> None:
        """Carry what is due by this channel, however often, to that end."""
        while messages := await self.outbox.claim(channel, 10):
            for message in messages:
                await self.outbox.settle([(message, Report("smsc", 1, (PartResult(1, state, message.id),)))])

    async def channels(self) -> list[str]:
        rows = await self.store.read(select(OUTBOX.c.channel).order_by(OUTBOX.c.channel))
        return [row.channel for row in rows] + ["mailbox" for _ in await self.mailbox.titles("per_1")]


@pytest.fixture
async def house(database_url: str, clock: ManualClock) -> AsyncIterator[House]:
    await Store.upgrade(database_url)
    store = await Store.open(database_url)
    yield House(store, clock)
    await store.close()


@pytest.mark.parametrize(
    ("order", "lost", "following"),
    [
        ((), None, Channel.SMS),
        ((), Channel.SMS, Channel.EMAIL),
        ((Channel.EMAIL,), None, Channel.EMAIL),
        ((Channel.EMAIL,), Channel.EMAIL, Channel.SMS),
        ((Channel.USSD_PUSH, Channel.EMAIL), None, Channel.EMAIL),
        ((Channel.MAILBOX,), Channel.MAILBOX, Channel.SMS),
        ((), Channel.MAILBOX, None),
    ],
)
def test_an_order_skips_what_nobody_carries(
    order: tuple[Channel, ...], lost: Channel | None, following: Channel | None
) -> None:
    assert sorted(whole(order)) == sorted(Channel)
    assert next_channel(whole(order), lambda channel: channel is not Channel.USSD_PUSH, lost) is following


async def test_who_says_nothing_is_told_by_sms_and_the_last_choice_counts(house: House) -> None:
    assert await house.preferences.order_of("per_1") == USUAL
    await house.preferences.prefer("per_1", [Channel.EMAIL])
    await house.preferences.prefer("per_1", [Channel.MAILBOX])
    assert (await house.preferences.order_of("per_1"))[0] is Channel.MAILBOX


@pytest.mark.parametrize(
    ("first", "notice", "channels"),
    [
        (None, PAID, ["sms"]),
        (None, replace(PAID, email="a@example.org"), ["email", "sms"]),
        (Channel.EMAIL, replace(PAID, email="a@example.org"), ["email"]),
        (Channel.EMAIL, PAID, ["sms"]),
        (Channel.EMAIL, replace(CLAIM, email="a@example.org"), ["sms"]),
        (Channel.USSD_PUSH, PAID, ["sms"]),
        (Channel.MAILBOX, replace(PAID, email="a@example.org"), ["mailbox"]),
        (Channel.MAILBOX, CODE, ["sms"]),
        (Channel.MAILBOX, replace(PAID, person_id=""), ["sms"]),
    ],
)
async def test_a_notice_goes_by_the_first_channel_that_reaches_its_person(
    house: House, first: Channel | None, notice: Notice, channels: list[str]
) -> None:
    if first:
        await house.preferences.prefer("per_1", [first])

    assert await house.notices.tell(notice)
    assert not await house.notices.tell(notice)

    assert await house.channels() == channels


@pytest.mark.parametrize("orders", [(Channel.SMS, Channel.MAILBOX), (Channel.MAILBOX, Channel.SMS)])
async def test_one_cause_tells_once_though_the_person_chose_another_channel_meanwhile(
    house: House, orders: tuple[Channel, Channel]
) -> None:
    for channel, told in zip(orders, (True, False), strict=True):
        await house.preferences.prefer("per_1", [channel])
        assert await house.notices.tell(PAID) is told


@pytest.mark.parametrize(
    ("notice", "end", "email", "channels"),
    [
        (PAID, PartState.REFUSED, "", ["sms", "mailbox"]),
        (PAID, PartState.REFUSED, "a@example.org", ["email", "sms"]),
        (PAID, PartState.SENT, "", ["sms"]),
        (PAID, PartState.UNCERTAIN, "", ["sms", "mailbox"]),
        (CLAIM, PartState.REFUSED, "a@example.org", ["sms", "mailbox"]),
        (CODE, PartState.REFUSED, "a@example.org", ["sms"]),
        (replace(PAID, person_id=""), PartState.REFUSED, "", ["sms"]),
        (replace(PAID, person_id="per_2"), PartState.REFUSED, "", ["sms"]),
    ],
)
async def test_what_is_lost_goes_on_by_the_next_channel(
    house: House, notice: Notice, end: PartState, email: str, channels: list[str]
) -> None:
    house.email = email
    await house.notices.tell(notice)
    await house.end(Channel.SMS, end)
    house.clock.advance(timedelta(minutes=11))

    for _ in range(3):
        await house.fallback.tick()

    assert await house.channels() == channels


async def test_what_is_lost_by_every_channel_ends_in_the_mailbox(house: House) -> None:
    house.email = "a@example.org"
    await house.notices.tell(PAID)
    await house.end(Channel.SMS, PartState.REFUSED)
    await house.fallback.tick()
    await house.end(Channel.EMAIL, PartState.REFUSED)
    await house.fallback.tick()

    (title,) = await house.mailbox.titles("per_1")
    letter = await house.mailbox.read("per_1", title.id)
    assert (title.title, title.unread) == ("Prestation versée", True)
    assert letter is not None
    assert "5 000 rials" in letter.text
    assert await house.fallback.tick() == 0


async def test_what_nobody_wants_any_more_goes_to_the_mailbox_alone(house: House) -> None:
    house.email = "a@example.org"
    await house.notices.tell(PAID)
    house.clock.advance(timedelta(days=3))
    await house.outbox.tidy()
    await house.fallback.tick()

    assert await house.channels() == ["sms", "mailbox"]


async def test_two_processes_and_a_kill_between_the_steps_take_a_notice_on_once(
    house: House, database_url: str
) -> None:
    await house.notices.tell(PAID)
    await house.end(Channel.SMS, PartState.REFUSED)
    house.crashes = True
    with pytest.raises(RuntimeError):
        await house.fallback.tick()
    house.crashes = False
    store = await Store.open(database_url)
    other = House(store, house.clock)
    async with asyncio.TaskGroup() as group:
        for fallback in (house.fallback, other.fallback) * 2:
            group.create_task(fallback.tick())
    await store.close()

    assert await house.channels() == ["sms", "mailbox"]


async def test_a_mailbox_shows_its_owner_alone_what_is_new_and_keeps_it_for_its_time(house: House) -> None:
    await house.preferences.prefer("per_1", [Channel.MAILBOX])
    await house.notices.tell(CLAIM)
    house.clock.advance(timedelta(days=1))
    await house.notices.tell(PAID)

    newest, oldest = await house.mailbox.titles("per_1")
    assert (newest.title, oldest.title) == ("Prestation versée", "Message")
    assert await house.mailbox.read("per_2", newest.id) is None
    assert await house.mailbox.read("per_1", newest.id) is not None
    assert [one.unread for one in await house.mailbox.titles("per_1")] == [False, True]
    house.clock.advance(timedelta(days=89))
    assert [one.id for one in await house.mailbox.titles("per_1")] == [newest.id]
    assert await house.mailbox.read("per_1", oldest.id) is None
    assert (await house.mailbox.sweep(), await house.mailbox.sweep()) == (1, 0)


@pytest.mark.parametrize(("end", "channels"), [(PartState.UNCERTAIN, ["sms"]), (PartState.REFUSED, ["sms", "mailbox"])])
async def test_what_must_not_be_read_twice_never_goes_on_on_a_guess(
    house: House, end: PartState, channels: list[str]
) -> None:
    await house.notices.tell(DEBT)
    await house.end(Channel.SMS, end)
    house.clock.advance(timedelta(minutes=11))
    await house.fallback.tick()

    assert await house.channels() == channels
