"""Rows never change: the database refuses, a ledger without its guards does not open, verify names what was forged."""

from datetime import timedelta

import pytest

from tests.wallet.books import ALICE, BOB, end, fund, hold, opened, send
from tests.wallet.sql import REFUSED, execute, unguard
from wallet.clock import ManualClock
from wallet.errors import LedgerCorrupt
from wallet.ledger import Ledger
from wallet.transfers import Transfer, TransferKind


async def some_history(ledger: Ledger, clock: ManualClock) -> Transfer:
    """Five transfers in four blocks, one refusal, one open hold; returns the refused one."""
    expires = clock.now() + timedelta(minutes=1)
    held, refused = hold(clock, 10, expires), send(clock, 5000)
    await ledger.post(fund(clock, 100), send(clock, 30))
    await ledger.post(held)
    await ledger.post(end(clock, held, TransferKind.CAPTURE, 7), refused)
    await ledger.post(hold(clock, 3, expires))
    return refused


TRIES = [
    "UPDATE transfer SET amount = 1 WHERE position = 1",
    "UPDATE transfer SET cause = cause",
    "DELETE FROM transfer",
    "UPDATE refusal SET outcome = 0",
    "DELETE FROM refusal",
    "UPDATE block SET number = 9",
    "DELETE FROM block",
    "UPDATE account_change SET cause = 'x'",
    "DELETE FROM account_change",
    "UPDATE account SET code = 'x'",
    "DELETE FROM account",
    "DELETE FROM head",
]
SQLITE_TRIES = [
    "INSERT OR REPLACE INTO transfer SELECT * FROM transfer",
    "INSERT OR REPLACE INTO refusal SELECT * FROM refusal",
    "INSERT OR REPLACE INTO account_change SELECT * FROM account_change",
    "INSERT OR REPLACE INTO block SELECT * FROM block",
]
POSTGRESQL_TRIES = [
    f"TRUNCATE {table} CASCADE"
    for table in ("transfer", "refusal", "account_change", "period", "block", "account", "head")
]


async def test_the_database_refuses_to_change_a_row(database_url: str, clock: ManualClock) -> None:
    async with opened(database_url, clock) as ledger:
        await some_history(ledger, clock)
        before = await ledger.head()
        for statement in TRIES + (SQLITE_TRIES if database_url.startswith("sqlite") else POSTGRESQL_TRIES):
            with pytest.raises(REFUSED):
                await execute(database_url, statement)

        verified = await ledger.verify()

        assert (verified.finding, verified.head) == (None, before.hash)


async def test_a_ledger_without_its_guards_does_not_open(database_url: str, clock: ManualClock) -> None:
    async with opened(database_url, clock):
        pass
    await execute(database_url, *unguard(database_url))

    with pytest.raises(LedgerCorrupt, match="transfer_no_delete"):
        await Ledger.open(database_url, clock)


_BLOCK_5_CUT_OFF = (
    "DELETE FROM block WHERE number = 5; UPDATE head SET position = 4, block = 4, "
    "hash = (SELECT hash FROM block WHERE number = 4)"
)
FORGERIES = [
    ("UPDATE transfer SET amount = amount + 1 WHERE position = 2", "transfer 2", "follow"),
    ("UPDATE transfer SET cause = 'pay_forged' WHERE position = 2", "transfer 2", "sealed"),
    ("UPDATE transfer SET booked_at = booked_at + 1 WHERE position = 2", "transfer 2", "block"),
    ("UPDATE transfer SET kind = 'post', hold_id = NULL WHERE position = 4", "transfer 4", "follow"),
    ("UPDATE transfer SET kind = 'void' WHERE position = 4", "transfer 4", "hold"),
    ("UPDATE transfer SET kind = 'gift' WHERE position = 4", "transfer 4", "kind"),
    ("UPDATE transfer SET effective_on = '2026-11-31' WHERE position = 4", "transfer 4", "read"),
    ("UPDATE transfer SET effective_on = '20261123' WHERE position = 4", "transfer 4", "read"),
    ("UPDATE transfer SET entry_id = id, leg = 1 WHERE position = 4", "transfer 4", "entry"),
    ("DELETE FROM transfer WHERE position = 4", "transfer 4", "missing"),
    ("UPDATE account SET credits_posted = credits_posted + 1 WHERE owner = 'per_alice'", f"account {ALICE.code}", ""),
    ("UPDATE account SET version = 9 WHERE owner = 'per_bob'", f"account {BOB.code}", ""),
    ("UPDATE account SET credit_excess_max = 0 WHERE owner = 'per_bob'", f"account {BOB.code}", "limits"),
    ("UPDATE account SET state = 'frozen' WHERE owner = 'per_bob'", f"account {BOB.code}", "state"),
    ("UPDATE account SET role = 'friend' WHERE owner = 'per_bob'", "account_change liability:friend:per_bob:IRR", ""),
    ("UPDATE account_change SET credit_excess_max = 0 WHERE place = 3", f"account_change {BOB.code}", "sealed"),
    ("DELETE FROM account_change WHERE place = 3", "block 1", "changes"),
    ("DELETE FROM refusal", "block 4", "refusals"),
    ("UPDATE block SET transfers = 1 WHERE number = 1", "block 1", "hash"),
    ("UPDATE block SET hash = previous WHERE number = 2", "block 2", "hash"),
    ("DELETE FROM block WHERE number = 2", "block 2", "missing"),
    ("DELETE FROM block WHERE number = 5", "block 5", "missing"),
    ("UPDATE account SET opened_at = opened_at + 1 WHERE owner = 'per_bob'", f"account_change {BOB.code}", "allow"),
    ("UPDATE account SET code = 'x' WHERE owner = 'per_bob'", f"account_change {BOB.code}", "read"),
    ("UPDATE head SET position = 4", "head 1", "end"),
    ("UPDATE head SET moved_at = moved_at + 1", "head 1", "end"),
    ("DELETE FROM head", "head 1", "end"),
    (_BLOCK_5_CUT_OFF, "transfer 5", "seals"),
]


@pytest.mark.parametrize(("forgery", "row", "what"), FORGERIES, ids=[forgery for forgery, _, _ in FORGERIES])
async def test_verify_names_the_first_wrong_row(
    database_url: str, clock: ManualClock, forgery: str, row: str, what: str
) -> None:
    async with opened(database_url, clock) as ledger:
        await some_history(ledger, clock)
        await execute(database_url, *unguard(database_url), *forgery.split("; "))

        finding = (await ledger.verify()).finding

        assert finding is not None
        assert str(finding).startswith(f"{row}: "), str(finding)
        assert what in finding.what


async def test_verify_names_a_refusal_or_an_open_hold_that_was_changed(database_url: str, clock: ManualClock) -> None:
    async with opened(database_url, clock) as ledger:
        refused = await some_history(ledger, clock)
        (hold_row,) = await ledger.open_holds(ALICE.id)

        await execute(database_url, *unguard(database_url), "DELETE FROM open_hold")
        first = (await ledger.verify()).finding
        await execute(database_url, "UPDATE refusal SET outcome = 111")
        second = (await ledger.verify()).finding

        assert str(first).startswith(f"open_hold {hold_row.transfer.id}: ")
        assert str(second).startswith(f"refusal {refused.id}: ")


async def test_verify_counts_what_it_read_and_tells_how_far_it_is(database_url: str, clock: ManualClock) -> None:
    async with opened(database_url, clock) as ledger:
        await some_history(ledger, clock)
        seen: list[tuple[int, int]] = []

        verified = await ledger.verify(lambda done, total: seen.append((done, total)))

        assert (verified.transfers, verified.refusals, verified.blocks, verified.accounts) == (5, 1, 5, 4)
        assert seen[-1] == (5, 5)
