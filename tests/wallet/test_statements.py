"""Statements join up, and a trial balance is zero wherever it is drawn."""

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.wallet.books import ALICE, BANK, BOB, FUNDING, end, fund, hold, send
from wallet.clock import ManualClock
from wallet.errors import LedgerCorrupt
from wallet.ids import AccountId
from wallet.ledger import Ledger
from wallet.statements import (
    Cut,
    Statement,
    assert_zero,
    cut_through,
    lines,
    mini_statement,
    role_sums,
    statement,
    trial_balance,
)
from wallet.transfers import Balances, LogRow, RoleSum, TransferKind

TEHRAN = ZoneInfo("Asia/Tehran")
SUNDAY = date(2026, 11, 22)
DAY = timedelta(days=1)


async def a_week(ledger: Ledger, clock: ManualClock) -> list[LogRow]:
    """Some transfers every eight hours, some dated elsewhere; Tehran's midnight is between two of them."""
    for number in range(18):
        held = hold(clock, 9, clock.now() + timedelta(hours=20))
        dated = replace(send(clock, number + 1), effective_on=SUNDAY + (number // 3 + number % 5 - 3) * DAY)
        await ledger.post(fund(clock, 100 + number), dated, held)
        if number % 4 == 0:
            await ledger.post(end(clock, held, TransferKind.CAPTURE, 4))
        clock.advance(timedelta(hours=8))
    return list(await ledger.follow(after=0))


async def stated(ledger: Ledger, account: AccountId, first: date, last: date) -> Statement:
    found = await statement(ledger, account, first, last, TEHRAN)
    assert found is not None
    return found


async def test_opening_and_movements_make_the_closing_for_any_days(ledger: Ledger, clock: ManualClock) -> None:
    log = await a_week(ledger, clock)
    days = [SUNDAY + number * DAY for number in range(-1, 8)]

    for account in (BANK, ALICE):
        for first in days:
            for last in (day for day in days if day >= first):
                found = await stated(ledger, account.id, first, last)
                moved = [movement async for movement in lines(ledger, found)]
                own = [
                    row.position
                    for row in log
                    if account.id in (row.transfer.debit, row.transfer.credit)
                    and first <= row.booked_at.astimezone(TEHRAN).date() <= last
                ]
                assert [movement.position for movement in moved] == own
                sums = found.opening.debits_posted, found.opening.credits_posted
                for movement in moved:
                    minor = movement.transfer.amount.minor if movement.transfer.kind.moves else 0
                    sums = sums[0] + minor * movement.is_debit, sums[1] + minor * (not movement.is_debit)
                    assert sums == (movement.balances.debits_posted, movement.balances.credits_posted)
                assert sums == (found.closing.debits_posted, found.closing.credits_posted)
                assert found.closing == (moved[-1].balances if moved else found.opening)


async def test_statements_join_up_and_agree_with_the_figures_as_of_midnight(ledger: Ledger, clock: ManualClock) -> None:
    await a_week(ledger, clock)

    before = Balances(0, 0, 0, 0, 0)
    for number in range(8):
        day = SUNDAY + number * DAY
        found = await stated(ledger, ALICE.id, day, day)
        midnight = datetime(day.year, day.month, day.day, 20, 30, tzinfo=UTC)
        assert found.opening == before
        assert found.closing == await ledger.balances_at(ALICE.id, at=midnight - timedelta(microseconds=1))
        before = found.closing
    assert before == await ledger.balances(ALICE.id)


async def test_a_mini_statement_is_the_newest_movements_and_the_balance_after_them(
    ledger: Ledger, clock: ManualClock
) -> None:
    empty = await mini_statement(ledger, ALICE.id)
    log = await a_week(ledger, clock)
    mini = await mini_statement(ledger, ALICE.id, limit=3)

    assert empty is not None
    assert (empty.balances, empty.movements) == (Balances(0, 0, 0, 0, 0), [])
    assert mini is not None
    assert mini.balances == await ledger.balances(ALICE.id)
    assert [movement.position for movement in mini.movements] == [row.position for row in reversed(log[-3:])]
    assert await mini_statement(ledger, AccountId(log[0].transfer.id)) is None
    assert await statement(ledger, AccountId(log[0].transfer.id), SUNDAY, SUNDAY, TEHRAN) is None


async def test_a_trial_balance_by_effective_date_counts_each_row_on_its_day(ledger: Ledger, clock: ManualClock) -> None:
    log = await a_week(ledger, clock)

    for number in range(-4, 9):
        day = SUNDAY + number * DAY
        expected: dict[AccountId, list[int]] = defaultdict(lambda: [0, 0])
        for row in log:
            effective_on = row.transfer.effective_on or row.booked_at.astimezone(TEHRAN).date()
            if row.transfer.kind.moves and effective_on <= day:
                expected[row.transfer.debit][0] += row.transfer.amount.minor
                expected[row.transfer.credit][1] += row.transfer.amount.minor
        cut = await cut_through(ledger, day, TEHRAN)
        found = {account.id: [debits, credits_] async for account, debits, credits_ in trial_balance(ledger, cut)}
        assert found == {account.id: expected[account.id] for account in (BANK, FUNDING, ALICE, BOB)}
        assert sum(row.debits_posted - row.credits_posted for row in await role_sums(ledger, cut)) == 0


async def test_a_trial_balance_at_a_position_is_that_of_the_log_up_to_it(ledger: Ledger, clock: ManualClock) -> None:
    await ledger.post(fund(clock, 100), send(clock, 30), send(clock, 20))

    early, now = await role_sums(ledger, Cut(2)), await role_sums(ledger, Cut(3))

    assert RoleSum("liability", "wallet", "IRR", 2, 30, 130) in early
    assert now == await ledger.trial_balance()


def test_a_difference_is_a_fault() -> None:
    row = RoleSum("asset", "trust_bank", "IRR", 1, 5, 3)

    with pytest.raises(LedgerCorrupt, match="IRR"):
        assert_zero([row])
