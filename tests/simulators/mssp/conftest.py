"""The mobile signature service on a free port."""

from collections.abc import AsyncIterator

import pytest

from tests.simulators.mssp.provider import Bench, bench


@pytest.fixture
async def mss() -> AsyncIterator[Bench]:
    async with bench() as made:
        yield made
