"""Kannel's bearerbox and smsbox as processes, configured for an SMSC of ours, with a web server that they call."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
from aiohttp import web

BEARERBOX, SMSBOX = "/usr/sbin/bearerbox", "/usr/sbin/smsbox"  # one package has both
STOP_S = 3.0


@dataclass(slots=True)
class Kannel:
    """An ESME of another house.

    Attributes:
        calls: What Kannel told us by HTTP, as (path, query).
    """

    sendsms_port: int
    web_port: int
    calls: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    async def send(self, text: str, to: str = "989120000001") -> str:
        """An SMS by smsbox's HTTP door, with every delivery report asked for; what the door says."""
        query = {
            "username": "t", "password": "t", "from": "1420", "to": to, "text": text, "charset": "UTF-8",
            "coding": "0" if text.isascii() else "2", "dlr-mask": "31",
            "dlr-url": f"http://127.0.0.1:{self.web_port}/dlr?status=%d&answer=%A",
        }  # fmt: skip
        url = f"http://127.0.0.1:{self.sendsms_port}/cgi-bin/sendsms"
        async with aiohttp.ClientSession() as http, http.get(url, params=query) as response:
            return f"{response.status} {await response.text()}"

    def statuses(self) -> list[int]:
        """Of the delivery reports: 1 delivered, 2 failed, 8 taken by the SMSC, 16 refused by it."""
        return [int(query["status"]) for path, query in self.calls if path == "/dlr"]

    def written(self) -> list[str]:
        """The texts of people's messages."""
        return [query["text"] for path, query in self.calls if path == "/mo"]

    async def answer(self, request: web.Request) -> web.Response:
        """Kannel's call; what is answered to a person's message goes back to them."""
        # A person's text stands in the query in the octets of its charset.
        raw = dict(parse_qsl(request.rel_url.raw_query_string, encoding="latin-1", keep_blank_values=True))
        if "text" in raw:
            raw["text"] = raw["text"].encode("latin-1").decode(raw["charset"] or "utf-8")
        self.calls.append((request.path, raw))
        return web.Response(
            text="پاسخ" if request.path == "/mo" else "", charset="utf-8", headers={"X-Kannel-Coding": "2"}
        )


@asynccontextmanager
async def running(folder: Path, smsc_port: int, **smsc: Any) -> AsyncIterator[Kannel]:  # noqa: ANN401 - its keys
    """Kannel with its files in `folder`, bound to the SMSC at this port; `smsc` are more keys of its smsc group."""
    assert shutil.which(BEARERBOX), "no kannel: run .ci/packages"
    admin, boxes, sendsms, hooks = _ports(4)
    kannel = Kannel(sendsms, hooks)
    config = folder / "kannel.conf"
    config.write_text(_config(folder, smsc_port, (admin, boxes, sendsms, hooks), smsc), "utf-8")
    app = web.Application()
    app.router.add_get("/{what}", kannel.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", hooks).start()
    try:
        async with _process(BEARERBOX, config), _listening(boxes), _process(SMSBOX, config), _listening(sendsms):
            yield kannel
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _process(program: str, config: Path) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        program, "-v", "4", config.name, cwd=config.parent,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            async with asyncio.timeout(STOP_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


@asynccontextmanager
async def _listening(port: int) -> AsyncIterator[None]:
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                break
    yield


def _ports(count: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def _config(folder: Path, smsc_port: int, ports: tuple[int, ...], smsc: dict[str, Any]) -> str:
    admin, boxes, sendsms, hooks = ports
    groups: list[dict[str, Any]] = [
        {
            "group": "core", "admin-port": admin, "admin-password": "rig", "admin-interface": "127.0.0.1",
            "smsbox-port": boxes, "smsbox-interface": "127.0.0.1", "box-allow-ip": "127.0.0.1",
            "log-file": folder / "bearerbox.log", "log-level": 1, "dlr-storage": "internal", "sms-resend-freq": 1,
        },
        {
            "group": "smsc", "smsc": "smpp", "smsc-id": "sim", "host": "127.0.0.1", "port": smsc_port,
            "smsc-username": "kannel", "smsc-password": "hidden", "system-type": '""', "reconnect-delay": 1,
            **({"transceiver-mode": 1} if "receive-port" not in smsc else {}), **smsc,
        },
        {
            "group": "smsbox", "bearerbox-host": "127.0.0.1", "bearerbox-port": boxes, "sendsms-port": sendsms,
            "sendsms-interface": "127.0.0.1", "global-sender": "1420", "log-file": folder / "smsbox.log",
            "log-level": 1,
        },
        {"group": "sendsms-user", "username": "t", "password": "t", "max-messages": 10, "concatenation": 1},
        {
            "group": "sms-service", "keyword": "default", "catch-all": 1, "max-messages": 1,
            "accept-x-kannel-headers": 1,
            "get-url": f'"http://127.0.0.1:{hooks}/mo?from=%p&to=%P&charset=%C&text=%b"',
        },
    ]  # fmt: skip
    return "\n\n".join("\n".join(f"{key} = {value}" for key, value in group.items()) for group in groups) + "\n"
