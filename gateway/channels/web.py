"""What every HTTP door shares; the composition root installs it once for all of them.

From outside in: request ids, the access log (ours, with the route's template instead of the path, because paths and
queries may hold secrets), the error boundary, the body cap. Security headers go on every response, also on those that
a sub-app or the framework makes.
"""

import time
from collections.abc import Mapping

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from structlog.contextvars import bound_contextvars

from gateway.errors import BadInput, Fault
from gateway.observe import Metrics, log
from wallet.clock import Clock
from wallet.errors import WalletFault
from wallet.ids import new_id

BODY_BYTES_MAX = 1024 * 1024
"""The largest body that any door takes; most take far less and say so themselves."""

LARGE_BODIES: web.AppKey[Mapping[str, int]] = web.AppKey("large_bodies", Mapping[str, int])
"""Paths whose doors read a longer body piece by piece, and how long it may be."""

REQUEST_ID: web.RequestKey[str] = web.RequestKey("request_id", str)
"""The id of the request, `req_…`; also the answer's `X-Request-Id`."""

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""Defaults: a door that needs other values sets them itself and they stay."""


def new_application(clock: Clock, metrics: Metrics) -> web.Application:
    """The root application with everything shared installed; doors are added as routes or sub-apps."""
    app = web.Application(
        middlewares=[request_ids(clock), access_log, error_boundary(metrics), body_cap],
        client_max_size=BODY_BYTES_MAX,
    )
    app.on_response_prepare.append(security_headers)
    return app


def request_ids(clock: Clock) -> Middleware:
    """Give each request an id of ours, on every log line of it and on its answer."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[REQUEST_ID] = request_id = new_id("req", clock)
        with bound_contextvars(request=request_id):
            return await handler(request)

    return middleware


@web.middleware
async def access_log(request: web.Request, handler: Handler) -> web.StreamResponse:
    """One line a request: method, route template, status, milliseconds. Never the path, query, body or address."""
    started = time.perf_counter()
    status = 500
    try:
        response = await handler(request)
        status = response.status
    except web.HTTPException as answer:
        status = answer.status
        raise
    finally:
        elapsed_ms = round((time.perf_counter() - started) * 1000, 1)
        log().info("http", method=request.method, route=route_template(request), status=status, elapsed_ms=elapsed_ms)
    return response


def error_boundary(metrics: Metrics) -> Middleware:
    """Faults and HTTP errors become problem+json (RFC 9457) with their status; a bug becomes a bare 500.

    No stack trace and no page of the framework leaves. A door that speaks another form catches its own before they
    come here.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as answer:
            if answer.status < 400:
                raise
            code = _code(answer)
            metrics.refused.labels(door="http", reason=code).inc()
            made = problem(answer.status, code, answer.reason.lower())
            made.headers.update({name: answer.headers[name] for name in ("Allow",) if name in answer.headers})
            return made
        except Fault as fault:
            if isinstance(fault, BadInput):
                metrics.refused.labels(door="http", reason=fault.code).inc()
            log().warning("fault", fault=type(fault).__name__, detail=str(fault))
            return problem(fault.http_status, fault.code, str(fault))
        except WalletFault as fault:
            log().warning("fault", fault=type(fault).__name__, detail=str(fault))
            return problem(503, "ledger_unavailable", "the ledger does not answer; try again")
        except Exception:  # noqa: BLE001 - the boundary of a request: the caller gets no trace, we get it all
            log().exception("unhandled")
            return problem(500, "internal", "something went wrong on our side")

    return middleware


@web.middleware
async def body_cap(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a body that says it is too long before a byte of it is read; aiohttp's own cap watches the rest."""
    most = request.app.get(LARGE_BODIES, {}).get(request.path, BODY_BYTES_MAX)
    if request.content_length is not None and request.content_length > most:
        raise web.HTTPRequestEntityTooLarge(max_size=most, actual_size=request.content_length)
    return await handler(request)


async def security_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Put the default headers on a response that has not set its own."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "tapdial"
    request_id = request.get(REQUEST_ID)
    if request_id is not None:
        response.headers["X-Request-Id"] = request_id


def route_template(request: web.Request) -> str:
    """The route as it was declared, `/ussd/africastalking/{secret}`; `unmatched` where there is none."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unmatched"


def _code(answer: web.HTTPException) -> str:
    """A stable name for an HTTP error: its reason phrase, as `not_found`."""
    return answer.reason.lower().replace(" ", "_")


def problem(status: int, code: str, title: str) -> web.Response:
    """A problem+json answer. `title` is safe to show.

    Source: RFC 9457.
    """
    return web.json_response(
        {"type": "about:blank", "title": title, "status": status, "code": code},
        status=status,
        content_type="application/problem+json",
    )


__all__ = [
    "BODY_BYTES_MAX",
    "HEADERS",
    "REQUEST_ID",
    "access_log",
    "body_cap",
    "error_boundary",
    "new_application",
    "problem",
    "request_ids",
    "route_template",
    "security_headers",
]
