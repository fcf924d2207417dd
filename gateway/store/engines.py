"""Engines for one database URL: what writes and what reads. None puts a row's values into the text of a fault.

SQLite: the writer is a plain engine used by one thread (a whole group in one hop), BEGIN IMMEDIATE, WAL,
synchronous=FULL; reads go through connections that cannot write: aiosqlite's, and short ones through one thread's.
PostgreSQL: asyncpg for both; all tables of this store live in the schema `gateway`.
"""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, StaticPool, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from wallet.pooled import asyncpg_args, bare, is_pooled

SCHEMA = "gateway"
READERS_MAX = 8
FINDERS_MAX = 4
BUSY_MS = 10_000


def is_sqlite(url: str) -> bool:
    """Whether the URL names an embedded database file."""
    return make_url(url).get_backend_name() == "sqlite"


def sqlite_writer(url: str) -> Engine:
    """The engine of the one writing thread."""
    Path(make_url(url).database or "").parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        make_url(url).set(drivername="sqlite+pysqlite"),
        poolclass=StaticPool,
        hide_parameters=True,
        connect_args={"check_same_thread": False, "isolation_level": None},
    )
    event.listen(engine, "connect", _writing)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def sqlite_finder(url: str) -> Engine:
    """The engine of the one thread that answers short reads."""
    engine = create_engine(
        make_url(url).set(drivername="sqlite+pysqlite"),
        poolclass=StaticPool,
        pool_reset_on_return=None,
        hide_parameters=True,
        connect_args={"check_same_thread": False, "isolation_level": None},
    )
    event.listen(engine, "connect", _reading)
    return engine


def reader(url: str) -> AsyncEngine:
    """The engine for reads: aiosqlite or asyncpg."""
    if not is_sqlite(url):
        # Behind a pooler a statement and the run of it may land on two servers' connections unless a transaction
        # holds them together; straight to a server, BEGIN and ROLLBACK would be two more round trips.
        return postgres(url) if is_pooled(make_url(url)) else _alone(postgres(url))
    engine = create_async_engine(
        make_url(url).set(drivername="sqlite+aiosqlite"),
        pool_size=READERS_MAX,
        max_overflow=0,
        # Connections are in autocommit, so there is nothing to roll back, and each roll-back is a thread's hop.
        pool_reset_on_return=None,
        hide_parameters=True,
        connect_args={"isolation_level": None},
    )
    event.listen(engine.sync_engine, "connect", _reading)
    return engine


def postgres_finder(url: str) -> AsyncEngine | None:
    """The engine for short reads; None behind a pooler, where they need a transaction as all others do."""
    return None if is_pooled(make_url(url)) else _alone(postgres(url, pool_size=FINDERS_MAX))


def _alone(engine: AsyncEngine) -> AsyncEngine:
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def postgres(url: str, *, pool_size: int = READERS_MAX) -> AsyncEngine:
    """An asyncpg engine whose tables live in our schema; behind PgBouncer the URL says `?pooled=true`."""
    made = create_async_engine(
        _asyncpg(url),
        pool_size=pool_size,
        max_overflow=0,
        hide_parameters=True,
        connect_args={"timeout": 10, "command_timeout": 30, **asyncpg_args(make_url(url))},
    )
    return made.execution_options(schema_translate_map={None: SCHEMA})


def _asyncpg(url: str) -> URL:
    return bare(make_url(url)).set(drivername="postgresql+asyncpg")


def _writing(connection: sqlite3.Connection, _record: object) -> None:
    cursor = connection.cursor()
    # A batch touches every index of its items again and again: with the usual 2 MB a third more is read from the disk.
    tuning = ("cache_size=-32000", "wal_autocheckpoint=10000")
    for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={BUSY_MS}", "foreign_keys=ON", *tuning):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _reading(connection: Any, _record: object) -> None:  # noqa: ANN401 - aiosqlite's adapter has no public type
    cursor = connection.cursor()
    for pragma in (f"busy_timeout={BUSY_MS}", "query_only=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    # The driver's own BEGIN is deferred: two connections would both read and then both write (a lost update).
    connection.exec_driver_sql("BEGIN IMMEDIATE")
