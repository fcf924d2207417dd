"""Hops over HTTP: one form, one address. The request goes out whole, or octet by octet when it is to be slow."""

import asyncio

import aiohttp

from simulators.carriers.form import Answer, Form, Request
from simulators.carriers.hop import Hop, HopKind, Limits, Manner, NoPage, Page, Timers
from simulators.carriers.slow import slowly
from simulators.trace import Trace

ANSWER_BYTES_MAX = 8_192


class HttpLine:
    """One wire at `{gateway}/ussd/{mount}[/{secret}]`."""

    def __init__(self, form: Form, gateway_url: str, secret: str, trace: Trace, *, mount: str = "") -> None:
        parts = ["ussd", mount or form.name, *([secret] if secret else [])]
        self._url = "/".join([gateway_url.rstrip("/"), *parts])
        self.form = form
        self._trace = trace
        self._session: aiohttp.ClientSession | None = None

    @property
    def name(self) -> str:
        """The form's name."""
        return self.form.name

    @property
    def limits(self) -> Limits:
        """The longest page."""
        return self.form.limits

    @property
    def timers(self) -> Timers:
        """The network's patience."""
        return self.form.timers

    def new_session(self) -> str:
        """An id of the provider's form."""
        return self.form.new_session()

    async def deliver(self, hop: Hop, manner: Manner) -> Page:
        """Send the hop and read the page.

        Raises:
            NoPage: No answer in time, another status than 200, or another form.
        """
        request = self.form.request(hop)
        assert request is not None, f"{self.name} has no {hop.kind}"  # noqa: S101 - a form that cannot begin is a bug
        try:
            answer = await self._exchange(hop, request, manner)
        except TimeoutError:
            raise NoPage("the application did not answer in time") from None
        except (aiohttp.ClientError, OSError, ValueError) as problem:
            self._trace.record("ussd", f"{hop.msisdn} {type(problem).__name__}", outbound=False)
            raise NoPage("the application cannot be reached") from None
        if len(answer.body) > ANSWER_BYTES_MAX:
            raise NoPage(f"the application's answer is longer than {ANSWER_BYTES_MAX} bytes")
        if answer.status != 200:
            raise NoPage(f"the application answered {answer.status}", self._said(hop, answer))
        return self.form.read(hop, answer)

    async def tell(self, hop: Hop) -> None:
        """Send what the provider tells; whatever becomes of it."""
        request = self.form.request(hop)
        if request is not None:
            try:
                await self._exchange(hop, request, Manner())
            except (TimeoutError, aiohttp.ClientError, OSError) as problem:
                self._trace.record("ussd", f"{hop.msisdn} {hop.kind} {type(problem).__name__}", outbound=False)

    async def close(self) -> None:
        """Let go of the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _said(self, hop: Hop, answer: Answer) -> str:
        try:
            return self.form.read(hop, answer).text
        except NoPage:
            return ""

    async def _exchange(self, hop: Hop, request: Request, manner: Manner) -> Answer:
        what = repr(hop.typed) if hop.kind in (HopKind.BEGIN, HopKind.INPUT) else ""
        detail = request.query or request.body.decode("utf-8", "backslashreplace")
        summary = f"{hop.msisdn} {request.method} {self.name} {hop.kind} {what}".rstrip()
        self._trace.record("ussd", summary, f"{request.tail}\n{detail}".lstrip(), outbound=True)
        url = "/".join([self._url, *([request.tail] if request.tail else [])])
        url += f"?{request.query}" if request.query else ""
        async with asyncio.timeout(self.timers.application_s):
            slow = manner.slow_write or manner.slow_read
            answer = await (slowly(url, request, manner) if slow else self._at_once(url, request))
        said = answer.body.decode("utf-8", "backslashreplace")
        self._trace.record("ussd", f"{hop.msisdn} {answer.status} {said[:3]}", said, outbound=False)
        return answer

    async def _at_once(self, url: str, request: Request) -> Answer:
        if self._session is None:
            # A cookie belongs to its dialogue alone, so nothing is kept in a jar.
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
            )
        timeout = aiohttp.ClientTimeout(sock_connect=self.timers.connect_s)
        async with self._session.request(
            request.method, url, data=request.body or None, headers=request.headers,
            timeout=timeout, allow_redirects=False,
        ) as response:  # fmt: skip
            body = await response.content.read(ANSWER_BYTES_MAX + 1)
            while len(body) <= ANSWER_BYTES_MAX and (more := await response.content.read(ANSWER_BYTES_MAX)):
                body += more
            cookies = {name: morsel.value for name, morsel in response.cookies.items()}
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, response.content_type, body, cookies, headers)
