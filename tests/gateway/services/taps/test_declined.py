"""People are told why their tap was refused: once, in plain words, and not more often than they want to hear."""

import itertools
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, func, select

from gateway.observe import Metrics
from gateway.services.notices import NoticeClass
from gateway.services.taps.declined import CLASSES, DeclinedNotices, Refusal, declined, note
from gateway.services.taps.rules import Verdict
from gateway.services.telling import NoticeValue, Tell
from gateway.store import Store
from wallet.clock import ManualClock
from wallet.money import irr

NOT_THEIRS = {
    Verdict.APPROVED,
    Verdict.PARTIAL,
    Verdict.TOKEN_UNKNOWN,
    Verdict.BAD_FORMAT,
    Verdict.BAD_AMOUNT,
    Verdict.BAD_DATE,
    Verdict.ENTRY_MODE,
    Verdict.MERCHANT_UNKNOWN,
    Verdict.DUPLICATE,
    Verdict.REVERSED,
    Verdict.NO_ORIGINAL,
}
"""What is the terminal's or the merchant's business."""


@dataclass(frozen=True)
class Reached:
    msisdn: str
    language: str


@dataclass
class Book:
    """Knows how people are reached, and what they were told."""

    told: list[tuple[str, str, object]] = field(default_factory=list)

    async def address(self, person_id: str) -> Reached | None:
        return None if person_id == "per_gone" else Reached("+989120000001", "fa")

    async def prepared(
        self,
        class_: str,
        *,
        cause: str,
        msisdn: str,
        person_id: str,
        language: str,
        values: Mapping[str, NoticeValue],
        secrets: Mapping[str, str],
    ) -> Tell:
        def tell(_tx: Connection) -> bool:
            self.told.append((cause, class_, values["amount"]))
            return True

        return tell


class Desk:
    """Refuses taps, and tells of them."""

    def __init__(self, store: Store, clock: ManualClock) -> None:
        self.store, self.clock, self.book = store, clock, Book()
        self.notices = DeclinedNotices(store, clock, self.book, self.book, Metrics())
        self.numbers = itertools.count(1)

    async def refuse(self, verdict: Verdict, *, cause: str = "", person: str = "per_1") -> None:
        refusal = Refusal(cause or f"tap_{next(self.numbers)}", person, verdict, 5_000)
        now = self.clock.now()
        await self.store.write(lambda tx: note(tx, refusal, now))

    async def states(self) -> list[str]:
        rows = await self.store.read(select(declined.c.state).order_by(declined.c.at, declined.c.cause))
        return [row.state for row in rows]


@pytest.fixture
async def desk(database_url: str, clock: ManualClock) -> AsyncIterator[Desk]:
    store = await Store.open(database_url)
    yield Desk(store, clock)
    await store.close()


def test_every_verdict_is_told_or_is_not_the_persons() -> None:
    assert set(CLASSES) | NOT_THEIRS == set(Verdict)
    assert not set(CLASSES) & NOT_THEIRS
    assert set(CLASSES.values()) == {one.value for one in NoticeClass if one.value.startswith("tap_declined_")}


async def test_a_refusal_is_told_once_however_often_it_is_noted(desk: Desk) -> None:
    for _ in range(3):
        await desk.refuse(Verdict.NO_FUNDS, cause="tap_1")
        await desk.notices.tick()
    assert desk.book.told == [("tap_1", "tap_declined_funds", irr(5_000))]


async def test_what_is_not_the_persons_is_not_told(desk: Desk) -> None:
    for verdict in sorted(NOT_THEIRS):
        await desk.refuse(verdict)
    assert (await desk.notices.tick(), desk.book.told) == (0, [])


async def test_a_terminal_that_hammers_fills_nobodys_inbox_and_an_hour_later_people_are_told_again(desk: Desk) -> None:
    for _ in range(10):
        await desk.refuse(Verdict.BAD_CRYPTOGRAM)
    await desk.refuse(Verdict.NO_FUNDS, person="per_2")
    assert await desk.notices.tick() == 11
    told = sorted(class_ for _, class_, _ in desk.book.told)
    assert told == ["tap_declined_funds", *["tap_declined_safety"] * 3]
    desk.clock.advance(timedelta(hours=1))
    await desk.refuse(Verdict.BAD_CRYPTOGRAM)
    await desk.notices.tick()
    assert len(desk.book.told) == 5


async def test_nobody_is_told_late_nor_somebody_who_is_not_known(desk: Desk) -> None:
    await desk.refuse(Verdict.NO_FUNDS)
    desk.clock.advance(timedelta(hours=7))
    await desk.refuse(Verdict.NO_FUNDS, person="per_gone")
    assert await desk.notices.tick() == 2
    assert (desk.book.told, await desk.states()) == ([], ["dropped", "dropped"])


async def test_what_was_told_is_forgotten_after_a_day(desk: Desk) -> None:
    await desk.refuse(Verdict.NO_FUNDS)
    await desk.notices.tick()
    await desk.notices.tick()
    assert await desk.states() == ["told"]
    desk.clock.advance(timedelta(days=1, seconds=1))
    await desk.notices.tick()
    rows = await desk.store.read(select(func.count()).select_from(declined))
    assert rows[0][0] == 0


async def test_two_loops_at_once_tell_it_once(desk: Desk) -> None:
    await desk.refuse(Verdict.CVM_REQUIRED)
    row = (await desk.store.read(select(declined)))[0]
    now: datetime = desk.clock.now()
    await desk.notices._settle(row, now)
    await desk.notices._settle(row, now)
    assert len(desk.book.told) == 1
