"""Signing in and out through the pages."""

from datetime import timedelta

import pytest

from gateway.channels.console.guard import COOKIE
from tests.gateway.channels.console.conftest import Client, Desk, SignIn
from tests.gateway.channels.console.world import PASSWORD, World


async def test_the_cookie_is_bound_to_the_host_and_out_of_reach_of_scripts(client: Client, world: World) -> None:
    desk = Desk(client)
    fields: dict[str, str | list[str]] = {"username": "officer", "password": PASSWORD, "totp": world.code("officer")}
    answer = await desk.ask("POST", "/sign-in", {"Origin": desk.origin}, fields)

    cookie = answer.cookies[COOKIE]
    assert COOKIE.startswith("__Host-")
    assert (cookie["path"], cookie["samesite"], cookie["domain"]) == ("/", "Strict", "")
    assert cookie["secure"]
    assert cookie["httponly"]


async def test_signing_out_ends_the_sign_in_in_the_store_too(signed_in: SignIn) -> None:
    desk = await signed_in("officer")
    kept = dict(desk.cookies)
    assert await desk.post("/sign-out") == (303, "/console/sign-in")

    desk.cookies = kept
    assert (await desk.get("/"))[0] == 303


@pytest.mark.parametrize(
    ("username", "password", "code"),
    [
        ("officer", "wrong password", None),
        ("officer", PASSWORD, "000000"),
        ("nobody", PASSWORD, None),
        ("officer", PASSWORD, "letters"),
        ("", "", ""),
        ("\u0000", PASSWORD, None),
        ("o" * 101, PASSWORD, None),
    ],
)
async def test_whatever_is_wrong_the_answer_is_the_same(
    client: Client, world: World, username: str, password: str, code: str | None
) -> None:
    given = world.code("officer") if code is None else code
    status, body = await Desk(client).post("/sign-in", username=username, password=password, totp=given)
    assert status == 401
    assert "User name, password or code is not right." in body
    assert not password or password not in body


async def test_a_used_code_is_refused_in_words_and_the_next_one_works(signed_in: SignIn, world: World) -> None:
    desk = await signed_in("officer")
    await desk.post("/sign-out")

    again = {"username": "officer", "password": PASSWORD}
    status, body = await desk.post("/sign-in", **again, totp=world.code("officer"))
    assert (status, "This code has been used" in body) == (401, True)

    world.clock.advance(timedelta(seconds=30))
    persian = world.code("officer").translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
    assert (await desk.post("/sign-in", **again, totp=persian))[0] == 303


async def test_five_failures_lock_and_say_for_how_long(client: Client, world: World) -> None:
    desk = Desk(client)
    for _ in range(5):
        await desk.post("/sign-in", username="officer", password="wrong password", totp="000000")
    status, body = await desk.post("/sign-in", username="officer", password=PASSWORD, totp=world.code("officer"))
    assert (status, "Wait 30 seconds" in body) == (401, True)


async def test_a_sign_in_without_use_ends(signed_in: SignIn, world: World) -> None:
    desk = await signed_in("officer")
    world.clock.advance(timedelta(seconds=3601))
    assert (await desk.get("/"))[0] == 303


@pytest.mark.parametrize(
    ("language", "trial_balance", "password"),
    [("fa", "تراز آزمایشی", "گذرواژه"), ("ar", "ميزان المراجعة", "كلمة المرور")],
)
async def test_the_language_is_kept_and_persian_and_arabic_read_from_the_right(
    signed_in: SignIn, language: str, trial_balance: str, password: str
) -> None:
    desk = await signed_in("finance")
    assert '<html lang="en" dir="ltr">' in (await desk.get("/"))[1]
    assert (await desk.post("/language", language=language))[0] == 303

    status, body = await desk.get("/ledger")
    assert (status, f'<html lang="{language}" dir="rtl">' in body, trial_balance in body) == (200, True, True)
    await desk.post("/sign-out")
    assert password in (await desk.get("/sign-in"))[1]
    assert (await desk.post("/language", language="xx"))[0] == 400


async def test_the_browser_s_language_is_the_first_guess(client: Client) -> None:
    _, body = await Desk(client).get("/sign-in", **{"Accept-Language": "de-DE,fr;q=0.9,en;q=0.5"})
    assert "Se connecter" in body


async def test_changing_the_language_leads_back_to_the_same_page_and_to_no_other_site(signed_in: SignIn) -> None:
    desk = await signed_in("finance")
    for referrer, back in [
        (f"{desk.origin}/console/ledger/journal?before=5", "/console/ledger/journal"),
        ("https://evil.example/console/ledger", "/console/"),
    ]:
        fields: dict[str, str | list[str]] = {"csrf": desk.csrf, "language": "en"}
        answer = await desk.ask("POST", "/language", {"Origin": desk.origin, "Referer": referrer}, fields)
        assert answer.headers["Location"] == back
