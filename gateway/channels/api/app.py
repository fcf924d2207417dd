"""The aiohttp sub-application of `/api/v1`."""

import re
from collections.abc import Sequence
from typing import Protocol

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from gateway.channels.api.answers import Refused, given, in_time, within_rate, wrong
from gateway.channels.api.models import HeadKey, Problem
from gateway.channels.api.openapi import description
from gateway.channels.api.partners import Gate, Partners
from gateway.channels.api.payees import PayeeRoutes
from gateway.channels.api.payouts import PayoutRoutes
from gateway.channels.api.phones import TRIES_PER_ADDRESS, TRY_WINDOW, PhoneRoutes, Tokens
from gateway.channels.limiter import Limiter
from gateway.errors import Fault
from gateway.observe import Metrics, log
from wallet.clock import Clock
from wallet.heads import SignedHead, line_of

SIGNATURE_CODES = frozenset({"bad_signature", "stale"})
HEADS_MAX = 1000
HEADS_DEFAULT = 100
HEADS_MEDIA_TYPE = "application/x-ndjson"


class Heads(Protocol):
    """Published heads of the ledger."""

    async def latest(self, limit: int) -> Sequence[SignedHead]:
        """The newest heads, oldest of them first."""
        ...

    async def public_key(self) -> bytes:
        """The key that they are checked with, 32 bytes."""
        ...


def api_app(
    tokens: Tokens, heads: Heads, clock: Clock, metrics: Metrics, partners: Partners | None = None
) -> web.Application:
    """The sub-application; mount it at `/api/v1`. `partners` is what systems of other institutions may ask."""
    api = _Api(heads, clock, metrics)
    app = web.Application(middlewares=[api.problems])
    app.add_routes(PhoneRoutes(tokens, clock).routes())
    app.router.add_get("/ledger/heads", api.heads)
    app.router.add_get("/ledger/heads/key", api.head_key)
    app.router.add_get("/openapi.json", api.openapi)
    if partners is not None:
        gate = Gate(partners.keys, clock)
        app.add_routes(PayeeRoutes(partners).routes(gate))
        app.add_routes(PayoutRoutes(partners).routes(gate))
    return app


class _Api:
    def __init__(self, heads: Heads, clock: Clock, metrics: Metrics) -> None:
        self._heads = heads
        self._metrics = metrics
        self._readers = Limiter(clock, TRIES_PER_ADDRESS, TRY_WINDOW)
        self._description = description()

    async def openapi(self, _request: web.Request) -> web.Response:
        """GET /openapi.json."""
        return web.json_response(self._description)

    async def heads(self, request: web.Request) -> web.Response:
        """GET /ledger/heads."""
        within_rate(self._readers, request.remote or "")
        limit = _limit(request.query.get("limit", str(HEADS_DEFAULT)))
        async with in_time():
            heads = await self._heads.latest(limit)
        return web.Response(text="".join(f"{line_of(head)}\n" for head in heads), content_type=HEADS_MEDIA_TYPE)

    async def head_key(self, request: web.Request) -> web.Response:
        """GET /ledger/heads/key."""
        within_rate(self._readers, request.remote or "")
        async with in_time():
            key = HeadKey.of(await self._heads.public_key())
        return given(key)

    @property
    def problems(self) -> Middleware:
        """Makes a problem of every refusal, fault and HTTP error of this sub-application."""

        @web.middleware
        async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
            try:
                return await handler(request)
            except Refused as refused:
                return self._answer(refused.problem, refused.retry_s)
            except Fault as fault:
                log().warning("fault", fault=type(fault).__name__, detail=str(fault))
                return self._answer(Problem(title=str(fault), status=fault.http_status, code=fault.code))
            except web.HTTPException as error:
                if error.status < 400:
                    raise
                title = error.reason.lower()
                answer = self._answer(Problem(title=title, status=error.status, code=title.replace(" ", "_")))
                answer.headers.update({name: error.headers[name] for name in error.headers if name == "Allow"})
                return answer

        return middleware

    def _answer(self, problem: Problem, retry_s: int = 0) -> web.Response:
        self._metrics.refused.labels(door="api", reason=problem.code).inc()
        headers = {"Retry-After": str(retry_s)} if retry_s else {}
        if problem.status == 401:
            # RFC 9110 §15.5.2 asks for it.
            headers["WWW-Authenticate"] = "Tapdial" if problem.code in SIGNATURE_CODES else "Bearer"
        return web.Response(
            status=problem.status,
            text=problem.model_dump_json(exclude_none=True),
            content_type="application/problem+json",
            headers=headers,
        )


def _limit(text: str) -> int:
    if re.fullmatch("[1-9][0-9]{0,3}", text) and int(text) <= HEADS_MAX:
        return int(text)
    raise wrong("limit", f"1 to {HEADS_MAX}")
