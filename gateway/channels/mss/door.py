"""`/mss/callback/{secret}`: results of the mode asynchServerServer, in JSON or SOAP.

Whoever posts gets the same 200 whether somebody waits for it or not: a stranger who knows the path learns nothing, and
a service does not come again.
"""

import asyncio
import hmac
from typing import Protocol

from aiohttp import web

from gateway.errors import BadInput
from gateway.observe import log

BODY_BYTES_MAX = 262_144
BODY_S = 5.0


class Taker(Protocol):
    """Who waits for results; satisfied by peers/mssp."""

    def arrived(self, octets: bytes) -> None:
        """Take a result.

        Raises:
            BadInput: It is none.
        """
        ...


class ResultDoor:
    """The door; `secret` is the last part of its path."""

    def __init__(self, taker: Taker, secret: str) -> None:
        self._taker = taker
        self._secret = secret

    def routes(self) -> list[web.RouteDef]:
        """Its route."""
        return [web.post("/mss/callback/{secret}", self._take)]

    async def _take(self, request: web.Request) -> web.Response:
        given = request.match_info["secret"].encode("utf-8", "replace")
        if not hmac.compare_digest(given, self._secret.encode()):
            log().warning("mss_callback_refused", remote=request.remote or "")
            raise web.HTTPNotFound
        self._taker.arrived(await _body(request))
        return web.Response()


async def _body(request: web.Request) -> bytes:
    if (request.content_length or 0) > BODY_BYTES_MAX:
        raise web.HTTPRequestEntityTooLarge(max_size=BODY_BYTES_MAX, actual_size=request.content_length or 0)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            while len(body) <= BODY_BYTES_MAX and (more := await request.content.read(BODY_BYTES_MAX)):
                body += more
    except TimeoutError as problem:
        raise BadInput("a result that does not arrive") from problem
    if len(body) > BODY_BYTES_MAX:
        raise web.HTTPRequestEntityTooLarge(max_size=BODY_BYTES_MAX, actual_size=len(body))
    return bytes(body)
