"""Reading a book past SQLAlchemy's rows: the driver's own tuples, page by page, from a connection that cannot write.

A source asks one statement at a time, so that a replica need not keep an old snapshot for long; only `today` reads
several tables as of one moment.
"""

import sqlite3
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol
from urllib.parse import quote

import asyncpg
from sqlalchemy import make_url

from wallet.ledger import engines
from wallet.ledger.check.raw import Raw
from wallet.ledger.schema import SCHEMA

STATEMENT_S = 120.0
"""How long one statement of a page may take."""
_IDS_MAX = 5000


class Source(Protocol):
    """An open connection. Statements have `?` for values, `{wallet}` before tables, `{ids}` where a list is asked."""

    async def rows(self, statement: str, *values: object) -> Sequence[Raw]:
        """All rows of a statement."""
        ...

    async def among(self, statement: str, ids: Collection[bytes], *values: object) -> Sequence[Raw]:
        """All rows of a statement about these ids, in no order; asks nothing when there are none."""
        ...

    def snapshot(self) -> AbstractAsyncContextManager[None]:
        """Inside, all statements see the book of one moment."""
        ...


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Source]:
    """A source for `sqlite:///path` or `postgresql://…`, closed afterwards."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        connection = _sqlite(parsed.database or "")
        try:
            yield SqliteSource(connection)
        finally:
            connection.close()
        return
    databases = engines.connect(url)
    try:
        async with databases.reader.connect() as pooled:
            raw: Any = (await pooled.get_raw_connection()).driver_connection
            try:
                async with raw.transaction(readonly=True):
                    for kind in ("uuid", "text"):
                        await raw.set_type_codec(
                            kind, schema="pg_catalog", format="binary", encoder=_same, decoder=_same
                        )  # fmt: skip
                yield PostgresqlSource(raw)
            finally:
                # It reads ids and texts as bytes now, so nobody else may have it.
                await pooled.invalidate()
    finally:
        await databases.close()


class SqliteSource:
    """Blocks the loop for each page, as folding the page does."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def rows(self, statement: str, *values: object) -> Sequence[Raw]:
        """See Source."""
        return self._connection.execute(statement.format(wallet=""), values).fetchall()

    async def among(self, statement: str, ids: Collection[bytes], *values: object) -> Sequence[Raw]:
        """See Source."""
        listed, found = list(ids), list[Raw]()
        for start in range(0, len(listed), _IDS_MAX):
            some = listed[start : start + _IDS_MAX]
            text = statement.format(wallet="", ids=f"IN ({', '.join('?' * len(some))})")
            found += self._connection.execute(text, (*some, *values)).fetchall()
        return found

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[None]:
        """See Source."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("ROLLBACK")


class PostgresqlSource:
    """asyncpg without SQLAlchemy in between."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def rows(self, statement: str, *values: object) -> Sequence[Raw]:
        """See Source."""
        if self._connection.is_in_transaction():
            found = await self._connection.fetch(_numbered(statement), *values, timeout=STATEMENT_S)
        else:
            # Behind a pooler that hands out connections by transaction, a statement may need more than one message.
            async with self._connection.transaction(readonly=True):
                found = await self._connection.fetch(_numbered(statement), *values, timeout=STATEMENT_S)
        return [tuple(record) for record in found]

    async def among(self, statement: str, ids: Collection[bytes], *values: object) -> Sequence[Raw]:
        """See Source."""
        if not ids:
            return []
        # The list is the first value of each of these statements.
        return await self.rows(statement.replace("{ids}", "= ANY(?)"), list(ids), *values)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[None]:
        """See Source."""
        async with self._connection.transaction(isolation="repeatable_read", readonly=True):
            yield


def _sqlite(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(path)}?mode=ro",
        uri=True,
        timeout=engines.CONNECT_S,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.text_factory = bytes
    return connection


def _numbered(statement: str) -> str:
    first, *others = statement.format(wallet=f"{SCHEMA}.").split("?")
    return first + "".join(f"${number}{other}" for number, other in enumerate(others, 1))


def _same(value: bytes) -> bytes:
    return value
