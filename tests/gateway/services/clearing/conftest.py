"""A world of clearing on each database."""

from collections.abc import AsyncIterator

import pytest

from gateway.store import Store
from tests.gateway.services.clearing.host import World
from wallet.clock import ManualClock
from wallet.ledger import Ledger


@pytest.fixture
async def world(database_url: str, clock: ManualClock) -> AsyncIterator[World]:
    wallet_url = database_url.replace("test.db", "wallet.db")
    await Ledger.upgrade(wallet_url)
    store, ledger = await Store.open(database_url), await Ledger.open(wallet_url, clock)
    made = World(store, ledger, clock)
    await made.fund()
    yield made
    rows = await ledger.trial_balance()
    assert sum(row.debits_posted - row.credits_posted for row in rows) == 0
    await store.close()
    await ledger.close()
