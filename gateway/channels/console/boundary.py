"""The edge of the console: security headers on every answer, and a friendly page with a reference for every fault."""

import secrets
from zoneinfo import ZoneInfo

from aiohttp import web
from aiohttp.typedefs import Handler

from gateway.channels.console.deps import DEPS
from gateway.channels.console.guard import VISIT
from gateway.channels.console.visit import PREFIX, Visit, render
from gateway.channels.console.words import Words
from gateway.errors import Fault
from gateway.observe import log
from wallet.errors import WalletFault

POLICY = "Content-Security-Policy"
OWN_POLICY = web.RequestKey("own_policy", str)
"""Where a request keeps the policy that its page has set itself, a stricter one."""
HEADERS = {
    POLICY: ("default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_LOG = log(part="console")
_KNOWN = {400, 403, 404, 405, 409, 413, 429, 503}


@web.middleware
async def boundary(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Nothing gets past here as an exception; a stack trace goes to the log only, under the reference shown."""
    try:
        response = await handler(request)
    except web.HTTPException as problem:
        if problem.status < 400:
            raise
        response = _page(request, problem.status, "")
    except (Fault, WalletFault) as problem:
        response = _faulty(request, problem)
    except Exception as problem:  # noqa: BLE001  - a request's boundary: logged, counted, answered
        reference = secrets.token_hex(5)
        _LOG.error("console_failed", reference=reference, route=_route(request), exc_info=problem)
        request.app[DEPS].metrics.refused.labels("console", "bug").inc()
        response = _page(request, 500, reference)
    # What the house puts onto every answer comes later, so what is here now is the page's own.
    request[OWN_POLICY] = response.headers.get(POLICY, "")
    return response


async def headers(request: web.Request, response: web.StreamResponse) -> None:
    """Security headers on every answer, streamed ones too; only files with their content in the address are kept."""
    response.headers.update(HEADERS)
    if own := request.get(OWN_POLICY, ""):
        response.headers[POLICY] = own
    kept = request.path.startswith(f"{PREFIX}/static/") and response.status == 200
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if kept else "no-store"


def _faulty(request: web.Request, problem: Fault | WalletFault) -> web.Response:
    reference = secrets.token_hex(5)
    status = problem.http_status if isinstance(problem, Fault) else 503
    code = problem.code if isinstance(problem, Fault) else type(problem).__name__
    request.app[DEPS].metrics.refused.labels("console", code).inc()
    _LOG.warning("console_fault", reference=reference, route=_route(request), fault=code, reason=str(problem))
    return _page(request, status, reference)


def _page(request: web.Request, status: int, reference: str) -> web.Response:
    deps = request.app[DEPS]
    visit = request.get(VISIT)
    if visit is None:
        visit = Visit(request, deps, Words("en", ZoneInfo(deps.settings.zone)), "", None)
    key = f"errors.e{status}" if status in _KNOWN else "errors.e500"
    return render(visit, "error.jinja", {"message": key, "reference": reference, "told": None}, status)


def _route(request: web.Request) -> str:
    """The route's template, never the path: ids of people stay out of the log."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "unknown"
