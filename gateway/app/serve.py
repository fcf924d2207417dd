"""One gateway process: doors open, links and loops running, until it is told to stop."""

import asyncio
import contextlib
import signal

from aiohttp import web

from gateway.app import doors
from gateway.app.house import House, built
from gateway.app.loops import Loops
from gateway.observe import log, set_up_logging
from gateway.settings import Settings
from wallet.clock import SystemClock


async def serve(settings: Settings, stop: asyncio.Event | None = None) -> None:
    """Run until `stop` is set, or SIGTERM or SIGINT comes; then finish what is in hand within `settings.stop_s`."""
    set_up_logging(settings.log_level)
    stop = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with built(settings, SystemClock()) as house:
        await _run(house, stop)


async def _run(house: House, stop: asyncio.Event) -> None:
    settings = house.settings
    async with asyncio.TaskGroup() as tasks:
        loops = Loops(house)
        opened = doors.build(house, tasks, loops.links)
        if not settings.database_url:
            # Nobody else uses an embedded store: whoever held a lease is dead.
            await house.outbox.take_over()
        runner = web.AppRunner(opened.http, access_log=None, shutdown_timeout=settings.stop_s)
        await runner.setup()
        await web.TCPSite(runner, settings.http_host, settings.http_port).start()
        await opened.terminals.start(settings.iso8583_host, settings.iso8583_port)
        loops.start(tasks, opened.dialogues)
        opened.ready.set()
        log(part="gateway").info("ready", http_port=settings.http_port, iso8583_port=settings.iso8583_port)
        await stop.wait()
        opened.ready.clear()
        log(part="gateway").info("stopping")
        # Doors first, so that nothing new comes; then links and loops; the stores commit what waits when they close.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(settings.stop_s):
                await opened.terminals.stop(settings.stop_s)
                await runner.cleanup()
        loops.stop()
