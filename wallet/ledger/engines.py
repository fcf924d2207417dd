"""Database URLs to SQLAlchemy engines: a connection that writes, maybe one that reads ahead of it, a few that read.

None quotes rows in its faults.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from wallet.ledger.schema import SCHEMA
from wallet.ledger.statements import PLANNER
from wallet.pooled import asyncpg_args, bare, is_pooled

CONNECT_S = 10.0
"""How long a connection may take to come about, and a writer on SQLite waits for another one."""
_READERS = 4
_TRANSLATE = {None: SCHEMA}


@dataclass(frozen=True, slots=True)
class Engines:
    """The engines of one ledger. Exactly one of `sqlite` and `postgresql` is there, and it writes; `reader` reads."""

    sqlite: Engine | None
    postgresql: AsyncEngine | None
    reader: AsyncEngine
    swap: AsyncEngine | None = None
    """The connection of `postgresql`, for the one statement of a group that was prepared: it commits by itself."""
    ahead: AsyncEngine | None = None
    """A connection that reads for one group while the one before is written."""

    async def close(self) -> None:
        """Let go of every connection."""
        await self.reader.dispose()
        if self.ahead is not None:
            await self.ahead.dispose()
        if self.postgresql is not None:
            await self.postgresql.dispose()
        if self.sqlite is not None:
            self.sqlite.dispose()


def connect(url: str) -> Engines:
    """Engines for `sqlite:///path` or `postgresql://…`, with `?pooled=true` behind a pooler; nothing is opened yet."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return Engines(_sqlite_writer(parsed), None, _sqlite_reader(parsed))
    # A group is tried again when its connection is gone, so the writer need not ask first; a read has one try.
    reader = _postgresql(parsed, _READERS, ping=True)
    if is_pooled(parsed):
        # What a writer reads ahead it reads without a transaction, so there the planner cannot be told.
        return Engines(None, _postgresql(parsed, 1, ping=False), reader)
    # A group that locks the head says these itself; one that does not is a single statement.
    writer = _postgresql(parsed, 1, ping=False, settings=PLANNER)
    ahead = _postgresql(parsed, 1, ping=False, settings=PLANNER)
    alone = {"isolation_level": "AUTOCOMMIT"}
    return Engines(None, writer, reader, writer.execution_options(**alone), ahead.execution_options(**alone))


def _postgresql(url: URL, connections: int, *, ping: bool, settings: Mapping[str, str] | None = None) -> AsyncEngine:
    return create_async_engine(
        bare(url).set(drivername="postgresql+asyncpg"),
        pool_size=connections,
        max_overflow=0,
        hide_parameters=True,
        pool_pre_ping=ping,
        connect_args={"timeout": CONNECT_S, "server_settings": dict(settings or {}), **asyncpg_args(url)},
        execution_options={"schema_translate_map": _TRANSLATE},
    )


def _sqlite_writer(url: URL) -> Engine:
    engine = create_engine(
        url.set(drivername="sqlite+pysqlite"),
        pool_size=1,
        max_overflow=0,
        hide_parameters=True,
        connect_args={"timeout": CONNECT_S, "isolation_level": None, "check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare_writer)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _sqlite_reader(url: URL) -> AsyncEngine:
    engine = create_async_engine(
        url.set(drivername="sqlite+aiosqlite"),
        pool_size=_READERS,
        max_overflow=0,
        hide_parameters=True,
        connect_args={"timeout": CONNECT_S, "isolation_level": None},
    )
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _prepare_writer(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    # A checkpoint writes every page that has changed: at 40 MB of log fewer times than at SQLite's own 4 MB.
    tuning = ("cache_size=-32000", "wal_autocheckpoint=10000")
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", *tuning):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    # A deferred transaction that reads and then writes loses updates or fails half-way; this one is alone at once.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
