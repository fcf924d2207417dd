"""Says every few seconds what terminals' lines do, and cuts those of terminals that staff stopped."""

from collections.abc import Collection, Sequence
from typing import Protocol

from gateway.services.links import TerminalStatus

SAID_MAX = 200
"""Terminals that one tick says something of; of more the rest is said by the next."""
ASKED_MAX = 500


class Ports(Protocol):
    """The ports of this process. Satisfied by channels.nfc.TerminalPorts."""

    def signed_on(self) -> Sequence[str]:
        """Terminals that are signed on."""
        ...

    def block(self, terminal_ids: Collection[str]) -> None:
        """Cut their lines."""
        ...

    def news(self, limit: int) -> list[TerminalStatus]:
        """What is other than when it was last said."""
        ...

    def said(self, statuses: Collection[TerminalStatus]) -> None:
        """These were said."""
        ...


class Board(Protocol):
    """Keeps what was said. Satisfied by services.links.TerminalBoard."""

    async def say(self, process: str, statuses: Sequence[TerminalStatus]) -> None:
        """Replace what `process` said of these."""
        ...


class Registry(Protocol):
    """Knows whom staff stopped. Satisfied by services.merchants.Merchants."""

    async def stopped(self, terminal_ids: Sequence[str]) -> frozenset[str]:
        """Which of these may not be signed on."""
        ...


class TerminalsWorker:
    """Its reports say nothing new to the loop, so it always rests."""

    def __init__(self, board: Board, registry: Registry, process: str, ports: Ports) -> None:
        self._board = board
        self._registry = registry
        self._process = process
        self._ports = ports

    async def tick(self) -> int:
        """Cut whom staff stopped, then say what changed; 0, so that the loop rests."""
        up = self._ports.signed_on()
        for start in range(0, len(up), ASKED_MAX):
            stopped = await self._registry.stopped(up[start : start + ASKED_MAX])
            if stopped:
                self._ports.block(stopped)
        news = self._ports.news(SAID_MAX)
        await self._board.say(self._process, news)
        self._ports.said(news)
        return 0
