"""A mapper on each kind of database, or only on a quick one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.gateway.services.payees.office import Office, open_office
from wallet.clock import ManualClock


@pytest.fixture
async def office(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Office]:
    """On SQLite only, for what the database does not change."""
    async with open_office(f"sqlite:///{tmp_path / 'quick.db'}", clock) as made:
        yield made


@pytest.fixture
async def each_office(database_url: str, clock: ManualClock) -> AsyncIterator[Office]:
    """On both kinds of database: the test runs once on each."""
    async with open_office(database_url, clock) as made:
        yield made
