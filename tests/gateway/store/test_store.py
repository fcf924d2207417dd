"""Units of work are grouped, stand or fall alone, and never lose an update; on both databases."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Column, Connection, bindparam, insert, select, update

from gateway.errors import Conflict, Overloaded
from gateway.store import Store, Write, insert_ignore, table
from wallet.types import Int64, Text

COUNTERS = table("test_counters", Column("name", Text, primary_key=True), Column("value", Int64, nullable=False))
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
