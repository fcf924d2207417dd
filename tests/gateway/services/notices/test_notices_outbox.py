"""The outbox on both databases: told once, leased once, settled by the rules, ended by receipts, secrets wiped."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta

import pytest
from sqlalchemy import select

from gateway.keys import SoftwareKeyStore
from gateway.services.notices import (
    Channel,
    Notice,
    NoticeClass,
    Notices,
    NoticeState,
    NoticeValue,
    Outbox,
    PartResult,
    PartState,
    ReceiptState,
    Report,
    Words,
)
from gateway.services.notices.outbox import SETTLE_S
from gateway.services.notices.tables import OUTBOX, RECEIPTS
from gateway.store import Store, Write
from tests.gateway.services.notices.outbox_house import AT, BENEFIT, CODE, LEASE_S, House
from wallet.clock import ManualClock
from wallet.money import irr


@pytest.fixture
async def house(database_url: str, clock: ManualClock) -> AsyncIterator[House]:
    await Store.upgrade(database_url)
    store = await Store.open(database_url)
    yield House(store, clock)
    await store.close()


async def test_one_cause_tells_one_person_one_class_once(house: House) -> None:
    assert await house.notices.tell(BENEFIT)
    assert not await house.notices.tell(BENEFIT)
    assert await house.notices.tell(Notice("clm_2", BENEFIT.class_, BENEFIT.msisdn, "per_1", "en", BENEFIT.values))
    assert await house.notices.tell(Notice("clm_1", BENEFIT.class_, "+989120000002", "per_2", "en", BENEFIT.values))
    assert await house.notices.tell(Notice("clm_1", NoticeClass.UNLOCKED, BENEFIT.msisdn, "per_1", "en"))
    assert len(await house.claim()) == 4


async def test_numbers_of_nobody_are_told_apart_by_number(house: House) -> None:
    values: Mapping[str, NoticeValue] = {"amount": irr(5000), "valid_until": AT}
    for msisdn, told in (("+989120000005", True), ("+989120000006", True), ("+989120000005", False)):
        notice = Notice("cco_1", NoticeClass.CLAIM_CODE, msisdn, "", "en", values, {"code": "12345678"})
        assert await house.notices.tell(notice) is told


async def test_a_code_lies_sealed_and_is_wiped_when_it_is_sent(house: House) -> None:
    await house.notices.tell(CODE)
    row = await house.row()
    assert row.text is None
    assert b"739215" not in row.sealed
    message = await house.claim_one()
    assert "739215" in message.text
    assert "739215" not in repr(message) + repr(CODE) + repr(await house.notices.prepare(CODE))
    assert await house.settle(message, PartState.SENT) is NoticeState.SENT
    assert (await house.row()).sealed is None


@pytest.mark.parametrize("end", [PartState.REFUSED, PartState.UNCERTAIN, None])
async def test_a_code_is_wiped_at_every_other_end_too(house: House, end: PartState | None) -> None:
    await house.notices.tell(CODE)
    while end is not None and (messages := await house.claim()):
        await house.settle(messages[0], end)
    house.later(900)
    await house.outbox.tidy()
    assert (await house.row()).sealed is None
    assert (
        await house.state()
        is {
            PartState.REFUSED: NoticeState.REFUSED,
            PartState.UNCERTAIN: NoticeState.UNCERTAIN,
            None: NoticeState.EXPIRED,
        }[end]
    )


async def test_a_code_that_no_key_opens_is_refused_and_holds_up_nobody(house: House) -> None:
    await house.notices.tell(CODE)
    await house.notices.tell(BENEFIT)
    stranger = Outbox(house.store, SoftwareKeyStore.for_tests(), house.clock, house.metrics)
    assert [message.text[:5] for message in await stranger.claim(Channel.SMS, 10)] == ["5,000"]
    assert (await stranger.counts())[NoticeState.REFUSED] == 1


async def test_codes_go_before_receipts_and_the_longest_waiting_first(house: House) -> None:
    for cause in ("clm_1", "clm_2"):
        await house.notices.tell(Notice(cause, BENEFIT.class_, f"+98{cause}", "per_1", "en", BENEFIT.values))
        house.later(1)
    await house.notices.tell(CODE)
    assert [message.address for message in await house.claim(2)] == [CODE.msisdn, "+98clm_1"]
    assert [message.address for message in await house.claim(2)] == ["+98clm_2"]
    assert await house.claim() == []


async def test_a_dead_holders_lease_runs_out_and_its_notice_goes_once_more(house: House) -> None:
    await house.notices.tell(BENEFIT)
    for _ in range(2):
        await house.claim_one()
        assert await house.outbox.tidy() == 0
        house.later(LEASE_S)
        assert await house.outbox.tidy() == 1
    assert await house.state() is NoticeState.UNCERTAIN


async def test_a_lease_outlasts_the_slowest_link(house: House) -> None:
    house.outbox.outlasts(LEASE_S + 30.0)
    await house.notices.tell(BENEFIT)
    await house.claim_one()
    house.later(LEASE_S + 30)
    assert await house.outbox.tidy() == 0
    house.later(SETTLE_S)
    assert await house.outbox.tidy() == 1


async def test_a_start_on_a_store_of_ones_own_takes_over_at_once(house: House) -> None:
    await house.notices.tell(BENEFIT)
    await house.claim_one()
    assert await house.outbox.take_over() == 1
    assert len(await house.claim()) == 1


async def test_a_holder_whose_lease_ran_out_decides_nothing(house: House) -> None:
    await house.notices.tell(BENEFIT)
    slow = await house.claim_one()
    house.later(LEASE_S)
    await house.outbox.tidy()
    assert await house.settle(slow, PartState.REFUSED) is NoticeState.READY
    await house.claim_one()
    assert await house.settle(slow, PartState.UNCERTAIN) is NoticeState.LEASED


async def test_what_a_late_holder_has_sent_whole_is_not_sent_again(house: House) -> None:
    await house.notices.tell(BENEFIT)
    slow = await house.claim_one()
    house.later(LEASE_S)
    await house.outbox.tidy()
    assert await house.settle(slow, PartState.SENT) is NoticeState.SENT
    assert await house.claim() == []


async def test_only_the_missing_parts_of_a_long_message_go_again(house: House) -> None:
    await house.notices.tell(BENEFIT)
    message = await house.claim_one()
    assert await house.settle(message, PartState.SENT, PartState.LATER) is NoticeState.READY
    assert await house.claim() == []
    house.later(1)
    again = await house.claim_one()
    assert (again.parts_done, again.reference) == (frozenset({1}), message.reference)
    report = Report("smsc", 2, (PartResult(2, PartState.SENT, "m2"),))
    assert await house.report(again, report) is NoticeState.SENT
    await house.receive("m2", ReceiptState.DELIVERED)
    assert await house.state() is NoticeState.SENT
    await house.receive("m1", ReceiptState.DELIVERED)
    assert await house.state() is NoticeState.DELIVERED


@pytest.mark.parametrize(
    ("receipts", "state"),
    [
        ([ReceiptState.DELIVERED], NoticeState.DELIVERED),
        ([ReceiptState.FAILED], NoticeState.FAILED),
        ([ReceiptState.EXPIRED], NoticeState.EXPIRED),
        ([ReceiptState.PENDING], NoticeState.SENT),
        ([ReceiptState.PENDING, ReceiptState.DELIVERED], NoticeState.DELIVERED),
        ([ReceiptState.DELIVERED, ReceiptState.DELIVERED], NoticeState.DELIVERED),
        ([ReceiptState.DELIVERED, ReceiptState.EXPIRED], NoticeState.DELIVERED),
    ],
)
@pytest.mark.parametrize("receipt_first", [False, True])
async def test_receipts_end_a_notice_in_whatever_order_they_come(
    house: House, receipts: list[ReceiptState], state: NoticeState, *, receipt_first: bool
) -> None:
    await house.notices.tell(BENEFIT)
    message = await house.claim_one()
    if not receipt_first:
        await house.settle(message, PartState.SENT)
    for receipt in receipts:
        await house.receive("m1", receipt)
        house.later(1)
    if receipt_first:
        await house.settle(message, PartState.SENT)
    assert await house.state() is state


async def test_a_receipt_of_nobodys_message_waits_in_the_inbox(house: House) -> None:
    await house.receive("stranger", ReceiptState.DELIVERED)
    (row,) = await house.store.read(select(RECEIPTS))
    assert (row.message_id, row.state, row.matched_at) == ("stranger", "delivered", None)


async def test_a_receipt_of_nobodys_message_is_forgotten_before_its_id_is_used_again(house: House) -> None:
    await house.receive("m1", ReceiptState.FAILED)
    house.later(7 * 86_400 - 1)
    assert await house.outbox.tidy() == 0
    house.later(1)
    assert await house.outbox.tidy() == 1
    await house.notices.tell(BENEFIT)
    assert await house.settle(await house.claim_one(), PartState.SENT) is NoticeState.SENT
    assert await house.store.read(select(RECEIPTS)) == []


async def test_a_receipt_that_two_processes_missed_is_matched_later(house: House) -> None:
    await house.notices.tell(BENEFIT)
    await house.settle(await house.claim_one(), PartState.SENT)
    late = {"link": "smsc", "message_id": "m1", "state": "delivered", "error": "", "received_at": house.clock.now()}
    await house.store.apply(Write(RECEIPTS.insert(), late))
    assert await house.outbox.tidy() == 1
    assert await house.state() is NoticeState.DELIVERED


async def test_an_id_that_a_link_uses_again_means_the_younger_message(house: House) -> None:
    for cause in ("clm_1", "clm_2"):
        await house.notices.tell(Notice(cause, BENEFIT.class_, "+98", "per_1", "en", BENEFIT.values))
        await house.settle(await house.claim_one(), PartState.SENT)
        house.later(1)
    await house.receive("m1", ReceiptState.DELIVERED)
    rows = await house.store.read(select(OUTBOX.c.cause, OUTBOX.c.state).order_by(OUTBOX.c.cause))
    assert [tuple(row) for row in rows] == [("clm_1", "sent"), ("clm_2", "delivered")]


async def test_money_goes_by_email_too_once(house: House) -> None:
    notice = Notice("clm_1", BENEFIT.class_, "+98", "per_1", "fr", BENEFIT.values, email="a@example.org")
    assert await house.notices.tell(notice)
    assert not await house.notices.tell(notice)
    (letter,) = await house.outbox.claim(Channel.EMAIL, 10)
    assert (letter.address, letter.subject) == ("a@example.org", "Prestation versée")
    assert (await house.claim_one()).address == "+98"
    code = Notice("c", CODE.class_, "+98", "per_1", "en", secrets={"code": "1"}, email="a@example.org")
    await house.notices.tell(code)
    assert await house.outbox.claim(Channel.EMAIL, 10) == []


async def test_the_cursor_moves_with_what_it_told_or_not_at_all(house: House) -> None:
    assert await house.notices.told_up_to("money") == 0
    assert await house.notices.tell_following("money", 0, 7, [BENEFIT])
    assert not await house.notices.tell_following("money", 0, 9, [CODE])
    assert await house.notices.told_up_to("money") == 7
    assert await house.notices.tell_following("money", 7, 9, [BENEFIT])
    assert [message.id[:4] for message in await house.claim()] == ["ntc_"]


async def test_a_deadline_that_is_a_setting_wins(house: House) -> None:
    words = Words(zone="Asia/Tehran", service_code="*1420#")
    keys = SoftwareKeyStore.for_tests()
    notices = Notices(house.store, keys, house.clock, words, valid_s={NoticeClass.ONE_TIME_CODE: 60})
    await notices.tell(CODE)
    assert (await house.row()).valid_until == house.clock.now() + timedelta(seconds=60)


async def test_the_gauge_counts_what_waits(house: House) -> None:
    await house.notices.tell(BENEFIT)
    await house.outbox.tidy()
    assert house.metrics.registry.get_sample_value("tapdial_outbox_messages", {"state": "ready"}) == 1
