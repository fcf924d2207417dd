"""Calls to providers that take pages by a request of ours."""

import asyncio
from collections.abc import Mapping
from typing import Protocol

import aiohttp

from gateway.errors import PeerUnavailable
from gateway.peers.kept import KeptConnections

CALL_S = 5.0
TRIES_MAX = 3
PAUSE_S = 0.3
CONNECTIONS_MAX = 200
ANSWER_BYTES_MAX = 65_536


class Call(Protocol):
    """What is sent; satisfied by the USSD channel's Outbound."""

    @property
    def body(self) -> bytes:
        """The body."""
        ...

    @property
    def content_type(self) -> str:
        """Its type."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Further headers."""
        ...


class HttpPoster(KeptConnections):
    """Posts over connections that are kept. Use `async with`."""

    def __init__(self) -> None:
        super().__init__(
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=CONNECTIONS_MAX),
                timeout=aiohttp.ClientTimeout(total=CALL_S),
                trust_env=False,
            )
        )

    async def post(self, url: str, sent: Call) -> None:
        """Make a call, up to TRIES_MAX times: the same page shown again harms nobody.

        Raises:
            PeerUnavailable: It was not taken; the text names neither address nor content.
        """
        reason = ""
        for pause in range(TRIES_MAX):
            if pause:
                await asyncio.sleep(PAUSE_S * 2**pause)
            reason = await self._once(url, sent)
            if not reason:
                return
        raise PeerUnavailable(f"the provider takes no page: {reason}")

    async def _once(self, url: str, sent: Call) -> str:
        headers = {"Content-Type": sent.content_type, **sent.headers}
        try:
            async with self._session.post(url, data=sent.body, headers=headers, allow_redirects=False) as answer:
                await answer.content.read(ANSWER_BYTES_MAX)
                return "" if answer.status in {200, 201, 202, 204} else f"status {answer.status}"
        except (aiohttp.ClientError, TimeoutError) as problem:
            return type(problem).__name__
