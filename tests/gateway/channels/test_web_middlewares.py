"""What every HTTP door shares: ids, headers, caps, and an error boundary that lets no trace out."""

import io
import json
from collections.abc import Iterator

import pytest
import structlog
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpClient
from structlog.testing import LogCapture

from gateway.channels.web import BODY_BYTES_MAX, new_application
from gateway.errors import BadInput, Fault, NotAllowed, Overloaded, StoreUnavailable
from gateway.observe import Metrics
from wallet.clock import ManualClock
from wallet.errors import LedgerUnavailable


@pytest.fixture
def lines() -> Iterator[LogCapture]:
    """What was logged."""
    capture = LogCapture()
    kept = structlog.get_config()
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, capture], cache_logger_on_first_use=False)
    yield capture
    structlog.configure(**kept)


def _app(clock: ManualClock, fault: Exception | None = None) -> web.Application:
    app = new_application(clock, Metrics())

    async def handler(request: web.Request) -> web.Response:
        if fault is not None:
            raise fault
        return web.Response(text=await request.text(), headers={"Cache-Control": "max-age=60"})

    app.router.add_route("*", "/door/{secret}", handler)
    return app


async def test_an_answer_has_an_id_and_safe_headers(aiohttp_client: AiohttpClient, clock: ManualClock) -> None:
    client = await aiohttp_client(_app(clock))

    answer = await client.get("/door/x")

    assert answer.headers["X-Request-Id"].startswith("req_")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Server"] == "tapdial"
    assert answer.headers["Cache-Control"] == "max-age=60"


async def test_an_unknown_path_has_the_headers_too(aiohttp_client: AiohttpClient, clock: ManualClock) -> None:
    client = await aiohttp_client(_app(clock))

    answer = await client.get("/nowhere")

    assert answer.status == 404
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


async def test_the_log_has_the_template_and_not_the_path(
    aiohttp_client: AiohttpClient, clock: ManualClock, lines: LogCapture
) -> None:
    client = await aiohttp_client(_app(clock))

    await client.get("/door/hunter2?pin=4711")

    assert [(line["route"], line["status"]) for line in lines.entries] == [("/door/{secret}", 200)]
    assert "hunter2" not in str(lines.entries)
    assert "4711" not in str(lines.entries)


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (BadInput("no such field"), 400, "bad_input"),
        (NotAllowed("no"), 403, "not_allowed"),
        (Overloaded("full"), 429, "overloaded"),
        (StoreUnavailable("gone"), 503, "store_unavailable"),
        (LedgerUnavailable("gone"), 503, "ledger_unavailable"),
        (Fault("other"), 500, "fault"),
        (ZeroDivisionError("in line 7 of secrets.py"), 500, "internal"),
    ],
)
async def test_a_fault_is_a_problem_without_a_trace(
    aiohttp_client: AiohttpClient, clock: ManualClock, fault: Exception, status: int, code: str, lines: LogCapture
) -> None:
    client = await aiohttp_client(_app(clock, fault))

    answer = await client.get("/door/x")

    assert answer.status == status
    assert answer.content_type == "application/problem+json"
    body = await answer.text()
    assert json.loads(body)["code"] == code
    assert "Traceback" not in body
    assert "secrets.py" not in body
    assert lines.entries


async def test_a_body_above_the_cap_is_refused(aiohttp_client: AiohttpClient, clock: ManualClock) -> None:
    client = await aiohttp_client(_app(clock))

    answer = await client.post("/door/x", data=io.BytesIO(b"x" * (BODY_BYTES_MAX + 1)))

    assert answer.status == 413
