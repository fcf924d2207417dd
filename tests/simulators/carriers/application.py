"""An application that speaks any wire: it shows how many hops it has heard of a session, and ends it at `0`."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from xml.etree import ElementTree

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from simulators.carriers import Carrier, Contract, carrier_to
from simulators.carriers.later_line import LaterLine
from simulators.faults import Faults
from simulators.trace import Trace
from tests.simulators.acquirer import until
from tests.simulators.carriers.later_speakers import LATER_SPEAKERS, PASSWORD, USER, Posted
from tests.simulators.carriers.speakers import SPEAKERS, Heard, Wired

PHONE = "+989120000001"
CODE = "*1420#"
SECRET = "s3"


@dataclass
class Application:
    """Remembers what it was told. `pages` are said in their order, then the count; `answers` instead of any page.

    Pages that are no answers go to `pages_to()`, as `changed` leaves them; `answered` has the statuses that came.
    """

    wire: str
    wired: list[Wired] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    broken: int = 0
    pages: list[str] = field(default_factory=list)
    answer: tuple[str | bytes, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    delay_s: float = 0.0
    pages_to: Callable[[], str] = str
    changed: Callable[[Posted], Posted] = lambda posted: posted
    answered: list[int] = field(default_factory=list)

    @property
    def hops(self) -> list[Heard]:
        """What was heard and asks for a page."""
        return [heard for heard in self.heard if heard.kind in ("hop", "begin", "input")]

    @property
    def told(self) -> list[str]:
        """The kinds of what asks for no page."""
        return [heard.kind for heard in self.heard if heard.kind not in ("hop", "begin", "input")]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        later = LATER_SPEAKERS.get(self.wire)
        hear, say = (later.hear, None) if later else SPEAKERS[self.wire]
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
        if later is None:
            assert say is not None
            return say(heard, text, not ends)
        await self.posted(self.changed(later.page(heard, text, more=not ends)))
        body, content_type = later.acknowledged
        return web.Response(text=body, content_type=content_type)

    async def posted(self, sent: Posted) -> None:
        """Send a page to the carrier."""
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.pages_to()}{sent.path}", data=sent.body.encode(), headers=sent.headers) as answer,
        ):
            self.answered.append(answer.status)


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
        contract = Contract(user=USER, password=PASSWORD)
        carrier = carrier_to(str(server.make_url("/")), SECRET, CODE, trace, faults, wire=wire, contract=contract)
        line = carrier.line
        application.pages_to = lambda: line.url if isinstance(line, LaterLine) else ""
        try:
            yield Scene(application, carrier, faults, trace)
        finally:
            await carrier.close()
