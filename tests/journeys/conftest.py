"""A town for each journey, on each database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.journeys.town import Town, opened


@pytest.fixture
async def town(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    """A seeded town whose gateway runs."""
    async with opened(tmp_path, database_url) as town:
        yield town
