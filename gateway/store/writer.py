"""The grouping writer: gathers the units of work that wait and runs them as one transaction."""

import asyncio
import functools
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, Executable, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.errors import Conflict, Overloaded, StoreUnavailable
from gateway.store.engines import SCHEMA
from gateway.store.faults import is_lost, sqlstate
from gateway.store.plain import driver_of, ready, ready_for_postgresql, run_on_server

GROUP_MAX = 500
GROUP_S = 60
RETRIES_MAX = 5
RETRIED_SQLSTATES = frozenset({"40001", "40P01"})


@dataclass(frozen=True, slots=True)
class Write:
    """One row's worth of one statement; equal statements of a group become one executemany.

    Attributes:
        statement: An insert, update or delete with named bind parameters, made once at import. A table stands for an
            insert of the row unless a unique key has it already; with `expect=1` that raises Conflict.
        row: Values of its parameters.
        expect: How many rows it must touch, or None for any; a miss raises Conflict and undoes the unit.
    """

    statement: Executable | Table
    row: Mapping[str, object]
    expect: int | None = None


@dataclass(frozen=True, slots=True)
class Joint:
    """An item of work that is done for all such items of a group at once; see `Store.write_together`."""

    work: Callable[[Connection, Sequence[Any]], Sequence[Any]]
    item: Any


Work = Callable[[Connection], Any]


@dataclass(slots=True)
class Unit:
    """What stands or falls alone: a function, an item, or plain writes; `done` gets its value after COMMIT."""

    work: Work | Joint | tuple[Write, ...]
    done: "asyncio.Future[Any]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Runner(Protocol):
    """Runs one function over a connection inside one transaction."""

    async def run(self, transaction: Callable[[Connection], list[Any]]) -> list[Any]:
        """Begin, run, commit; any exception rolls back."""
        ...

    async def close(self) -> None:
        """Let go of the database."""
        ...


class SqliteRunner:
    """One thread writes, a whole group in one hop."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store-writer")

    async def run(self, transaction: Callable[[Connection], list[Any]]) -> list[Any]:
        """Runs in the writing thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._in_thread, transaction)

    def _in_thread(self, transaction: Callable[[Connection], list[Any]]) -> list[Any]:
        with self._engine.connect() as connection:
            # Said here, since statements that the driver runs by itself would begin nothing.
            connection.begin()
            values = transaction(connection)
            try:
                connection.commit()
            except DBAPIError:
                # The transaction may still be open on it (a full disk leaves it so): the next group needs a new one.
                connection.invalidate()
                raise
            return values

    async def close(self) -> None:
        """Closes the connection in its thread, then ends the thread."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._engine.dispose)
        self._thread.shutdown()


class PostgresRunner:
    """One asyncpg connection writes."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def run(self, transaction: Callable[[Connection], list[Any]]) -> list[Any]:
        """Runs over asyncpg; the function stays plain because SQLAlchemy bridges it."""
        async with asyncio.timeout(GROUP_S), self._engine.connect() as connection:
            values = await connection.run_sync(_begun, transaction)
            try:
                await connection.commit()
            except DBAPIError:
                await connection.invalidate()
                raise
            return values

    async def close(self) -> None:
        """Close the pool."""
        await self._engine.dispose()


def _begun(connection: Connection, transaction: Callable[[Connection], list[Any]]) -> list[Any]:
    # Said here, since of statements that the driver runs SQLAlchemy knows nothing, and would not commit them.
    connection.begin()
    return transaction(connection)


class Writer:
    """A bounded queue in front of a Runner; takes all that waits, up to GROUP_MAX, without lingering."""

    def __init__(self, runner: Runner, queue_max: int) -> None:
        self._runner = runner
        self._queue: asyncio.Queue[Unit | None] = asyncio.Queue()
        self._queue_max = queue_max
        # Owned by this object: `close` ends it and waits for it.
        self._task = asyncio.create_task(self._loop(), name="store-writer")  # noqa: TID251 - see above

    async def submit(self, work: Work | Joint | tuple[Write, ...]) -> Any:  # noqa: ANN401 - the unit's own value
        """Queue a unit and wait for its value. A cancelled caller takes its unit back only before it was begun."""
        if self._task.done() or self._queue.qsize() >= self._queue_max:
            raise (
                StoreUnavailable("the store is closed")
                if self._task.done()
                else Overloaded("the store's queue is full")
            )
        unit = Unit(work)
        self._queue.put_nowait(unit)
        return await unit.done

    async def close(self) -> None:
        """Commit what waits, then close the runner."""
        self._queue.put_nowait(None)
        await self._task
        await self._runner.close()

    async def _loop(self) -> None:
        closing = False
        while not closing:
            units, closing = await self._gather()
            if units:
                await self._commit(units)

    async def _gather(self) -> tuple[list[Unit], bool]:
        item = await self._queue.get()
        units: list[Unit] = []
        while item is not None:
            if not unit_cancelled(item):
                units.append(item)
            if len(units) >= GROUP_MAX or self._queue.empty():
                return units, False
            item = self._queue.get_nowait()
        return units, True

    async def _commit(self, units: list[Unit]) -> None:
        try:
            values = await self._attempt(units)
        except Exception as problem:  # noqa: BLE001 - handed to the callers below, none is swallowed
            if len(units) == 1 or is_lost(problem):
                # After a lost connection nobody knows whether the group stands; running it again could do it twice.
                for unit in units:
                    _fail(unit, problem)
                return
            # One unit spoils the group: each runs again alone, so that only the guilty one fails.
            for unit in units:
                await self._commit([unit])
            return
        for unit, value in zip(units, values, strict=True):
            if not unit.done.done():
                unit.done.set_result(value)

    async def _attempt(self, units: list[Unit]) -> list[Any]:
        for attempt in range(RETRIES_MAX):
            try:
                return await self._runner.run(lambda connection: run_group(connection, units))
            except DBAPIError as problem:
                if sqlstate(problem) not in RETRIED_SQLSTATES or attempt == RETRIES_MAX - 1:
                    raise
                await asyncio.sleep(0.005 * 2**attempt)
        raise AssertionError("unreachable")


def unit_cancelled(unit: Unit) -> bool:
    """Whether its caller went away before the unit was taken: nothing has happened, so nothing needs to."""
    return unit.done.cancelled()


def run_group(connection: Connection, units: Sequence[Unit]) -> list[Any]:
    """Run functions in order of arrival, then items of one work together, then plain writes, equal ones together."""
    values: list[Any] = [None] * len(units)
    shapes: defaultdict[tuple[int, ...], list[tuple[Write, ...]]] = defaultdict(list)
    joint: defaultdict[Callable[..., Any], dict[int, Any]] = defaultdict(dict)
    for place, unit in enumerate(units):
        if isinstance(unit.work, Joint):
            joint[unit.work.work][place] = unit.work.item
        elif callable(unit.work):
            values[place] = unit.work(connection)
        else:
            shapes[tuple(id(write.statement) for write in unit.work)].append(unit.work)
    for work, items in joint.items():
        for place, value in zip(items, work(connection, tuple(items.values())), strict=True):
            values[place] = value
    for same in shapes.values():
        for writes in zip(*same, strict=True):
            _execute_together(connection, writes)
    return values


def _execute_together(connection: Connection, writes: Sequence[Write]) -> None:
    statement = writes[0].statement
    if isinstance(statement, Table):
        statement = insert_unless_there(statement, connection.dialect.name)
    expected = [write.expect for write in writes if write.expect is not None]
    if (driver := driver_of(connection)) is not None and len(expected) in (0, len(writes)):
        touched = ready(statement, writes[0].row).write(driver, [write.row for write in writes])
        if expected and touched != sum(expected):
            raise Conflict("rows changed under a group of writes")
        return
    plain = ready_for_postgresql(statement, SCHEMA, tuple(writes[0].row))
    if not expected:
        run_on_server(connection, plain, [write.row for write in writes])
        return
    for write in writes:
        touched = run_on_server(connection, plain, [write.row]).rowcount
        if write.expect is not None and touched != write.expect:
            raise Conflict("a row changed before it was written")


@functools.cache
def insert_unless_there(into: Table, dialect: str) -> Executable:
    """An insert of a row unless a unique key has it already; made once, as making it costs more than running it."""
    return (
        postgresql.insert(into).on_conflict_do_nothing()
        if dialect == "postgresql"
        else sqlite.insert(into).on_conflict_do_nothing()
    )


def _fail(unit: Unit, problem: Exception) -> None:
    if unit.done.done():
        return
    if is_lost(problem):
        unavailable = StoreUnavailable(f"the store did not take it: {type(problem).__name__}")
        unavailable.__cause__ = problem
        problem = unavailable
    unit.done.set_exception(problem)
