"""The aiohttp sub-application of `/api/v1`."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Protocol, assert_never

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from pydantic import ValidationError

from gateway.channels.api.limiter import Limiter
from gateway.channels.api.models import FieldProblem, HeadKey, Problem, TokenGiven, TokenRequest
from gateway.channels.api.openapi import description
from gateway.errors import Fault
from gateway.observe import Metrics, log
from gateway.services.tokens import ProvisionOutcome, ProvisionRequest, ProvisionResult
from wallet.clock import Clock
from wallet.heads import SignedHead, line_of

BODY_BYTES_MAX = 16 * 1024
TRY_WINDOW = timedelta(minutes=10)
TRIES_PER_NUMBER = 10
TRIES_PER_ADDRESS = 300
"""Many phones share one address of a carrier's gateway."""
HEADS_MAX = 1000
HEADS_DEFAULT = 100
HEADS_MEDIA_TYPE = "application/x-ndjson"
_READ_S = 10.0
_SERVICE_S = 10.0


class Tokens(Protocol):
    """Where tokens are made."""

    async def provision(self, request: ProvisionRequest) -> ProvisionResult:
        """Make a token."""
        ...


class Heads(Protocol):
    """Published heads of the ledger."""

    async def latest(self, limit: int) -> Sequence[SignedHead]:
        """The newest heads, oldest of them first."""
        ...

    async def public_key(self) -> bytes:
        """The key that they are checked with, 32 bytes."""
        ...


class Refused(Exception):
    """A request that is answered with a problem."""

    def __init__(
        self, status: int, code: str, title: str, *, errors: list[FieldProblem] | None = None, retry_s: int = 0
    ) -> None:
        super().__init__(code)
        self.problem = Problem(title=title, status=status, code=code, errors=errors)
        self.retry_s = retry_s


def api_app(tokens: Tokens, heads: Heads, clock: Clock, metrics: Metrics) -> web.Application:
    """The sub-application; mount it at `/api/v1`."""
    api = _Api(tokens, heads, clock, metrics)
    app = web.Application(middlewares=[api.problems])
    app.router.add_post("/tokens", api.provision)
    app.router.add_get("/ledger/heads", api.heads)
    app.router.add_get("/ledger/heads/key", api.head_key)
    app.router.add_get("/openapi.json", api.openapi)
    return app


class _Api:
    def __init__(self, tokens: Tokens, heads: Heads, clock: Clock, metrics: Metrics) -> None:
        self._tokens = tokens
        self._heads = heads
        self._metrics = metrics
        self._by_number = Limiter(clock, TRIES_PER_NUMBER, TRY_WINDOW)
        self._by_address = Limiter(clock, TRIES_PER_ADDRESS, TRY_WINDOW)
        self._readers = Limiter(clock, TRIES_PER_ADDRESS, TRY_WINDOW)
        self._description = description()

    async def openapi(self, _request: web.Request) -> web.Response:
        """GET /openapi.json."""
        return web.json_response(self._description)

    async def provision(self, request: web.Request) -> web.Response:
        """POST /tokens."""
        _within_rate(self._by_address, request.remote or "")
        asked = _parsed(await _body(request))
        _within_rate(self._by_number, asked.msisdn)
        async with _in_time():
            result = await self._tokens.provision(asked.to_request())
        if result.token is None:
            raise _refusal(result.outcome)
        given = TokenGiven.of(result.token)
        return web.Response(status=201, text=given.model_dump_json(), content_type="application/json")

    async def heads(self, request: web.Request) -> web.Response:
        """GET /ledger/heads."""
        _within_rate(self._readers, request.remote or "")
        limit = _limit(request.query.get("limit", str(HEADS_DEFAULT)))
        async with _in_time():
            heads = await self._heads.latest(limit)
        return web.Response(text="".join(f"{line_of(head)}\n" for head in heads), content_type=HEADS_MEDIA_TYPE)

    async def head_key(self, request: web.Request) -> web.Response:
        """GET /ledger/heads/key."""
        _within_rate(self._readers, request.remote or "")
        async with _in_time():
            key = HeadKey.of(await self._heads.public_key())
        return web.Response(text=key.model_dump_json(), content_type="application/json")

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
        return web.Response(
            status=problem.status,
            text=problem.model_dump_json(exclude_none=True),
            content_type="application/problem+json",
            headers={"Retry-After": str(retry_s)} if retry_s else None,
        )


def _within_rate(limiter: Limiter, subject: str) -> None:
    if wait_s := limiter.take(subject):
        raise Refused(429, "rate_limited", "too many requests", retry_s=wait_s)


@contextlib.asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(_SERVICE_S):
            yield
    except TimeoutError as problem:
        raise Refused(503, "timeout", "the answer took too long; send the same request again") from problem


def _limit(text: str) -> int:
    if re.fullmatch("[1-9][0-9]{0,3}", text) and int(text) <= HEADS_MAX:
        return int(text)
    wrong = FieldProblem(field="limit", message=f"1 to {HEADS_MAX}")
    raise Refused(422, "invalid", "the request is not as described", errors=[wrong])


async def _body(request: web.Request) -> bytes:
    if request.content_type != "application/json":
        raise Refused(415, "unsupported_media_type", "send application/json")
    too_large = Refused(413, "too_large", "the body has more than 16 KiB")
    if (request.content_length or 0) > BODY_BYTES_MAX:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(_READ_S):
            async for part in request.content.iter_any():
                body += part
                if len(body) > BODY_BYTES_MAX:
                    raise too_large
    except TimeoutError as problem:
        raise Refused(408, "slow", "the body did not come in time") from problem
    return bytes(body)


def _parsed(body: bytes) -> TokenRequest:
    try:
        return TokenRequest.model_validate_json(body)
    except ValidationError as problem:
        # What was sent is left out: it holds a code.
        found = problem.errors(include_input=False, include_context=False, include_url=False)
        if any(error["type"] == "json_invalid" for error in found):
            raise Refused(400, "bad_json", "the body is not JSON") from None
        errors = [FieldProblem(field=_named(error["type"], error["loc"]), message=error["msg"]) for error in found]
        raise Refused(422, "invalid", "the request is not as described", errors=errors) from None


def _named(kind: str, place: tuple[int | str, ...]) -> str:
    """Which field is wrong; '' for one that there is not, whose name may be a value in the wrong place."""
    return "" if kind == "extra_forbidden" else ".".join(map(str, place))


def _refusal(outcome: ProvisionOutcome) -> Refused:
    match outcome:
        case ProvisionOutcome.WRONG_CODE:
            return Refused(403, "wrong_code", "the number and the activation code do not belong together")
        case ProvisionOutcome.EXPIRED:
            return Refused(410, "expired", "the activation code is too old; ask for a new one")
        case ProvisionOutcome.TOO_MANY:
            return Refused(429, "too_many_tries", "too many wrong codes; ask for a new one")
        case ProvisionOutcome.BAD_KEY:
            return Refused(422, "bad_key", "a key is not a point to work with")
        case ProvisionOutcome.OK:
            raise AssertionError("an approved request has a token")
        case unreachable:
            assert_never(unreachable)
