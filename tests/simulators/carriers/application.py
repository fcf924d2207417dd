"""An application that speaks any wire: it shows how many hops it has heard of a session, and ends it at `0`."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from xml.etree import ElementTree

from aiohttp import web
from aiohttp.test_utils import TestServer

from simulators.carriers import Carrier, carrier_to
from simulators.faults import Faults
from simulators.trace import Trace
from tests.simulators.acquirer import until
from tests.simulators.carriers.speakers import SPEAKERS, Heard, Wired

PHONE = "+989120000001"
CODE = "*1420#"
SECRET = "s3"


@dataclass
class Application:
    """Remembers what it was told. `pages` are said in their order, then the count; `answers` instead of any page."""

    wire: str
    wired: list[Wired] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    broken: int = 0
    pages: list[str] = field(default_factory=list)
    answer: tuple[str | bytes, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    delay_s: float = 0.0

    @property
    def hops(self) -> list[Heard]:
        """What was heard and asks for a page."""
        return [heard for heard in self.heard if heard.kind in ("hop", "begin", "input")]

    @property
    def told(self) -> list[str]:
        """The kinds of what asks for no page."""
        return [heard.kind for heard in self.heard if heard.kind not in ("hop", "begin", "input")]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        hear, say = SPEAKERS[self.wire]
        wired = Wired(
            request.method, request.match_info["tail"].strip("/"), request.url.raw_query_string,
            dict(request.cookies), await request.read(),
        )  # fmt: skip
        self.wired.append(wired)
        try:
            heard = hear(wired)
        except (ValueError, ElementTree.ParseError):
            self.broken += 1
            return web.Response(status=400, text="no text")
        self.heard.append(heard)
        await asyncio.sleep(self.delay_s)
        if self.answer is not None:
            body, content_type = self.answer
            body = body.encode() if isinstance(body, str) else body
            return web.Response(status=self.status, body=body, content_type=content_type, headers=self.headers)
        if heard.kind not in ("hop", "begin", "input"):
            return web.json_response({"responseExitCode": 200})
        typed = heard.typed.split()[0] if self.wire == "hubtel" else heard.typed
        ends = typed.rpartition("*")[2].removesuffix("#") == "0"
        text = self.pages.pop(0) if self.pages else f"Heard {len(self.heard)}\n0. End"
        return say(heard, text, not ends)


@dataclass
class Scene:
    """A carrier in front of an application."""

    application: Application
    carrier: Carrier
    faults: Faults
    trace: Trace

    async def told(self, count: int) -> list[str]:
        """What the application was told besides hops, once it is so many things."""
        await until(lambda: len(self.application.told) >= count)
        return self.application.told


@contextlib.asynccontextmanager
async def scene(wire: str) -> AsyncIterator[Scene]:
    application, faults, trace = Application(wire), Faults(), Trace()
    app = web.Application()
    app.router.add_route("*", f"/ussd/{wire}/{SECRET}{{tail:.*}}", application.handle)
    async with TestServer(app) as server:
        carrier = carrier_to(str(server.make_url("/")), SECRET, CODE, trace, faults, wire=wire)
        try:
            yield Scene(application, carrier, faults, trace)
        finally:
            await carrier.close()
