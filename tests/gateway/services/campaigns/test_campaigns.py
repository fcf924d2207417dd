"""Campaigns on both databases: loaded once, released by a second person, paced, paused, resumed and reported."""

import asyncio
import io
import itertools
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import ussd_menus
from gateway.app.adapters import Stops
from gateway.errors import BadInput, Conflict
from gateway.services.approvals import Proposals
from gateway.services.campaigns import (
    BadRow,
    CampaignKind,
    CampaignOutcome,
    CampaignState,
    Known,
    RowFault,
    Window,
)
from gateway.services.campaigns.pace import per_minute
from gateway.services.messages import OptOuts
from gateway.services.notices import Channel, PartResult, PartState, Report
from gateway.settings import Settings
from gateway.store import Store
from tests.gateway.services.campaigns.conftest import TEXTS, House, bill, msisdn, owing

TEHRAN = ZoneInfo("Asia/Tehran")


async def test_each_row_is_told_once_in_its_readers_language(house: House) -> None:
    house.people.known[msisdn(1)] = Known("per_1", "fa")
    campaign_id = await house.running(owing(3))
    await house.queue_all()

    rows = sorted(await house.rows(), key=lambda row: row.address)

    assert [(row.cause, row.person, row.language) for row in rows] == [
        (f"{campaign_id}:2", msisdn(0), "en"),
        (f"{campaign_id}:3", "per_1", "fa"),
        (f"{campaign_id}:4", msisdn(2), "en"),
    ]
    assert rows[0].text == "You owe 1,000 rials. Pay: *1420*3#"
    assert rows[1].text == "بدهی شما ۱٬۰۰۱ ریال. پرداخت: \u200e*1420*3#"
    assert {(row.lane, row.class_) for row in rows} == {(3, "campaign")}
    assert all(row.valid_until - row.next_at == timedelta(days=1) for row in rows)


async def test_nobody_is_told_before_a_second_person_has_agreed(house: House) -> None:
    campaign = await house.loaded(owing(3))
    await house.queue_all()
    assert await house.rows() == []

    assert await house.campaigns.propose(campaign.id, "stf_1") is CampaignOutcome.OK
    assert await house.campaigns.propose(campaign.id, "stf_2") is CampaignOutcome.OK
    (approval,) = await Proposals(house.store, house.clock).list_pending(limit=9)
    assert (approval.subject, approval.maker) == (campaign.id, "stf_1")
    assert {"messages": "3", "parts": "3", "cost": "450 IRR"}.items() <= approval.payload.items()
    await house.queue_all()
    assert await house.rows() == []

    assert await house.campaigns.refused(campaign.id, "apr_1") == "ok"
    assert await house.campaigns.release(campaign.id, "apr_2") == "running"
    assert await house.campaigns.release(campaign.id, "apr_2") == "running"
    await house.queue_all()
    assert len(await house.rows()) == 3


async def test_a_number_stands_once_and_every_bad_line_is_reported(house: House) -> None:
    file = b"phone,amount\n09120000001,5\n+98 912 000 0001,6\nnobody,7\n09120000002,\n"
    campaign = await house.loaded(file)

    assert (campaign.state, campaign.total, campaign.bad) == (CampaignState.DRAFT, 1, 3)
    assert await house.campaigns.bad_rows(campaign.id, limit=10) == [
        BadRow(3, RowFault.DUPLICATE, "phone"),
        BadRow(4, RowFault.PHONE, "phone"),
        BadRow(5, RowFault.EMPTY, "amount"),
    ]


async def test_a_text_that_would_take_too_many_parts_is_a_bad_line(house: House) -> None:
    texts = {"en": "x" * 600 + " {name}"}
    campaign = await house.loaded(b"phone,name\n09120000001,Al\n09120000002,%b\n" % (b"y" * 100), texts)

    assert [row.fault for row in await house.campaigns.bad_rows(campaign.id, limit=9)] == [RowFault.TEXT_LONG]
    assert (campaign.total, campaign.parts, campaign.ucs2) == (1, 4, 0)


async def test_the_preview_shows_words_parts_cost_and_end(house: House) -> None:
    campaign = await house.loaded(b"phone,amount,language\n09120000001,5,en\n09120000002,6,fa\n09120000003,7,fa\n")
    preview = await house.campaigns.preview(campaign.id, each=1)

    assert [(row.number, row.language, row.parts) for row in preview.rows] == [(2, "en", 1), (3, "fa", 1)]
    assert (campaign.parts, campaign.ucs2, preview.cost_minor) == (3, 2, 3 * house.settings.campaign_part_minor)
    assert preview.ends_at == house.clock.now() + timedelta(minutes=3)


@pytest.mark.parametrize("reached", [1, 2])
async def test_a_file_that_a_crash_interrupted_goes_on_behind_the_last_batch(house: House, reached: int) -> None:
    class Crash(Exception):
        pass

    batches = itertools.count(1)

    async def crash(_total: int, _bad: int) -> None:
        if next(batches) == reached:
            raise Crash

    file = owing(900) + b"junk,1\n" * 700
    made = await house.campaigns.create("autumn", CampaignKind.CAMPAIGN, TEXTS, source="csv", hours=1)
    with pytest.raises(Crash):
        await house.campaigns.load_csv(made.id, io.BytesIO(file), crash)
    campaign = await house.campaigns.load_csv(made.id, io.BytesIO(file))

    assert (campaign.total, campaign.bad, campaign.state) == (900, 700, CampaignState.DRAFT)
    with pytest.raises(Conflict):
        await house.campaigns.load_csv(made.id, io.BytesIO(file))


async def test_more_rows_than_a_campaign_may_have_are_refused(house: House) -> None:
    with pytest.raises(BadInput, match="1000"):
        await house.loaded(owing(1001))


async def test_the_unpaid_invoices_of_a_month_make_a_campaign(house: House) -> None:
    house.bills.rows = [bill(place) for place in range(700)]
    texts = {"en": "{period}: {amount}. Dial {pay_code}"}
    made = await house.campaigns.create("bills", CampaignKind.INVOICE, texts, source="invoices:1405-08", hours=1)
    campaign = await house.campaigns.load_invoices(made.id)
    await house.campaigns.release(campaign.id, "apr_1")
    await house.queue_all()

    rows = await house.rows()
    assert (campaign.total, len(rows), rows[0].class_) == (700, 700, "invoice")
    assert rows[0].text == "1405-08: 7,500,000 rials. Dial *1420*3#"


async def test_messages_are_due_evenly_over_the_hours(house: House) -> None:
    await house.running(owing(600), hours=2)
    await house.queue_all()

    due = [row.next_at for row in await house.rows()]
    counts = [len(list(group)) for _, group in itertools.groupby(due)]
    assert counts == [5] * 120
    assert (due[0], due[-1]) == (house.clock.now(), house.clock.now() + timedelta(minutes=119))


@pytest.mark.parametrize(
    ("start", "minutes", "due"),
    [
        ("2026-11-22 04:30", 0, "2026-11-22 04:30"),
        ("2026-11-22 04:00", 0, "2026-11-22 04:30"),
        ("2026-11-22 17:29", 0, "2026-11-22 17:29"),
        ("2026-11-22 17:29", 1, "2026-11-23 04:30"),
        ("2026-11-22 17:30", 0, "2026-11-23 04:30"),
        ("2026-11-22 17:00", 30 + 13 * 60 + 5, "2026-11-24 04:35"),
    ],
)
def test_nobody_is_disturbed_outside_the_hours(start: str, minutes: int, due: str) -> None:
    def utc(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)

    assert Window(8, 21, TEHRAN).after(utc(start), minutes) == utc(due)


@pytest.mark.parametrize(("total", "hours", "pace"), [(0, 1, 1), (60, 1, 1), (61, 1, 2), (570_000, 10, 950)])
def test_the_pace_ends_in_time(total: int, hours: int, pace: int) -> None:
    assert per_minute(total, hours) == pace
    assert pace * hours * 60 >= total


async def test_who_has_asked_to_be_left_alone_is(house: House) -> None:
    house.stopped.numbers = {msisdn(1), msisdn(2)}
    campaign_id = await house.running(owing(4))
    await house.queue_all()

    assert [row.address for row in await house.rows()] == [msisdn(0), msisdn(3)]
    campaign = await house.campaigns.progress(campaign_id)
    assert campaign is not None
    assert campaign.counts == {"ready": 2, "opted_out": 2}


async def test_who_asks_to_be_left_alone_while_a_campaign_is_under_way_is_taken_out_of_it(house: House) -> None:
    campaign_id = await house.running(owing(4))
    await house.queue_all()
    assert await house.send(1) == [msisdn(0)]

    assert [await house.campaigns.leave_alone(msisdn(place)) for place in (0, 1, 1, 9)] == [0, 1, 0, 0]
    await house.campaigns.pause(campaign_id)
    assert await house.campaigns.leave_alone(msisdn(2)) == 1
    await house.campaigns.resume(campaign_id)
    await house.queue_all()

    assert sorted(row.address for row in await house.rows()) == [msisdn(0), msisdn(3)]
    campaign = await house.campaigns.progress(campaign_id)
    assert campaign is not None
    assert campaign.counts == {"sent": 1, "ready": 1, "opted_out": 2}


async def test_who_writes_stop_is_on_the_list_and_out_of_what_is_under_way(house: House) -> None:
    await house.running(owing(2))
    await house.queue_all()
    opt_outs = OptOuts(house.store, house.clock)
    stops = Stops(opt_outs, house.campaigns)
    for _ in range(2):
        await stops.stop(msisdn(1))

    assert [row.address for row in await house.rows()] == [msisdn(0)]
    assert await opt_outs.stopped(msisdn(1))
    await stops.start(msisdn(1))
    assert not await opt_outs.stopped(msisdn(1))


async def test_a_month_with_more_invoices_than_allowed_holds_up_no_other(house: House) -> None:
    texts = {"en": "{period}: {amount}"}
    made = [
        await house.campaigns.create("bills", CampaignKind.INVOICE, texts, source="invoices:1405-08", hours=1)
        for _ in range(2)
    ]
    house.bills.rows = [bill(place) for place in range(1001)]
    assert await house.campaigns.load_tick() == 0
    assert await house.campaigns.load_tick() == 0

    for campaign in made:
        found = await house.campaigns.by_id(campaign.id)
        assert found is not None
        assert found.state is CampaignState.CANCELLED


async def test_a_pause_takes_out_what_is_unsent_and_resume_puts_it_back_once(house: House) -> None:
    campaign_id = await house.running(owing(120))
    await house.queue_all()
    sent = await house.send(2)
    assert len(sent) == 2

    assert await house.campaigns.pause(campaign_id) is CampaignOutcome.OK
    house.clock.advance(timedelta(hours=1))
    assert await house.send(10) == []
    assert await house.campaigns.pause(campaign_id) is CampaignOutcome.WRONG_STATE
    assert await house.campaigns.tick() == 0

    assert await house.campaigns.resume(campaign_id) is CampaignOutcome.OK
    await house.queue_all()
    rows = await house.rows()
    assert len(rows) == len({row.address for row in rows}) == 120
    assert min(row.next_at for row in rows if row.state == "ready") == house.clock.now()


async def test_what_a_link_gave_back_during_a_pause_is_taken_out_too(house: House) -> None:
    campaign_id = await house.running(owing(2))
    await house.queue_all()
    house.clock.advance(timedelta(minutes=2))
    in_hand = await house.outbox.claim(Channel.SMS, 2)
    await house.campaigns.pause(campaign_id)
    for message in in_hand:
        await house.outbox.settle([(message, Report("smsc", 1, (PartResult(1, PartState.LATER),)))])
    house.clock.advance(timedelta(minutes=2))
    await house.campaigns.sweep()
    await house.queue_all()

    assert await house.rows() == []
    await house.campaigns.resume(campaign_id)
    await house.queue_all()
    assert len(await house.rows()) == 2


async def test_a_cancel_ends_what_was_not_sent_for_good(house: House) -> None:
    campaign_id = await house.running(owing(4))
    await house.queue_all()
    house.clock.advance(timedelta(minutes=1))
    await house.send(2)

    assert await house.campaigns.cancel(campaign_id) is CampaignOutcome.OK
    assert await house.campaigns.resume(campaign_id) is CampaignOutcome.WRONG_STATE
    assert await house.campaigns.cancel(campaign_id) is CampaignOutcome.WRONG_STATE
    campaign = await house.campaigns.progress(campaign_id)
    assert campaign is not None
    assert (campaign.state, campaign.counts) == (CampaignState.CANCELLED, {"sent": 2, "cancelled": 2})


@pytest.mark.parametrize("verb", ["pause", "resume", "cancel"])
async def test_nothing_is_steered_that_is_not_there(house: House, verb: str) -> None:
    assert await getattr(house.campaigns, verb)("cam_0") is CampaignOutcome.UNKNOWN


async def test_an_empty_campaign_is_not_released(house: House) -> None:
    campaign = await house.loaded(b"phone,amount\n")

    assert await house.campaigns.propose(campaign.id, "stf_1") is CampaignOutcome.EMPTY


async def test_the_report_says_of_every_row_where_it_stands(house: House) -> None:
    campaign_id = await house.running(owing(5))
    await house.queue_all()
    house.clock.advance(timedelta(minutes=5))
    await house.send(1)
    await house.send(2, PartState.REFUSED)
    await house.send(1, PartState.UNCERTAIN)
    open_ = await house.campaigns.progress(campaign_id)
    await house.send(1)
    house.clock.advance(timedelta(minutes=5))
    await house.campaigns.sweep()

    done = await house.campaigns.progress(campaign_id)
    pages = [page async for page in house.campaigns.report(campaign_id)]
    assert open_ is not None
    assert (open_.state, open_.decided) == (CampaignState.RUNNING, 4)
    assert done is not None
    assert (done.state, done.counts) == (CampaignState.DONE, {"sent": 2, "refused": 2, "uncertain": 1})
    assert [[row.state for row in page] for page in pages] == [["sent", "refused", "refused", "uncertain", "sent"]]


async def test_a_test_goes_to_staff_now_and_counts_for_nobody(house: House) -> None:
    campaign = await house.loaded(b"phone,amount,language\n09120000001,5,en\n09120000002,6,fa\n")

    assert await house.campaigns.test_send(campaign.id, [msisdn(8), msisdn(9)]) == 4
    assert sorted(await house.send(9)) == [msisdn(8), msisdn(8), msisdn(9), msisdn(9)]
    with pytest.raises(Conflict):
        await house.campaigns.test_send(campaign.id, [msisdn(n) for n in range(6)])
    await house.campaigns.release(campaign.id, "apr_1")
    await house.queue_all()
    assert len(await house.rows()) == 6


async def test_two_processes_that_queue_at_once_tell_everybody_once(house: House, database_url: str) -> None:
    await house.running(owing(900))
    store = await Store.open(database_url)
    other = house.another(store)
    async with asyncio.TaskGroup() as group:
        for campaigns in (house.campaigns, other) * 3:
            group.create_task(campaigns.tick())
    await store.close()
    await house.queue_all()

    rows = await house.rows()
    assert len(rows) == len({row.address for row in rows}) == 900


def test_the_pay_code_that_is_dialled_leads_to_the_unpaid_invoices() -> None:
    settings = Settings()
    home = tomllib.loads((Path(ussd_menus.__file__).parent / "menus/home.toml").read_text("utf-8"))
    places = [place for place, option in enumerate(home["menu"]["options"], 1) if option["to"] == "invoices.find"]

    assert settings.pay_code == f"{settings.service_code.removesuffix('#')}*{places[0]}#"
