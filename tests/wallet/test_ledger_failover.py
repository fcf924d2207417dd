"""What a failover does to the writer: a synchronous replica that does not answer, a primary that became a replica."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable
from contextlib import suppress
from datetime import datetime

import asyncpg
import pytest
from sqlalchemy import Connection, event, func, select
from sqlalchemy.util import await_only

from tests import postgres
from tests.wallet.books import ALICE, BANK, FUNDING, fund, opened
from wallet.clock import SystemClock
from wallet.errors import LedgerUnavailable
from wallet.ledger import Ledger, writer
from wallet.ledger.faults import Verdict, judge
from wallet.ledger.store import Committing, Group, run_group
from wallet.ledger.view import View
from wallet.transfers import Outcome

GROUP_S = 0.5


@pytest.mark.parametrize("fault", [
    asyncpg.ReadOnlySQLTransactionError("cannot execute SELECT FOR UPDATE in a read-only transaction"),
    asyncpg.AdminShutdownError("terminating connection due to administrator command"),
    asyncpg.CrashShutdownError("terminating connection because of crash of another server process"),
    asyncpg.CannotConnectNowError("the database system is starting up"),
    asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
    ConnectionResetError(),
    TimeoutError(),
], ids=lambda fault: type(fault).__name__)  # fmt: skip
def test_what_a_failover_raises_is_tried_again(fault: Exception) -> None:
    assert judge(fault) is Verdict.GONE


def test_a_group_is_tried_for_longer_than_a_failover_takes() -> None:
    assert writer._PATIENCE_S > 20 + 5


async def test_a_commit_that_waits_for_its_replica_is_seen_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "_GROUP_S", GROUP_S)
    clock = SystemClock()
    asked = fund(clock, 5)
    with postgres.server() as folder:
        admin = await asyncpg.connect(host=folder, user="tapdial", database="postgres")
        url = f"postgresql://tapdial@/postgres?host={folder}"
        await Ledger.upgrade(url)
        ledger = await Ledger.open(url, clock)
        await ledger.open_accounts(BANK, FUNDING, ALICE)
        try:
            await wait_for_replica(admin, "absent")
            async with asyncio.TaskGroup() as tasks:
                posting = tasks.create_task(ledger.post(asked))
                await asyncio.sleep(4 * GROUP_S)
                seen = await admin.fetchval("SELECT count(*) FROM wallet.transfer")
                answered = posting.done()
                await wait_for_replica(admin, "")
                (result,) = await posting
            (again,) = await ledger.post(asked)
        finally:
            await ledger.close()
            await admin.close()

    assert (answered, seen) == (False, 0)
    assert (result.outcome, again.outcome) == (Outcome.POSTED, Outcome.DUPLICATE)


async def test_whatever_the_driver_raises_after_it_was_hung_up_on_is_tried_again(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """asyncpg raises AttributeError when its connection ends while it learns the types of a new statement."""
    monkeypatch.setattr(writer, "_GROUP_S", GROUP_S)
    tries = []

    def trips(connection: Connection, group: Group, now: datetime, view: View | None) -> Committing:
        tries.append(group)
        if len(tries) == 1:
            await_only(asyncio.sleep(2 * GROUP_S))
            raise AttributeError("'NoneType' object has no attribute 'get_settings'")
        return run_group(connection, group, now, view)

    monkeypatch.setattr(writer, "run_group", trips)
    clock = SystemClock()
    async with opened(postgres_url, clock) as ledger:
        (result,) = await ledger.post(fund(clock, 3))

    assert (result.outcome, tries[0]) == (Outcome.POSTED, tries[1])


async def test_a_ledger_that_is_ended_while_its_commit_waits_shows_nobody_the_group(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("wallet.ledger.front._CLOSE_S", GROUP_S)
    clock = SystemClock()
    with postgres.server() as folder:
        admin = await asyncpg.connect(host=folder, user="tapdial", database="postgres")
        url = f"postgresql://tapdial@/postgres?host={folder}"
        await Ledger.upgrade(url)
        ledger = await Ledger.open(url, clock)
        await ledger.open_accounts(BANK, FUNDING, ALICE)
        try:
            await wait_for_replica(admin, "absent")
            async with asyncio.TaskGroup() as tasks:
                posting = tasks.create_task(fault_of(ledger.post(fund(clock, 5))))
                await asyncio.sleep(GROUP_S)
                with pytest.raises(TimeoutError):
                    await ledger.close()
            await asyncio.sleep(GROUP_S)
            seen = await admin.fetchval("SELECT count(*) FROM wallet.transfer")
            await wait_for_replica(admin, "")
        finally:
            await admin.close()

    assert (type(posting.result()), seen) == (LedgerUnavailable, 0)


async def fault_of(post: Awaitable[object]) -> Exception | None:
    try:
        await post
    except LedgerUnavailable as fault:
        return fault
    return None


async def wait_for_replica(admin: "asyncpg.Connection", name: str) -> None:
    await admin.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'")
    await admin.execute("SELECT pg_reload_conf()")
    # Each process of the server reads its settings anew between two statements of its own.
    await asyncio.sleep(0.3)
    assert await admin.fetchval("SHOW synchronous_standby_names") == name


@pytest.mark.parametrize("comes", ["after the next try", "instead of the next try"])
async def test_a_group_that_the_server_reads_late_is_written_once(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, comes: str
) -> None:
    """The connection was given up, but what it was sent lies in the server's buffer until its process goes on."""
    monkeypatch.setattr(writer, "_GROUP_S", GROUP_S)
    clock = SystemClock()
    async with opened(postgres_url, clock) as ledger:
        await ledger.post(fund(clock, 1))
        databases = ledger._databases
        assert databases.postgresql is not None
        async with databases.postgresql.connect() as connection:
            process = (await connection.execute(select(func.pg_backend_pid()))).scalar_one()

        def fail(connection: Connection) -> None:
            event.remove(engine, "commit", fail)
            connection.connection.rollback()
            os.kill(process, signal.SIGCONT)
            time.sleep(GROUP_S)
            raise ConnectionResetError

        engine = databases.postgresql.sync_engine
        if comes == "instead of the next try":
            event.listen(engine, "commit", fail)
        os.kill(process, signal.SIGSTOP)
        try:
            (result,) = await ledger.post(fund(clock, 2))
        finally:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)
        await asyncio.sleep(GROUP_S)
        (next_,) = await ledger.post(fund(clock, 4))
        verified = await ledger.verify()

    assert (result.outcome, next_.outcome) == (Outcome.POSTED, Outcome.POSTED)
    assert (verified.finding, verified.transfers) == (None, 3)
