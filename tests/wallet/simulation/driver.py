"""The product's own SQLAlchemy engine over the simulated server: a DBAPI whose every call is an await on the world.

The pool, the greenlets, the compiled statements and `AsyncConnection` are real; only the wire is ours.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import AsyncAdaptedQueuePool, Connection, Engine, NullPool, Pool, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.util import await_only

from tests.wallet.simulation.faults import COMMIT, CONNECT, INSERT, ROLLBACK, STATEMENT, Fault
from tests.wallet.simulation.server import Intent, Server, Session, Work
from wallet.ledger.engines import CONNECT_S, Engines
from wallet.ledger.store import Committing, Group

P = ParamSpec("P")
T = TypeVar("T")


class Wire:
    """All connections of one process; `cut` is the process's death."""

    def __init__(self, server: Server, owner: str) -> None:
        self.server = server
        self.owner = owner
        self.is_cut = False
        self._lines: list[Line] = []

    def cut(self) -> None:
        self.is_cut = True
        for line in self._lines:
            line.drop()

    async def connect(self, *, writes: bool) -> "Line":
        weather = self.server.weather
        fault = weather.fault(CONNECT)
        self.refuse_if_cut()
        if fault is not None:
            self.server.trace.say(self.owner, f"{CONNECT} meets {fault.name}")
        if fault is Fault.SLOW:
            await asyncio.sleep(min(weather.slow_s(), CONNECT_S))
            raise TimeoutError
        await asyncio.sleep(weather.latency_s())
        self.refuse_if_cut()
        if fault is Fault.REFUSED:
            raise weather.refusal()
        line = Line(self, self.server.open(self.owner, writes=writes))
        self._lines.append(line)
        return line

    def refuse_if_cut(self) -> None:
        if self.is_cut:
            raise ConnectionAbortedError("this process is dead")


class Line:
    """One connection as asyncpg's adapter gives it to SQLAlchemy: the calls look synchronous, each one awaits."""

    def __init__(self, wire: Wire, session: Session) -> None:
        self._wire = wire
        self._server = wire.server
        self.session = session
        self.driver_connection = Socket(self)
        self._is_broken = False
        self._in_transaction = False
        self._reply: asyncio.Future[Any] | None = None

    def cursor(self, *, server_side: bool = False) -> "Cursor":
        return Cursor(self)

    def commit(self) -> None:
        await_only(self.ask(COMMIT, _commit))

    def rollback(self) -> None:
        if self._in_transaction:
            await_only(self.ask(ROLLBACK, _roll_back))

    def close(self) -> None:
        await_only(asyncio.shield(self._bye()))

    def terminate(self) -> None:
        self.close()

    def drop(self) -> None:
        """Broken from now on; the server notices in its own time."""
        if not self._is_broken:
            self._is_broken = True
            loop = asyncio.get_running_loop()
            loop.call_later(self._server.weather.notice_s(), self._server.hang_up, self.session)

    async def ask(self, request: str, work: Work) -> Any:  # noqa: ANN401 - whatever the work gives
        weather = self._server.weather
        if self._is_broken:
            raise weather.gone()
        self._in_transaction = self.session.writes and request not in (COMMIT, ROLLBACK)
        fault = weather.fault(request)
        if fault is not None:
            self._server.trace.say(self.session.name, f"{request} meets {fault.name}")
        await asyncio.sleep(weather.latency_s())
        if fault is Fault.REQUEST_LOST:
            self.drop()
        if self._is_broken:
            raise weather.gone()
        self._reply = self._server.take(self.session, request, work, fault)
        return await self._reply

    def tear(self) -> None:
        """Close the socket at once: whoever waits for a reply learns that the connection is gone."""
        self.drop()
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(self._server.weather.gone())

    async def _bye(self) -> None:
        if not self._is_broken:
            self._is_broken = True
            await asyncio.sleep(self._server.weather.latency_s())
            self._server.hang_up(self.session)


@dataclass(frozen=True, slots=True)
class Socket:
    """What lies below SQLAlchemy's connection, as far as the writer touches it."""

    line: Line

    def terminate(self) -> None:
        self.line.tear()


class Cursor:
    """Holds all rows of a statement, as the adapters of asynchronous drivers do."""

    arraysize = 1
    lastrowid = -1

    def __init__(self, line: Line) -> None:
        self._line = line
        self._rows: list[Any] = []
        self.description: Sequence[Any] | None = None
        self.rowcount = -1

    def execute(self, operation: str, parameters: Any = None) -> None:  # noqa: ANN401 - DBAPI
        self._run(operation, lambda raw: raw.execute(operation, parameters or ()))

    def executemany(self, operation: str, parameters: Sequence[Any]) -> None:
        self._run(operation, lambda raw: raw.executemany(operation, parameters))

    def fetchone(self) -> Any:  # noqa: ANN401 - DBAPI
        return self._rows.pop(0) if self._rows else None

    def fetchmany(self, size: int | None = None) -> list[Any]:
        count = size or self.arraysize
        taken, self._rows = self._rows[:count], self._rows[count:]
        return taken

    def fetchall(self) -> list[Any]:
        taken, self._rows = self._rows, []
        return taken

    def close(self) -> None:
        self._rows = []

    async def _async_soft_close(self) -> None:
        """SQLAlchemy asks this of a streaming cursor."""

    def _run(self, operation: str, execute: Callable[[sqlite3.Connection], sqlite3.Cursor]) -> None:
        def work(raw: sqlite3.Connection) -> tuple[Any, int, list[Any]]:
            cursor = execute(raw)
            return cursor.description, cursor.rowcount, cursor.fetchall()

        request = INSERT if operation.startswith("INSERT") else STATEMENT
        self.description, self.rowcount, self._rows = await_only(self._line.ask(request, work))


class TappedConnection(AsyncConnection):
    """Tells the server which group a transaction is about, and what the rules decided."""

    async def run_sync(self, fn: Callable[Concatenate[Connection, P], T], *arg: P.args, **kw: P.kwargs) -> T:
        group = arg[0]
        assert isinstance(group, Group)
        doubtful = [earlier.decision for earlier in group.doubtful]
        value = await super().run_sync(fn, *arg, **kw)
        if isinstance(value, Committing) and not any(value.decision is earlier for earlier in doubtful):
            line: Any = (await self.get_raw_connection()).dbapi_connection
            line.session.intent = Intent(
                tuple(group.entries),
                tuple(group.accounts),
                tuple(group.changes),
                group.lapsed_max,
                value.decided_at,
                tuple(value.decision.results),
                tuple(value.decision.changes),
            )
        return value


class TappedEngine(AsyncEngine):
    """An engine whose connections are tapped."""

    _connection_cls = TappedConnection


@cache
def _dialect() -> Dialect:
    return create_async_engine("sqlite+aiosqlite://").sync_engine.dialect


_URL = make_url("sqlite+aiosqlite://")
_COMPILED: dict[Any, Any] = {}
"""Statements are compiled once for all runs."""


def engines(wire: Wire) -> Engines:
    """A process's engines: one connection that writes, readers that connect anew each time."""

    def pool(kind: type[Pool], *, writes: bool, **options: int) -> AsyncEngine:
        def create() -> DBAPIConnection:
            line: Any = await_only(wire.connect(writes=writes))
            return line  # type: ignore[no-any-return]

        made = kind(create, dialect=_dialect(), **options)  # type: ignore[arg-type]
        options_ = {"compiled_cache": _COMPILED}
        return TappedEngine(Engine(made, _dialect(), _URL, execution_options=options_, hide_parameters=True))

    writer = pool(AsyncAdaptedQueuePool, writes=True, pool_size=1, max_overflow=0)
    ahead = pool(AsyncAdaptedQueuePool, writes=False, pool_size=1, max_overflow=0)
    return Engines(None, writer, pool(NullPool, writes=False), writer, ahead)


def _commit(raw: sqlite3.Connection) -> None:
    if raw.in_transaction:
        raw.execute("COMMIT")


def _roll_back(raw: sqlite3.Connection) -> None:
    if raw.in_transaction:
        raw.execute("ROLLBACK")
