"""An open ledger for tests, with a few accounts and short ways to say a transfer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, tzinfo

from wallet.accounts import Chart
from wallet.clock import Clock
from wallet.ids import new_id, transfer_id
from wallet.ledger import Ledger
from wallet.money import irr
from wallet.periods import PeriodClose, PeriodOutcome, PeriodState
from wallet.transfers import Transfer, TransferCode, TransferKind

CHART = Chart.load()
BANK, FUNDING = CHART.account("trust_bank"), CHART.account("funding")
ALICE, BOB = CHART.account("wallet", "per_alice"), CHART.account("wallet", "per_bob")


@asynccontextmanager
async def opened(url: str, clock: Clock, *, queue_max: int = 20_000, zone: tzinfo = UTC) -> AsyncIterator[Ledger]:
    """The ledger at `url`, its schema made, with bank, funding, Alice and Bob."""
    await Ledger.upgrade(url)
    ledger = await Ledger.open(url, clock, queue_max=queue_max, zone=zone)
    try:
        await ledger.open_accounts(BANK, FUNDING, ALICE, BOB)
        yield ledger
    finally:
        await ledger.close()


def fund(clock: Clock, amount: int, *, linked: bool = False) -> Transfer:
    """Money from the bank to Alice."""
    cause = new_id("csh", clock)
    own_id = transfer_id(cause, "fund")
    return Transfer(own_id, BANK.id, ALICE.id, irr(amount), TransferCode.CASH_IN, cause, linked=linked)


def send(clock: Clock, amount: int, *, linked: bool = False) -> Transfer:
    """Money from Alice to Bob."""
    cause = new_id("pay", clock)
    own_id = transfer_id(cause, "send")
    return Transfer(own_id, ALICE.id, BOB.id, irr(amount), TransferCode.SEND, cause, linked=linked)


def hold(clock: Clock, amount: int, expires_at: datetime) -> Transfer:
    """Money of Alice reserved for Bob."""
    cause = new_id("tap", clock)
    own_id = transfer_id(cause, "hold")
    kind = TransferKind.HOLD
    return Transfer(own_id, ALICE.id, BOB.id, irr(amount), TransferCode.TAP, cause, kind, None, expires_at)


def end(clock: Clock, of: Transfer, kind: TransferKind, amount: int | None = None) -> Transfer:
    """The capture or void of a hold."""
    own_id = transfer_id(new_id("tap", clock), kind.value)
    minor = of.amount.minor if amount is None else amount
    return Transfer(own_id, of.debit, of.credit, irr(minor), of.code, of.cause, kind, of.id)


async def close_periods(ledger: Ledger, closed_through: date, soft_through: date) -> None:
    """Close the book for good through one day and softly through a later one."""
    for day, state in (
        (closed_through, PeriodState.SOFT),
        (closed_through, PeriodState.CLOSED),
        (soft_through, PeriodState.SOFT),
    ):
        outcome = await ledger.close_period(PeriodClose(day, state, "stf_close"))
        assert outcome is PeriodOutcome.DONE, outcome
