"""A ledger on each kind of database, open for one test."""

from collections.abc import AsyncIterator

import pytest

from tests.wallet.books import opened
from wallet.clock import ManualClock
from wallet.ledger import Ledger


@pytest.fixture
async def ledger(database_url: str, clock: ManualClock) -> AsyncIterator[Ledger]:
    """Bank, funding, Alice and Bob are open; after the test the whole book must verify."""
    async with opened(database_url, clock) as ledger:
        yield ledger
        verified = await ledger.verify()
        assert verified.finding is None, str(verified.finding)
