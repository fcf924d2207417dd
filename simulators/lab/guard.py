"""Who may use the lab: a browser on this machine, from the lab's own page. The lab shows what is on the wires."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse other hosts (a name that an attacker points at 127.0.0.1) and POSTs from other pages; add the headers."""
    problem = _problem(request)
    if problem:
        return web.Response(status=403, text=problem, headers=HEADERS)
    try:
        response = await handler(request)
    except web.HTTPException as refusal:
        refusal.headers.update(HEADERS)
        raise
    response.headers.update(HEADERS)
    if request.path.startswith("/static/"):
        response.headers["Cache-Control"] = "max-age=3600"
    return response


def _problem(request: web.Request) -> str:
    try:
        own = urlsplit(f"http://{request.host}").hostname
    except ValueError:
        return "malformed Host"
    if own not in LOOPBACK:
        return "the lab is for this machine only"
    if request.method not in ("GET", "HEAD") and request.headers.get("Origin") != f"http://{request.host}":
        return "this request does not come from the lab's page"
    return ""
