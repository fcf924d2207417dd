"""The runner of the HTTP doors, over a real socket."""

import gzip

import aiohttp
from aiohttp import web

from gateway.channels.runner import HttpRunner
from gateway.observe import Metrics


async def test_a_body_that_says_it_is_compressed_is_not_unpacked() -> None:
    taken: list[bytes] = []

    async def take(request: web.Request) -> web.Response:
        taken.append(await request.read())
        return web.Response()

    app, packed = web.Application(), gzip.compress(b"0" * 10_000_000)
    app.router.add_post("/", take)
    runner = HttpRunner(app, Metrics(), shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"http://127.0.0.1:{port}/", data=packed, headers={"Content-Encoding": "gzip"}) as answer,
        ):
            assert answer.status == 200
    finally:
        await runner.cleanup()

    assert taken == [packed]
