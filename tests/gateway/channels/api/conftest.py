"""A partner's system at the API's door."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pytest_aiohttp.plugin import AiohttpClient

from tests.gateway.channels.api.partners import Partner, open_partner
from wallet.clock import ManualClock


@pytest.fixture
async def partner(tmp_path: Path, clock: ManualClock, aiohttp_client: AiohttpClient) -> AsyncIterator[Partner]:
    async with open_partner(tmp_path, clock, aiohttp_client) as made:
        yield made
