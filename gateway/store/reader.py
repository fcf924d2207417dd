"""Short reads, which long ones never hold up: those have connections of their own (`Store.read`).

Of an embedded database, one visit of one thread takes all that wait: a read by key costs a few microseconds, its way to
a thread and back ten times that. Of a server, each goes to its driver without SQLAlchemy in between.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, Row, Select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.errors import Overloaded, StoreUnavailable
from gateway.store.engines import FINDERS_MAX, SCHEMA
from gateway.store.faults import is_lost
from gateway.store.many import Key, Many
from gateway.store.plain import Plain, driver_of, ready, ready_for_postgresql

WAITING_MAX = 10_000

_Answer = Sequence[Row[Any]] | Exception


@dataclass(frozen=True, slots=True)
class _Ask:
    query: Select[Any]
    values: Mapping[str, object]
    done: "asyncio.Future[Sequence[Row[Any]]]"


class SqliteFinder:
    """One thread with one read-only connection, and what waits for it."""

    def __init__(self, engine: Engine, *, visit_s: float) -> None:
        """`visit_s` is how long the thread may be out before its callers are told that the store does not answer."""
        self._engine = engine
        self._visit_s = visit_s
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store-finder")
        self._waiting: list[_Ask] = []
        self._is_out = False
        self._is_closed = False
        self._late: asyncio.TimerHandle | None = None

    async def find(self, query: Select[Any], values: Mapping[str, object]) -> Sequence[Row[Any]]:
        """Rows of a query that an index answers, of what was committed when it was asked or later.

        Raises:
            Overloaded: Too many reads wait.
            StoreUnavailable: It is closed.
            TimeoutError: The database does not answer.
        """
        if self._is_closed:
            raise StoreUnavailable("the store is closed")
        if len(self._waiting) >= WAITING_MAX:
            raise Overloaded("too many reads wait")
        loop = asyncio.get_running_loop()
        ask = _Ask(query, values, loop.create_future())
        self._waiting.append(ask)
        if not self._is_out:
            self._is_out = True
            # Not at once: who else asks in this turn of the loop comes along.
            loop.call_soon(self._go)
        return await ask.done

    async def close(self) -> None:
        """Let what is being answered finish, tell the others that it is closed, and let go of the database."""
        self._is_closed = True
        self._give_up(self._waiting, StoreUnavailable("the store is closed"))
        await asyncio.get_running_loop().run_in_executor(self._thread, self._engine.dispose)
        self._thread.shutdown()

    def _go(self) -> None:
        asks, self._waiting = [ask for ask in self._waiting if not ask.done.done()], []
        if not asks:
            self._is_out = False
            return
        loop = asyncio.get_running_loop()
        visit = loop.run_in_executor(self._thread, self._answers, asks)
        # One clock for the visit, not one for each read; who comes meanwhile waits for the same thread.
        self._late = loop.call_later(self._visit_s, self._is_late, asks)
        visit.add_done_callback(lambda _: self._come_back(asks, visit))

    def _is_late(self, asks: Sequence[_Ask]) -> None:
        self._give_up([*asks, *self._waiting], TimeoutError())
        self._waiting = []
        # Who comes while the thread is still out is told in time as well.
        self._late = asyncio.get_running_loop().call_later(self._visit_s, self._is_late, ())

    def _come_back(self, asks: Sequence[_Ask], visit: "asyncio.Future[list[_Answer]]") -> None:
        assert self._late is not None, "a visit has its clock"
        self._late.cancel()
        fault = visit.exception()
        for ask, answer in zip(asks, visit.result() if fault is None else (), strict=False):
            if ask.done.done():
                continue
            if isinstance(answer, Exception):
                ask.done.set_exception(answer)
            else:
                ask.done.set_result(answer)
        if fault is not None:
            self._give_up(asks, fault)
        self._go()

    @staticmethod
    def _give_up(asks: Sequence[_Ask], why: BaseException) -> None:
        for ask in asks:
            if not ask.done.done():
                ask.done.set_exception(why)

    def _answers(self, asks: Sequence[_Ask]) -> list[_Answer]:
        """In the thread: each read's rows, or what it raised."""
        answers: list[_Answer] = []
        with self._engine.connect() as connection:
            driver = driver_of(connection)
            assert driver is not None, "only an embedded database is read like this"
            for ask in asks:
                try:
                    answers.append(ready(ask.query, ask.values).find(driver, ask.values))
                except Exception as problem:  # noqa: BLE001 - handed to its caller; the others have their rows
                    answers.append(problem)
        return answers


class PostgresFinder:
    """A few connections that each run one read at a time."""

    def __init__(self, engine: AsyncEngine, *, find_s: float) -> None:
        """`engine` has FINDERS_MAX connections in autocommit; `find_s` is how long a read may take."""
        self._engine = engine
        self._find_s = find_s
        self._idle: list[tuple[AsyncConnection, Any]] = []
        self._places = asyncio.Semaphore(FINDERS_MAX)
        self._asking = 0
        self._is_closed = False

    async def find(self, query: Select[Any], values: Mapping[str, object]) -> Sequence[Row[Any]]:
        """Rows of a query that an index answers.

        Raises:
            Overloaded: Too many reads wait.
            StoreUnavailable: It is closed.
            TimeoutError: The database does not answer.
        """
        if self._asking >= WAITING_MAX:
            raise Overloaded("too many reads wait")
        plain = ready_for_postgresql(query, SCHEMA)
        self._asking += 1
        try:
            return plain.rows(await self._fetched(plain, plain.bind(values)))
        finally:
            self._asking -= 1

    async def _fetched(self, plain: Plain, binds: Sequence[object]) -> Sequence[Sequence[Any]]:
        async with asyncio.timeout(self._find_s), self._places:
            if self._is_closed:
                raise StoreUnavailable("the store is closed")
            connection, driver = self._idle.pop() if self._idle else await self._open()
            try:
                found: Sequence[Sequence[Any]] = await driver.fetch(plain.sql, *binds)
            except BaseException as problem:
                # Whatever it was, nobody knows what is still on its way; and a server that went took the others too.
                await self._drop(connection, driver)
                while is_lost(problem) and self._idle:
                    await self._drop(*self._idle.pop())
                raise
            self._idle.append((connection, driver))
            return found

    async def close(self) -> None:
        """Let what is being answered finish, tell the others that it is closed, and close the connections."""
        self._is_closed = True
        for _ in range(FINDERS_MAX):
            await self._places.acquire()
        for _ in range(FINDERS_MAX):
            self._places.release()
        while self._idle:
            await self._idle.pop()[0].close()
        await self._engine.dispose()

    async def _open(self) -> tuple[AsyncConnection, Any]:
        connection = await self._engine.connect()
        return connection, (await connection.get_raw_connection()).driver_connection

    @staticmethod
    async def _drop(connection: AsyncConnection, driver: Any) -> None:  # noqa: ANN401 - asyncpg's own class
        driver.terminate()
        await connection.invalidate()
        await connection.close()


class Gatherer:
    """Reads by key of a server: for each table one goes out at a time, with all keys that wait for it."""

    def __init__(self, finder: PostgresFinder) -> None:
        self._finder = finder
        self._waiting: defaultdict[Many, dict[Key, asyncio.Future[Sequence[Row[Any]]]]] = defaultdict(dict)
        self._turns: defaultdict[Many, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def find(self, many: Many, key: Key) -> Sequence[Row[Any]]:
        """The rows with this key; raises as `PostgresFinder.find` does."""
        waiting = self._waiting[many]
        if len(waiting) >= WAITING_MAX:
            raise Overloaded("too many reads wait")
        mine = waiting.setdefault(key, asyncio.get_running_loop().create_future())
        async with self._turns[many]:
            if not mine.done():
                await self._go(many)
        return mine.result()

    async def _go(self, many: Many) -> None:
        asked, self._waiting[many] = self._waiting[many], {}
        try:
            rows = await self._finder.find(many.all, many.binds_all(list(asked)))
        except asyncio.CancelledError:
            # Only this caller goes away: the next whose turn it is asks for all of them.
            self._waiting[many] = asked | self._waiting[many]
            raise
        except Exception as problem:  # noqa: BLE001 - handed to all who asked
            for answer in asked.values():
                answer.set_exception(problem)
                answer.exception()  # whoever went away does not fetch it
            return
        found: defaultdict[Key, list[Row[Any]]] = defaultdict(list)
        for row in rows:
            found[many.key_of(row)].append(row)
        for key, answer in asked.items():
            answer.set_result(found[key])
