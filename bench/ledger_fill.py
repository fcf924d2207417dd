"""Millions of transfers in little time and yet true: the ledger's own rules decide them, its own chain seals them.

Only the way into the tables is another: PostgreSQL takes the rows by COPY and SQLite by executemany, without the
triggers and foreign keys that would look at each row again. All that a reader or `verify` can see is as the engine
leaves it.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import asyncpg

from bench.ledger_load import Supply
from wallet.clock import SystemClock, to_us
from wallet.ids import AccountId
from wallet.ledger import Ledger, chain, rows, rules
from wallet.ledger.book import Book, Booked, Side
from wallet.ledger.schema import SCHEMA, block, open_hold, transfer
from wallet.transfers import Transfer, TransferKind

BLOCK = 1000
_PORTION = 50
"""Blocks that go into the tables at once."""

Progress = Callable[[int, int], None]


class Sink(Protocol):
    """Where rows go, past the engine."""

    async def insert(self, table: str, raws: Sequence[rows.Raw]) -> None:
        """Put raw rows, in the order of the table's columns, into a table."""
        ...

    async def execute(self, statement: str, parameters: Sequence[Sequence[object]]) -> None:
        """Run a statement with $1, $2 … for each of the parameters."""
        ...


@dataclass
class Filler:
    """Groups as the engine would commit them, one after the other."""

    supply: Supply
    book: Book
    number: int
    hash: bytes
    open: dict[UUID, Booked]
    moved_at: datetime

    def portion(self, blocks: int) -> tuple[list[rows.Raw], list[rows.Raw]]:
        """Raw rows of `transfer` and of `block` for some more groups."""
        transfers: list[rows.Raw] = []
        sealed: list[rows.Raw] = []
        for group in _groups(self.supply.mix(blocks * BLOCK)):
            now = SystemClock().now()
            first = self.book.position + 1
            decision = rules.decide(self.book, [(one,) for one in group], now)
            assert not decision.refused, decision.refused[0]
            leaves = [chain.booked_leaf(row) for row in decision.booked]
            made = chain.seal(self.number + 1, self.hash, first, now, chain.Leaves(leaves, ()))
            self.number, self.hash, self.moved_at = made.number, made.hash, now
            transfers += map(rows.booked_raw, decision.booked, leaves)
            sealed.append(rows.block_raw(made))
            for row in decision.booked:
                if row.transfer.kind is TransferKind.HOLD:
                    self.open[row.transfer.id] = row
                elif row.transfer.hold_id is not None:
                    del self.open[row.transfer.hold_id]
        # Captures and replays name only transfers of the same portion, so what is known need not grow for ever.
        self.book.known.clear()
        self.book.resolved.clear()
        return transfers, sealed


def _groups(transfers: Sequence[Transfer]) -> Iterator[Sequence[Transfer]]:
    for start in range(0, len(transfers), BLOCK):
        yield transfers[start : start + BLOCK]


async def fill(url: str, supply: Supply, count: int, progress: Progress) -> None:
    """Put `count` transfers, or a few more, behind those that an open and funded ledger at `url` already has."""
    ledger = await Ledger.open(url, SystemClock())
    head = await ledger.head()
    sides: dict[AccountId, Side] = {}
    for account, figures in await ledger.accounts(limit=2 * len(supply.accounts)):
        sides[account.id] = rows.new_side(account)
        sides[account.id].restore(figures)
    await ledger.close()
    filler = Filler(supply, Book(head.position, sides), head.block, head.hash, {}, head.booked_at)
    async with _sink(url) as sink:
        async with asyncio.TaskGroup() as tasks:
            under_way: asyncio.Task[None] | None = None
            while filler.book.position < count:
                transfers, blocks = filler.portion(min(_PORTION, -(-(count - filler.book.position) // BLOCK)))
                if under_way is not None:
                    await under_way
                under_way = tasks.create_task(_store(sink, transfers, blocks))
                await asyncio.sleep(0)
                progress(filler.book.position, count)
        await _finish(sink, filler)


async def _store(sink: Sink, transfers: Sequence[rows.Raw], blocks: Sequence[rows.Raw]) -> None:
    await sink.insert(transfer.name, transfers)
    await sink.insert(block.name, blocks)


async def _finish(sink: Sink, filler: Filler) -> None:
    await sink.insert(open_hold.name, [rows.open_hold_raw(row) for row in filler.open.values()])
    figures = [
        (side.debits_posted, side.credits_posted, side.debits_held, side.credits_held, side.version, side.id)
        for side in filler.book.accounts.values()
    ]
    await sink.execute(
        "UPDATE account SET debits_posted = $1, credits_posted = $2, debits_held = $3, credits_held = $4, version = $5 "
        "WHERE id = $6",
        figures,
    )
    moved = (filler.book.position, filler.number, filler.hash, to_us(filler.moved_at))
    await sink.execute("UPDATE head SET position = $1, block = $2, hash = $3, moved_at = $4 WHERE id = 1", [moved])


@asynccontextmanager
async def _sink(url: str) -> AsyncIterator[Sink]:
    if url.startswith("sqlite:///"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False)
        try:
            yield _Sqlite(connection)
        finally:
            connection.close()
        return
    database, _, host = url.rpartition("/@")[2].partition("@/")[2].partition("?host=")
    postgres = await asyncpg.connect(host=host, user="tapdial", database=database)
    try:
        await postgres.execute(f"SET search_path TO {SCHEMA}")
        await postgres.execute("SET session_replication_role = replica")
        yield _Postgresql(postgres)
        await postgres.execute("VACUUM ANALYZE")
    finally:
        await postgres.close()


class _Postgresql:
    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def insert(self, table: str, raws: Sequence[rows.Raw]) -> None:
        await self._connection.copy_records_to_table(table, records=raws, schema_name=SCHEMA)

    async def execute(self, statement: str, parameters: Sequence[Sequence[object]]) -> None:
        await self._connection.executemany(statement, parameters)


class _Sqlite:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()

    async def insert(self, table: str, raws: Sequence[rows.Raw]) -> None:
        marks = ", ".join("?" * len(raws[0])) if raws else ""
        if raws:
            await self._run(f"INSERT INTO {table} VALUES ({marks})", raws)  # noqa: S608 - only names of ours

    async def execute(self, statement: str, parameters: Sequence[Sequence[object]]) -> None:
        await self._run(statement.replace("$", "?"), parameters)

    async def _run(self, statement: str, parameters: Sequence[Sequence[object]]) -> None:
        plain = [tuple(one.bytes if isinstance(one, UUID) else one for one in row) for row in parameters]
        await asyncio.to_thread(self._write, statement, plain)

    def _write(self, statement: str, parameters: Sequence[Sequence[Any]]) -> None:
        # The triggers go and come back within the transaction, so nobody ever sees the tables without them.
        self._connection.execute("BEGIN IMMEDIATE")
        for name, _ in self._triggers:
            self._connection.execute(f"DROP TRIGGER {name}")
        self._connection.executemany(statement, parameters)
        for _, text in self._triggers:
            self._connection.execute(text)
        self._connection.execute("COMMIT")
