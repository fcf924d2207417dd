"""Units of work are grouped, stand or fall alone, and never lose an update; on both databases."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import pytest
from asyncpg import (
    AdminShutdownError,
    CannotConnectNowError,
    ConnectionDoesNotExistError,
    DeadlockDetectedError,
    DivisionByZeroError,
    ReadOnlySQLTransactionError,
    TooManyConnectionsError,
    UndefinedTableError,
    UniqueViolationError,
)
from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    NullPool,
    Table,
    bindparam,
    event,
    func,
    insert,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError, StatementError
from sqlalchemy.ext.asyncio import create_async_engine

from gateway.errors import Conflict, Overloaded, StoreUnavailable
from gateway.store import Store, Write, insert_ignore
from gateway.store.engines import sqlite_finder
from gateway.store.faults import is_lost
from gateway.store.reader import SqliteFinder
from wallet.types import Int64, Text

COUNTERS = Table(
    "test_counters",
    MetaData(),  # not the house's: nobody else shall look for this table
    Column("name", Text, primary_key=True),
    Column("value", Int64, nullable=False),
    sqlite_strict=True,
)
ADD = insert(COUNTERS)
RAISE = (
    update(COUNTERS)
    .where(COUNTERS.c.name == bindparam("which"), COUNTERS.c.value == bindparam("old"))
    .values(value=bindparam("new"))
)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    store = await Store.open(database_url)
    await store.write(lambda tx: COUNTERS.create(tx, checkfirst=True))
    yield store
    await store.close()


async def values(store: Store) -> dict[str, int]:
    return {row.name: row.value for row in await store.read(select(COUNTERS))}


async def test_read_decide_write_loses_no_update(store: Store) -> None:
    await store.apply(Write(ADD, {"name": "a", "value": 0}))

    def increase(tx: Connection) -> int:
        value = int(tx.execute(select(COUNTERS.c.value).where(COUNTERS.c.name == "a")).scalar_one())
        tx.execute(update(COUNTERS).where(COUNTERS.c.name == "a").values(value=value + 1))
        return value + 1

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(store.write(increase)) for _ in range(200)]

    assert sorted(task.result() for task in tasks) == list(range(1, 201))
    assert await values(store) == {"a": 200}


async def test_a_unit_that_fails_takes_no_other_with_it(store: Store) -> None:
    def refuse(tx: Connection) -> None:
        tx.execute(ADD, {"name": "bad", "value": 1})
        raise RuntimeError("no")

    async with asyncio.TaskGroup() as group:
        good = [group.create_task(store.apply(Write(ADD, {"name": f"g{n}", "value": n}))) for n in range(20)]
        bad = group.create_task(_outcome(store.write(refuse)))
        twice = group.create_task(_outcome(store.apply(Write(ADD, {"name": "g1", "value": 9}))))

    assert all(task.done() for task in good)
    assert bad.result() == "RuntimeError"
    # Either of the two that want the name may come first, but never both.
    assert twice.result() == "IntegrityError"
    assert set(await values(store)) == {f"g{n}" for n in range(20)}


async def _outcome(awaitable: object) -> str:
    try:
        await awaitable  # type: ignore[misc]
    except Exception as problem:  # noqa: BLE001 - the test looks at its name
        return type(problem).__name__
    return "ok"


async def test_a_write_that_touches_another_number_of_rows_is_undone(store: Store) -> None:
    await store.apply(Write(ADD, {"name": "a", "value": 1}), Write(ADD, {"name": "b", "value": 1}))

    with pytest.raises(Conflict):
        await store.apply(
            Write(RAISE, {"which": "a", "old": 1, "new": 2}, expect=1),
            Write(RAISE, {"which": "b", "old": 7, "new": 8}, expect=1),
        )

    assert await values(store) == {"a": 1, "b": 1}


async def test_of_many_that_race_for_one_row_one_wins(store: Store) -> None:
    await store.apply(Write(ADD, {"name": "a", "value": 0}))

    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(_outcome(store.apply(Write(RAISE, {"which": "a", "old": 0, "new": n}, expect=1))))
            for n in range(1, 30)
        ]

    assert sorted(task.result() for task in tasks) == ["Conflict"] * 28 + ["ok"]


async def test_insert_ignore_says_whether_the_row_went_in(store: Store) -> None:
    def put(tx: Connection) -> bool:
        return insert_ignore(tx, COUNTERS, {"name": "a", "value": 1})

    assert [await store.write(put), await store.write(put)] == [True, False]


async def test_a_full_queue_refuses_at_once(database_url: str) -> None:
    store = await Store.open(database_url, queue_max=2)
    await store.write(lambda tx: COUNTERS.create(tx, checkfirst=True))

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_outcome(store.apply(Write(ADD, {"name": f"n{n}", "value": n})))) for n in range(10)]
    written = await values(store)
    await store.close()

    assert [task.result() for task in tasks].count("Overloaded") == 8
    assert len(written) == 2
    assert Overloaded.retryable


async def test_a_cancelled_caller_harms_nobody(store: Store) -> None:
    waiting = asyncio.ensure_future(store.apply(Write(ADD, {"name": "gone", "value": 1})))
    await asyncio.sleep(0)
    waiting.cancel()
    await store.apply(Write(ADD, {"name": "here", "value": 1}))

    assert "here" in await values(store)


async def test_what_was_committed_is_there_after_reopening(database_url: str) -> None:
    store = await Store.open(database_url)
    await store.write(lambda tx: COUNTERS.create(tx, checkfirst=True))
    await store.apply(Write(ADD, {"name": "a", "value": 2**60}))
    await store.close()
    await Store.upgrade(database_url)
    store = await Store.open(database_url)

    found = await values(store)
    await store.close()

    assert found == {"a": 2**60}


CUT_OFF = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


async def test_a_postgresql_that_cuts_everybody_off_is_unavailable_and_then_there_again(postgres_url: str) -> None:
    store = await Store.open(postgres_url)
    url = postgres_url.replace("postgresql://", "postgresql+asyncpg://")
    admin = create_async_engine(url, poolclass=NullPool)

    async def cut_off() -> None:
        async with admin.connect() as connection:
            await connection.execute(text(CUT_OFF))

    async def cut_off_while(work: Awaitable[object]) -> str:
        async with asyncio.TaskGroup() as group:
            outcome = group.create_task(_outcome(work))
            await asyncio.sleep(0.2)
            await cut_off()
        return outcome.result()

    try:
        sleeping = select(func.pg_sleep(5))
        assert await cut_off_while(store.read(sleeping)) == "StoreUnavailable"
        assert await cut_off_while(store.write(lambda tx: tx.execute(sleeping).all())) == "StoreUnavailable"
        await store.write(lambda tx: tx.execute(select(1)).all())
        await store.read(select(literal(1)))
        await cut_off()
        # What lay idle in the pool is found dead by whoever takes it first.
        outcomes = {await _outcome(store.read(select(literal(1)))) for _ in range(3)}
        outcomes |= {await _outcome(store.write(lambda tx: tx.execute(select(1)).all())) for _ in range(3)}
        assert outcomes <= {"StoreUnavailable", "ok"}
        assert await store.write(lambda tx: tx.execute(select(literal(7))).scalar_one()) == 7
    finally:
        await admin.dispose()
        await store.close()


@pytest.mark.parametrize(
    ("problem", "lost"),
    [
        (DBAPIError("COMMIT", None, AdminShutdownError("going down")), True),
        (DBAPIError("COMMIT", None, ConnectionDoesNotExistError("in the middle of it")), True),
        (CannotConnectNowError("starting up"), True),
        (TooManyConnectionsError("sorry"), True),
        (ReadOnlySQLTransactionError("a replica"), True),
        (DBAPIError("UPDATE", None, ReadOnlySQLTransactionError("a replica")), True),
        (DBAPIError("SELECT", None, DivisionByZeroError("ours")), False),
        (DBAPIError("SELECT", None, DeadlockDetectedError("again")), False),
        (IntegrityError("INSERT", None, UniqueViolationError("ours")), False),
        (ProgrammingError("SELECT", None, UndefinedTableError("ours")), False),
        (RuntimeError("a bug"), False),
    ],
)
def test_a_lost_database_is_told_from_our_own_mistakes(problem: Exception, *, lost: bool) -> None:
    assert is_lost(problem) is lost


LOOK = select(COUNTERS.c.value).where(COUNTERS.c.name == bindparam("which"))


async def test_short_reads_that_wait_together_each_get_their_own_rows(store: Store) -> None:
    await store.apply(*[Write(ADD, {"name": f"n{number}", "value": number}) for number in range(40)])
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(store.find(LOOK, {"which": f"n{number}"})) for number in range(41)]
    assert [[row.value for row in one.result()] for one in asked] == [*([number] for number in range(40)), []]


async def test_a_short_read_sees_what_was_committed_before_it_was_asked(store: Store) -> None:
    await store.apply(Write(ADD, {"name": "seen", "value": 0}))
    for value in range(20):
        await store.apply(Write(RAISE, {"which": "seen", "old": value, "new": value + 1}, expect=1))
        assert (await store.find(LOOK, {"which": "seen"}))[0].value == value + 1


async def test_a_short_read_that_fails_fails_alone(store: Store) -> None:
    await store.apply(Write(ADD, {"name": "sound", "value": 7}))
    wrong = select(Table("test_nowhere", MetaData(), Column("name", Text)))

    async def broken() -> None:
        with pytest.raises((DBAPIError, StoreUnavailable)):
            await store.find(wrong, {})

    async with asyncio.TaskGroup() as group:
        sound = [group.create_task(store.find(LOOK, {"which": "sound"}))]
        group.create_task(broken())
        sound.append(group.create_task(store.find(LOOK, {"which": "sound"})))
    assert [one.result()[0].value for one in sound] == [7, 7]


async def test_a_short_read_whose_caller_went_away_holds_nobody_up(store: Store) -> None:
    await store.apply(Write(ADD, {"name": "left", "value": 1}))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await store.find(LOOK, {"which": "left"})
    assert (await store.find(LOOK, {"which": "left"}))[0].value == 1


async def test_a_closed_store_answers_no_short_read(database_url: str) -> None:
    store = await Store.open(database_url)
    await store.find(select(literal(1).label("one")), {})
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.find(LOOK, {"which": "any"})


async def test_whoever_asks_a_thread_that_does_not_come_back_is_told_in_time(tmp_path: Path) -> None:
    engine, gate = sqlite_finder(f"sqlite:///{tmp_path}/stuck.db"), threading.Event()
    event.listen(engine, "connect", lambda driver, _record: driver.create_function("held", 0, gate.wait))
    finder = SqliteFinder(engine, visit_s=0.05)
    held = select(func.held().label("held"))
    for _ in range(3):
        async with asyncio.timeout(2):
            with pytest.raises(TimeoutError):
                await finder.find(held, {})
    gate.set()
    assert (await finder.find(held, {}))[0].held == 1
    await finder.close()


async def test_a_value_that_a_row_leaves_out_is_no_null(store: Store) -> None:
    with pytest.raises((AssertionError, DBAPIError, StatementError)):
        await store.find(LOOK, {})
    await store.apply(Write(ADD, {"name": "whole", "value": 1}))
    with pytest.raises((AssertionError, DBAPIError, StatementError)):
        await store.apply(Write(RAISE, {"which": "whole", "old": 1}))


async def test_after_the_server_hung_up_short_reads_are_refused_once_and_then_answered(store: Store) -> None:
    readers = text(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE 'SELECT gateway.test_counters%'"
    )
    await store.apply(Write(ADD, {"name": "after", "value": 3}))
    async with asyncio.TaskGroup() as group:
        for _ in range(8):
            group.create_task(store.find(LOOK, {"which": "after"}))
    if await store.write(lambda tx: tx.dialect.name) == "postgresql":
        assert await store.write(lambda tx: tx.execute(readers).scalar_one()) > 0
        with pytest.raises(StoreUnavailable):
            await store.find(LOOK, {"which": "after"})
    async with asyncio.TaskGroup() as group:
        found = [group.create_task(store.find(LOOK, {"which": "after"})) for _ in range(8)]
    assert [one.result()[0].value for one in found] == [3] * 8
