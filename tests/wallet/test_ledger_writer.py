"""The writer under crowds and faults: nothing is lost, doubled or answered wrongly."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError, OperationalError

from tests.wallet.books import ALICE, BANK, BOB, CHART, fund, opened, send
from tests.wallet.sql import execute
from wallet.clock import ManualClock
from wallet.errors import LedgerCorrupt, LedgerUnavailable
from wallet.ledger import Ledger, writer
from wallet.transfers import Outcome, PostResult, Transfer


async def together(*posts: tuple[Ledger, Sequence[Transfer]]) -> list[PostResult]:
    """Each call in a task of its own."""
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(ledger.post(*call)) for ledger, call in posts]
    return [result for task in running for result in task.result()]


async def test_two_hundred_spends_at_once_never_overdraw(ledger: Ledger, clock: ManualClock) -> None:
    await ledger.post(fund(clock, 100))

    results = await together(*((ledger, [send(clock, 1)]) for _ in range(200)))

    outcomes = [result.outcome for result in results]
    assert outcomes == [Outcome.POSTED] * 100 + [Outcome.INSUFFICIENT_FUNDS] * 100
    balances = await ledger.balances(ALICE.id)
    assert balances is not None
    assert balances.available_credit == 0


async def test_a_crowd_shares_its_commits(ledger: Ledger, clock: ManualClock) -> None:
    before = (await ledger.head()).block

    await together(*((ledger, [fund(clock, 1)]) for _ in range(1500)))

    assert (await ledger.head()).block - before <= 4


async def test_two_writers_on_one_database_and_a_follower_that_never_skips(
    database_url: str, clock: ManualClock, ledger: Ledger
) -> None:
    await ledger.post(fund(clock, 150))
    seen: list[int] = []

    async def follow() -> None:
        while len(seen) < 151:
            seen.extend(row.position for row in await ledger.follow(after=len(seen), limit=7))

    async def spend(by: Ledger) -> list[PostResult]:
        return [result for _ in range(20) for result in await together(*((by, [send(clock, 1)]) for _ in range(5)))]

    async with opened(database_url, clock) as other, asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        tasks.create_task(follow())
        spending = [tasks.create_task(spend(by)) for by in (ledger, other)]

    outcomes = [result.outcome for task in spending for result in task.result()]
    assert sorted(outcomes) == [Outcome.POSTED] * 150 + [Outcome.INSUFFICIENT_FUNDS] * 50
    assert seen == list(range(1, 152))


async def test_two_processes_asking_the_same_get_one_posting(
    database_url: str, clock: ManualClock, ledger: Ledger
) -> None:
    asked = [fund(clock, 1) for _ in range(100)]

    async with opened(database_url, clock) as other:
        results = await together(*((by, [transfer]) for transfer in asked for by in (ledger, other)))

    assert sorted(result.outcome for result in results) == [Outcome.POSTED] * 100 + [Outcome.DUPLICATE] * 100
    assert len(await ledger.follow(after=0)) == 100


async def test_a_cancelled_caller_neither_loses_nor_repeats_its_posting(ledger: Ledger, clock: ManualClock) -> None:
    asked = [fund(clock, 1) for _ in range(50)]
    async with asyncio.TaskGroup() as tasks:
        posts = [tasks.create_task(ledger.post(transfer)) for transfer in asked]
        await asyncio.sleep(0)
        for post in posts[::2]:
            post.cancel()

    results = [result for transfer in asked for result in await ledger.post(transfer)]

    assert all(result.outcome is Outcome.DUPLICATE for result in results)
    assert await ledger.balances(BANK.id) is not None
    assert len(await ledger.follow(after=0)) == 50


@dataclass(eq=False)
class Commits:
    """Makes the next COMMITs of a writer fail, before or after they happened."""

    fault: Exception
    when: Literal["before", "after"]
    left: int
    failed: int = 0

    def watch(self, ledger: Ledger) -> None:
        databases = ledger._databases
        engine = databases.postgresql.sync_engine if databases.postgresql is not None else databases.sqlite
        assert engine is not None
        if databases.postgresql is not None and self.when == "before":
            # A group that was prepared is one statement, and it commits by itself.
            event.listen(engine, "before_cursor_execute", self.execute)
        else:
            event.listen(engine, "commit", self.commit)

    def execute(self, _connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("WITH") and self.failed < self.left:
            self.failed += 1
            raise self.fault

    def commit(self, connection: Connection) -> None:
        if self.failed == self.left:
            return
        self.failed += 1
        if self.when == "after":
            connection.connection.commit()
        raise self.fault


class Serialisation(Exception):
    """As the driver raises it."""

    sqlstate = "40001"


GONE = OperationalError("COMMIT", None, sqlite3.OperationalError("gone"))
FAULTS: list[Commits] = [
    Commits(GONE, "after", 1),
    Commits(GONE, "before", 3),
    Commits(ConnectionResetError(), "after", 1),
    Commits(ConnectionResetError(), "before", 3),
    Commits(DBAPIError("COMMIT", None, Serialisation()), "before", 3),
]


@pytest.mark.parametrize("commits", FAULTS, ids=lambda row: f"{type(row.fault).__name__}-{row.when}")
async def test_a_failed_commit_is_resolved_by_looking(ledger: Ledger, clock: ManualClock, commits: Commits) -> None:
    old, poor = fund(clock, 100), replace(send(clock, 500), cause="pay_poor")
    await ledger.post(old)
    own = replace(commits)
    own.watch(ledger)

    results = await ledger.post(old, fund(clock, 1), poor, send(clock, 1))

    expected = [Outcome.DUPLICATE, Outcome.POSTED, Outcome.INSUFFICIENT_FUNDS, Outcome.POSTED]
    assert [result.outcome for result in results] == expected
    assert own.failed == commits.left
    assert len(await ledger.follow(after=0)) == 3


async def test_a_database_that_stays_away_is_told_to_callers_who_may_ask_again(
    ledger: Ledger, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_PATIENCE_S", 0.05)
    asked, commits = fund(clock, 1), Commits(ConnectionRefusedError(), "before", 1000)
    commits.watch(ledger)

    with pytest.raises(LedgerUnavailable):
        await ledger.post(asked)

    commits.left = commits.failed
    (again,) = await ledger.post(asked)
    assert again.outcome is Outcome.POSTED


KILL_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


async def test_a_lost_connection_is_made_anew(postgres_url: str, clock: ManualClock) -> None:
    async with opened(postgres_url, clock) as ledger:
        await ledger.post(fund(clock, 1))
        await execute(postgres_url, KILL_OTHERS)

        (result,) = await ledger.post(fund(clock, 1))

        assert result.outcome is Outcome.POSTED
        assert len(await ledger.follow(after=0)) == 2


POISON = {
    "sqlite": (
        "CREATE TRIGGER poison BEFORE INSERT ON transfer WHEN NEW.cause = 'pay_poison' "
        "BEGIN SELECT RAISE(ABORT, 'no'); END"
    ),
    "postgresql": "ALTER TABLE transfer ADD CONSTRAINT poison CHECK (cause <> 'pay_poison')",
}


async def test_a_row_that_the_database_refuses_fails_alone(
    database_url: str, clock: ManualClock, ledger: Ledger
) -> None:
    await execute(database_url, POISON[database_url.partition(":")[0]])
    poison = replace(fund(clock, 1), cause="pay_poison")

    async def post(transfer: Transfer) -> Outcome | None:
        try:
            return (await ledger.post(transfer))[0].outcome
        except LedgerCorrupt:
            return None

    async with asyncio.TaskGroup() as tasks:
        posts = [tasks.create_task(post(transfer)) for transfer in (fund(clock, 1), poison, fund(clock, 1))]

    assert [task.result() for task in posts] == [Outcome.POSTED, None, Outcome.POSTED]


async def test_accounts_open_while_others_post(ledger: Ledger, clock: ManualClock) -> None:
    async def arrive(number: int) -> Outcome:
        person = CHART.account("wallet", f"per_{number}")
        await ledger.open_accounts(person)
        return (await ledger.post(replace(fund(clock, 1), credit=person.id)))[0].outcome

    async with asyncio.TaskGroup() as tasks:
        arrivals = [tasks.create_task(arrive(number)) for number in range(100)]
        crowd = [tasks.create_task(ledger.post(fund(clock, 1))) for _ in range(100)]

    assert {task.result() for task in arrivals} == {Outcome.POSTED}
    assert len(crowd) == 100
    assert await ledger.balances(BOB.id) is not None


async def test_who_waits_when_the_writer_is_ended_is_told_and_does_not_hang(
    ledger: Ledger, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wallet.ledger.front._CLOSE_S", 0.1)
    commits = Commits(ConnectionRefusedError(), "before", 1000)
    commits.watch(ledger)
    async with asyncio.TaskGroup() as tasks:
        waiting = [tasks.create_task(_fault_of(ledger.post(fund(clock, 1)))) for _ in range(3)]
        await asyncio.sleep(0.02)
        waiting += [tasks.create_task(_fault_of(ledger.post(fund(clock, 1)))) for _ in range(3)]
        await asyncio.sleep(0)

        with pytest.raises(TimeoutError):
            await ledger.close()

    assert [type(task.result()) for task in waiting] == [LedgerUnavailable] * 6


async def _fault_of(post: Awaitable[list[PostResult]]) -> Exception | None:
    try:
        await post
    except LedgerUnavailable as fault:
        return fault
    return None
