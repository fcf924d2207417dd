"""Signing in by phone through the pages: a code on both screens, no password, and nothing told to strangers."""

from dataclasses import replace

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpClient

from gateway.channels.console import console_app
from gateway.channels.console.guard import COOKIE
from gateway.channels.console.pages import phone_sign_in
from gateway.channels.console.pages.phone_sign_in import COOKIE as HANDLE
from tests.gateway.channels.console.conftest import Client, Desk
from tests.gateway.channels.console.world import PASSWORD, World


async def token_of(world: World, username: str) -> str:
    """A sign-in as the service would open it."""
    return (await world.staff.sign_in(username, PASSWORD, world.code(username), "")).token


async def test_a_member_signs_in_by_phone_when_it_has_signed(client: Client, world: World) -> None:
    desk = Desk(client)
    assert "sign in with your phone" in (await desk.get("/sign-in"))[1]
    fields: dict[str, str | list[str]] = {"username": "treasurer"}
    answer = await desk.ask("POST", "/sign-in/phone", {"Origin": desk.origin}, fields)
    body = await answer.text()
    assert "TXN-3D5K" in body
    assert "handle-1" not in body
    kept = answer.cookies[HANDLE]
    assert (kept["path"], kept["samesite"], bool(kept["secure"]), bool(kept["httponly"])) == ("/", "Strict", True, True)
    scripted = {"Origin": desk.origin, "HX-Request": "true"}
    assert (await desk.ask("POST", "/sign-in/phone/finish", scripted, {})).status == 204

    world.phone_sign_ins.tokens["handle-1"] = await token_of(world, "treasurer")
    finished = await desk.ask("POST", "/sign-in/phone/finish", scripted, {})

    assert (finished.status, finished.headers["HX-Redirect"]) == (200, "/console/")
    assert finished.cookies[COOKIE]["httponly"]
    assert desk.cookies[HANDLE] == "", "the handle is used up"
    assert "Tara Treasurer" in (await desk.get("/"))[1]
    assert world.phone_sign_ins.remotes[-1] == "127.0.0.1", "from where is kept with the sign-in"


async def test_a_browser_without_scripts_presses_a_button(client: Client, world: World) -> None:
    desk = Desk(client)
    await desk.post("/sign-in/phone", username="treasurer")
    status, body = await desk.post("/sign-in/phone/finish")
    assert (status, "TXN-3D5K" in body, "has not signed yet" in body) == (200, True, True)

    world.phone_sign_ins.tokens["handle-1"] = await token_of(world, "treasurer")

    assert await desk.post("/sign-in/phone/finish") == (303, "/console/")


async def test_a_name_of_nobody_is_answered_as_any_other(client: Client, world: World) -> None:
    known, unknown = [
        await Desk(client).post("/sign-in/phone", username=username) for username in ("treasurer", "nobody")
    ]

    assert known == unknown
    assert world.phone_sign_ins.started == ["treasurer", "nobody"]


async def test_a_locked_name_is_told_as_with_passwords(client: Client, world: World) -> None:
    world.phone_sign_ins.wait_s = 30

    status, body = await Desk(client).post("/sign-in/phone", username="treasurer")

    assert (status, "Wait 30 seconds" in body) == (401, True)


async def test_an_address_that_starts_too_many_waits(
    world: World, aiohttp_client: AiohttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phone_sign_in, "STARTS_PER_ADDRESS", 2)
    root = web.Application()
    root.add_subapp("/console", console_app(world.deps))
    desk = Desk(await aiohttp_client(root))
    said = [await desk.post("/sign-in/phone", username=name) for name in ("treasurer", "nobody", "treasurer")]

    assert [status for status, _ in said] == [200, 200, 401]
    assert "Wait 600 seconds" in said[-1][1]
    assert world.phone_sign_ins.started == ["treasurer", "nobody"]


async def test_a_phone_that_never_signs_ends_the_asking(client: Client, world: World) -> None:
    desk = Desk(client)
    await desk.post("/sign-in/phone", username="treasurer")
    world.phone_sign_ins.over = True

    scripted = await desk.ask("POST", "/sign-in/phone/finish", {"Origin": desk.origin, "HX-Request": "true"}, {})

    assert (scripted.status, "No signature came" in await scripted.text()) == (286, True)
    status, body = await desk.post("/sign-in/phone/finish")
    assert (status, "No signature came" in body) == (401, True)


async def test_neither_another_page_nor_a_stranger_finishes_it(client: Client, world: World) -> None:
    world.phone_sign_ins.tokens["handle-1"] = await token_of(world, "treasurer")
    desk, thief = Desk(client), Desk(client)
    await desk.post("/sign-in/phone", username="treasurer")

    foreign = await desk.ask("POST", "/sign-in/phone/finish", {"Origin": "https://evil.example"}, {})

    assert foreign.status == 403
    assert (await thief.post("/sign-in/phone/finish"))[0] == 401
    assert (await Desk(client).post("/sign-in/phone", username=""))[0] == 401


async def test_without_a_signature_service_there_is_no_such_way(world: World, aiohttp_client: AiohttpClient) -> None:
    root = web.Application()
    root.add_subapp("/console", console_app(replace(world.deps, phone_sign_ins=None)))
    desk = Desk(await aiohttp_client(root))

    assert "sign in with your phone" not in (await desk.get("/sign-in"))[1]
    assert (await desk.post("/sign-in/phone", username="treasurer"))[0] == 404
    assert (await desk.post("/sign-in/phone/finish"))[0] == 404
