"""How the API reads bodies and refuses: bounded in size, time and number, each refusal with a stable code."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from gateway.channels.api.models import FieldProblem, Problem
from gateway.channels.limiter import Limiter

M = TypeVar("M", bound=BaseModel)
BODY_BYTES_MAX = 16 * 1024
JSON_TYPE = "application/json"
_READ_S = 10.0
_SERVICE_S = 10.0


class Refused(Exception):
    """A request that is answered with a problem."""

    def __init__(
        self, status: int, code: str, title: str, *, errors: list[FieldProblem] | None = None, retry_s: int = 0
    ) -> None:
        super().__init__(code)
        self.problem = Problem(title=title, status=status, code=code, errors=errors)
        self.retry_s = retry_s


def within_rate(limiter: Limiter, subject: str) -> None:
    """Count a try of this subject, and refuse one too many."""
    if wait_s := limiter.take(subject):
        raise Refused(429, "rate_limited", "too many requests", retry_s=wait_s)


@contextlib.asynccontextmanager
async def in_time(within_s: float = _SERVICE_S) -> AsyncIterator[None]:
    """Refuse what a service does not answer in time."""
    try:
        async with asyncio.timeout(within_s):
            yield
    except TimeoutError as problem:
        raise Refused(503, "timeout", "the answer took too long; send the same request again") from problem


async def json_body(request: web.Request, bytes_max: int = BODY_BYTES_MAX, within_s: float = _READ_S) -> bytes:
    """The body of a JSON request."""
    if request.content_type != JSON_TYPE:
        raise Refused(415, "unsupported_media_type", "send application/json")
    return await body_of(request, bytes_max, within_s)


async def body_of(request: web.Request, bytes_max: int, within_s: float = _READ_S) -> bytes:
    """The body, as long as it is not too long."""
    too_large = Refused(413, "too_large", f"the body has more than {bytes_max // 1024} KiB")
    if (request.content_length or 0) > bytes_max:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(within_s):
            async for part in request.content.iter_any():
                body += part
                if len(body) > bytes_max:
                    raise too_large
    except TimeoutError as problem:
        raise Refused(408, "slow", "the body did not come in time") from problem
    return bytes(body)


def parsed(model: type[M], body: bytes) -> M:
    """The request in a body, or the refusal of what does not fit."""
    try:
        return model.model_validate_json(body)
    except ValidationError as problem:
        raise _invalid(problem) from None


def _invalid(problem: ValidationError) -> Refused:
    """The refusal of what does not fit its model. What was sent is left out: it may hold a code or an account."""
    found = problem.errors(include_input=False, include_context=False, include_url=False)
    if any(error["type"] == "json_invalid" for error in found):
        return Refused(400, "bad_json", "the body is not JSON")
    errors = [FieldProblem(field=_named(error["type"], error["loc"]), message=error["msg"]) for error in found]
    return Refused(422, "invalid", "the request is not as described", errors=errors)


def wrong(field: str, message: str) -> Refused:
    """One field or parameter is not as described."""
    told = [FieldProblem(field=field, message=message)]
    return Refused(422, "invalid", "the request is not as described", errors=told)


def given(model: BaseModel, status: int = 200) -> web.Response:
    """A JSON answer."""
    return web.Response(status=status, text=model.model_dump_json(), content_type=JSON_TYPE)


def _named(kind: str, place: tuple[int | str, ...]) -> str:
    """Which field is wrong; '' for one that there is not, whose name may be a value in the wrong place."""
    return "" if kind == "extra_forbidden" else ".".join(map(str, place))
