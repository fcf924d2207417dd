"""A house on each kind of database, and one on SQLite alone for what the database does not change."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.gateway.services.payouts.house import House, open_house
from wallet.clock import ManualClock


@pytest.fixture
async def each_house(database_url: str, clock: ManualClock) -> AsyncIterator[House]:
    async with open_house(database_url, clock) as made:
        yield made


@pytest.fixture
async def house(sqlite_template: Path, tmp_path: Path, clock: ManualClock) -> AsyncIterator[House]:
    shutil.copy(sqlite_template, tmp_path / "quick.db")
    async with open_house(f"sqlite:///{tmp_path / 'quick.db'}", clock) as made:
        yield made
