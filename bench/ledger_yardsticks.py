"""What the ledger is measured against: pgbench's TPC-B, and a commit per transfer as one writes it with SQLAlchemy.

The loop is ordinary and not slow on purpose: statements made once, prepared by the driver, rows locked in order of id
so that nothing deadlocks, FOR NO KEY UPDATE so that foreign keys do not wait, a pool as large as its workers.
"""

import asyncio
import random
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Index,
    MetaData,
    Table,
    Uuid,
    bindparam,
    event,
    insert,
    make_url,
    select,
    update,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.postgres import binaries

ACCOUNTS = 10_000
WORKERS = 32
HOT = 1
"""The account that stands on one side of every transfer of a hot run."""

PGBENCH_FILL = ("-i", "-q", "-s", "50")
PGBENCH_RUN = ("-s", "50", "-c", "32", "-j", "2", "-M", "prepared")

_FUNDS = 10**15

_metadata = MetaData()
_account = Table(
    "account",
    _metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("balance", BigInteger, nullable=False),
    CheckConstraint("balance >= 0"),
)
_transfer = Table(
    "transfer",
    _metadata,
    Column("id", Uuid, primary_key=True),
    Column("debit_id", ForeignKey("account.id"), nullable=False),
    Column("credit_id", ForeignKey("account.id"), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("booked_at", BigInteger, nullable=False),
)
_entry = Table(
    "entry",
    _metadata,
    Column("transfer_id", ForeignKey("transfer.id"), primary_key=True),
    Column("account_id", ForeignKey("account.id"), primary_key=True),
    Column("amount", BigInteger, nullable=False),
    Column("balance_after", BigInteger, nullable=False),
)
Index("entry_account", _entry.c.account_id)

_LOCK = (
    select(_account.c.id, _account.c.balance)
    .where(_account.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(_account.c.id)
    .with_for_update(key_share=True)
)
_MOVE = (
    update(_account).where(_account.c.id == bindparam("an_id")).values(balance=_account.c.balance + bindparam("amount"))
)
_INSERT_TRANSFER, _INSERT_ENTRY = insert(_transfer), insert(_entry)


@dataclass
class Run:
    """What a loop did: seconds of each transfer, and of all."""

    latencies_s: list[float] = field(default_factory=list)
    elapsed_s: float = 0.0

    @property
    def per_s(self) -> float:
        """Transfers committed in a second."""
        return len(self.latencies_s) / self.elapsed_s


async def pgbench_fill(socket: str, database: str) -> None:
    """Make pgbench's tables at scale 50."""
    await asyncio.to_thread(_pgbench, socket, database, PGBENCH_FILL)


async def pgbench_tps(socket: str, database: str, seconds: float) -> float:
    """Transactions a second of TPC-B at 32 clients, connecting left out."""
    out = await asyncio.to_thread(_pgbench, socket, database, (*PGBENCH_RUN, "-T", str(max(1, round(seconds)))))
    found = re.search(r"tps = ([0-9.]+)", out)
    assert found is not None, out
    return float(found[1])


def _pgbench(socket: str, database: str, words: tuple[str, ...]) -> str:
    folder = binaries()
    assert folder is not None, "no PostgreSQL"
    program = folder / "pgbench"
    command = [str(program) if program.exists() else "pgbench", "-h", socket, "-U", "tapdial", *words, database]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Loop:
    """A commit per transfer at `url`, which is `postgresql://…` or `sqlite:///path`."""

    def __init__(self, url: str, seed: int = 1) -> None:
        self._engine = _engine(url)
        self._random = random.Random(seed)

    async def fill(self) -> None:
        """Tables and 10,000 accounts with money."""
        async with self._engine.begin() as connection:
            await connection.run_sync(_metadata.create_all)
            rows = [{"id": number + 1, "balance": _FUNDS} for number in range(ACCOUNTS)]
            await connection.execute(insert(_account), rows)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._engine.dispose()

    async def run(self, seconds: float, *, workers: int = WORKERS, hot: bool = False) -> Run:
        """`workers` that each commit one transfer after the other for `seconds`."""
        run = Run()
        orders = self._orders(hot=hot)
        until = (started := time.perf_counter()) + seconds
        async with asyncio.TaskGroup() as tasks:
            for _ in range(workers):
                tasks.create_task(self._worker(orders, until, run))
        run.elapsed_s = time.perf_counter() - started
        return run

    async def _worker(self, orders: Iterator[tuple[UUID, int, int, int]], until: float, run: Run) -> None:
        while (started := time.perf_counter()) < until:
            await self._commit(*next(orders))
            run.latencies_s.append(time.perf_counter() - started)

    async def _commit(self, id_: UUID, debit: int, credit: int, amount: int) -> None:
        async with self._engine.begin() as connection:
            balances = dict((await connection.execute(_LOCK, {"ids": [debit, credit]})).tuples().all())
            assert balances[debit] >= amount, "everybody has money enough"
            moved = {"id": id_, "debit_id": debit, "credit_id": credit, "amount": amount, "booked_at": time.time_ns()}
            await connection.execute(_INSERT_TRANSFER, moved)
            sides = ((debit, -amount), (credit, amount))
            await connection.execute(
                _INSERT_ENTRY,
                [
                    {"transfer_id": id_, "account_id": side, "amount": signed, "balance_after": balances[side] + signed}
                    for side, signed in sides
                ],
            )
            await connection.execute(_MOVE, [{"an_id": side, "amount": signed} for side, signed in sorted(sides)])

    def _orders(self, *, hot: bool) -> Iterator[tuple[UUID, int, int, int]]:
        chance = self._random
        while True:
            one, other = chance.sample(range(1, ACCOUNTS + 1), 2)
            if hot and HOT not in (one, other):
                one, other = (HOT, other) if chance.random() < 0.5 else (one, HOT)
            milliseconds = time.time_ns() // 1_000_000
            yield UUID(int=milliseconds << 80 | chance.getrandbits(80)), one, other, chance.randint(1, 1000)


def _engine(url: str) -> AsyncEngine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        chosen = parsed.set(drivername="postgresql+asyncpg")
        return create_async_engine(chosen, pool_size=WORKERS, max_overflow=0)
    Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(
        parsed.set(drivername="sqlite+aiosqlite"),
        pool_size=WORKERS,
        max_overflow=0,
        connect_args={"timeout": 60.0, "isolation_level": None},
    )
    event.listen(engine.sync_engine, "connect", _prepare)
    event.listen(engine.sync_engine, "begin", _begin_immediate)
    return engine


def _prepare(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
