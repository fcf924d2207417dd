"""Openings and changes of accounts: what each leaves in the log, and what the real ledger makes of them."""

import asyncio
from dataclasses import replace

from tests.wallet.books import ALICE, BOB, CHART, fund, send
from tests.wallet.examples import ACCOUNTS, set_to
from tests.wallet.memory import MemoryLedger
from tests.wallet.strategies import START, world
from wallet.accounts import NO_LIMITS, AccountChange, AccountState, ChangeOutcome, Limits
from wallet.clock import ManualClock
from wallet.ledger import Ledger
from wallet.ledger.book import Changed
from wallet.ledger.changes import opened
from wallet.transfers import Balancing, Outcome

WALLET = Limits(debit_excess_max=0)


def test_an_account_opens_once_with_its_first_limits() -> None:
    one, two = ACCOUNTS[0], ACCOUNTS[1]

    rows = opened([one, two, one], {two.id: two}, START)

    assert rows == [Changed(one, AccountState.OPEN, WALLET, "", START)]


def test_a_change_is_a_row_of_all_that_the_account_is_then_and_no_change_is_none() -> None:
    ledger = MemoryLedger(world(""))
    openings = len(ledger.changed)

    asked = [
        set_to(0),
        set_to(0, AccountState.OPEN, WALLET),
        set_to(0, AccountState.FROZEN),
        set_to(0, None, NO_LIMITS),
    ]
    outcomes = [ledger.change(change, START) for change in asked]

    assert set(outcomes) == {ChangeOutcome.CHANGED}
    assert ledger.changed[openings:] == [
        Changed(ACCOUNTS[0], AccountState.FROZEN, WALLET, "stf_1", START),
        Changed(ACCOUNTS[0], AccountState.FROZEN, NO_LIMITS, "stf_1", START),
    ]


async def test_a_wallet_with_a_credit_line_and_a_cap_gives_and_takes_that_much(
    ledger: Ledger, clock: ManualClock
) -> None:
    change = AccountChange(ALICE.id, "stf_1", None, Limits(50, 30))
    assert await ledger.change(change) is ChangeOutcome.CHANGED

    results = await ledger.post(
        send(clock, 51), send(clock, 50), send(clock, 1), fund(clock, 81), fund(clock, 80), fund(clock, 1)
    )

    assert [result.outcome for result in results] == [
        Outcome.INSUFFICIENT_FUNDS, Outcome.POSTED, Outcome.INSUFFICIENT_FUNDS,
        Outcome.LIMIT_EXCEEDED, Outcome.POSTED, Outcome.LIMIT_EXCEEDED,
    ]  # fmt: skip


async def test_several_changes_of_one_account_in_one_group_follow_each_other(
    ledger: Ledger, clock: ManualClock
) -> None:
    await ledger.post(fund(clock, 10))
    fresh = CHART.account("wallet", "per_fresh")
    asked = [
        AccountChange(ALICE.id, "stf_1", AccountState.CLOSED),
        AccountChange(ALICE.id, "stf_2", AccountState.FROZEN),
        AccountChange(ALICE.id, "stf_3", None, Limits(-11)),
        AccountChange(ALICE.id, "stf_4", None, Limits(-4)),
        AccountChange(fresh.id, "stf_5", None, Limits(7)),
        AccountChange(ALICE.id, "stf_6", AccountState.OPEN),
    ]
    taken = replace(send(clock, 100), balancing=Balancing.DEBIT)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(ledger.open_accounts(fresh))
        changes = [tasks.create_task(ledger.change(change)) for change in asked]
        posted = tasks.create_task(ledger.post(taken))

    outcomes = [change.result() for change in changes]
    changed, beyond, not_empty = ChangeOutcome.CHANGED, ChangeOutcome.BEYOND, ChangeOutcome.NOT_EMPTY
    assert outcomes == [not_empty, changed, beyond, changed, changed, changed]
    assert posted.result()[0].transfer.amount.minor == 6
    stored = await ledger.account(fresh.id)
    assert stored is not None
    assert stored.limits == Limits(7)


async def test_a_closed_account_can_be_opened_again_and_is_itself(ledger: Ledger, clock: ManualClock) -> None:
    for state in (AccountState.CLOSED, AccountState.OPEN):
        assert await ledger.change(AccountChange(BOB.id, "stf_1", state)) is ChangeOutcome.CHANGED
    (paid, sent) = await ledger.post(fund(clock, 5), send(clock, 5))

    assert (paid.outcome, sent.outcome) == (Outcome.POSTED, Outcome.POSTED)
    assert await ledger.account(BOB.id) == BOB
