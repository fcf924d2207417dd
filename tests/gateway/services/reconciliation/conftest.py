"""A world on each kind of database, and one on SQLite alone for what the database does not change."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.store import Store
from tests.gateway.services.reconciliation.world import World
from wallet.clock import ManualClock


@pytest.fixture
async def world(sqlite_template: Path, clock: ManualClock, tmp_path: Path) -> AsyncIterator[World]:
    store = await Store.open(f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'recon.db')}")
    yield World(store, clock)
    await store.close()


@pytest.fixture
async def each_world(database_url: str, clock: ManualClock) -> AsyncIterator[World]:
    store = await Store.open(database_url)
    yield World(store, clock)
    await store.close()
