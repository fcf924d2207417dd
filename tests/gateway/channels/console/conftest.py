"""The console over real HTTP, and a browser of few words for it."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import ClientResponse, DummyCookieJar, FormData, web
from aiohttp.test_utils import TestClient
from pytest_aiohttp.plugin import AiohttpClient

from gateway.channels.console import console_app
from tests.gateway.channels.console.world import PASSWORD, STAFF, World, opened
from wallet.clock import ManualClock

Client = TestClient[web.Request, web.Application]


class Desk:
    """One browser: keeps its cookies by hand, because the sign-in cookie is Secure and the tests speak plain HTTP."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.cookies: dict[str, str] = {}
        self.csrf = ""
        self.origin = f"http://{client.host}:{client.port}"

    async def get(self, path: str, **headers: str) -> tuple[int, str]:
        answer = await self.ask("GET", path, headers)
        return answer.status, await answer.text()

    async def post(self, path: str, **fields: str | list[str]) -> tuple[int, str]:
        """Status and body; for a redirect the address instead of the body."""
        answer = await self.ask("POST", path, {"Origin": self.origin}, {"csrf": self.csrf, **fields})
        return answer.status, answer.headers.get("Location") or await answer.text()

    async def bring(self, path: str, octets: bytes, **fields: str) -> tuple[int, str]:
        """Send a form with a file, as a browser does."""
        form = FormData(default_to_multipart=True)
        for field, value in {"csrf": self.csrf, **fields}.items():
            form.add_field(field, value)
        form.add_field("file", octets, filename="payments.csv", content_type="application/octet-stream")
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = await self.client.post(
            f"/console{path}", data=form, headers={"Cookie": cookies, "Origin": self.origin}, allow_redirects=False
        )
        return answer.status, answer.headers.get("Location") or await answer.text()

    async def ask(
        self, method: str, path: str, headers: dict[str, str], fields: dict[str, str | list[str]] | None = None
    ) -> ClientResponse:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        data = [
            (name, value)
            for name, given in (fields or {}).items()
            for value in (given if isinstance(given, list) else [given])
        ]
        answer = await self.client.request(
            method, f"/console{path}", headers={"Cookie": cookies, **headers}, allow_redirects=False,
            data=data if fields is not None else None,
        )  # fmt: skip
        for name, morsel in answer.cookies.items():
            self.cookies[name] = morsel.value
        body = await answer.text() if answer.content_type == "text/html" else ""
        found = re.search(r'name="csrf" value="([0-9a-f]{64})"', body)
        self.csrf = found.group(1) if found else self.csrf
        return answer


@pytest.fixture
async def world(tmp_path: Path, clock: ManualClock) -> AsyncIterator[World]:
    async with opened(tmp_path, clock, list(STAFF)) as made:
        yield made


@pytest.fixture
async def client(world: World, aiohttp_client: AiohttpClient) -> Client:
    root = web.Application()
    root.add_subapp("/console", console_app(world.deps))
    return await aiohttp_client(root, cookie_jar=DummyCookieJar())


SignIn = Callable[[str], Awaitable[Desk]]


@pytest.fixture
def signed_in(world: World, client: Client) -> SignIn:
    """Signs a member in and hands back their browser."""

    async def sign_in(username: str) -> Desk:
        desk = Desk(client)
        status, where = await desk.post("/sign-in", username=username, password=PASSWORD, totp=world.code(username))
        assert (status, where) == (303, "/console/")
        await desk.get("/")
        return desk

    return sign_in
