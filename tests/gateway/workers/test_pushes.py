"""Notices that are shown on a phone unasked: for whom, how often, and on by SMS when a phone shows nothing."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.app.adapters import LateSms
from gateway.observe import Metrics
from gateway.services.dialogues import LateAnswer
from gateway.services.dialogues.push import Push, PushOutcome
from gateway.services.notices import Channel, Notice, NoticeClass, Outbox, PartState, QuietHours
from gateway.services.notices.rules import NoticeState
from gateway.store import Store
from gateway.workers.pushes import PushCarrier
from tests.gateway.services.notices.test_notice_reach import CLAIM, CODE, DEBT, PAID, House
from wallet.clock import ManualClock

SHOWN, ABSENT, BUSY, REJECTED = PushOutcome.SHOWN, PushOutcome.ABSENT, PushOutcome.BUSY, PushOutcome.REJECTED
UNSUPPORTED, UNKNOWN = PushOutcome.UNSUPPORTED, PushOutcome.UNKNOWN
LATE = Notice("ses_1", NoticeClass.LATE_ANSWER, "+989120000001", "per_1", "en", secrets={"text": "Balance 5"})


class Phone:
    """A wire whose phone answers by its script, and shows from then on."""

    name = "phone"
    push_max_s = 1.0

    def __init__(self, *script: PushOutcome) -> None:
        self.script = list(script)
        self.asked: list[Push] = []

    async def push(self, push: Push) -> PushOutcome:
        self.asked.append(push)
        return self.script.pop(0) if self.script else SHOWN


def short(text: str) -> bool:
    return len(text) < 200


@pytest.fixture
async def house(database_url: str, clock: ManualClock) -> AsyncIterator[House]:
    await Store.upgrade(database_url)
    store = await Store.open(database_url)
    house = House(store, clock)
    await house.preferences.prefer("per_1", [Channel.USSD_PUSH])
    house.notices.pushes(short)
    yield house
    await store.close()


async def carry(house: House, carrier: PushCarrier, seconds: int) -> list[int]:
    """Carry what is due in each of so many seconds; the seconds in which something was asked for."""
    tried = []
    for second in range(seconds):
        for message in await house.outbox.claim(Channel.USSD_PUSH, 10):
            tried.append(second)
            await house.outbox.settle([(message, await carrier.send(message))])
        await house.fallback.tick()
        house.clock.advance(timedelta(seconds=1))
    return tried


@pytest.mark.parametrize(
    ("script", "tried", "channels"),
    [
        ([], [0], ["ussd_push"]),
        ([ABSENT], [0, 3], ["ussd_push"]),
        ([BUSY, ABSENT, BUSY], [0, 3, 11, 26], ["ussd_push"]),
        ([BUSY, BUSY, BUSY, ABSENT], [0, 3, 11, 26], ["sms", "ussd_push"]),
        ([REJECTED], [0], ["sms", "ussd_push"]),
        ([UNSUPPORTED], [0], ["sms", "ussd_push"]),
    ],
)
async def test_a_phone_is_asked_again_a_few_times_and_then_told_by_sms_once(
    house: House, script: list[PushOutcome], tried: list[int], channels: list[str]
) -> None:
    phone, metrics = Phone(*script), Metrics()
    assert await house.notices.tell(PAID)
    assert not await house.notices.tell(PAID)

    assert await carry(house, PushCarrier([phone], short, metrics), 30) == tried

    assert await house.channels() == channels
    assert [(push.msisdn, push.asks) for push in phone.asked] == [(PAID.msisdn, False)] * len(tried)
    last = [*script, SHOWN][len(tried) - 1].value
    assert metrics.registry.get_sample_value("tapdial_ussd_pushes_total", {"wire": "phone", "outcome": last})


@pytest.mark.parametrize(
    ("notice", "channels"),
    [
        (PAID, ["ussd_push"]),
        (CODE, ["sms"]),
        (LATE, ["sms"]),
        (replace(PAID, person_id=""), ["sms"]),
        (replace(PAID, person_id="per_2"), ["sms"]),
        (replace(DEBT, values={"text": "x" * 200}), ["sms"]),
        (replace(PAID, email="a@example.org"), ["email", "ussd_push"]),
    ],
)
async def test_only_what_fits_and_is_no_secret_is_shown_to_who_has_chosen_it(
    house: House, notice: Notice, channels: list[str]
) -> None:
    await house.notices.tell(notice)

    assert await house.channels() == channels


@pytest.mark.parametrize(("notice", "tries", "channels"), [(CLAIM, 2, ["sms", "ussd_push"]), (DEBT, 1, ["ussd_push"])])
async def test_what_may_have_been_seen_goes_on_only_where_twice_is_fine(
    house: House, notice: Notice, tries: int, channels: list[str]
) -> None:
    await house.notices.tell(notice)
    carrier = PushCarrier([Phone(*[UNKNOWN] * 9)], short, Metrics())

    assert len(await carry(house, carrier, 3)) == tries
    house.clock.advance(timedelta(minutes=11))
    await house.fallback.tick()

    assert await house.channels() == channels


async def test_a_wire_that_cannot_show_a_page_leaves_it_to_the_next_one(house: House) -> None:
    down, up = Phone(UNSUPPORTED), Phone()
    await house.notices.tell(PAID)
    await carry(house, PushCarrier([down, up], short, Metrics()), 1)

    assert (len(down.asked), len(up.asked)) == (1, 1)
    assert (await house.outbox.counts())[NoticeState.SENT] == 1


async def test_a_lost_sms_is_never_shown_to_who_has_not_chosen_that(house: House) -> None:
    await house.preferences.prefer("per_1", [Channel.SMS])
    await house.notices.tell(PAID)
    await house.end(Channel.SMS, PartState.REFUSED)
    await house.fallback.tick()

    assert await house.channels() == ["sms", "mailbox"]


async def test_who_sleeps_is_not_woken_by_a_page(house: House) -> None:
    night = QuietHours.of("00:00-23:59", "UTC")
    asleep = Outbox(house.store, house.keys, house.clock, Metrics(), quiet=night)
    await house.notices.tell(DEBT)

    assert await asleep.claim(Channel.USSD_PUSH, 10) == []
    await house.notices.tell(PAID)
    assert len(await asleep.claim(Channel.USSD_PUSH, 10)) == 1


@pytest.mark.parametrize(
    ("script", "text", "kept", "asked", "channels"),
    [
        ([], "Balance 5", False, 1, []),
        ([BUSY], "Balance 5", False, 2, []),
        ([BUSY, ABSENT], "Balance 5", False, 2, ["sms"]),
        ([REJECTED], "Balance 5", False, 1, ["sms"]),
        ([UNKNOWN], "Balance 5", False, 1, ["sms"]),
        ([], "x" * 200, False, 0, ["sms"]),
        ([], "Receipt 5", True, 0, ["sms"]),
    ],
)
async def test_a_page_that_came_too_late_is_shown_and_else_told_by_sms(
    house: House,
    monkeypatch: pytest.MonkeyPatch,
    script: list[PushOutcome],
    text: str,
    kept: bool,  # noqa: FBT001 - a row of the table
    asked: int,
    channels: list[str],
) -> None:
    monkeypatch.setattr("gateway.app.adapters.PAUSES_S", (0.01,))
    phone, late = Phone(*script), LateSms(house.notices)
    late.pushes(PushCarrier([phone], short, Metrics()).show)

    await late(LateAnswer("ses_1", "+989120000001", "per_1", "en", text, kept))

    assert (len(phone.asked), await house.channels()) == (asked, channels)


async def test_a_phone_that_says_nothing_gets_its_late_page_by_sms_in_time(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.app.adapters.LATE_PUSH_S", 0.05)
    late = LateSms(house.notices)

    async def silent(_push: Push) -> tuple[str, PushOutcome]:
        await asyncio.sleep(60)
        raise AssertionError

    late.pushes(silent)
    await late(LateAnswer("ses_1", "+989120000001", "per_1", "en", "Balance 5"))

    assert await house.channels() == ["sms"]
