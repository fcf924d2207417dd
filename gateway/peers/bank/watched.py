"""A door of the bank that knows how it stands, for the console's page of links and for metrics."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from gateway.errors import BadInput, PeerUnavailable
from gateway.observe import Metrics, log
from gateway.peers.bank.folder import FolderBank
from gateway.peers.bank.http import HttpBank
from gateway.services.banking.ports import Arrived
from gateway.services.links import LinkStatus
from wallet.clock import Clock

NAME = "bank"


class WatchedBank:
    """The same door; satisfies services.banking.ports.Bank too."""

    def __init__(self, door: HttpBank | FolderBank, clock: Clock, metrics: Metrics) -> None:
        self._door = door
        self._clock = clock
        self._calls = metrics.bank_calls
        self._up_gauge = metrics.links.labels(NAME)
        self._log = log(link=NAME)
        self._up = False
        self._since = clock.now()
        self._latency_ms = 0.0
        self._sent = 0
        self._uncertain = 0

    def status(self) -> LinkStatus:
        """How the door stands after the last call."""
        kind = "folder" if isinstance(self._door, FolderBank) else "https"
        return LinkStatus(
            NAME, kind, self._up, self._since, latency_ms=self._latency_ms, health=100 if self._up else 0,
            submitted=self._sent, uncertain=self._uncertain,
        )  # fmt: skip

    async def send(self, order_id: str, name: str, octets: bytes) -> None:
        """Hand a file over; the same order again is harmless there.

        Raises:
            PeerUnavailable: Nothing is known; `enquire` says more.
            BadInput: The bank refuses the file as such.
        """
        self._sent += 1
        try:
            with self._watched("send"):
                await self._door.send(order_id, name, octets)
        except PeerUnavailable:
            self._uncertain += 1
            raise

    async def enquire(self, order_id: str) -> bool:
        """Whether the bank has that order.

        Raises:
            PeerUnavailable: It does not answer.
        """
        with self._watched("enquire"):
            return await self._door.enquire(order_id)

    async def arrivals(self, *, after: str, limit: int) -> Sequence[Arrived]:
        """Files that wait, in the bank's order, from after that name.

        Raises:
            PeerUnavailable: It does not answer, or with what cannot be taken.
        """
        with self._watched("arrivals"):
            return await self._door.arrivals(after=after, limit=limit)

    @contextmanager
    def _watched(self, call: str) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        except PeerUnavailable as problem:
            self._calls.labels(call, "unavailable").inc()
            self._became(up=False, why=str(problem))
            raise
        except BadInput:
            # It was the bank that said so.
            self._answered(call, "refused", began)
            raise
        self._answered(call, "done", began)

    def _answered(self, call: str, outcome: str, began: float) -> None:
        self._calls.labels(call, outcome).inc()
        self._latency_ms = (time.monotonic() - began) * 1_000
        self._became(up=True, why="")

    def _became(self, *, up: bool, why: str) -> None:
        self._up_gauge.set(up)
        if up != self._up:
            self._up, self._since = up, self._clock.now()
            if up:
                self._log.info("bank_up")
            else:
                self._log.warning("bank_down", why=why)
