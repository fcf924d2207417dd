"""Where the gateway is killed while somebody enrols, claims, and staff decide and take cash in."""

import re
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

from persiantools.jdatetime import JalaliDate

from tests.journeys import kills, steps
from tests.journeys.kill_steps import NEW_PIN, asks_for_code, chooses_pin, code_of, press, sees_the_truth
from tests.journeys.kills import (
    PAYMENT_BEGUN,
    RELEASE_BEGUN,
    Point,
    Scene,
    Step,
    answered,
    at_registry,
    at_smsc,
    in_hand,
    intended,
    posted,
)
from wallet.clock import SystemClock

ILL, AT_BRANCH = 1, 8
"""Maryam, who reads Persian, and Ali with his notes."""
CASH, DAY, CLAIMED_DAYS = 700_000, 4_500_000, 3

# --- first contact ---


def at_national_number(number: int) -> Step:
    """The dialogue waits for the national number."""

    async def step(scene: Scene) -> None:
        await scene.town.dial(number, "1")

    return step


def national_number(number: int) -> Step:
    """Type it."""

    async def step(scene: Scene) -> None:
        await scene.town.phone(number).press(scene.town.facts.people[number - 1].national_number)

    return step


async def code_is_asked_again(scene: Scene) -> None:
    await asks_for_code(scene, 5)
    assert await code_of(scene, 5)


async def code_comes_after_all(scene: Scene) -> None:
    await chooses_pin(scene, 6, await code_of(scene, 6))


async def at_repeat_of_pin(scene: Scene, number: int) -> None:
    if not scene.town.phone(number).message_count:
        await asks_for_code(scene, number)
    await scene.town.dial(number, await code_of(scene, number), NEW_PIN)


async def pin_is_chosen_again(scene: Scene) -> None:
    await chooses_pin(scene, 5)


async def pin_was_kept(scene: Scene) -> None:
    await sees_the_truth(scene, 7, NEW_PIN)


ENROLMENT = (
    Point("the registry is asked", at_national_number(5), national_number(5), at_registry, code_is_asked_again),
    Point(
        "the one-time code is with the SMSC, which loses it",
        at_national_number(6), national_number(6), at_smsc(taken=False), code_comes_after_all,
    ),
    Point("the PIN's repeat is in hand", partial(at_repeat_of_pin, number=5), press(5, NEW_PIN), in_hand,
          pin_is_chosen_again),
    Point("the PIN is kept, nobody is told", partial(at_repeat_of_pin, number=7), press(7, NEW_PIN), answered,
          pin_was_kept),
)  # fmt: skip


# --- a sickness benefit ---


def sick_days(weeks_ago: int) -> tuple[str, str]:
    """First and last day in Maryam's calendar."""
    last = SystemClock().now().astimezone(ZoneInfo("Asia/Tehran")).date() - timedelta(days=7 * weeks_ago)
    days = (last - timedelta(days=CLAIMED_DAYS - 1), last)
    return tuple(JalaliDate(day).strftime("%Y/%m/%d") for day in days)  # type: ignore[no-untyped-call,return-value]


def at_confirm(weeks_ago: int) -> Step:
    """Both days are typed and the dialogue waits for the word."""

    async def step(scene: Scene) -> None:
        await scene.town.dial(ILL, "2", "1", *sick_days(weeks_ago))

    return step


async def claims(scene: Scene, weeks_ago: int) -> None:
    await at_confirm(weeks_ago)(scene)
    await scene.town.phone(ILL).press("3")
    assert re.search(r"S-\d{8}", steps.latin(scene.town.phone(ILL).screen.text)), scene.town.phone(ILL).screen


async def claimed(scene: Scene) -> list[str]:
    """Numbers of the claims that the person finds."""
    return re.findall(r"S-\d{8}", steps.latin(await scene.town.dial(ILL, "2", "2")))


async def claim_was_lost(scene: Scene) -> None:
    assert await claimed(scene) == []
    await claims(scene, 1)
    assert len(await claimed(scene)) == 1


async def claim_was_kept(scene: Scene) -> None:
    numbers = await claimed(scene)
    assert len(numbers) == 2
    assert numbers[0] in steps.latin(await scene.repeat_callback(ILL))
    await at_confirm(2)(scene)
    await scene.town.phone(ILL).press("3")
    assert len(await claimed(scene)) == 2, "the same days are never claimed twice"


async def claim_waits(scene: Scene, weeks_ago: int) -> None:
    await claims(scene, weeks_ago)
    await finds_claim(scene)


async def finds_claim(scene: Scene) -> None:
    """The officer's newest waiting claim."""
    await (await scene.desk("officer")).page("/console/claims")
    rows = await scene.stores.rows("SELECT id FROM benefits_claims WHERE state = 'submitted' ORDER BY id DESC")
    scene.notes["claim"] = rows[0][0]


async def approves(scene: Scene) -> None:
    await (await scene.desk("officer")).submit(f"/console/claims/{scene.notes['claim']}/approve")


async def claim_is_proposed_once(scene: Scene) -> None:
    await approves(scene)
    proposals = f"SELECT count(*) FROM approvals_approvals WHERE subject = '{scene.notes['claim']}'"  # noqa: S608
    await kills.until(lambda: scene.stores.some(proposals))
    assert await scene.stores.number(proposals) == 1
    assert scene.notes["claim"] in await (await scene.desk("supervisor")).page("/console/approvals")


async def waits_for_release(scene: Scene, weeks_ago: int) -> None:
    await claim_waits(scene, weeks_ago)
    await approves(scene)
    page = await (await scene.desk("supervisor")).page("/console/approvals")
    rows = [row for row in page.split("<tr") if scene.notes["claim"] in row]
    found = re.search(r'href="(/console/approvals/apr_\w+)"', rows[0])
    assert found is not None
    scene.notes["approval"] = found.group(1)


async def releases(scene: Scene) -> None:
    await (await scene.desk("supervisor")).submit(f"{scene.notes['approval']}/approve")


async def is_paid_once(scene: Scene) -> None:
    await releases(scene)
    await scene.finished()
    await scene.sms(ILL, "", before=int(scene.notes.get("sms", "0")))
    await sees_the_truth(scene, ILL)


PAID_OUT: Mapping[str, int] = {f"wallet {ILL}": CLAIMED_DAYS * DAY, "benefit_expense": -CLAIMED_DAYS * DAY}


def release(name: str, kill: kills.Kill, weeks_ago: int) -> Point:
    """A release that is cut off."""
    return Point(name, partial(waits_for_release, weeks_ago=weeks_ago), releases, kill, is_paid_once, PAID_OUT)


BENEFIT = (
    Point("the claim is in hand", at_confirm(1), press(ILL, "3"), in_hand, claim_was_lost),
    Point("the claim is stored, its number is not told", at_confirm(2), press(ILL, "3"), answered, claim_was_kept),
    Point("the approval is in hand", finds_claim, approves, in_hand, claim_is_proposed_once),
    Point("the approval is stored, nobody is told", partial(claim_waits, weeks_ago=3), approves, answered,
          claim_is_proposed_once),
    release("the release is in hand", in_hand, 4),
    release("the release is decided and not posted", intended(RELEASE_BEGUN), 5),
    release("the ledger's head has just moved by the release", posted(RELEASE_BEGUN), 6),
    release("the release is done, nobody is told", answered, 7),
)  # fmt: skip


# --- cash at a branch ---


async def at_cash_form(scene: Scene) -> None:
    msisdn = f"+98912000000{AT_BRANCH}"
    rows = await scene.stores.rows(f"SELECT id FROM people_persons WHERE msisdn = '{msisdn}'")  # noqa: S608
    scene.notes["form"] = f"/console/cash-in/{rows[0][0]}"
    page = await (await scene.desk("clerk")).page(scene.notes["form"])
    found = re.search(r'name="form_key" value="(csh_\w+)"', page)
    assert found is not None, page
    scene.notes["form_key"] = found.group(1)


async def submits(scene: Scene) -> str:
    clerk = await scene.desk("clerk")
    return await clerk.submit(scene.notes["form"], amount=str(CASH), form_key=scene.notes["form_key"])


async def submits_form(scene: Scene) -> None:
    await submits(scene)


async def taken_once(scene: Scene) -> None:
    """The clerk sends the form again, twice: the same receipt, one payment."""
    receipts = [re.findall(r"\b\d{8,14}\b", await submits(scene)) for _ in range(2)]
    assert receipts[0], "a receipt has a reference"
    assert receipts[0] == receipts[1]
    await sees_the_truth(scene, AT_BRANCH)


def cash_in(name: str, kill: kills.Kill) -> Point:
    """Cash taken in, cut off."""
    moved = {f"wallet {AT_BRANCH}": CASH, "branch_cash": -CASH}
    return Point(name, at_cash_form, submits_form, kill, taken_once, moved)


DESK = (
    cash_in("the cash-in is in hand", in_hand),
    cash_in("the cash-in's intent is stored and nothing is posted", intended(PAYMENT_BEGUN)),
    cash_in("the ledger's head has just moved by the cash-in", posted(PAYMENT_BEGUN)),
    cash_in("the cash-in is done, the clerk is not told", answered),
)
