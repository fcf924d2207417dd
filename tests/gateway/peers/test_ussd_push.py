"""Pushes over links: what a phone shows or does not, told as one outcome; the answer to a page that asks is a hop."""

import asyncio
from dataclasses import replace

import pytest

from gateway.peers.ussd import UssdLinkKind
from gateway.services.dialogues.linked import HopKind
from gateway.services.dialogues.push import Push, PushOutcome
from simulators.ussd_centre import Away, CentreFaults, HuaweiCentre, Shown
from tests.gateway.peers.test_ussd_links import ALICE, BOB, Pages, became, linked

PUSH = Push("ntc_1", ALICE, "حق بیمه شما پرداخت شد.")
ASKS = replace(PUSH, asks=True, session_key="ses-1")


def huawei(centre: object) -> HuaweiCentre:
    assert isinstance(centre, HuaweiCentre)
    return centre


@pytest.mark.parametrize(
    ("away", "outcome"),
    [
        ([], PushOutcome.SHOWN),
        ([Away.ABSENT], PushOutcome.ABSENT),
        ([Away.BUSY], PushOutcome.BUSY),
        ([Away.RED_KEY], PushOutcome.REJECTED),
        ([Away.NO_USSD], PushOutcome.UNSUPPORTED),
        ([Away.SILENT], PushOutcome.UNKNOWN),
    ],
)
async def test_a_push_has_one_of_a_few_ends(away: list[Away], outcome: PushOutcome) -> None:
    pages = Pages()
    async with linked(UssdLinkKind.USSDC, pages, CentreFaults(), push_s=0.3) as (centre, link):
        await became(lambda: link.up)
        phones = huawei(centre)
        phones.away[ALICE] = away

        assert await link.push(PUSH) is outcome

        shown = [Shown(PUSH.text, asks=False)] if outcome is PushOutcome.SHOWN else []
        assert (phones.pushed[ALICE], pages.heard) == (shown, [])
        # The line stands and carries the next one, whatever became of the first.
        assert await link.push(replace(PUSH, msisdn=BOB)) is PushOutcome.SHOWN
        assert phones.given_up == (outcome is PushOutcome.UNKNOWN)


async def test_the_answer_to_a_page_that_asks_goes_on_as_its_session() -> None:
    pages = Pages()
    async with linked(UssdLinkKind.USSDC, pages, CentreFaults()) as (centre, link):
        await became(lambda: link.up)
        phones = huawei(centre)
        phones.answers[BOB] = "9"

        assert await link.push(replace(ASKS, msisdn=BOB)) is PushOutcome.SHOWN
        async with asyncio.timeout(3):
            last = await phones.talking[BOB].shown.get()

    assert (last.text, last.open) == ("2 said 9 é", False)
    assert [(hop.kind, hop.text, hop.session_key) for hop in pages.heard] == [(HopKind.CONTINUE, "9", "ses-1")]


async def test_who_talks_already_is_busy_and_keeps_the_dialogue() -> None:
    async with linked(UssdLinkKind.USSDC, Pages(), CentreFaults()) as (centre, link):
        await became(lambda: link.up)
        await centre.dial(BOB, "*1420#")

        assert await link.push(replace(PUSH, msisdn=BOB)) is PushOutcome.BUSY
        assert (await centre.answer(BOB, "1")).text == "2 said 1 é"


async def test_a_push_over_a_line_that_is_cut_is_unknown_and_over_none_is_not_sent() -> None:
    async with linked(UssdLinkKind.USSDC, Pages(), CentreFaults(), retry_min_s=30.0) as (centre, link):
        await became(lambda: link.up)
        huawei(centre).away[ALICE] = [Away.SILENT]
        async with asyncio.TaskGroup() as tasks:
            cut = tasks.create_task(link.push(PUSH))
            await asyncio.sleep(0.05)
            centre.hang_up()

        assert cut.result() is PushOutcome.UNKNOWN
        assert await link.push(PUSH) is PushOutcome.UNSUPPORTED


@pytest.mark.parametrize("text", ["a" * 183, "م" * 183])
async def test_what_the_wire_cannot_carry_is_never_sent(text: str) -> None:
    async with linked(UssdLinkKind.USSDC, Pages(), CentreFaults()) as (centre, link):
        await became(lambda: link.up)

        assert await link.push(replace(PUSH, text=text)) is PushOutcome.UNSUPPORTED
        assert huawei(centre).pushed[ALICE] == []


async def test_a_centre_that_has_no_push_says_so() -> None:
    async with linked(UssdLinkKind.MTN, Pages(), CentreFaults()) as (_centre, link):
        await became(lambda: link.up)

        assert await link.push(PUSH) is PushOutcome.UNSUPPORTED
