"""A book of schema version 1 becomes one of today: nothing of it changes, it verifies, and work goes on."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from tests.wallet.books import ALICE, BANK, BOB, CHART, FUNDING, send
from tests.wallet.old_books import OldWriter, load, rows_of
from tests.wallet.sql import REFUSED, execute, unguard
from wallet.accounts import AccountChange, AccountState, ChangeOutcome, Limits
from wallet.clock import ManualClock, SystemClock
from wallet.errors import LedgerCorrupt, LedgerUnavailable
from wallet.ledger import Ledger
from wallet.ledger.migrations import version_2_postgresql, version_2_sqlite
from wallet.money import EUR
from wallet.transfers import Outcome, TransferKind

OLD_ROWS = {
    "transfer": "SELECT position, id, entry_id, leg, kind, debit_id, credit_id, asset, amount, code, cause, hold_id,"
    " expires_at, effective_on, linked, booked_at, debit_version, credit_version, leaf FROM transfer ORDER BY position",
    "refusal": "SELECT id, block, place, outcome, entry_id, leg, kind, debit_id, credit_id, asset, amount, code, cause,"
    " hold_id, expires_at, effective_on, linked, refused_at, leaf FROM refusal ORDER BY block, place",
    "block": "SELECT number, first_position, transfers, refusals, booked_at, previous, root, hash FROM block"
    " WHERE number <= {blocks} ORDER BY number",
    "account": "SELECT id, asset, code, role, owner, kind, normal, opened_at, state, debits_posted, credits_posted,"
    " debits_held, credits_held, version FROM account ORDER BY id",
    "open_hold": "SELECT id, position, debit_id, credit_id, expires_at FROM open_hold ORDER BY id",
}
HEAD = "SELECT position, block, hash FROM head"


@pytest.fixture
async def old_url(database_url: str) -> str:
    """A book of version 1 on each database."""
    await load(database_url)
    return database_url


@pytest.fixture
async def old_postgres_url(postgres_url: str) -> str:
    """A book of version 1 on PostgreSQL."""
    await load(postgres_url)
    return postgres_url


@asynccontextmanager
async def upgraded(url: str, clock: ManualClock | SystemClock) -> AsyncIterator[Ledger]:
    await Ledger.upgrade(url)
    ledger = await Ledger.open(url, clock)
    try:
        yield ledger
    finally:
        await ledger.close()


async def old_rows(url: str, blocks: int) -> dict[str, list[tuple[object, ...]]]:
    return {table: await rows_of(url, query.format(blocks=blocks)) for table, query in OLD_ROWS.items()}


async def test_an_old_book_keeps_every_row_and_every_hash_and_verifies(old_url: str, clock: ManualClock) -> None:
    ((position, blocks, head_hash),) = await rows_of(old_url, HEAD)
    assert isinstance(blocks, int)
    before = await old_rows(old_url, blocks)

    async with upgraded(old_url, clock) as ledger:
        verified = await ledger.verify()
        end = await ledger.head()
        opening = await ledger.block(end.block)

    assert verified.finding is None, str(verified.finding)
    assert await old_rows(old_url, blocks) == before
    assert (end.position, end.block) == (position, blocks + 1)
    assert opening is not None
    assert (opening.previous.hex(), opening.transfers, opening.refusals) == (head_hash, 0, 0)
    assert opening.changes == len(before["account"]) == verified.accounts == 7
    assert len(before["transfer"]) == verified.transfers
    assert len(before["refusal"]) == verified.refusals


async def test_the_frozen_books_have_one_of_everything(old_url: str) -> None:
    kinds = {kind for (kind,) in await rows_of(old_url, "SELECT kind FROM transfer")}
    outcomes = {outcome for (outcome,) in await rows_of(old_url, "SELECT outcome FROM refusal")}
    states = {state for (state,) in await rows_of(old_url, "SELECT state FROM account")}
    (counts,) = await rows_of(old_url, "SELECT (SELECT count(*) FROM open_hold), (SELECT max(linked) FROM transfer)")

    assert kinds == {"post", "hold", "capture", "void", "expire"}
    assert len(outcomes) >= 7
    assert states == {"open", "frozen", "closed"}
    assert counts == (2, 1)


async def test_accounts_are_opened_as_they_were(old_url: str, clock: ManualClock) -> None:
    async with upgraded(old_url, clock) as ledger:
        accounts = [await ledger.account(account.id) for account in (BANK, FUNDING, ALICE, BOB)]
        states = [await ledger.state(account.id) for account in (ALICE, BOB, CHART.account("wallet", "per_dora"))]
        carol = await ledger.account(CHART.account("wallet", "per_carol", EUR).id)

    assert accounts == [BANK, FUNDING, ALICE, BOB]
    assert ALICE.limits == Limits(debit_excess_max=0)
    assert carol == CHART.account("wallet", "per_carol", EUR)
    assert states == [AccountState.OPEN, AccountState.FROZEN, AccountState.CLOSED]


async def test_work_goes_on_in_an_old_book(old_url: str, clock: ManualClock) -> None:
    async with upgraded(old_url, clock) as ledger:
        first, *_ = await ledger.follow(after=0)
        (soon, for_long) = sorted(await ledger.open_holds(ALICE.id), key=lambda row: row.transfer.expires_at or 0)
        (again,) = await ledger.post(first.transfer)
        (spent,) = await ledger.post(replace(send(clock, 100), credit=FUNDING.id))
        (too_much,) = await ledger.post(replace(send(clock, 10_000), credit=FUNDING.id))
        (frozen,) = await ledger.post(send(clock, 1))
        opened = await ledger.change(AccountChange(BOB.id, "stf_1", AccountState.OPEN))
        # Limits that the balances of earlier days would have broken say nothing about those days.
        bounded = await ledger.change(AccountChange(FUNDING.id, "stf_1", limits=Limits(None, 1000)))
        await ledger.open_accounts(CHART.account("wallet", "per_erin"))
        (sent,) = await ledger.post(send(clock, 1))
        verified = await ledger.verify()
        resolutions = [row for row in await ledger.caused_by(soon.transfer.cause) if row.transfer.hold_id]

    assert [again.outcome, spent.outcome, sent.outcome] == [Outcome.DUPLICATE, Outcome.POSTED, Outcome.POSTED]
    assert [too_much.outcome, frozen.outcome] == [Outcome.INSUFFICIENT_FUNDS, Outcome.CREDIT_FROZEN]
    assert (opened, bounded) == (ChangeOutcome.CHANGED, ChangeOutcome.CHANGED)
    assert [row.transfer.kind for row in resolutions] == [TransferKind.EXPIRE]
    assert for_long.transfer.amount.minor == 11
    assert verified.finding is None, str(verified.finding)


SHAPE = {
    "sqlite": 'SELECT m.name, p.name, p.type, p."notnull", p.dflt_value, p.pk FROM sqlite_master m,'
    " pragma_table_info(m.name) p WHERE m.type = 'table' ORDER BY 1, 2",
    "postgresql": "SELECT table_name, column_name, data_type, is_nullable, column_default FROM"
    " information_schema.columns WHERE table_schema = 'wallet' ORDER BY 1, 2",
}
INDEXES = {
    "sqlite": "SELECT name, tbl_name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') ORDER BY name",
    "postgresql": "SELECT indexname, indexdef, '' FROM pg_indexes WHERE schemaname = 'wallet' ORDER BY 1",
}
CONSTRAINTS = {
    "sqlite": 'SELECT m.name, f."table", f."from", f."to" FROM sqlite_master m, pragma_foreign_key_list(m.name) f'
    " WHERE m.type = 'table' ORDER BY 1, 2, 3",
    "postgresql": "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint"
    " WHERE connamespace = 'wallet'::regnamespace ORDER BY 1, 2",
}


async def test_an_upgraded_schema_is_that_of_a_fresh_one(
    database_url: str, postgres_socket: str, tmp_path: Path, clock: ManualClock
) -> None:
    kind = database_url.partition(":")[0]
    shapes = []
    for is_old in (True, False):
        url = f"sqlite:///{tmp_path / f'own{is_old}.db'}"
        if kind == "postgresql":
            await execute(database_url, "DROP SCHEMA IF EXISTS wallet CASCADE")
            url = database_url
        if is_old:
            await load(url)
        await Ledger.upgrade(url)
        shapes.append([await execute(url, query[kind]) for query in (SHAPE, INDEXES, CONSTRAINTS)])

    for old, fresh in zip(*shapes, strict=True):
        assert old == fresh


async def test_an_upgraded_book_is_guarded(old_url: str, clock: ManualClock) -> None:
    await Ledger.upgrade(old_url)
    for table in ("transfer", "refusal", "account_change", "block", "account", "head"):
        with pytest.raises(REFUSED):
            await execute(old_url, f"DELETE FROM {table}")  # noqa: S608 - only names of ours

    await execute(old_url, *unguard(old_url))
    with pytest.raises(LedgerCorrupt, match="account_change_no_update"):
        await Ledger.open(old_url, clock)


TAMPERED = {
    "sqlite": ["DROP TRIGGER account_no_update", "PRAGMA ignore_check_constraints = ON"],
    "postgresql": ["ALTER TABLE account DISABLE TRIGGER USER", "ALTER TABLE account DROP CONSTRAINT account_check1"],
}


async def test_an_account_that_breaks_its_rule_stops_the_step_and_the_book_stays_old(
    old_url: str, clock: ManualClock
) -> None:
    tampered = TAMPERED[old_url.partition(":")[0]]
    await execute(old_url, *tampered, "UPDATE account SET balance_rule = 'debits_within_credits'")

    with pytest.raises(LedgerCorrupt, match="contradict"):
        await Ledger.upgrade(old_url)

    assert await execute(old_url, "SELECT version FROM schema_version") == [(1,)]
    assert await execute(old_url, "SELECT DISTINCT balance_rule FROM account") == [("debits_within_credits",)]


async def test_a_step_that_dies_in_the_middle_of_a_file_leaves_it_as_it_was(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'wallet.db'}"
    await load(url)
    before = _dump(tmp_path / "wallet.db")
    steps = len(version_2_sqlite._ADD) + len(version_2_sqlite._COPY)
    died = 0
    for place in range(0, len(version_2_sqlite._COPY), 4):
        whole = version_2_sqlite._COPY
        with monkeypatch.context() as patch:
            patch.setattr(version_2_sqlite, "_COPY", (*whole[:place], "SELECT 1 FROM no_such_table", *whole[place:]))
            with pytest.raises(LedgerUnavailable):
                await Ledger.upgrade(url)
        assert _dump(tmp_path / "wallet.db") == before
        died += 1

    assert died > steps // 8
    async with upgraded(url, clock) as ledger:
        assert (await ledger.verify()).finding is None


def _dump(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


PARTS = ["_make_tables", "_open_page", "_switch"]


@pytest.mark.parametrize("part", PARTS)
async def test_a_step_that_dies_between_its_parts_is_finished_by_the_next_one(
    old_postgres_url: str, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    whole: Callable[..., object] = getattr(version_2_postgresql, part)

    def dies(*work: object) -> None:
        whole(*work)
        raise ConnectionResetError

    monkeypatch.setattr(version_2_postgresql, "PAGE", 2)
    with monkeypatch.context() as patch:
        patch.setattr(version_2_postgresql, part, dies)
        with pytest.raises(LedgerUnavailable):
            await Ledger.upgrade(old_postgres_url)
    with pytest.raises(LedgerCorrupt, match="upgrade"):
        await Ledger.open(old_postgres_url, clock)

    async with upgraded(old_postgres_url, clock) as ledger:
        verified = await ledger.verify()
        head = await ledger.head()
        changes = [block.changes for number in range(1, head.block + 1) if (block := await ledger.block(number))]
    assert verified.finding is None, str(verified.finding)
    assert [count for count in changes if count] == [2, 2, 2, 1]


async def test_an_index_that_was_left_half_made_is_made_again(old_postgres_url: str) -> None:
    await execute(old_postgres_url, "CREATE INDEX transfer_debit ON transfer (code)")
    # What a build leaves behind when it is interrupted; only a superuser may say so by hand.
    await execute(
        old_postgres_url, "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'transfer_debit'::regclass"
    )

    await Ledger.upgrade(old_postgres_url)

    ((text,),) = await execute(old_postgres_url, "SELECT indexdef FROM pg_indexes WHERE indexname = 'transfer_debit'")
    assert str(text).endswith('(debit_id, "position")')


async def test_old_writers_go_on_until_the_switch_and_lose_nothing(
    old_postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(version_2_postgresql, "PAGE", 2)
    monkeypatch.setattr(version_2_postgresql, "PAUSE_S", 0.3)
    clock = SystemClock()
    writers = [OldWriter(old_postgres_url, clock) for _ in range(3)]
    reader = await asyncpg.connect(old_postgres_url)
    async with asyncio.TaskGroup() as tasks:
        for writer in writers:
            tasks.create_task(writer.run())
        await asyncio.sleep(0.2)
        # Somebody reads the whole book, as verify and a dump do: the step waits for them, nobody waits for the step.
        await reader.execute("BEGIN; LOCK TABLE wallet.transfer, wallet.account IN ACCESS SHARE MODE")
        upgrading = tasks.create_task(Ledger.upgrade(old_postgres_url))
        await asyncio.sleep(1.5)
        while_reading = [len(writer.posted) for writer in writers], upgrading.done()
        await reader.execute("COMMIT")
    await reader.close()

    longest_s = max(writer.longest_s for writer in writers)
    assert while_reading[1] is False
    assert all(count > 20 for count in while_reading[0]), while_reading
    assert {getattr(writer.fault, "sqlstate", None) for writer in writers} == {"42703"}
    assert longest_s < 0.3 + 1.5, longest_s
    async with upgraded(old_postgres_url, clock) as ledger:
        verified = await ledger.verify()
        log = [row.transfer.id for row in await ledger.follow(after=0, limit=100_000)]
    assert verified.finding is None, str(verified.finding)
    posted = [posted for writer in writers for posted in writer.posted]
    assert len(log) == len(set(log)) == 15 + len(posted)
    assert set(posted) < set(log)


async def test_two_processes_may_upgrade_an_old_book_at_once(old_url: str, clock: ManualClock) -> None:
    async with asyncio.TaskGroup() as tasks:
        for _ in range(3):
            tasks.create_task(Ledger.upgrade(old_url))

    async with upgraded(old_url, clock) as ledger:
        verified = await ledger.verify()
    assert (verified.finding, await execute(old_url, "SELECT version FROM schema_version")) == (None, [(1,), (2,)])


async def test_a_book_that_was_not_upgraded_does_not_open(old_url: str, clock: ManualClock) -> None:
    with pytest.raises(LedgerCorrupt, match="upgrade"):
        await Ledger.open(old_url, clock)
