"""Calls to providers that take pages by a request of ours, against a real server."""

import asyncio

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpServer

from gateway.channels.ussd.wire import Outbound
from gateway.errors import PeerUnavailable
from gateway.peers.ussd import HttpPoster, poster

PAGE = Outbound("صفحه".encode(), "text/xml; charset=utf-8", headers={"SOAPAction": '""'})


class Provider:
    """Answers with the statuses of a list, one a call, then 200."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.taken: list[tuple[str, str, str]] = []

    async def take(self, request: web.Request) -> web.Response:
        self.taken.append((await request.text(), request.content_type, request.headers["SOAPAction"]))
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 0:
            await asyncio.sleep(1)
        return web.Response(status=status or 200)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poster, "PAUSE_S", 0.01)
    monkeypatch.setattr(poster, "CALL_S", 0.3)


@pytest.mark.parametrize(("statuses", "calls"), [((), 1), ((202,), 1), ((500, 200), 2), ((503, 0), 3)])
async def test_a_page_is_sent_until_it_is_taken(
    statuses: tuple[int, ...], calls: int, aiohttp_server: AiohttpServer
) -> None:
    provider = Provider(*statuses)
    app = web.Application()
    app.router.add_post("/ussd", provider.take)
    server = await aiohttp_server(app)

    async with HttpPoster() as sender:
        await sender.post(str(server.make_url("/ussd")), PAGE)

    assert provider.taken == [("صفحه", "text/xml", '""')] * calls


async def test_a_page_that_nobody_takes_is_given_up_without_its_words(aiohttp_server: AiohttpServer) -> None:
    app = web.Application()
    app.router.add_post("/ussd", Provider(500, 302, 404).take)
    server = await aiohttp_server(app)

    async with HttpPoster() as sender:
        with pytest.raises(PeerUnavailable) as refused:
            await sender.post(str(server.make_url("/ussd")), PAGE)

    assert str(refused.value) == "the provider takes no page: status 404"
