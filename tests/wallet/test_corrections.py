"""What was booked wrong is put right by new rows, once, and accounts that are frozen or closed stay so."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.wallet.books import ALICE, BANK, BOB, CHART, end, fund, hold, send
from wallet.accounts import AccountChange, AccountState, ChangeOutcome, Limits
from wallet.clock import ManualClock
from wallet.corrections import Right, correction, left_of, reversal
from wallet.ids import new_id
from wallet.ledger import Ledger
from wallet.money import irr
from wallet.transfers import LogRow, Outcome, Transfer, TransferKind

CAROL = CHART.account("wallet", "per_carol")


async def booked(ledger: Ledger, *transfers: Transfer) -> LogRow:
    """The row of the last of these, all of which stand."""
    assert all(result.outcome is Outcome.POSTED for result in await ledger.post(*transfers))
    row = await ledger.transfer(transfers[-1].id)
    assert row is not None
    return row


async def net(ledger: Ledger) -> list[int]:
    found = [await ledger.balances(account.id) for account in (ALICE, BOB, CAROL)]
    return [balances.net_credit if balances else 0 for balances in found]


async def test_a_transfer_is_reversed_in_parts_and_no_further(ledger: Ledger, clock: ManualClock) -> None:
    row = await booked(ledger, fund(clock, 100), send(clock, 30))
    parts = [reversal(row, irr(minor), new_id("fix", clock)) for minor in (10, 21, 20)]

    answers = await ledger.post(*parts)

    assert [answer.outcome for answer in answers] == [Outcome.POSTED, Outcome.REVERSAL_EXCEEDED, Outcome.POSTED]
    assert await net(ledger) == [100, 0, 0]
    citing = await ledger.citing(row.transfer.id)
    assert [cited.transfer for cited in citing] == [parts[0], parts[2]]
    assert left_of(row, citing) == 0


@pytest.mark.parametrize("taken_back", [0, 10, 30])
async def test_a_correction_takes_back_what_is_left_and_books_what_is_right(
    ledger: Ledger, clock: ManualClock, taken_back: int
) -> None:
    await ledger.open_accounts(CAROL)
    row = await booked(ledger, fund(clock, 100), send(clock, 30))
    if taken_back:
        await booked(ledger, reversal(row, irr(taken_back), new_id("fix", clock)))
    cause, right = new_id("fix", clock), Right(ALICE.id, CAROL.id, irr(25))

    entry = correction(row, await ledger.citing(row.transfer.id), right, cause, effective_on=date(2026, 11, 20))
    first = await ledger.post(*entry)
    again = await ledger.post(
        *correction(row, await ledger.citing(row.transfer.id), right, cause, effective_on=date(2026, 11, 20))
    )

    assert {result.outcome for result in first} == {Outcome.POSTED}
    assert {result.outcome for result in again} == {Outcome.DUPLICATE}
    assert len(first) == (1 if taken_back == 30 else 2)
    assert {transfer.cites for transfer in entry} == {row.transfer.id}
    assert await net(ledger) == [75, 0, 25]


async def test_a_correction_that_cannot_be_paid_leaves_everything_as_it_was(ledger: Ledger, clock: ManualClock) -> None:
    row = await booked(ledger, fund(clock, 100), send(clock, 30))
    spent = replace(send(clock, 30), debit=BOB.id, credit=ALICE.id)
    await booked(ledger, spent)

    entry = correction(row, [], Right(ALICE.id, BOB.id, irr(20)), new_id("fix", clock))
    answers = await ledger.post(*entry)

    assert [answer.outcome for answer in answers] == [Outcome.INSUFFICIENT_FUNDS, Outcome.LINKED_FAILED]
    assert await ledger.citing(row.transfer.id) == []


async def test_a_frozen_account_takes_nothing_but_the_end_of_its_holds(ledger: Ledger, clock: ManualClock) -> None:
    held = hold(clock, 20, clock.now() + timedelta(hours=1))
    row = await booked(ledger, fund(clock, 100), send(clock, 30), held)
    sent = await ledger.transfer((await ledger.follow(after=1, limit=1))[0].transfer.id)
    assert sent is not None

    assert await ledger.change(AccountChange(ALICE.id, "stf_1", AccountState.FROZEN)) is ChangeOutcome.CHANGED
    refused = await ledger.post(send(clock, 1), fund(clock, 1), reversal(sent, None, new_id("fix", clock)))
    ended = await ledger.post(end(clock, row.transfer, TransferKind.CAPTURE, 15))
    assert await ledger.change(AccountChange(ALICE.id, "stf_1", AccountState.OPEN)) is ChangeOutcome.CHANGED
    opened = await ledger.post(send(clock, 1))

    outcomes = [answer.outcome for answer in refused]
    assert outcomes == [Outcome.DEBIT_FROZEN, Outcome.CREDIT_FROZEN, Outcome.CREDIT_FROZEN]
    assert {answer.outcome for answer in (*ended, *opened)} == {Outcome.POSTED}
    assert await net(ledger) == [54, 46, 0]


async def test_an_account_is_closed_when_it_is_empty_and_may_be_opened_again(
    ledger: Ledger, clock: ManualClock
) -> None:
    await booked(ledger, fund(clock, 100))
    closing = AccountChange(ALICE.id, "stf_1", AccountState.CLOSED)

    assert await ledger.change(closing) is ChangeOutcome.NOT_EMPTY
    await booked(ledger, send(clock, 100))
    assert await ledger.change(closing) is ChangeOutcome.CHANGED
    (refused,) = await ledger.post(fund(clock, 1))
    assert await ledger.change(replace(closing, state=AccountState.OPEN)) is ChangeOutcome.CHANGED
    await booked(ledger, fund(clock, 2))

    assert refused.outcome is Outcome.CREDIT_CLOSED
    assert await net(ledger) == [2, 100, 0]


async def test_every_change_is_sealed_and_new_limits_hold(ledger: Ledger, clock: ManualClock) -> None:
    before = await ledger.head()

    credit_line = AccountChange(ALICE.id, "stf_1", limits=Limits(debit_excess_max=50, credit_excess_max=70))
    assert await ledger.change(credit_line) is ChangeOutcome.CHANGED
    answers = await ledger.post(send(clock, 51), send(clock, 50), fund(clock, 121), fund(clock, 120))

    assert [answer.outcome for answer in answers] == [
        Outcome.INSUFFICIENT_FUNDS, Outcome.POSTED, Outcome.LIMIT_EXCEEDED, Outcome.POSTED
    ]  # fmt: skip
    block = await ledger.block(before.block + 1)
    assert block is not None
    assert (block.changes, block.transfers, block.previous) == (1, 0, before.hash)
    assert (await ledger.account(ALICE.id) or BANK).limits == credit_line.limits
    assert await ledger.change(replace(credit_line, limits=Limits(credit_excess_max=69))) is ChangeOutcome.BEYOND
