"""Fixtures that every room of the tests shares: databases of both kinds, a clock that stands still, no stray tasks."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from hypothesis import HealthCheck, settings

from tests import postgres
from wallet.clock import ManualClock

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


@pytest.fixture
async def postgres_url(postgres_socket: str) -> AsyncIterator[str]:
    """A fresh PostgreSQL database."""
    name = f"t{os.getpid()}_{next(_numbers)}"
    admin = await asyncpg.connect(host=postgres_socket, user="tapdial", database="postgres")
    await admin.execute(f"CREATE DATABASE {name}")
    yield f"postgresql://tapdial@/{name}?host={postgres_socket}"
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh database of each kind: the test runs once on each."""
    if request.param == "sqlite":
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
