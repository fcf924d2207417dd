"""A world of clearing on each database; copies of databases that have both schemas already are made quickly."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import asyncpg
import pytest

from gateway.store import Store
from tests.gateway.services.clearing.host import World
from wallet.clock import ManualClock
from wallet.ledger import Ledger

_numbers = count()


@pytest.fixture(scope="session")
def sqlite_wallet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the ledger's schema."""
    path = tmp_path_factory.mktemp("wallet") / "wallet.db"
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, Ledger.upgrade(f"sqlite:///{path}")).result()
    return path


@pytest.fixture(scope="session")
def postgres_both(postgres_socket: str, postgres_template: str) -> str:
    """A database with both schemas."""

    async def make() -> None:
        admin = await asyncpg.connect(host=postgres_socket, user="tapdial", database="postgres")
        await admin.execute(f"CREATE DATABASE template_clearing TEMPLATE {postgres_template}")
        await admin.close()
        await Ledger.upgrade(f"postgresql://tapdial@/template_clearing?host={postgres_socket}")

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, make()).result()
    return "template_clearing"


async def _opened(store_url: str, wallet_url: str, clock: ManualClock) -> AsyncIterator[World]:
    store, ledger = await Store.open(store_url), await Ledger.open(wallet_url, clock)
    made = World(store, ledger, clock)
    await made.fund()
    yield made
    rows = await ledger.trial_balance()
    assert sum(row.debits_posted - row.credits_posted for row in rows) == 0
    await store.close()
    await ledger.close()


@pytest.fixture
async def world(sqlite_template: Path, sqlite_wallet: Path, tmp_path: Path, clock: ManualClock) -> AsyncIterator[World]:
    """A world on SQLite."""
    for source, name in ((sqlite_template, "gateway.db"), (sqlite_wallet, "wallet.db")):
        shutil.copy(source, tmp_path / name)
    async for made in _opened(f"sqlite:///{tmp_path / 'gateway.db'}", f"sqlite:///{tmp_path / 'wallet.db'}", clock):
        yield made


@pytest.fixture
async def server_world(postgres_socket: str, postgres_both: str, clock: ManualClock) -> AsyncIterator[World]:
    """A world on PostgreSQL."""
    name = f"clearing_{os.getpid()}_{next(_numbers)}"
    admin = await asyncpg.connect(host=postgres_socket, user="tapdial", database="postgres")
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {postgres_both}")
    url = f"postgresql://tapdial@/{name}?host={postgres_socket}"
    async for made in _opened(url, url, clock):
        yield made
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture(params=["world", "server_world"], ids=["sqlite", "postgresql"])
def both(request: pytest.FixtureRequest) -> World:
    """A world on each database: the test runs once on each."""
    made: World = request.getfixturevalue(request.param)
    return made
