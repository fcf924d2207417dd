"""The town's two stores from outside, on either database: look into them, and hold the gateway's writes back."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Literal

import asyncpg

from gateway.settings import Settings

HEAD = "SELECT position FROM head"
Which = Literal["wallet", "gateway"]
LOCK_TRIES = 5


class Hold:
    """A lock on one store: who writes there waits until it is released."""

    def __init__(self, let_go: Callable[[], Awaitable[None]]) -> None:
        self._let_go: Callable[[], Awaitable[None]] | None = let_go

    async def release(self) -> None:
        """Let the waiting writer go on; a second time does nothing."""
        let_go, self._let_go = self._let_go, None
        if let_go is not None:
            await let_go()


class Stores:
    """Opened by `opened`."""

    def __init__(self, settings: Settings, reader: "sqlite3.Connection | asyncpg.Connection[Any]") -> None:
        self._settings = settings
        self._reader = reader

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Both stores' tables by their bare names."""
        if isinstance(self._reader, sqlite3.Connection):
            return self._reader.execute(query).fetchall()
        return [tuple(row) for row in await self._reader.fetch(query)]

    async def number(self, query: str) -> int:
        """The one number that the query gives."""
        return int((await self.rows(query))[0][0] or 0)

    async def some(self, query: str) -> bool:
        """Whether the one number is not 0."""
        return await self.number(query) != 0

    @contextlib.asynccontextmanager
    async def held(self, which: Which) -> AsyncIterator[Hold]:
        """Hold all writes of one store back: SQLite's one write lock, or locks on PostgreSQL's tables."""
        if isinstance(self._reader, sqlite3.Connection):
            hold = await asyncio.to_thread(_hold_sqlite, str(self._settings.data_dir / f"{which}.db"))
        else:
            hold = await _hold_postgresql(self._settings.database_url, which)
        try:
            yield hold
        finally:
            await hold.release()


@contextlib.asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Stores]:
    """Connect for reading."""
    if settings.database_url:
        connection = await asyncpg.connect(settings.database_url)
        try:
            await connection.execute("SET search_path TO gateway, wallet")
            yield Stores(settings, connection)
        finally:
            await connection.close()
        return
    # No read-only file handle: after a kill somebody must be able to recover the shared memory of the log.
    reader = sqlite3.connect(settings.data_dir / "gateway.db", isolation_level=None, timeout=10)
    try:
        reader.execute("ATTACH ? AS wallet", (str(settings.data_dir / "wallet.db"),))
        reader.execute("PRAGMA query_only = ON")
        yield Stores(settings, reader)
    finally:
        reader.close()


def _hold_sqlite(path: str) -> Hold:
    connection = sqlite3.connect(path, isolation_level=None, timeout=10, check_same_thread=False)
    connection.execute("BEGIN IMMEDIATE")

    async def let_go() -> None:
        connection.execute("ROLLBACK")
        connection.close()

    return Hold(let_go)


async def _hold_postgresql(url: str, which: Which) -> Hold:
    connection = await asyncpg.connect(url)
    tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", which)
    names = ", ".join(f'"{which}"."{row["tablename"]}"' for row in tables)
    for left in reversed(range(LOCK_TRIES)):
        await connection.execute("BEGIN")
        try:
            # Stops writers and their row locks, not readers.
            await connection.execute(f"LOCK TABLE {names} IN EXCLUSIVE MODE")
            break
        except asyncpg.DeadlockDetectedError:
            await connection.execute("ROLLBACK")
            if not left:
                raise
    return Hold(connection.close)
