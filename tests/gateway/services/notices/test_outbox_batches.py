"""The outbox by the batch: several processes, quiet hours, answers and receipts that come late, what staff watch."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select

from gateway.errors import StoreUnavailable
from gateway.services.notices import (
    Channel,
    Lane,
    Notice,
    NoticeClass,
    NoticeState,
    Outgoing,
    PartResult,
    PartState,
    QuietHours,
    Receipt,
    ReceiptState,
    Report,
)
from gateway.services.notices.tables import OUTBOX, RECEIPTS
from gateway.services.notices.together import Together
from gateway.store import Store
from tests.gateway.services.notices.outbox_house import BENEFIT, CODE, LEASE_S, House
from wallet.clock import ManualClock

TAP = NoticeClass.TAP_PAID


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    await Store.upgrade(database_url)
    store = await Store.open(database_url)
    yield store
    await store.close()


@pytest.fixture
def house(store: Store, clock: ManualClock) -> House:
    return House(store, clock)


async def told(house: House, count: int, class_: NoticeClass = BENEFIT.class_) -> None:
    for number in range(count):
        await house.notices.tell(Notice(f"clm_{number}", class_, f"+98{number}", "per_1", "en", BENEFIT.values))


def taken(message: Outgoing, message_id: str, *, number: int = 1, total: int = 1) -> Report:
    return Report("smsc", total, (PartResult(number, PartState.SENT, message_id),))


async def test_two_processes_share_an_outbox_and_no_message_goes_twice(
    house: House, database_url: str, clock: ManualClock
) -> None:
    await told(house, 40)
    store = await Store.open(database_url)
    other = House(store, clock)
    async with asyncio.TaskGroup() as group:
        claims = [group.create_task(one.outbox.claim(Channel.SMS, 5)) for one in (house, other) * 6]
    claimed = [[message.id for message in claim.result()] for claim in claims]
    while rest := await house.outbox.claim(Channel.SMS, 5):
        # Those that a SKIP LOCKED passed over.
        claimed.append([message.id for message in rest])
    everything = [id_ for ids in claimed for id_ in ids]
    assert len(everything) == len(set(everything)) == 40
    await store.close()


async def test_two_processes_settle_and_receive_at_once_and_every_notice_is_delivered(
    house: House, database_url: str, clock: ManualClock
) -> None:
    await told(house, 30)
    messages = await house.outbox.claim(Channel.SMS, 30)
    store = await Store.open(database_url)
    other = House(store, clock)
    async with asyncio.TaskGroup() as group:
        for start in range(0, 30, 5):
            some = messages[start : start + 5]
            group.create_task(house.outbox.settle([(one, taken(one, f"m-{one.id}")) for one in some]))
            for one in some:
                group.create_task(other.outbox.receipt(Receipt("smsc", f"m-{one.id}", ReceiptState.DELIVERED)))
    await house.outbox.tidy()
    assert (await house.outbox.counts())[NoticeState.DELIVERED] == 30
    await store.close()


async def test_a_batch_holds_every_kind_of_end_and_each_notice_has_its_own(house: House) -> None:
    await told(house, 5)
    messages = await house.outbox.claim(Channel.SMS, 5)
    states = [PartState.SENT, PartState.REFUSED, PartState.LATER, PartState.UNCERTAIN, PartState.SENT]
    await house.receive("m4", ReceiptState.FAILED)
    batch = [
        (message, Report("smsc", 1, (PartResult(1, state, f"m{number}" if state is PartState.SENT else ""),)))
        for number, (message, state) in enumerate(zip(messages, states, strict=True))
    ]
    settled = await house.outbox.settle(batch)
    assert [settled[message.id] for message in messages] == [
        NoticeState.SENT, NoticeState.REFUSED, NoticeState.READY, NoticeState.READY, NoticeState.FAILED,
    ]  # fmt: skip
    rows = {row.id: row.state for row in await house.store.read(select(OUTBOX))}
    assert rows == {id_: state.value for id_, state in settled.items()}


async def test_both_holders_of_one_notice_may_be_in_one_batch(house: House) -> None:
    await told(house, 1)
    slow = await house.claim_one()
    house.later(LEASE_S)
    await house.outbox.tidy()
    again = await house.claim_one()
    later = Report("smsc", 1, (PartResult(1, PartState.LATER),))
    settled = await house.outbox.settle([(again, later), (slow, taken(slow, "m1"))])
    assert settled == {slow.id: NoticeState.SENT}
    await house.receive("m1", ReceiptState.DELIVERED)
    assert await house.state() is NoticeState.DELIVERED


async def test_an_answer_after_its_time_still_names_the_message_for_its_receipt(house: House) -> None:
    await told(house, 1, TAP)
    message = await house.claim_one()
    assert await house.settle(message, PartState.UNCERTAIN) is NoticeState.UNCERTAIN
    assert await house.report(message, taken(message, "m1")) is NoticeState.SENT
    await house.receive("m1", ReceiptState.DELIVERED)
    assert await house.state() is NoticeState.DELIVERED


async def test_late_answers_for_both_parts_are_needed_before_a_long_message_counts_as_sent(house: House) -> None:
    await told(house, 1, TAP)
    message = await house.claim_one()
    await house.settle(message, PartState.UNCERTAIN, PartState.UNCERTAIN)
    await house.receive("m1", ReceiptState.DELIVERED)
    assert await house.report(message, taken(message, "m1", total=2)) is NoticeState.UNCERTAIN
    await house.receive("m2", ReceiptState.DELIVERED)
    assert await house.report(message, taken(message, "m2", number=2, total=2)) is NoticeState.DELIVERED


async def test_a_late_answer_for_one_part_beside_the_report_that_missed_it_sends_nothing_whole(house: House) -> None:
    await told(house, 1)
    message = await house.claim_one()
    missed = Report("smsc", 2, tuple(PartResult(number, PartState.UNCERTAIN) for number in (1, 2)))
    settled = await house.outbox.settle([(message, missed), (message, taken(message, "m1", total=2))])
    assert settled == {message.id: NoticeState.READY}
    again = await house.claim_one()
    assert (again.parts_done, again.link) == (frozenset({1}), "smsc")


async def test_a_class_that_must_not_be_read_twice_is_never_sent_again(house: House) -> None:
    await told(house, 2, TAP)
    lost, orphaned = await house.claim()
    assert await house.settle(lost, PartState.UNCERTAIN) is NoticeState.UNCERTAIN
    house.later(LEASE_S)
    await house.outbox.tidy()
    assert orphaned.id != lost.id
    assert (await house.outbox.counts())[NoticeState.UNCERTAIN] == 2
    assert await house.claim() == []


async def test_parts_that_were_taken_do_not_go_again_after_a_pause_that_was_no_try(house: House) -> None:
    await told(house, 1)
    message = await house.claim_one()
    parts = (PartResult(1, PartState.SENT, "m1"), PartResult(2, PartState.LATER))
    assert await house.report(message, Report("smsc", 2, parts, wait_s=5)) is NoticeState.READY
    assert (await house.row()).attempts == 0
    house.later(4)
    assert await house.claim() == []
    house.later(1)
    assert [(one.parts_done, one.link) for one in await house.claim()] == [(frozenset({1}), "smsc")]


async def test_notices_and_campaigns_wait_through_the_quiet_hours_and_letters_do_not(
    store: Store, clock: ManualClock
) -> None:
    house = House(store, clock, QuietHours.of("11:00-12:00", "Asia/Tehran"))
    letter = Notice("clm_1", BENEFIT.class_, "+98", "per_1", "en", BENEFIT.values, email="a@example.org")
    await house.notices.tell(letter)
    await house.store.write(lambda tx: tx.execute(OUTBOX.update().values(lane=Lane.CAMPAIGNS)).rowcount)
    await house.notices.tell(CODE)
    assert [message.lane for message in await house.claim()] == [Lane.CODES]
    assert len(await house.outbox.claim(Channel.EMAIL, 10)) == 1
    house.later(1800)
    assert [message.lane for message in await house.claim()] == [Lane.CAMPAIGNS]


async def test_an_id_that_a_link_uses_again_after_months_ends_the_new_message(house: House) -> None:
    for number in range(2):
        await house.notices.tell(Notice(f"clm_{number}", BENEFIT.class_, "+98", "per_1", "en", BENEFIT.values))
        await house.settle(await house.claim_one(), PartState.SENT)
        await house.receive("m1", ReceiptState.DELIVERED)
        await house.receive("m1", ReceiptState.DELIVERED)
        house.later(60 * 86_400)
    assert (await house.outbox.counts())[NoticeState.DELIVERED] == 2
    assert (await house.outbox.queue()).receipts_unmatched == 0


async def test_staff_see_how_long_each_lane_waits_and_what_is_uncertain_or_unmatched(house: House) -> None:
    await told(house, 2, TAP)
    lost, _ = await house.claim()
    await house.settle(lost, PartState.UNCERTAIN)
    await house.receive("stranger", ReceiptState.DELIVERED)
    await house.notices.tell(CODE)
    house.later(7)
    await house.outbox.tidy()
    queue = await house.outbox.queue()
    assert queue.oldest_s == {Lane.CODES: 7.0, Lane.ANSWERS: 0.0, Lane.NOTICES: 0.0, Lane.CAMPAIGNS: 0.0}
    assert queue.states == {NoticeState.READY: 1, NoticeState.LEASED: 1, NoticeState.UNCERTAIN: 1}
    assert queue.receipts_unmatched == 1
    read = house.metrics.registry.get_sample_value
    assert read("tapdial_outbox_oldest_seconds", {"lane": "codes"}) == 7
    assert read("tapdial_outbox_messages", {"state": "uncertain"}) == 1
    assert read("tapdial_receipts_unmatched") == 1


async def test_a_code_that_is_put_in_wakes_the_worker_and_a_benefit_does_not(house: House) -> None:
    woken = asyncio.Event()
    loop = asyncio.get_running_loop()
    house.notices.wakes(lambda: loop.call_soon_threadsafe(woken.set))
    await house.notices.tell(BENEFIT)
    assert not woken.is_set()
    await house.notices.tell(CODE)
    async with asyncio.timeout(5):
        await woken.wait()


async def test_receipts_of_one_moment_are_kept_together(store: Store, clock: ManualClock) -> None:
    house = House(store, clock)
    async with asyncio.TaskGroup() as group:
        for number in range(20):
            group.create_task(house.receive(f"m{number % 10}", ReceiptState.DELIVERED))
    assert len(await store.read(select(RECEIPTS))) == 10


class Work:
    """Takes batches; the first ones wait until `go` is set, and fail if `fault` is."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.go = asyncio.Event()
        self.fault: Exception | None = None

    async def __call__(self, items: list[int]) -> None:
        self.batches.append(items)
        await self.go.wait()
        if self.fault is not None:
            raise self.fault


async def test_who_comes_while_a_batch_is_under_way_shares_the_next_one() -> None:
    work = Work()
    together = Together(work)
    async with asyncio.TaskGroup() as group:
        for number in range(5):
            group.create_task(together.add(number))
            await asyncio.sleep(0)
        work.go.set()
    assert work.batches == [[0], [1, 2, 3, 4]]


async def test_a_batch_that_fails_or_is_given_up_fails_for_all_and_the_next_one_works() -> None:
    work = Work()
    together = Together(work)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(refused(together, number)) for number in range(2)]
        await asyncio.sleep(0)
        leading = group.create_task(together.add(2))
        await asyncio.sleep(0)
        following = group.create_task(refused(together, 3))
        await asyncio.sleep(0)
        leading.cancel()
        await asyncio.sleep(0)
        work.fault = StoreUnavailable("gone")
        work.go.set()
    assert [task.result() for task in [*tasks, following]] == [True, True, True]
    work.fault = None
    await together.add(4)
    assert work.batches[-1] == [4]


async def refused(together: Together[int], item: int) -> bool:
    try:
        await together.add(item)
    except StoreUnavailable:
        return True
    return False
