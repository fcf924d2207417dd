"""The registry's client against a registry of the tests' own: answers, nonsense, silence."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpServer

from gateway.errors import PeerUnavailable
from gateway.peers.registry import HttpRegistry, RegistryAnswer

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
GOOD = {"match": True, "name": "Leila Rahimi", "name_fa": "لیلا رحیمی"}


async def _client(aiohttp_server: AiohttpServer, handler: Handler, timeout_s: float = 2.0) -> HttpRegistry:
    app = web.Application()
    app.router.add_post("/match", handler)
    server = await aiohttp_server(app)
    return HttpRegistry(str(server.make_url("/")), timeout_s)


async def test_the_registry_is_asked_with_both_numbers(aiohttp_server: AiohttpServer) -> None:
    asked: list[object] = []

    async def handler(request: web.Request) -> web.Response:
        asked.append(await request.json())
        return web.json_response(GOOD)

    async with await _client(aiohttp_server, handler) as registry:
        answer = await registry.match("+989120000005", "0123456703")

    assert answer == RegistryAnswer(match=True, name="Leila Rahimi", name_fa="لیلا رحیمی")
    assert asked == [{"msisdn": "+989120000005", "national_number": "0123456703"}]


async def test_a_busy_registry_is_asked_again(aiohttp_server: AiohttpServer) -> None:
    statuses = [503, 429, 200]

    async def handler(_request: web.Request) -> web.Response:
        status = statuses.pop(0)
        return web.json_response(GOOD, status=status)

    async with await _client(aiohttp_server, handler) as registry:
        assert (await registry.match("+989120000005", "0123456703")).match

    assert statuses == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[]", 200),
        (b"{", 200),
        (b'{"match": "yes"}', 200),
        (b'{"name": "X"}', 200),
        (b'{"match": true, "name": "' + b"x" * 9_000 + b'"}', 200),
        (b"\xff\xfe", 200),
        (b"{}", 400),
        (b"{}", 500),
        (b"{}", 302),
        (b"{}", 503),
    ],
)
async def test_an_answer_that_makes_no_sense_is_a_fault_that_names_nobody(
    aiohttp_server: AiohttpServer, body: bytes, status: int
) -> None:
    async def handler(_request: web.Request) -> web.Response:
        return web.Response(body=body, status=status, content_type="application/json")

    async with await _client(aiohttp_server, handler) as registry:
        with pytest.raises(PeerUnavailable) as raised:
            await registry.match("+989120000005", "0123456703")

    assert "0123456703" not in str(raised.value)
    assert "989120000005" not in str(raised.value)


async def test_a_silent_registry_is_given_up_in_time(aiohttp_server: AiohttpServer) -> None:
    async def handler(_request: web.Request) -> web.Response:
        await asyncio.sleep(1)
        return web.json_response(GOOD)

    async with await _client(aiohttp_server, handler, timeout_s=0.1) as registry:
        with pytest.raises(PeerUnavailable):
            async with asyncio.timeout(0.8):
                await registry.match("+989120000005", "0123456703")


async def test_no_registry_at_all_is_a_fault(unused_tcp_port: int) -> None:
    async with HttpRegistry(f"http://127.0.0.1:{unused_tcp_port}", 1.0) as registry:
        with pytest.raises(PeerUnavailable):
            await registry.match("+989120000005", "0123456703")
