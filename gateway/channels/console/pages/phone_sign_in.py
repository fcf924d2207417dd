"""Signing in by phone: a user name, a code on both screens, a signature; the password stays for those who want it."""

from typing import assert_never

from aiohttp import web
from pydantic import Field

from gateway.channels.console import guard
from gateway.channels.console.forms import Form, FormProblems
from gateway.channels.console.routes import PUBLIC, Route, post
from gateway.channels.console.visit import PREFIX, Visit
from gateway.channels.limiter import Limiter
from gateway.errors import NotFound
from gateway.observe import log
from gateway.services.signing import FinishOutcome

COOKIE = "__Host-tapdial-phone"
"""The handle of a sign-in by phone: whoever has it gets the sign-in, so no script and no address ever sees it."""
WAIT_S = 180
STARTS: web.AppKey[Limiter] = web.AppKey("phone_sign_in_starts", Limiter)
"""How often an address may start one; each name has its own bound besides (see Staff)."""
STARTS_PER_ADDRESS = 300
"""In ten minutes, as many people share one address of an office."""
_SEPARATOR = "~"
_LOG = log(part="console")


class Name(Form):
    """Whose phone."""

    username: str = Field(min_length=1, max_length=100)


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        post("/sign-in/phone", start, PUBLIC),
        post("/sign-in/phone/finish", finish, PUBLIC),
    ]


async def start(visit: Visit) -> web.StreamResponse:
    """Ask the phone of this member, if there is one; whether there is shows nowhere."""
    if visit.deps.phone_sign_ins is None:
        raise NotFound("sign-in by phone")
    form = visit.form(Name)
    if isinstance(form, FormProblems):
        return _door(visit, visit.words.t("sign_in.wrong"))
    remote = visit.request.remote or ""
    if wait_s := visit.request.app[STARTS].take(remote):
        _LOG.warning("sign_in_by_phone_limited", remote=remote)
        return _door(visit, visit.words.t("sign_in.locked", seconds=wait_s), form.username)
    started = await visit.deps.phone_sign_ins.start_sign_in(form.username, remote)
    if started.wait_s:
        return _door(visit, visit.words.t("sign_in.locked", seconds=started.wait_s), form.username)
    response = visit.page("sign_in_phone.jinja", code=started.code, early=False)
    kept = f"{started.handle}{_SEPARATOR}{started.code}"
    response.set_cookie(COOKIE, kept, path="/", secure=True, httponly=True, samesite="Strict", max_age=WAIT_S)
    return response


async def finish(visit: Visit) -> web.StreamResponse:
    """The sign-in when the phone has signed. A page asks every two seconds, a browser without scripts by a button."""
    if visit.deps.phone_sign_ins is None:
        raise NotFound("sign-in by phone")
    handle, _, code = visit.request.cookies.get(COOKIE, "").partition(_SEPARATOR)
    finished = await visit.deps.phone_sign_ins.finish_sign_in(handle, visit.request.remote or "")
    scripted = "HX-Request" in visit.request.headers
    match finished.outcome:
        case FinishOutcome.OK:
            if visit.token:
                await visit.deps.staff.sign_out(visit.token)
            # htmx follows a redirect into the part that it renews; this header takes the whole page there.
            response = web.Response(headers={"HX-Redirect": f"{PREFIX}/"}) if scripted else visit.go("/")
            guard.set_sign_in(response, finished.token)
            return _forgotten(response)
        case FinishOutcome.WAITING:
            return web.Response(status=204) if scripted else visit.page("sign_in_phone.jinja", code=code, early=True)
        case FinishOutcome.FAILED:
            told = visit.words.t("sign_in.phone_failed")
            if scripted:
                return _forgotten(visit.page("sign_in_failed.jinja", status=286, refusal=told))
            return _forgotten(_door(visit, told))
        case unreachable:
            assert_never(unreachable)


def _forgotten(response: web.Response) -> web.Response:
    response.del_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="Strict")
    return response


def _door(visit: Visit, refusal: str, username: str = "") -> web.Response:
    return visit.page("sign_in.jinja", status=401, username=username, refusal=refusal)
