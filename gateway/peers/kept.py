"""Clients over HTTP whose connections are kept from call to call."""

from types import TracebackType
from typing import Self

import aiohttp


class KeptConnections:
    """Lets go of a session's connections at the end. Use `async with`, or `close`."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def __aenter__(self) -> Self:
        """The client itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of the connections."""
        await self.close()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._session.close()
