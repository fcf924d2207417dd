"""Behind PgBouncer in transaction mode: whatever the ledger does, any connection of the server may be given to it."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import asyncpg
import pytest

from gateway.store import Store
from tests import pgbouncer
from tests.wallet.books import ALICE, BOB, end, fund, hold, opened, send
from tests.wallet.old_books import OldWriter, load
from wallet.clock import ManualClock, SystemClock
from wallet.ledger import Ledger
from wallet.transfers import Balances, Outcome, PostResult, TransferKind


@pytest.fixture(scope="session")
def pooler_socket(postgres_socket: str) -> Iterator[str]:
    """The socket folder of this run's pooler."""
    with pgbouncer.pooler(postgres_socket) as home:
        yield home


@pytest.fixture
def pooled_url(postgres_url: str, pooler_socket: str) -> str:
    """A fresh database, asked for through the pooler."""
    return pgbouncer.through(postgres_url, pooler_socket)


async def test_a_whole_journey_through_a_pooler(pooled_url: str, clock: ManualClock) -> None:
    async with opened(pooled_url, clock) as ledger, opened(pooled_url, clock) as other:
        await ledger.post(fund(clock, 100, linked=True), send(clock, 30))
        held, lapsing = (hold(clock, 10, clock.now() + timedelta(minutes=minutes)) for minutes in (9, 1))
        await other.post(held, lapsing)
        clock.advance(timedelta(minutes=2))
        (captured,) = await ledger.post(end(clock, held, TransferKind.CAPTURE, 7))
        (refused,) = await other.post(send(clock, 5000))

        async def spend(by: Ledger) -> list[PostResult]:
            return [result for _ in range(10) for result in await by.post(send(clock, 1), fund(clock, 1))]

        async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
            spending = [tasks.create_task(spend(by)) for by in (ledger, other) * 3]

        assert (captured.outcome, refused.outcome) == (Outcome.POSTED, Outcome.INSUFFICIENT_FUNDS)
        assert {result.outcome for task in spending for result in task.result()} == {Outcome.POSTED}
        assert await other.balances(ALICE.id) == Balances(97, 160, 0, 0, 126)
        assert await other.balances(BOB.id) == Balances(0, 97, 0, 0, 65)
        assert [row.position for row in await ledger.follow(after=0)] == list(range(1, 127))
        assert len(await ledger.movements(ALICE.id, limit=5)) == 5
        assert (await ledger.verify()).finding is None


async def test_an_old_book_is_upgraded_through_a_pooler_while_it_is_posted_to(
    pooled_url: str, postgres_url: str, clock: ManualClock
) -> None:
    await load(postgres_url)
    writer = OldWriter(postgres_url, SystemClock())
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(writer.run())
        await Ledger.upgrade(pooled_url)

    async with opened(pooled_url, clock) as ledger:
        verified = await ledger.verify()
    assert (verified.finding, verified.transfers) == (None, 15 + len(writer.posted))


async def test_without_its_word_a_pooled_url_meets_sessions_that_know_nothing_of_its_statements(
    pooled_url: str,
) -> None:
    named, one, two = [await asyncpg.connect(pooled_url.replace("&pooled=true", "")) for _ in range(3)]
    query = "SELECT $1::int"

    async def ask_each_session() -> None:
        for busy, free in ((one, two), (two, one)):
            await busy.execute("BEGIN")
            await free.execute("BEGIN")
            await free.execute("ROLLBACK")
            await named.fetch(query, 1)
            await busy.execute("ROLLBACK")

    try:
        await named.fetch(query, 1)
        with pytest.raises(asyncpg.InvalidSQLStatementNameError):
            await ask_each_session()
    finally:
        for connection in (named, one, two):
            connection.terminate()


async def test_the_other_store_is_made_and_used_through_a_pooler(pooled_url: str) -> None:
    await Store.upgrade(pooled_url)
    store = await Store.open(pooled_url)
    try:
        versions = [await store.write(lambda tx: tx.exec_driver_sql("SELECT 1").scalar_one()) for _ in range(5)]
    finally:
        await store.close()
    assert versions == [1] * 5
