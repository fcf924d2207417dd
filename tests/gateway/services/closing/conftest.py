"""An evening on each database, and on SQLite alone for what the database does not change."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.gateway.services.closing.evening import MORNING, Evening, opened
from wallet.clock import ManualClock


@pytest.fixture
async def evening(sqlite_both_url: str, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Evening]:
    """On SQLite."""
    clock.advance(MORNING - clock.now())
    async with opened(sqlite_both_url, sqlite_both_url.replace("test.db", "wallet.db"), clock, tmp_path) as made:
        yield made


@pytest.fixture
async def server_evening(postgres_both_url: str, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Evening]:
    """On PostgreSQL."""
    clock.advance(MORNING - clock.now())
    async with opened(postgres_both_url, postgres_both_url, clock, tmp_path) as made:
        yield made


@pytest.fixture(params=["evening", "server_evening"], ids=["sqlite", "postgresql"])
def both(request: pytest.FixtureRequest) -> Evening:
    """On each database: the test runs once on each."""
    made: Evening = request.getfixturevalue(request.param)
    return made
