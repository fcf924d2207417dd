"""Claim codes: sent to a number that is not enrolled, redeemed by its owner or sent back, never both."""

import asyncio
from datetime import timedelta
from pathlib import Path

import freezegun
import pytest
from sqlalchemy import delete, select, update

from gateway.services.payments import CodeState, PayOutcome, RedeemOutcome, RedeemResult
from gateway.services.payments.tables import codes, payments
from tests.gateway.services.payments.bank import CrashAt, FakePerson, PowerCut
from tests.gateway.services.payments.conftest import START, UNKNOWN_NUMBER, Till, open_till
from wallet.accounts import AccountChange, AccountState
from wallet.clock import ManualClock, SystemClock
from wallet.money import irr

WEEK = timedelta(days=7)


async def sent(till: Till, key: str = "ses_1:1", minor: int = 1000) -> str:
    """Send a claim code; its id."""
    result = await till.payments.send_code(till.maryam.id, UNKNOWN_NUMBER, irr(minor), key)
    assert result.outcome is PayOutcome.OK
    assert result.valid_until == till.bank.clock.now() + WEEK
    return result.payment_id


def enrols(till: Till) -> FakePerson:
    return till.bank.people.add(till.bank.clock, UNKNOWN_NUMBER, "Leila Rahimi")


def last_code(till: Till) -> str:
    return till.bank.teller.last_code("claim_code")


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 10**8:08d}"


async def state(till: Till, code_id: str) -> CodeState:
    found = await till.payments.claim_code(code_id)
    assert found is not None
    return found.state


async def test_who_enrols_redeems_the_code_of_that_number_once(each_till: Till) -> None:
    code_id = await sent(each_till)
    told = each_till.bank.teller.of("claim_code")[0]
    assert (told.msisdn, told.person_id, told.values["amount"]) == (UNKNOWN_NUMBER, "", irr(1000))
    leila = enrols(each_till)

    first = await each_till.payments.redeem(leila.id, last_code(each_till), "ses_2:1")
    again = await each_till.payments.redeem(leila.id, last_code(each_till), "ses_2:1")
    later = await each_till.payments.redeem(leila.id, last_code(each_till), "ses_3:1")

    assert first == again
    assert (first.outcome, first.amount, first.balance) == (RedeemOutcome.OK, irr(1000), irr(1000))
    assert later == RedeemResult(RedeemOutcome.WRONG_CODE)
    assert await state(each_till, code_id) is CodeState.REDEEMED
    assert await each_till.bank.net("claim_codes") == 0
    assert len(await each_till.bank.ledger.real.caused_by(code_id)) == 2


async def test_a_code_is_worth_nothing_on_another_number(till: Till) -> None:
    await sent(till)

    assert (await till.payments.redeem(till.reza.id, last_code(till), "ses_2:1")).outcome is RedeemOutcome.WRONG_CODE


async def test_a_code_is_understood_in_persian_digits(till: Till) -> None:
    await sent(till)
    persian = last_code(till).translate({48 + value: 0x6F0 + value for value in range(10)})

    assert (await till.payments.redeem(enrols(till).id, persian, "ses_2:1")).outcome is RedeemOutcome.OK


async def test_five_wrong_codes_a_day(till: Till, clock: ManualClock) -> None:
    await sent(till)
    leila, wrong = enrols(till), other_than(last_code(till))

    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(till.payments.redeem(leila.id, wrong, f"ses_2:{number}")) for number in range(20)]

    outcomes = [call.result().outcome for call in calls]
    assert (outcomes.count(RedeemOutcome.WRONG_CODE), outcomes.count(RedeemOutcome.TOO_MANY)) == (5, 15)
    assert (await till.payments.redeem(leila.id, last_code(till), "ses_3:1")).outcome is RedeemOutcome.TOO_MANY
    clock.advance(timedelta(days=1))
    assert (await till.payments.redeem(leila.id, last_code(till), "ses_3:1")).outcome is RedeemOutcome.OK


async def test_what_nobody_claims_in_time_goes_back(each_till: Till, clock: ManualClock) -> None:
    code_id = await sent(each_till)
    assert await each_till.payments.sweep() == 0
    clock.advance(WEEK)
    leila = enrols(each_till)
    assert (await each_till.payments.redeem(leila.id, last_code(each_till), "ses_2:1")).outcome is RedeemOutcome.EXPIRED

    assert await each_till.payments.sweep() == 1
    assert await each_till.payments.sweep() == 0

    assert await state(each_till, code_id) is CodeState.RETURNED
    assert await each_till.bank.wallet(each_till.maryam.id) == START
    assert (await each_till.payments.redeem(leila.id, last_code(each_till), "ses_2:1")).outcome is RedeemOutcome.EXPIRED


async def test_a_code_expires_by_the_machines_clock(tmp_path: Path) -> None:
    with freezegun.freeze_time("2026-11-22T08:00:00Z", real_asyncio=True) as frozen:
        async with open_till(f"sqlite:///{tmp_path / 'frozen.db'}", SystemClock()) as till:
            await sent(till)

            frozen.tick(WEEK - timedelta(seconds=1))
            assert await till.payments.sweep() == 0
            frozen.tick(timedelta(seconds=1))
            assert await till.payments.sweep() == 1

            assert await till.bank.wallet(till.maryam.id) == START


@pytest.mark.parametrize("crash", [CrashAt.BEFORE_POST, CrashAt.AFTER_POST])
async def test_a_crash_while_returning_returns_once(till: Till, clock: ManualClock, crash: CrashAt) -> None:
    await sent(till)
    clock.advance(WEEK)
    till.bank.ledger.crash_at = crash
    with pytest.raises(PowerCut):
        await till.payments.sweep()
    clock.advance(timedelta(seconds=6))

    assert await till.payments.sweep() == 1
    assert await till.payments.sweep() == 0

    assert await till.wallets() == (START, 0)


@pytest.mark.parametrize("crash", [CrashAt.BEFORE_POST, CrashAt.AFTER_POST])
async def test_who_dials_again_after_a_crash_is_told_that_the_money_came(till: Till, crash: CrashAt) -> None:
    await sent(till)
    leila = enrols(till)
    till.bank.ledger.crash_at = crash
    with pytest.raises(PowerCut):
        await till.payments.redeem(leila.id, last_code(till), "ses_2:1")

    result = await till.payments.redeem(leila.id, last_code(till), "ses_3:1")

    assert (result.outcome, result.balance) == (RedeemOutcome.OK, irr(1000))
    assert await till.bank.wallet(leila.id) == 1000


async def test_a_code_that_was_refused_its_money_never_existed(till: Till) -> None:
    result = await till.payments.send_code(till.maryam.id, UNKNOWN_NUMBER, irr(START + 1), "ses_1:1")

    assert result.outcome is PayOutcome.NO_FUNDS
    assert await state(till, result.payment_id) is CodeState.VOID
    assert till.bank.teller.of("claim_code") == []


async def test_a_return_to_a_frozen_wallet_waits_and_does_not_hammer(till: Till, clock: ManualClock) -> None:
    await sent(till)
    clock.advance(WEEK)
    wallet = till.bank.chart.id("wallet", till.maryam.id)
    await till.bank.ledger.real.change(AccountChange(wallet, "stf_1", AccountState.FROZEN))
    assert [await till.payments.sweep() for _ in range(3)] == [0, 0, 0]
    assert till.bank.ledger.posted == 3
    await till.bank.ledger.real.change(AccountChange(wallet, "stf_1", AccountState.OPEN))
    clock.advance(timedelta(hours=1))

    assert await till.payments.sweep() == 1
    assert await till.bank.wallet(till.maryam.id) == START


async def test_a_redeem_that_a_frozen_wallet_refused_can_be_done_later(till: Till) -> None:
    code_id = await sent(till)
    leila = enrols(till)
    wallet = till.bank.chart.account("wallet", leila.id)
    await till.bank.ledger.open_accounts(wallet)
    await till.bank.ledger.real.change(AccountChange(wallet.id, "stf_1", AccountState.FROZEN))
    assert (await till.payments.redeem(leila.id, last_code(till), "ses_2:1")).outcome is RedeemOutcome.BLOCKED
    assert await state(till, code_id) is CodeState.WAITING
    await till.bank.ledger.real.change(AccountChange(wallet.id, "stf_1", AccountState.OPEN))

    assert (await till.payments.redeem(leila.id, last_code(till), "ses_2:2")).outcome is RedeemOutcome.OK


async def test_claim_codes_do_not_lie_in_clear(till: Till) -> None:
    await sent(till)

    rows = [row for table in (codes, payments) for row in await till.bank.store.read(select(table))]

    assert last_code(till) not in repr(rows)


async def test_a_store_that_forgot_a_redemption_pays_no_code_a_second_time(till: Till, clock: ManualClock) -> None:
    code_id = await sent(till)
    leila = enrols(till)
    assert (await till.payments.redeem(leila.id, last_code(till), "ses_2:1")).outcome is RedeemOutcome.OK
    # As after a restore: the books are younger than what this store knows.
    await till.bank.store.write(
        lambda tx: tx.execute(delete(payments).where(payments.c.call_key == "ses_2:1")).rowcount
    )
    forgotten = {"state": CodeState.WAITING, "payment_id": "", "redeemer_id": ""}
    await till.bank.store.write(lambda tx: tx.execute(update(codes).values(**forgotten)).rowcount)
    clock.advance(timedelta(days=1))
    other_number = UNKNOWN_NUMBER[:-1] + str((int(UNKNOWN_NUMBER[-1]) + 1) % 10)
    assert (await till.payments.send_code(till.maryam.id, other_number, irr(5000), "ses_3:1")).outcome is PayOutcome.OK

    clock.advance(WEEK - timedelta(hours=12))
    for _ in range(3):
        await till.payments.sweep()
        clock.advance(timedelta(hours=2))

    assert await till.bank.net("claim_codes") == 5000
    assert await state(till, code_id) is CodeState.RETURNING
