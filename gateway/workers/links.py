"""Says every few seconds what this process's links do, so that staff see the links of all processes in one place."""

from collections.abc import Callable, Sequence
from typing import Protocol

from gateway.services.links import LinkStatus


class Board(Protocol):
    """Keeps reports. Satisfied by services.links.LinkBoard."""

    async def say(self, process: str, statuses: Sequence[LinkStatus]) -> None:
        """Replace what `process` said before."""
        ...


class LinksWorker:
    """`statuses` are those of this process's links; its report says nothing new to the loop, so it always rests."""

    def __init__(self, board: Board, process: str, statuses: Callable[[], Sequence[LinkStatus]]) -> None:
        self._board = board
        self._process = process
        self._statuses = statuses

    async def tick(self) -> int:
        """Say it; 0, so that the loop rests."""
        await self._board.say(self._process, self._statuses())
        return 0
