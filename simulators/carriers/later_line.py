"""Wires whose application acknowledges a hop at once and sends the page by a request of its own, to an address here.

A page goes to the oldest hop of its session that waits for one, so that two copies of a hop have a page each.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from aiohttp import web

from simulators.carriers.form import Answer, Form
from simulators.carriers.hop import Hop, Manner, NoPage, Page
from simulators.carriers.http_line import ANSWER_BYTES_MAX, HttpLine
from simulators.trace import Trace

HOST = "127.0.0.1"
CLOSE_S = 1.0
REMEMBERED = 1_000
"""Of so many requests the carrier knows that they came."""


@dataclass(frozen=True, slots=True)
class Call(Answer):
    """A request of the application; `path` as it came, decoded."""

    path: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """What the carrier says to a request."""

    body: bytes
    content_type: str
    status: int = 200


@dataclass(frozen=True)
class LaterForm(Form):
    """A form whose `read` looks at the acknowledgement alone.

    Attributes:
        user: The house at the provider.
        password: Of the house at the provider, and of the provider at the house.
    """

    user: str = "tapdial"
    password: str = field(default="", repr=False)

    def session_of(self, call: Call) -> str:
        """Which session a request is for.

        Raises:
            NoPage: It does not say.
        """
        raise NotImplementedError

    def shown(self, hop: Hop, call: Call) -> Page:
        """The page for a hop of that session.

        Raises:
            NoPage: The request is not one of this wire, or of this session, or not the house's.
        """
        raise NotImplementedError

    def named(self, call: Call) -> str:
        """The application's own name for its request, the same when it comes again; '' where the wire has none."""
        del call
        return ""

    def taken(self, problem: str) -> Taken:
        """The answer to a request; `problem` is '' if there is none."""
        raise NotImplementedError


@dataclass(slots=True, eq=False)
class _Waiting:
    hop: Hop
    page: "asyncio.Future[Page | NoPage]"


class LaterLine(HttpLine):
    """An HttpLine that also listens at `url`, from its first hop on.

    Attributes:
        refused: Why requests were not taken, the last of them.
    """

    def __init__(
        self, form: LaterForm, gateway_url: str, secret: str, trace: Trace, *, mount: str = "", port: int = 0
    ) -> None:
        super().__init__(form, gateway_url, secret, trace, mount=mount)
        self.refused: deque[str] = deque(maxlen=50)
        self._port = port
        self._runner: web.AppRunner | None = None
        self._waiting: dict[str, deque[_Waiting]] = {}
        self._came: deque[str] = deque(maxlen=REMEMBERED)

    @property
    def url(self) -> str:
        """Where pages are sent."""
        return f"http://{HOST}:{self._port}/ussd/v1"

    async def listen(self) -> None:
        """Listen, if nothing does.

        Raises:
            OSError: The port is taken.
        """
        if self._runner is not None:
            return
        app = web.Application(client_max_size=ANSWER_BYTES_MAX)
        app.router.add_post("/{path:.*}", self._take)
        runner = self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=CLOSE_S)
        try:
            await runner.setup()
            await web.TCPSite(runner, HOST, self._port).start()
        except OSError:
            self._runner = None
            await runner.cleanup()
            raise
        self._port = runner.addresses[0][1]

    async def deliver(self, hop: Hop, manner: Manner) -> Page:
        """Send the hop, see it acknowledged, and wait for its page; both within the application's time.

        Raises:
            NoPage: No acknowledgement or no page in time, or one of another form.
        """
        waiting = _Waiting(hop, asyncio.get_running_loop().create_future())
        queue = self._waiting.setdefault(hop.session_id, deque())
        queue.append(waiting)
        try:
            await self.listen()
            async with asyncio.timeout(self.timers.application_s):
                await super().deliver(hop, manner)
                page = await waiting.page
        except TimeoutError:
            raise NoPage("the application sent no page in time") from None
        except OSError:
            raise NoPage(f"port {self._port}, where pages are sent to, is taken") from None
        finally:
            if waiting in queue:
                queue.remove(waiting)
            if not queue and self._waiting.get(hop.session_id) is queue:
                del self._waiting[hop.session_id]
        if isinstance(page, NoPage):
            raise page
        return page

    async def close(self) -> None:
        """Listen no more, and let go of the connections."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()
        await super().close()

    async def _take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        call = Call(200, request.content_type, await request.read(), {}, headers, request.path)
        said = call.body.decode("utf-8", "backslashreplace")
        self._trace.record("ussd", f"{self.name} page", f"{call.path}\n{said}", outbound=False)
        problem = self._handed_on(call)
        if problem:
            self.refused.append(problem)
        form = self.form
        assert isinstance(form, LaterForm)  # noqa: S101 - so it was made
        taken = form.taken(problem)
        self._trace.record("ussd", f"{self.name} {taken.status}", problem, outbound=True)
        return web.Response(body=taken.body, status=taken.status, content_type=taken.content_type)

    def _handed_on(self, call: Call) -> str:
        """Give a page to the hop that waits for it; why it was not taken, '' if it was."""
        form, waiting = self.form, None
        assert isinstance(form, LaterForm)  # noqa: S101 - so it was made
        try:
            name = form.named(call)
            if name and name in self._came:
                return ""
            queue = self._waiting.get(form.session_of(call))
            if not queue:
                return "no hop of this session waits for a page"
            waiting = queue.popleft()
            page: Page | NoPage = form.shown(waiting.hop, call)
            if name:
                self._came.append(name)
        except NoPage as problem:
            page = problem
        if waiting is not None and not waiting.page.done():
            waiting.page.set_result(page)
        return str(page) if isinstance(page, NoPage) else ""
