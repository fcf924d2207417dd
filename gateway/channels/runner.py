"""Runs the HTTP doors; what is not HTTP at all never reaches a middleware, so it is answered, counted and logged here.

aiohttp's own answer would name its version and ours would be a stack trace in the log that quotes what was sent, which
may hold a credential.
"""

from typing import Any

from aiohttp import web
from aiohttp.web_request import BaseRequest

from gateway.channels.web import HEADERS, problem
from gateway.observe import Metrics, log


class HttpRunner(web.AppRunner):
    """An AppRunner without aiohttp's access log, whose connections answer as the house does."""

    __slots__ = ("_metrics",)

    def __init__(self, app: web.Application, metrics: Metrics, *, shutdown_timeout: float) -> None:
        # No door takes compressed bodies, and a small one may unpack to seconds of work before anybody is asked.
        super().__init__(app, access_log=None, shutdown_timeout=shutdown_timeout, auto_decompress=False)
        self._metrics = metrics

    async def _make_server(self) -> web.Server:
        return _Server(await super()._make_server(), self._metrics)


class _Server(web.Server):
    def __init__(self, made: web.Server, metrics: Metrics) -> None:
        kwargs: dict[str, Any] = made._kwargs  # noqa: SLF001 - aiohttp has no public way to another protocol
        super().__init__(
            made.request_handler,
            request_factory=made.request_factory,
            handler_cancellation=made.handler_cancellation,
            loop=made._loop,  # noqa: SLF001 - as above
            **kwargs,
        )
        self._metrics = metrics

    def __call__(self) -> web.RequestHandler:
        return _Connection(self, self._metrics, loop=self._loop, **self._kwargs)


class _Connection(web.RequestHandler):
    __slots__ = ("_metrics",)

    def __init__(self, manager: web.Server, metrics: Metrics, **kwargs: Any) -> None:  # noqa: ANN401 - aiohttp's own
        super().__init__(manager, **kwargs)
        self._metrics = metrics

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what aiohttp could not read, or to a fault outside the middlewares; closes the connection.

        `message` quotes what was sent, so nobody gets to see it.
        """
        fault = type(exc).__name__
        if status < 500:
            self._metrics.refused.labels(door="http", reason="not_http").inc()
            log().warning("not_http", status=status, fault=fault)
        else:
            log().error("unhandled", status=status, fault=fault, exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun already")
        code, title = ("not_http", "this is not HTTP") if status < 500 else ("internal", "something went wrong")
        response = problem(status, code, title)
        response.headers.update(HEADERS)
        response.headers["Server"] = "tapdial"
        response.force_close()
        return response
