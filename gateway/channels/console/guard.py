"""Who may come in: the sign-in cookie, the origin and CSRF token of every POST, the roles of every route."""

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from aiohttp import web

from gateway.channels.console.deps import DEPS
from gateway.channels.console.forms import CSRF_FIELD, body_fields
from gateway.channels.console.routes import PUBLIC, Route
from gateway.channels.console.uploads import form_with_file
from gateway.channels.console.visit import PREFIX, Visit
from gateway.channels.console.words import Words
from gateway.errors import NotAllowed
from gateway.languages import LANGUAGES
from gateway.observe import log
from gateway.services.staff import StaffMember

COOKIE = "__Host-tapdial"
"""RFC 6265bis §4.1.3.2: Secure, Path=/ and no Domain. Browsers take it from https and from http on loopback."""
LANGUAGE_COOKIE = "__Host-tapdial-language"
"""The language of somebody who is not signed in yet; no secret."""
VISIT = web.RequestKey("visit", Visit)
UPLOAD_BYTES_MAX = 64 * 1024 * 1024
_LOG = log(part="console")


def set_sign_in(response: web.StreamResponse, token: str) -> None:
    """Give the browser its sign-in; gone when the browser closes."""
    response.set_cookie(COOKIE, token, path="/", secure=True, httponly=True, samesite="Strict")


def forget_sign_in(response: web.StreamResponse) -> None:
    """Take it back."""
    response.del_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="Strict")


def csrf_of(token: str) -> str:
    """The CSRF token of a sign-in: follows from its secret token, so it is stored nowhere and dies with it."""
    return hmac.digest(token.encode("utf-8", "replace"), b"tapdial console csrf", hashlib.sha256).hex() if token else ""


def guarded(route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The aiohttp handler of this route: lets in who may, then runs the page's own handler."""

    async def handle(request: web.Request) -> web.StreamResponse:
        visit = await _enter(request)
        request[VISIT] = visit
        if route.roles != PUBLIC:
            if visit.member is None:
                return _to_sign_in(request)
            if not visit.may(*route.roles):
                _LOG.warning("console_refused", staff_id=visit.member.id, route=route.path)
                raise NotAllowed("role")
        if request.method == "POST":
            visit = await _checked_post(visit, takes_file=route.takes_file)
            request[VISIT] = visit
        try:
            return await route.handler(visit)
        finally:
            if visit.file is not None:
                visit.file.close()

    return handle


async def _enter(request: web.Request) -> Visit:
    deps = request.app[DEPS]
    token = request.cookies.get(COOKIE, "")
    member = await deps.staff.whoami(token) if token else None
    words = Words(_language(request, member), ZoneInfo(deps.settings.zone))
    token = token if member else ""
    return Visit(request, deps, words, csrf_of(token), member, token)


async def _checked_post(visit: Visit, *, takes_file: bool) -> Visit:
    if not _same_origin(visit.request):
        raise NotAllowed("origin")
    if takes_file:
        fields, file, name = await form_with_file(
            visit.request, UPLOAD_BYTES_MAX, lambda given: _csrf_right(given, visit.csrf)
        )
        return replace(visit, fields=fields, file=file, file_name=name)
    fields = await body_fields(visit.request)
    if visit.member is not None and not _csrf_right(fields, visit.csrf):
        raise NotAllowed("csrf")
    return replace(visit, fields=fields)


def _same_origin(request: web.Request) -> bool:
    """Whether the POST comes from a page of this host. A browser always says where a POST comes from."""
    origin = urlsplit(request.headers.get("Origin", ""))
    return origin.scheme in {"http", "https"} and origin.netloc.lower() == request.host.lower()


def _csrf_right(fields: Mapping[str, Sequence[str]], expected: str) -> bool:
    given = fields.get(CSRF_FIELD, ())
    return len(given) == 1 and hmac.compare_digest(given[0].encode("utf-8", "replace"), expected.encode())


def _language(request: web.Request, member: StaffMember | None) -> str:
    """The member's, else the cookie's, else the first of the browser's that we have, else English."""
    wanted = [member.language] if member else []
    wanted.append(request.cookies.get(LANGUAGE_COOKIE, ""))
    accepted = request.headers.get("Accept-Language", "")[:200].split(",")
    wanted += [tag.split(";")[0].strip().split("-")[0].lower() for tag in accepted]
    return next((language for language in wanted if language in LANGUAGES), "en")


def _to_sign_in(request: web.Request) -> web.Response:
    """Leads to the sign-in; a part of a page that htmx asked for takes the whole page there."""
    address = f"{PREFIX}/sign-in"
    if request.headers.get("HX-Request"):
        return web.Response(status=401, headers={"HX-Redirect": address})
    return web.Response(status=303, headers={"Location": address})
