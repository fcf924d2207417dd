"""The office that signs, on both databases."""

from collections.abc import AsyncIterator

import pytest

from tests.gateway.services.signing.office import FIRST, Office, opened
from wallet.clock import ManualClock


@pytest.fixture
async def office(database_url: str, clock: ManualClock) -> AsyncIterator[Office]:
    """Sue's phone is enrolled."""
    async with opened(database_url, clock) as made:
        await made.enrol("sue", FIRST)
        yield made
