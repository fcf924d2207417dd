"""The front door on both databases: what it takes, what it answers, what it shows."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import NAMESPACE_OID

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.wallet.books import ALICE, BANK, BOB, CHART, FUNDING, end, fund, hold, opened, send
from wallet.accounts import AccountChange, AccountState
from wallet.clock import ManualClock
from wallet.errors import LedgerBusy, LedgerCorrupt, LedgerUnavailable
from wallet.ids import AccountId, new_id
from wallet.ledger import Ledger, engines
from wallet.money import EUR, MINOR_MAX, Money, irr
from wallet.opening import open_books
from wallet.transfers import Balances, Outcome, TransferCode, TransferKind

MINUTE = timedelta(minutes=1)


async def test_a_posted_transfer_shows_everywhere(ledger: Ledger, clock: ManualClock) -> None:
    transfer = replace(fund(clock, 100), effective_on=date(2026, 11, 20))

    (result,) = await ledger.post(transfer)

    assert (result.outcome, result.transfer) == (Outcome.POSTED, transfer)
    row = await ledger.transfer(transfer.id)
    assert row is not None
    assert (row.position, row.transfer, row.booked_at, row.after) == (1, transfer, clock.now(), result.balances_after)
    assert await ledger.follow(after=0) == [row] == await ledger.caused_by(transfer.cause)
    assert await ledger.result(transfer.id) == result
    assert await ledger.balances(ALICE.id) == Balances(0, 100, 0, 0, 1)
    (movement,) = await ledger.movements(ALICE.id, limit=5)
    assert (movement.position, movement.is_debit, movement.counterparty) == (1, False, BANK.id)


async def test_a_repeated_transfer_moves_nothing(ledger: Ledger, clock: ManualClock) -> None:
    transfer = fund(clock, 100)
    (first,) = await ledger.post(transfer)
    clock.advance(MINUTE)

    (second,) = await ledger.post(transfer)

    assert (second.outcome, second.balances_after) == (Outcome.DUPLICATE, first.balances_after)
    assert len(await ledger.follow(after=0)) == 1


async def test_a_refused_id_stays_refused(ledger: Ledger, clock: ManualClock) -> None:
    spend = send(clock, 10)
    (refused,) = await ledger.post(spend)
    await ledger.post(fund(clock, 100))

    (again,) = await ledger.post(spend)

    assert refused == again == await ledger.result(spend.id)
    assert again.outcome is Outcome.INSUFFICIENT_FUNDS
    assert await ledger.transfer(spend.id) is None


async def test_an_unknown_id_has_no_answer(ledger: Ledger, clock: ManualClock) -> None:
    stranger = send(clock, 1)

    assert await ledger.result(stranger.id) is None
    assert await ledger.transfer(stranger.id) is None
    assert await ledger.balances(AccountId(stranger.id)) is None
    assert await ledger.account(AccountId(stranger.id)) is None


async def test_a_linked_chain_stands_or_falls_together(ledger: Ledger, clock: ManualClock) -> None:
    good = await ledger.post(fund(clock, 100, linked=True), send(clock, 40))
    bad = await ledger.post(send(clock, 10, linked=True), send(clock, 60))

    assert [result.outcome for result in good] == [Outcome.POSTED, Outcome.POSTED]
    assert [result.outcome for result in bad] == [Outcome.LINKED_FAILED, Outcome.INSUFFICIENT_FUNDS]
    assert await ledger.balances(ALICE.id) == Balances(40, 100, 0, 0, 2)


@pytest.mark.parametrize(
    ("kind", "amount", "alice", "bob"),
    [
        (TransferKind.CAPTURE, 30, Balances(30, 100, 0, 0, 3), Balances(0, 30, 0, 0, 2)),
        (TransferKind.CAPTURE, 12, Balances(12, 100, 0, 0, 3), Balances(0, 12, 0, 0, 2)),
        (TransferKind.VOID, 30, Balances(0, 100, 0, 0, 3), Balances(0, 0, 0, 0, 2)),
    ],
)
async def test_a_hold_reserves_until_it_is_resolved_once(
    ledger: Ledger, clock: ManualClock, kind: TransferKind, amount: int, alice: Balances, bob: Balances
) -> None:
    held = hold(clock, 30, clock.now() + MINUTE)
    await ledger.post(fund(clock, 100), held)
    assert [row.transfer for row in await ledger.open_holds(ALICE.id)] == [held]
    reserved = await ledger.balances(ALICE.id)

    (resolved,) = await ledger.post(end(clock, held, kind, amount))
    (twice,) = await ledger.post(end(clock, held, TransferKind.VOID))

    assert reserved == Balances(0, 100, 30, 0, 2)
    assert resolved.outcome is Outcome.POSTED
    assert twice.outcome in (Outcome.HOLD_CAPTURED, Outcome.HOLD_VOIDED)
    assert (await ledger.balances(ALICE.id), await ledger.balances(BOB.id)) == (alice, bob)
    assert await ledger.open_holds(ALICE.id) == []


async def test_a_lapsed_hold_never_blocks_money(ledger: Ledger, clock: ManualClock) -> None:
    await ledger.post(fund(clock, 100), hold(clock, 100, clock.now() + MINUTE))
    (blocked,) = await ledger.post(send(clock, 1))

    clock.advance(MINUTE)
    (spent,) = await ledger.post(send(clock, 100))

    assert (blocked.outcome, spent.outcome) == (Outcome.INSUFFICIENT_FUNDS, Outcome.POSTED)
    assert [row.transfer.kind for row in await ledger.follow(after=2)] == [TransferKind.EXPIRE, TransferKind.POST]


async def test_the_sweep_expires_what_has_lapsed_and_no_more(ledger: Ledger, clock: ManualClock) -> None:
    holds = [hold(clock, 1, clock.now() + minutes * MINUTE) for minutes in (1, 1, 1, 5)]
    await ledger.post(fund(clock, 100), *holds)
    early = await ledger.expire_holds()
    clock.advance(MINUTE)

    written = [await ledger.expire_holds(limit=2) for _ in range(3)]

    assert (early, written) == (0, [2, 1, 0])
    assert [row.transfer.id for row in await ledger.open_holds(ALICE.id)] == [holds[3].id]
    (late,) = await ledger.post(end(clock, holds[0], TransferKind.CAPTURE))
    assert late.outcome is Outcome.HOLD_EXPIRED


async def test_more_lapsed_holds_than_a_group_ends_still_do_not_block_their_own_account(
    ledger: Ledger, clock: ManualClock
) -> None:
    other, soon = CHART.account("wallet", "per_carol"), clock.now() + MINUTE
    await ledger.open_accounts(other)
    early = [replace(hold(clock, 1, soon), debit=BANK.id) for _ in range(1000)]
    await ledger.post(*early, replace(fund(clock, 5), credit=other.id))
    await ledger.post(replace(hold(clock, 5, soon + MINUTE), debit=other.id))
    clock.advance(3 * MINUTE)

    (spent,) = await ledger.post(replace(send(clock, 5), debit=other.id))

    assert spent.outcome is Outcome.POSTED


async def test_a_frozen_account_takes_nothing_until_it_is_opened_again(ledger: Ledger, clock: ManualClock) -> None:
    await ledger.change(AccountChange(ALICE.id, "stf_1", AccountState.FROZEN))
    (refused,) = await ledger.post(fund(clock, 1))
    state = await ledger.state(ALICE.id)
    await ledger.change(AccountChange(ALICE.id, "stf_1", AccountState.OPEN))
    (posted,) = await ledger.post(fund(clock, 1))

    assert (state, refused.outcome, posted.outcome) == (AccountState.FROZEN, Outcome.CREDIT_FROZEN, Outcome.POSTED)


# The open chain comes last, where it is the last of the call.
BAD: list[tuple[Outcome, dict[str, object]]] = [
    (Outcome.AMOUNT_INVALID, {"amount": irr(0)}),
    (Outcome.AMOUNT_INVALID, {"amount": irr(-5)}),
    (Outcome.AMOUNT_INVALID, {"amount": irr(MINOR_MAX + 1)}),
    (Outcome.AMOUNT_INVALID, {"amount": irr(10**30)}),
    (Outcome.SAME_ACCOUNT, {"debit": ALICE.id}),
    (Outcome.EXPIRY_INVALID, {"kind": TransferKind.HOLD}),
    (Outcome.DEBIT_UNKNOWN, {"debit": AccountId(NAMESPACE_OID)}),
    (Outcome.ASSET_DIFFERS, {"amount": Money(1, EUR)}),
    (Outcome.HOLD_UNKNOWN, {"kind": TransferKind.CAPTURE}),
    (Outcome.HOLD_NOT_A_HOLD, {"kind": TransferKind.EXPIRE}),
    (Outcome.CHAIN_OPEN, {"linked": True}),
]


async def test_bad_input_is_a_stored_refusal_never_an_exception(ledger: Ledger, clock: ManualClock) -> None:
    bad = [replace(fund(clock, 1), **change) for _, change in BAD]  # type: ignore[arg-type]

    first = await ledger.post(*bad)
    second = await ledger.post(*bad)

    assert [result.outcome for result in first] == [outcome for outcome, _ in BAD]
    assert first == second == [await ledger.result(transfer.id) for transfer in bad]


async def test_movements_page_backwards_over_both_sides(ledger: Ledger, clock: ManualClock) -> None:
    await ledger.post(fund(clock, 100))
    for amount in range(1, 5):
        await ledger.post(send(clock, amount), fund(clock, amount))

    pages, before = [], None
    while page := await ledger.movements(ALICE.id, limit=4, before=before):
        pages.append([movement.position for movement in page])
        before = pages[-1][-1]

    assert pages == [[9, 8, 7, 6], [5, 4, 3, 2], [1]]
    assert [movement.position for movement in await ledger.movements(BOB.id, limit=2, before=5)] == [4, 2]


async def test_accounts_page_by_code_and_balance_to_zero(ledger: Ledger, clock: ManualClock) -> None:
    await ledger.post(fund(clock, 100), send(clock, 30))

    codes, after = [], ""
    while page := await ledger.accounts(after_code=after, limit=3):
        codes += [account.code for account, _ in page]
        after = codes[-1]

    assert codes == sorted(account.code for account in (BANK, FUNDING, ALICE, BOB))
    rows = await ledger.trial_balance()
    assert [(row.role, row.accounts, row.debits_posted, row.credits_posted) for row in rows] == [
        ("trust_bank", 1, 100, 0),
        ("funding", 1, 0, 0),
        ("wallet", 2, 30, 130),
    ]
    assert await ledger.account(ALICE.id) == ALICE


async def test_opening_an_account_twice_is_harmless(ledger: Ledger, database_url: str, clock: ManualClock) -> None:
    await ledger.post(fund(clock, 100))

    async with opened(database_url, clock) as other:
        await other.open_accounts(ALICE, ALICE)

        assert await other.balances(ALICE.id) == Balances(0, 100, 0, 0, 1)


async def test_the_books_open_once_with_bank_against_funding(ledger: Ledger, clock: ManualClock) -> None:
    cause = new_id("opn", clock)

    outcomes = [(await open_books(ledger, CHART, irr(10**9), cause)).outcome for _ in range(2)]

    assert outcomes == [Outcome.POSTED, Outcome.DUPLICATE]
    assert await ledger.balances(FUNDING.id) == Balances(0, 10**9, 0, 0, 1)
    (row,) = await ledger.caused_by(cause)
    assert (row.transfer.code, row.transfer.debit) == (TransferCode.OPENING, BANK.id)


async def test_a_call_longer_than_a_group_is_answered_in_order(ledger: Ledger, clock: ManualClock) -> None:
    asked = [fund(clock, amount) for amount in range(1, 2501)]

    results = await ledger.post(*asked)

    assert [result.transfer for result in results] == asked
    assert await ledger.balances(ALICE.id) == Balances(0, 2500 * 2501 // 2, 0, 0, 2500)


async def test_a_full_queue_takes_nothing(database_url: str, clock: ManualClock) -> None:
    async with opened(database_url, clock, queue_max=10) as ledger:
        with pytest.raises(LedgerBusy):
            await ledger.post(*(fund(clock, 1) for _ in range(11)))

        assert await ledger.follow(after=0) == []
        assert [result.outcome for result in await ledger.post(fund(clock, 1))] == [Outcome.POSTED]


async def test_nothing_is_posted_after_closing(database_url: str, clock: ManualClock) -> None:
    async with opened(database_url, clock) as ledger:
        pass
    with pytest.raises(LedgerUnavailable):
        await ledger.post(fund(clock, 1))


async def test_a_database_without_the_schema_is_refused(database_url: str, clock: ManualClock) -> None:
    with pytest.raises(LedgerCorrupt, match="upgrade"):
        await Ledger.open(database_url, clock)


async def test_a_database_that_is_not_there_is_a_fault_that_says_so(clock: ManualClock) -> None:
    for url in ("postgresql://nobody@/nowhere?host=/nonexistent", "sqlite:////nonexistent/wallet.db"):
        with pytest.raises(LedgerUnavailable):
            await Ledger.open(url, clock)


@pytest.mark.parametrize(
    "change",
    [{"cause": ""}, {"cause": "a\nb"}, {"amount": Money(1.5, irr(1).asset)}],  # type: ignore[arg-type]
    ids=["no cause", "two lines", "a float"],
)
async def test_what_no_honest_caller_sends_is_a_bug(
    ledger: Ledger, clock: ManualClock, change: dict[str, object]
) -> None:
    with pytest.raises(AssertionError):
        await ledger.post(replace(fund(clock, 1), **change))  # type: ignore[arg-type]


async def test_a_fault_of_the_database_quotes_no_row(database_url: str) -> None:
    databases = engines.connect(database_url)
    query = text("SELECT * FROM nowhere WHERE cause = :cause").bindparams(cause="pay_of_somebody")

    async def read(engine: AsyncEngine) -> None:
        async with engine.connect() as connection:
            await connection.execute(query)

    def read_sqlite(engine: Engine) -> None:
        with engine.connect() as connection:
            connection.execute(query)

    faults = []
    for engine in (databases.reader, databases.postgresql):
        if engine is not None:
            with pytest.raises(DBAPIError, match="nowhere") as fault:
                await read(engine)
            faults.append(str(fault.value))
    if databases.sqlite is not None:
        with pytest.raises(DBAPIError, match="nowhere") as fault:
            read_sqlite(databases.sqlite)
        faults.append(str(fault.value))
    await databases.close()
    assert len(faults) == 2
    assert "pay_of_somebody" not in "".join(faults)
