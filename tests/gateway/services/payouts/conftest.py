"""A house on each kind of database, and one on SQLite alone for what the database does not change."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.gateway.services.payouts.house import House, open_house
from wallet.clock import ManualClock
from wallet.ledger import Ledger


@pytest.fixture(scope="session")
def wallet_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file whose ledger's schema is made already."""
    path = tmp_path_factory.mktemp("template") / "wallet.db"
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, Ledger.upgrade(f"sqlite:///{path}")).result()
    return path


@pytest.fixture
def quick_url(sqlite_template: Path, wallet_template: Path, tmp_path: Path) -> str:
    """Two files with their schemas."""
    shutil.copy(sqlite_template, tmp_path / "quick.db")
    shutil.copy(wallet_template, tmp_path / "quick-wallet.db")
    return f"sqlite:///{tmp_path / 'quick.db'}"


@pytest.fixture
async def each_house(database_url: str, clock: ManualClock) -> AsyncIterator[House]:
    async with open_house(database_url, clock) as made:
        yield made


@pytest.fixture
async def house(quick_url: str, clock: ManualClock) -> AsyncIterator[House]:
    async with open_house(quick_url, clock, made=True) as made:
        yield made
