"""From a claim to the wallet: two people decide, money moves exactly once, over every crash."""

import asyncio
from datetime import date, timedelta

import pytest

from gateway.errors import Conflict
from gateway.services.benefits import ClaimOutcome, ClaimState, DecisionOutcome
from gateway.services.shortnumber import is_short_number
from tests.gateway.services.benefits.conftest import Office, open_office
from tests.gateway.services.payments.bank import CrashAt, PowerCut
from wallet.accounts import AccountChange, AccountState
from wallet.clock import ManualClock
from wallet.money import irr

DAYS = (date(2026, 11, 16), date(2026, 11, 20))
WORTH = 5 * 4_500_000


async def submitted(office: Office, key: str = "ses_1:1", days: tuple[date, date] = DAYS) -> str:
    result = await office.benefits.claim(office.maryam.id, *days, key)
    assert result.outcome is ClaimOutcome.OK
    assert result.claim is not None
    return result.claim.id


async def state(office: Office, claim_id: str) -> ClaimState:
    found = await office.benefits.by_id(claim_id)
    assert found is not None
    return found.state


async def test_a_claim_has_a_number_an_amount_and_a_notice(each_office: Office) -> None:
    result = await each_office.benefits.claim(each_office.maryam.id, *DAYS, "ses_1:1")

    claim = result.claim
    assert claim is not None
    assert claim.number.startswith("S-")
    assert is_short_number(claim.number[2:])
    assert (claim.days, claim.amount, claim.state) == (5, irr(WORTH), ClaimState.SUBMITTED)
    assert await each_office.benefits.by_number(f" {claim.number.lower()}") == claim
    assert await each_office.benefits.pending(limit=5) == [claim]
    told = each_office.bank.teller.of("claim_received")
    assert [(row.cause, row.values) for row in told] == [(claim.id, {"number": claim.number})]


async def test_the_same_call_is_the_same_claim(office: Office) -> None:
    first = await office.benefits.claim(office.maryam.id, *DAYS, "ses_1:1")

    assert await office.benefits.claim(office.maryam.id, *DAYS, "ses_1:1") == first
    assert len(await office.benefits.claims_of(office.maryam.id)) == 1
    with pytest.raises(Conflict):
        await office.benefits.claim(office.maryam.id, DAYS[0], DAYS[0], "ses_1:1")


@pytest.mark.parametrize(
    ("first", "last", "outcome"),
    [
        (date(2026, 11, 20), date(2026, 11, 21), ClaimOutcome.OVERLAP),
        (date(2026, 11, 10), date(2026, 11, 16), ClaimOutcome.OVERLAP),
        (date(2026, 11, 17), date(2026, 11, 18), ClaimOutcome.OVERLAP),
        (date(2026, 11, 21), date(2026, 11, 22), ClaimOutcome.OK),
        (date(2026, 11, 10), date(2026, 11, 15), ClaimOutcome.OK),
        (date(2026, 11, 20), date(2026, 11, 16), ClaimOutcome.ORDER),
    ],
)
async def test_no_day_is_claimed_twice(office: Office, first: date, last: date, outcome: ClaimOutcome) -> None:
    await submitted(office)

    assert (await office.benefits.claim(office.maryam.id, first, last, "ses_2:1")).outcome is outcome


async def test_too_long_says_how_long_it_may_be(office: Office) -> None:
    result = await office.benefits.claim(office.maryam.id, date(2026, 9, 1), date(2026, 11, 20), "ses_1:1")

    assert (result.outcome, result.days_max, result.claim) == (ClaimOutcome.TOO_LONG, 60, None)


async def test_the_business_day_is_the_zones_not_utcs(office: Office, clock: ManualClock) -> None:
    clock.advance(timedelta(hours=12, minutes=45))  # 20:45 UTC on the 22nd is the 23rd in Tehran.
    tomorrow = date(2026, 11, 23)

    assert (await office.benefits.claim(office.maryam.id, tomorrow, tomorrow, "ses_1:1")).outcome is ClaimOutcome.OK


async def test_days_of_a_rejected_claim_are_free_again(each_office: Office) -> None:
    claim_id = await submitted(each_office)

    assert await each_office.benefits.reject(claim_id, "stf_1", "no certificate") is DecisionOutcome.OK
    assert await each_office.benefits.approve(claim_id, "stf_1") is DecisionOutcome.NOT_PENDING
    assert await each_office.benefits.reject("clm_0", "stf_1", "") is DecisionOutcome.UNKNOWN

    await submitted(each_office, "ses_2:1")
    assert [change.state for change in await each_office.benefits.history(claim_id)] == ["submitted", "rejected"]


async def test_what_two_people_agree_on_is_paid_once(each_office: Office) -> None:
    claim_id = await submitted(each_office)
    assert await each_office.benefits.approve(claim_id, "stf_1") is DecisionOutcome.OK
    assert each_office.proposals.open[claim_id]["maker"] == "stf_1"
    assert await state(each_office, claim_id) is ClaimState.APPROVED

    assert await each_office.benefits.release(claim_id, "apr_1") == "paid"
    assert await each_office.benefits.release(claim_id, "apr_1") == "paid"

    assert await each_office.bank.wallet(each_office.maryam.id) == WORTH
    assert await each_office.bank.net("benefit_expense", "sickness") == -WORTH
    rows = await each_office.bank.ledger.real.caused_by(claim_id)
    assert [row.transfer.amount for row in rows] == [irr(WORTH)]


async def test_what_was_not_approved_is_not_released(office: Office) -> None:
    claim_id = await submitted(office)

    assert await office.benefits.release(claim_id, "apr_1") == "submitted"
    assert await office.benefits.release("clm_0", "apr_1") == "unknown claim"
    assert await office.bank.wallet(office.maryam.id) == 0


@pytest.mark.parametrize("crash", [CrashAt.BEFORE_POST, CrashAt.AFTER_POST])
async def test_a_crash_while_paying_is_finished_by_the_sweep(
    office: Office, clock: ManualClock, crash: CrashAt
) -> None:
    claim_id = await submitted(office)
    await office.benefits.approve(claim_id, "stf_1")
    office.bank.ledger.crash_at = crash
    with pytest.raises(PowerCut):
        await office.benefits.release(claim_id, "apr_1")
    assert await state(office, claim_id) is ClaimState.RELEASED
    assert await office.benefits.sweep() == 0
    clock.advance(timedelta(seconds=6))

    assert await office.benefits.sweep() == 1
    assert await office.benefits.sweep() == 0

    assert await state(office, claim_id) is ClaimState.PAID
    assert await office.bank.wallet(office.maryam.id) == WORTH


async def test_a_crash_before_the_proposal_is_finished_by_the_sweep(office: Office, clock: ManualClock) -> None:
    claim_id = await submitted(office)
    office.proposals.broken = True
    with pytest.raises(ConnectionError):
        await office.benefits.approve(claim_id, "stf_1")
    office.proposals.broken = False
    clock.advance(timedelta(seconds=6))

    assert await office.benefits.sweep() == 1
    assert await office.benefits.sweep() == 0

    assert office.proposals.open[claim_id]["maker"] == "stf_1"


async def test_a_refused_release_waits_for_a_decision_again(office: Office) -> None:
    claim_id = await submitted(office)
    await office.benefits.approve(claim_id, "stf_1")

    assert await office.benefits.release_refused(claim_id, "apr_1") == "waits again"
    await office.benefits.approve(claim_id, "stf_3")
    assert await office.benefits.release_refused(claim_id, "apr_1") == "nothing to take back"

    assert await state(office, claim_id) is ClaimState.APPROVED
    assert await office.benefits.release(claim_id, "apr_2") == "paid"


async def test_a_frozen_wallet_is_paid_once_staff_have_thawed_it(office: Office, clock: ManualClock) -> None:
    claim_id = await submitted(office)
    await office.benefits.approve(claim_id, "stf_1")
    wallet = office.bank.chart.account("wallet", office.maryam.id)
    await office.bank.ledger.open_accounts(wallet)
    await office.bank.ledger.real.change(AccountChange(wallet.id, "stf_1", AccountState.FROZEN))

    assert await office.benefits.release(claim_id, "apr_1") == "credit_frozen"
    await office.bank.ledger.real.change(AccountChange(wallet.id, "stf_1", AccountState.OPEN))
    assert await office.benefits.sweep() == 0, "not at once: it would be refused again and again"
    clock.advance(timedelta(hours=1, seconds=1))
    assert await office.benefits.sweep() == 1

    assert await office.bank.wallet(office.maryam.id) == WORTH


async def test_a_release_waits_until_a_changed_phone_or_account_has_cooled(office: Office, clock: ManualClock) -> None:
    claim_id = await submitted(office)
    await office.benefits.approve(claim_id, "stf_1")
    office.payees.cooling[office.maryam.id] = clock.now() + timedelta(hours=48)

    assert await office.benefits.release(claim_id, "apr_1") == "payee_cools"
    clock.advance(timedelta(hours=2))
    assert await office.benefits.sweep() == 0

    assert await state(office, claim_id) is ClaimState.RELEASED
    told = [one.note for one in await office.benefits.history(claim_id)]
    assert told.count("payee_cools") == 1
    office.payees.cooling.clear()
    clock.advance(timedelta(hours=1, seconds=1))
    assert await office.benefits.sweep() == 1
    assert await office.bank.wallet(office.maryam.id) == WORTH


async def test_of_claims_made_at_once_in_two_processes_one_gets_the_days(
    each_office: Office, database_url: str, clock: ManualClock
) -> None:
    async with open_office(database_url, clock) as other:
        other.bank.people.people[each_office.maryam.id] = each_office.maryam
        offices = [each_office, other] * 4
        async with asyncio.TaskGroup() as group:
            calls = [
                group.create_task(office.benefits.claim(each_office.maryam.id, *DAYS, f"ses_{number}:1"))
                for number, office in enumerate(offices)
            ]

    outcomes = sorted(call.result().outcome for call in calls)
    assert outcomes == [ClaimOutcome.OK] + [ClaimOutcome.OVERLAP] * 7
