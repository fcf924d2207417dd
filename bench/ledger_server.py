"""The one PostgreSQL that every cell of a ledger bench runs on, and what it costs this machine.

Its settings are written down here, once, and are those of an ordinary server that keeps its promises.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from tests import postgres

SETTINGS = (
    "fsync=on",
    "synchronous_commit=on",
    "full_page_writes=on",
    "shared_buffers=256MB",
    "max_wal_size=2GB",
    "max_connections=100",
)
"""Everything that differs from the defaults of PostgreSQL, or that must not."""

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """A running server: its socket folder."""

    socket: str

    def url(self, database: str) -> str:
        """The URL of one of its databases, as the ledger takes it."""
        return f"postgresql://tapdial@/{database}?host={self.socket}"

    async def create(self, *databases: str) -> None:
        """Make empty databases."""
        for name in databases:
            await self.execute(f"CREATE DATABASE {name}")

    async def checkpoint(self) -> None:
        """Write out what earlier cells left dirty, so that none pays for another."""
        await self.execute("CHECKPOINT")

    async def execute(self, statement: str, database: str = "postgres") -> None:
        """Run one statement."""
        connection = await asyncpg.connect(host=self.socket, user="tapdial", database=database)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def cpu_s(self) -> float:
        """Processor seconds of the server and all its processes since it started."""
        root = int(Path(self.socket, "data", "postmaster.pid").read_text("utf-8").split("\n", 1)[0])
        own = sum(_times(root))
        return own + sum(sum(_times(child)[:2]) for child in _children(root))


@contextmanager
def running() -> Iterator[Server]:
    """A fresh server with SETTINGS, gone afterwards."""
    with postgres.server(*SETTINGS) as socket:
        yield Server(socket)


def _children(root: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{root}/task/{root}/children").read_text("utf-8").split()]


def _times(pid: int) -> tuple[float, ...]:
    """User and system seconds of a process, then those of its children that ended; zeros if it ended meanwhile."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return (0.0, 0.0, 0.0, 0.0)
    return tuple(int(field) / _TICKS_PER_S for field in fields[11:15])
