"""Sees whether the mobile signature service answers, before a signatory finds out that it does not."""

from typing import Protocol

from gateway.observe import Metrics


class Probed(Protocol):
    """A signature service; satisfied by gateway.peers.mssp."""

    async def probe(self) -> bool:
        """Whether it answers and knows us."""
        ...


class SignerProbe:
    """Asks it now and then."""

    def __init__(self, service: Probed, metrics: Metrics) -> None:
        self._service = service
        self._metrics = metrics

    async def tick(self) -> int:
        """Ask once; nothing is ever left to do at once."""
        self._metrics.mssp_up.set(await self._service.probe())
        return 0
