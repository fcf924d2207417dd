"""Databases that have both schemas already, and a house over copies of them."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.store import Store
from tests.gateway.services.taps.house import House, copied
from wallet.clock import ManualClock
from wallet.ledger import Ledger


@pytest.fixture(scope="session")
def both_templates(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Files with the store's and the ledger's schema."""
    path = tmp_path_factory.mktemp("ledger") / "wallet.db"
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, Ledger.upgrade(f"sqlite:///{path}")).result()
    return sqlite_template, path


@pytest.fixture
async def house(both_templates: tuple[Path, Path], tmp_path: Path, clock: ManualClock) -> AsyncIterator[House]:
    """A house with two processes, a merchant, a terminal and a phone."""
    store_url, wallet_url = copied(both_templates, tmp_path)
    store, ledger = await Store.open(store_url), await Ledger.open(wallet_url, clock)
    made = House(store, ledger, clock)
    await made.seed()
    yield made
    await made.assert_money_is_whole()
    await store.close()
    await ledger.close()
