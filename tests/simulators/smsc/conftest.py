"""An SMSC that listens, and an ESME that is bound to it."""

from collections.abc import AsyncIterator

import pytest

from tests.simulators.smsc.esme import Esme, Lab


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    lab = Lab({"tapdial": "demo"})
    await lab.smsc.start("127.0.0.1", 0)
    yield lab
    await lab.smsc.stop()


@pytest.fixture
async def esme(lab: Lab) -> AsyncIterator[Esme]:
    esme = await Esme.bound(lab)
    yield esme
    esme.close()
