"""A house with people, on each kind of database or only on a quick one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.gateway.services.people.house import House, open_house
from wallet.clock import ManualClock


@pytest.fixture
async def house(database_url: str, clock: ManualClock) -> AsyncIterator[House]:
    """On both kinds of database: the test runs once on each."""
    async with open_house(database_url, clock) as made:
        yield made


@pytest.fixture
async def quick_house(tmp_path: Path, clock: ManualClock) -> AsyncIterator[House]:
    """On SQLite only, for what the database does not change."""
    async with open_house(f"sqlite:///{tmp_path / 'quick.db'}", clock) as made:
        yield made
