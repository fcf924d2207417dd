"""Statements over many rows, and work that is done for all items of a group together; on both databases."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import pytest
from sqlalchemy import Column, Connection, MetaData, Table

from gateway.errors import Conflict
from gateway.store import Many, Store
from wallet.types import Blob, Flag, Int64, Moment, Text

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
WIDE = Table(
    "test_wide",
    MetaData(),  # not the house's: nobody else shall look for this table
    Column("name", Text, primary_key=True),
    Column("number", Int64, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("content", Blob, nullable=True),
    Column("flag", Flag, nullable=False),
    sqlite_strict=True,
)
MANY = Many(WIDE)
PLACES = Many(WIDE, "name", columns=("name", "number", "flag"))


def wide(name: str, number: int, content: bytes | None = b"\0x", *, flag: bool = False) -> dict[str, object]:
    return {"name": name, "number": number, "at": AT, "content": content, "flag": flag}


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    store = await Store.open(database_url)
    await store.write(WIDE.create)
    yield store
    await store.close()


async def test_many_rows_go_in_once_each_and_the_first_of_equal_keys_wins(store: Store) -> None:
    rows = [wide("b", 1), wide("a", 2, b"first"), wide("a", 2, b"second"), wide("a", 1, None)]
    assert await store.write(lambda tx: MANY.put(tx, rows)) == [True, True, False, True]
    assert await store.write(lambda tx: MANY.put(tx, [*rows[:1], wide("c", 1)])) == [False, True]
    found = await store.write(lambda tx: MANY.locked(tx, [("a", 2), ("a", 1), ("a", 2), ("z", 1)]))
    assert sorted((row.name, row.number, row.at, row.content, row.flag) for row in found) == [
        ("a", 1, AT, None, False),
        ("a", 2, AT, b"first", False),
    ]


async def test_many_rows_are_changed_by_their_keys_and_found_by_other_columns(store: Store) -> None:
    await store.write(lambda tx: MANY.put(tx, [wide("a", 1), wide("a", 2), wide("b", 1)]))
    changed: list[dict[str, object]] = [
        {"name": "b", "number": 1, "flag": True, "content": None},
        {"name": "a", "number": 2, "flag": True, "content": b"new"},
        {"name": "nobody", "number": 2, "flag": True, "content": b""},
    ]
    await store.write(lambda tx: MANY.change(tx, changed))
    found = await store.write(lambda tx: PLACES.found(tx, [("a",), ("b",), ("c",)]))
    assert sorted(map(tuple, found)) == [("a", 1, False), ("a", 2, True), ("b", 1, True)]


async def test_nothing_is_asked_for_no_rows(store: Store) -> None:
    def nothing(tx: Connection) -> tuple[object, ...]:
        MANY.change(tx, [])
        return MANY.put(tx, []), MANY.found(tx, []), MANY.locked(tx, [])

    assert await store.write(nothing) == ([], [], [])


async def test_items_of_equal_work_are_done_together_and_each_gets_its_value(store: Store) -> None:
    groups: list[list[int]] = []

    def doubled(_tx: Connection, items: Sequence[int]) -> list[int]:
        groups.append(list(items))
        return [2 * one for one in items]

    values = await asyncio.gather(*(store.write_together(doubled, number) for number in range(5)))
    assert values == [0, 2, 4, 6, 8]
    assert sorted(one for group in groups for one in group) == list(range(5))
    assert max(map(len, groups)) > 1, "they were in the queue together"


async def test_an_item_that_spoils_its_group_fails_alone(store: Store) -> None:
    def put(tx: Connection, items: Sequence[int]) -> list[bool]:
        if 3 in items:
            raise Conflict("three")
        return MANY.put(tx, [wide("n", number) for number in items])

    values = await asyncio.gather(*(store.write_together(put, number) for number in range(5)), return_exceptions=True)
    assert [value if isinstance(value, bool) else type(value) for value in values] == [True, True, True, Conflict, True]


async def test_reads_by_key_that_wait_together_each_get_their_own_rows(store: Store) -> None:
    await store.write(lambda tx: MANY.put(tx, [wide("a", 1), wide("a", 2), wide("b", 1)]))
    names = ["a", "b", "c", "a", "b"] * 20
    found = await asyncio.gather(*(store.find_by(PLACES, (name,)) for name in names))
    assert [len(rows) for rows in found] == [2, 1, 0, 2, 1] * 20
    assert all(row.name == name for name, rows in zip(names, found, strict=True) for row in rows)


async def test_a_caller_who_goes_away_takes_no_other_reads_along(store: Store) -> None:
    await store.write(lambda tx: MANY.put(tx, [wide("a", 1), wide("b", 1)]))
    for turns in range(6):
        async with asyncio.TaskGroup() as tasks:
            first = tasks.create_task(store.find_by(PLACES, ("a",)))
            others = [tasks.create_task(store.find_by(PLACES, (name,))) for name in ("b", "a", "b")]
            for _ in range(turns):
                await asyncio.sleep(0)
            first.cancel()
        assert [[row.name for row in one.result()] for one in others] == [["b"], ["a"], ["b"]]


async def test_a_read_by_key_that_cannot_be_answered_says_so_to_all_who_wait(store: Store) -> None:
    await store.write(WIDE.drop)
    found = await asyncio.gather(*(store.find_by(PLACES, (name,)) for name in "abc"), return_exceptions=True)
    assert all(isinstance(one, Exception) for one in found)
