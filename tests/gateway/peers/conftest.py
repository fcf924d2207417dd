"""Clients of a signature service that answers as a test tells it."""

from collections.abc import AsyncIterator

import pytest
from pytest_aiohttp.plugin import AiohttpServer

from gateway.observe import Metrics
from gateway.peers.mssp import Mssp, signer
from gateway.wire.mss import Mode
from tests.gateway.peers.mssp_stubs import Dial, FakeMssp, profile_of
from wallet.clock import ManualClock


@pytest.fixture
async def dial(
    aiohttp_server: AiohttpServer, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Dial]:
    """Makes clients; they wait a moment for a service that should tell that the time is over."""
    monkeypatch.setattr(signer, "GRACE_S", 0.3)
    made: list[Mssp] = []

    async def dialled(fake: FakeMssp, mode: Mode = Mode.SYNCH, **changes: object) -> Mssp:
        server = await aiohttp_server(fake.application())
        service = Mssp(profile_of(str(server.make_url("/")), fake, mode, **changes), clock, Metrics())
        made.append(service)
        return service

    yield dialled
    for service in made:
        await service.__aexit__(None, None, None)
