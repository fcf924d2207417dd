"""A world of breaks; on both databases where SQL matters."""

from collections.abc import AsyncIterator

import pytest

from gateway.store import Store
from tests.gateway.services.breaks.world import World
from wallet.clock import ManualClock
from wallet.ledger import Ledger


async def _opened(store_url: str, wallet_url: str, clock: ManualClock) -> AsyncIterator[World]:
    """Whatever a test does, its books end in balance."""
    store, ledger = await Store.open(store_url), await Ledger.open(wallet_url, clock)
    made = World(store, ledger, clock)
    await made.fund()
    yield made
    rows = await ledger.trial_balance()
    assert sum(row.debits_posted - row.credits_posted for row in rows) == 0
    await store.close()
    await ledger.close()


@pytest.fixture
async def world(sqlite_both_url: str, clock: ManualClock) -> AsyncIterator[World]:
    """A world on SQLite."""
    async for made in _opened(sqlite_both_url, sqlite_both_url.replace("test.db", "wallet.db"), clock):
        yield made


@pytest.fixture
async def server_world(postgres_both_url: str, clock: ManualClock) -> AsyncIterator[World]:
    """A world on PostgreSQL."""
    async for made in _opened(postgres_both_url, postgres_both_url, clock):
        yield made


@pytest.fixture(params=["world", "server_world"], ids=["sqlite", "postgresql"])
def both(request: pytest.FixtureRequest) -> World:
    """A world on each database: the test runs once on each."""
    made: World = request.getfixturevalue(request.param)
    return made
