"""The acquirer of these tests, and timers that do not keep them waiting."""

from collections.abc import AsyncIterator

import pytest

from tests.simulators.acquirer import Acquirer


@pytest.fixture
async def acquirer(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Acquirer]:
    monkeypatch.setattr("simulators.till.forward.RETRY_S", 0.02)
    monkeypatch.setattr("simulators.till.closing.PAUSE_S", 0.02)
    monkeypatch.setattr("simulators.till.line.RETRY_FIRST_S", 0.02)
    monkeypatch.setattr("simulators.terminal.DRAIN_WAIT_S", 0.3)
    async with Acquirer().listening() as listening:
        yield listening
