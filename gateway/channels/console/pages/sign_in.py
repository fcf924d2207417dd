"""Sign in, sign out, and the language of the console."""

from typing import assert_never
from urllib.parse import urlsplit

from aiohttp import web
from pydantic import Field

from gateway.channels.console import guard
from gateway.channels.console.forms import Digits, Form, FormProblems
from gateway.channels.console.routes import EVERYONE, PUBLIC, Route, get, post
from gateway.channels.console.visit import PREFIX, Visit
from gateway.errors import BadInput
from gateway.languages import PATTERN
from gateway.services.staff import SignInOutcome, SignInResult


class SignInForm(Form):
    """User name, password, and the six digits of the authenticator."""

    username: str = Field(min_length=1, max_length=100)
    password: str = Field(min_length=1, max_length=200)
    totp: Digits = Field(pattern=r"^[0-9]{6}$")


class LanguageForm(Form):
    """One of the console's languages."""

    language: str = Field(pattern=PATTERN)


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get("/sign-in", show, PUBLIC),
        post("/sign-in", sign_in, PUBLIC),
        post("/sign-out", sign_out, EVERYONE),
        post("/language", set_language, PUBLIC),
    ]


async def show(visit: Visit) -> web.StreamResponse:
    """The form, or Today for somebody who is signed in."""
    return visit.go("/") if visit.member else visit.page("sign_in.jinja", username="", refusal=None)


async def sign_in(visit: Visit) -> web.StreamResponse:
    """Check, then lead to Today with the sign-in cookie."""
    form = visit.form(SignInForm)
    if isinstance(form, FormProblems):
        return _again(visit, SignInResult(SignInOutcome.WRONG), "")
    result = await visit.deps.staff.sign_in(form.username, form.password, form.totp, visit.request.remote or "")
    match result.outcome:
        case SignInOutcome.OK:
            if visit.token:
                await visit.deps.staff.sign_out(visit.token)
            response = visit.go("/")
            guard.set_sign_in(response, result.token)
            return response
        case SignInOutcome.WRONG | SignInOutcome.CODE_USED | SignInOutcome.LOCKED | SignInOutcome.DISABLED:
            return _again(visit, result, form.username)
        case unreachable:
            assert_never(unreachable)


async def sign_out(visit: Visit) -> web.StreamResponse:
    """End the sign-in here and in the store."""
    await visit.deps.staff.sign_out(visit.token)
    response = visit.go("/sign-in")
    guard.forget_sign_in(response)
    return response


async def set_language(visit: Visit) -> web.StreamResponse:
    """Remember the language with the member, and in a cookie for the sign-in page; then back to where one was."""
    form = visit.form(LanguageForm)
    if isinstance(form, FormProblems):
        raise BadInput("language")
    if visit.member is not None:
        await visit.deps.staff.set_language(visit.staff.id, form.language)
    response = visit.go(_came_from(visit))
    response.set_cookie(
        guard.LANGUAGE_COOKIE, form.language, path="/", secure=True, httponly=True, samesite="Strict", max_age=31536000
    )
    return response


def _came_from(visit: Visit) -> str:
    """The path of the page that sent the form, if it is a page of the console that can be asked for again."""
    referrer = urlsplit(visit.request.headers.get("Referer", ""))
    here = referrer.netloc == visit.request.host and referrer.path.startswith(f"{PREFIX}/")
    return referrer.path.removeprefix(PREFIX) if here else "/"


def _again(visit: Visit, result: SignInResult, username: str) -> web.Response:
    key = f"sign_in.{result.outcome.value}"
    refusal = visit.words.t(key, seconds=result.wait_s) if result.wait_s else visit.words.t(key)
    return visit.page("sign_in.jinja", status=401, username=username, refusal=refusal)
