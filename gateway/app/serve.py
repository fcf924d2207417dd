"""One gateway process: doors open, links and loops running, until it is told to stop."""

import asyncio
import contextlib
import signal
from collections.abc import Iterator

from aiohttp import web

from gateway.app import doors
from gateway.app.building import built
from gateway.app.house import House
from gateway.app.loops import Loops
from gateway.channels.nfc import Listener
from gateway.channels.runner import HttpRunner
from gateway.errors import SettingsFault
from gateway.observe import log, set_up_logging
from gateway.settings import PREFIX, Settings
from wallet.clock import SystemClock


async def serve(settings: Settings, stop: asyncio.Event | None = None) -> None:
    """Run until `stop` is set, or SIGTERM or SIGINT comes; then finish what is in hand within `settings.stop_s`."""
    set_up_logging(settings.log_level)
    stop = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with built(settings, SystemClock()) as house:
        try:
            await _run(house, stop)
        except ExceptionGroup as group:
            # A group of one says no more than its one.
            raise group.exceptions[0] if len(group.exceptions) == 1 else group from None


class _Stopped(Exception):
    """Everything in hand is finished, or its time is over: what is left of the task group is cancelled."""


async def _run(house: House, stop: asyncio.Event) -> None:
    try:
        async with asyncio.TaskGroup() as tasks:
            loops = Loops(house)
            opened = doors.build(house, tasks, loops.links)
            await _work(house, opened, loops, tasks, stop)
            raise _Stopped  # noqa: TRY301 - the only way to cancel what is left of a task group
    except* _Stopped:
        log(part="gateway").info("stopped")


async def _work(house: House, opened: doors.Doors, loops: Loops, tasks: asyncio.TaskGroup, stop: asyncio.Event) -> None:
    settings = house.settings
    if not settings.database_url:
        # Nobody else uses an embedded store: whoever held a lease is dead.
        await house.outbox.take_over()
        await house.messages.take_over()
    # Before anybody can dial: who begins now begins on what is released.
    await opened.menus.tick()
    runner = HttpRunner(opened.http, house.metrics, shutdown_timeout=settings.stop_s)
    await runner.setup()
    with _naming("http_port", settings.http_port):
        await web.TCPSite(runner, settings.http_host, settings.http_port).start()
    await opened.terminals.start(_busy)
    if settings.mail_ingress_port:
        with _naming("mail_ingress_port", settings.mail_ingress_port):
            await opened.letters.start(settings.mail_ingress_host, settings.mail_ingress_port)
    loops.start(tasks, opened.dialogues, opened.linked, opened.menus, opened.terminals)
    opened.ready.set()
    log(part="gateway").info("ready", http_port=settings.http_port, iso8583_ports=opened.terminals.ports)
    await stop.wait()
    opened.ready.clear()
    log(part="gateway").info("stopping")
    # Doors first, so that nothing new comes; then links and loops; the stores commit what waits when they close.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(settings.stop_s):
            await opened.letters.stop(settings.stop_s)
            await opened.terminals.stop(settings.stop_s)
            await runner.cleanup()
            loops.stop()
            while opened.hops.in_hand or opened.clerk.in_hand or not loops.done:  # noqa: ASYNC110 - facts, at the very end
                await asyncio.sleep(0.02)
            await loops.close()


def _busy(listener: Listener, problem: OSError) -> SettingsFault:
    """What is said of a terminals' port that cannot be had."""
    setting = f"{PREFIX}ISO8583_PORT or the file in {PREFIX}ISO8583_LISTENERS_FILE"
    return SettingsFault(f"cannot listen on port {listener.port} ({problem.strerror}); move it with {setting}")


@contextlib.contextmanager
def _naming(setting: str, port: int) -> Iterator[None]:
    """Name the setting that moves a port which cannot be had."""
    try:
        yield
    except OSError as problem:
        reason = f"cannot listen on port {port} ({problem.strerror})"
        raise SettingsFault(f"{reason}; move it with {PREFIX}{setting.upper()}") from problem
