"""The front door on both databases: what it takes, what it answers, what it shows."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from wallet.accounts import Chart
from wallet.clock import ManualClock
from wallet.ids import new_id, transfer_id
from wallet.ledger import Ledger
from wallet.money import irr
from wallet.transfers import Outcome, Transfer, TransferCode, TransferKind

CHART = Chart.load()
BANK, FUNDING = CHART.account("trust_bank"), CHART.account("funding")
ALICE, BOB = CHART.account("wallet", "per_alice"), CHART.account("wallet", "per_bob")


@pytest.fixture
async def ledger(database_url: str, clock: ManualClock) -> AsyncIterator[Ledger]:
    await Ledger.upgrade(database_url)
    ledger = await Ledger.open(database_url, clock)
    await ledger.open_accounts(BANK, FUNDING, ALICE, BOB)
    yield ledger
    await ledger.close()


def pay(clock: ManualClock, amount: int, **changes: object) -> Transfer:
    cause = new_id("opn", clock)
    base = {"debit": BANK.id, "credit": ALICE.id, "amount": irr(amount), "code": TransferCode.OPENING, "cause": cause}
    return Transfer(id=transfer_id(cause, "x"), **(base | changes))  # type: ignore[arg-type]


async def test_a_posted_transfer_shows_everywhere(ledger: Ledger, clock: ManualClock) -> None:
    transfer = pay(clock, 100)

    (result,) = await ledger.post(transfer)

    assert result.outcome is Outcome.POSTED
    row = await ledger.transfer(transfer.id)
    assert row is not None
    assert (row.position, row.transfer, row.after) == (1, transfer, result.balances_after)
    assert await ledger.follow(after=0) == [row] == await ledger.caused_by(transfer.cause)
    assert await ledger.result(transfer.id) == result
    balances = await ledger.balances(ALICE.id)
    assert balances is not None
    assert balances.available_credit == 100
    (movement,) = await ledger.movements(ALICE.id, limit=5)
    assert (movement.position, movement.is_debit, movement.counterparty) == (1, False, BANK.id)


async def test_a_repeated_transfer_moves_nothing(ledger: Ledger, clock: ManualClock) -> None:
    transfer = pay(clock, 100)
    (first,) = await ledger.post(transfer)

    (second,) = await ledger.post(transfer)

    assert (second.outcome, second.balances_after) == (Outcome.DUPLICATE, first.balances_after)
    assert len(await ledger.follow(after=0)) == 1


async def test_a_lapsed_hold_never_blocks_money(ledger: Ledger, clock: ManualClock) -> None:
    expires = clock.now() + timedelta(minutes=1)
    spend = {"debit": ALICE.id, "credit": BOB.id}
    hold = pay(clock, 100, **spend, kind=TransferKind.HOLD, expires_at=expires)
    await ledger.post(pay(clock, 100), hold)
    (blocked,) = await ledger.post(pay(clock, 1, **spend))

    clock.advance(timedelta(minutes=1))
    (spent,) = await ledger.post(pay(clock, 100, **spend))

    assert (blocked.outcome, spent.outcome) == (Outcome.INSUFFICIENT_FUNDS, Outcome.POSTED)
    assert [row.transfer.kind for row in await ledger.follow(after=2)] == [TransferKind.EXPIRE, TransferKind.POST]
