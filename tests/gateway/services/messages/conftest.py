"""A postbox for each test, on each database."""

from collections.abc import AsyncIterator

import pytest

from tests.gateway.services.messages.postbox import Postbox, postbox
from wallet.clock import ManualClock


@pytest.fixture
async def box(database_url: str, clock: ManualClock) -> AsyncIterator[Postbox]:
    async with postbox(database_url, clock) as made:
        yield made
