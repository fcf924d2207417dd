"""The yardstick of bench/ussd.py: a bare aiohttp handler that reads the form and answers a page; `… PORT`."""

import asyncio
import sys

from aiohttp import web

PATH = "/ussd/africastalking"


async def handle(request: web.Request) -> web.Response:
    """No session, no store, no menus."""
    form = await request.post()
    page = f"CON {form['phoneNumber']!s}\n1. Balance\n0. Exit"
    return web.Response(text="END Reference 1" if str(form["text"]).count("*") == 3 else page)


async def main(port: int) -> None:
    """Listen until killed."""
    app = web.Application()
    app.router.add_post(PATH, handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
