"""Fixtures that every room of the tests shares: databases of both kinds, a clock that stands still, no stray tasks."""

import asyncio
import itertools
import os
import shutil
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, settings

from gateway.store import Store
from tests import postgres, softhsm
from wallet.clock import ManualClock
from wallet.ledger import Ledger

settings.register_profile("dev", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", max_examples=150, deadline=None, derandomize=True, print_blob=True)
settings.register_profile("soak", max_examples=20_000, deadline=None, stateful_step_count=200)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))

_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres_socket() -> Iterator[str]:
    """The socket folder of this run's PostgreSQL."""
    with postgres.server() as folder:
        yield folder


@pytest.fixture(scope="session")
def postgres_template(postgres_socket: str) -> str:
    """A database whose gateway schema is made already: copying it is far quicker than making it for each test."""
    _in_thread(_make_template(postgres_socket))
    return "template_gateway"


async def _make_template(postgres_socket: str) -> None:
    admin = await asyncpg.connect(host=postgres_socket, user="tapdial", database="postgres")
    await admin.execute("CREATE DATABASE template_gateway")
    await admin.close()
    await Store.upgrade(f"postgresql://tapdial@/template_gateway?host={postgres_socket}")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as a file of SQLite."""
    path = tmp_path_factory.mktemp("template") / "gateway.db"
    _in_thread(Store.upgrade(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def sqlite_wallet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the ledger's schema."""
    path = tmp_path_factory.mktemp("wallet") / "wallet.db"
    _in_thread(Ledger.upgrade(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def postgres_both(postgres_socket: str, postgres_template: str) -> str:
    """A database with both schemas."""
    _in_thread(_make_both(postgres_socket, postgres_template))
    return "template_both"


async def _make_both(postgres_socket: str, postgres_template: str) -> None:
    admin = await asyncpg.connect(host=postgres_socket, user="tapdial", database="postgres")
    await admin.execute(f"CREATE DATABASE template_both TEMPLATE {postgres_template}")
    await admin.close()
    await Ledger.upgrade(f"postgresql://tapdial@/template_both?host={postgres_socket}")


def _in_thread(work: Coroutine[Any, Any, None]) -> None:
    # A session's fixture may be made while a test's loop runs, which asyncio.run would refuse.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


@pytest.fixture
async def postgres_url(postgres_socket: str, postgres_template: str) -> AsyncIterator[str]:
    """A fresh PostgreSQL database."""
    async with _copied(postgres_socket, postgres_template) as url:
        yield url


@pytest.fixture
async def postgres_both_url(postgres_socket: str, postgres_both: str) -> AsyncIterator[str]:
    """A fresh one with both schemas."""
    async with _copied(postgres_socket, postgres_both) as url:
        yield url


@asynccontextmanager
async def _copied(postgres_socket: str, template: str) -> AsyncIterator[str]:
    name = f"t{os.getpid()}_{next(_numbers)}"
    admin = await asyncpg.connect(host=postgres_socket, user="tapdial", database="postgres")
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield f"postgresql://tapdial@/{name}?host={postgres_socket}"
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture
def sqlite_both_url(sqlite_template: Path, sqlite_wallet: Path, tmp_path: Path) -> str:
    """A fresh gateway's database, `test.db`, with the ledger's beside it, `wallet.db`."""
    shutil.copy(sqlite_template, tmp_path / "test.db")
    shutil.copy(sqlite_wallet, tmp_path / "wallet.db")
    return f"sqlite:///{tmp_path / 'test.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def both_url(request: pytest.FixtureRequest) -> str:
    """Fresh databases of each kind with both schemas: the test runs once on each."""
    return str(request.getfixturevalue("sqlite_both_url" if request.param == "sqlite" else "postgres_both_url"))


@pytest.fixture(scope="session")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> softhsm.Tokens:
    """Tokens of a hardware module in software; a module is configured once a process."""
    return softhsm.tokens(tmp_path_factory.mktemp("softhsm"))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh database of each kind: the test runs once on each."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "test.db")
        return f"sqlite:///{tmp_path / 'test.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands on a Sunday morning until it is moved."""
    return ManualClock(datetime(2026, 11, 22, 8, 0, tzinfo=UTC))


@pytest.fixture(autouse=True)
async def no_stray_tasks(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Every task has an owner: none may outlive its test."""
    before = asyncio.all_tasks()
    yield
    stray: set[asyncio.Task[object]] = set()
    for _ in range(20):
        stray = {task for task in asyncio.all_tasks() - before if not task.done()} - {asyncio.current_task()}
        if not stray:
            return
        await asyncio.sleep(0.01)
    assert not stray, f"stray tasks after {request.node.name}: {stray}"
