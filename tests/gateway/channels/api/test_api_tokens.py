"""The HTTP API: a phone gets its token, and everything else is a problem with a code."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import schemathesis
from aiohttp import web
from aiohttp.test_utils import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_aiohttp.plugin import AiohttpClient

from gateway.channels.api import api_app
from gateway.channels.limiter import Limiter
from gateway.channels.web import new_application
from gateway.errors import StoreUnavailable
from gateway.observe import Metrics
from gateway.services.tokens import (
    Channel,
    ProvisionedToken,
    ProvisionOutcome,
    ProvisionRequest,
    ProvisionResult,
    SealedKey,
)
from tests.gateway.channels.api.published import PublishedHeads
from tests.gateway.channels.api.vaults import NoTokens
from wallet.clock import ManualClock

Client = TestClient[web.Request, web.Application]
KEY = base64.b64encode(bytes(range(32))).decode()
GOOD: dict[str, Any] = {
    "msisdn": "+989120000002",
    "activation_code": "12345678",
    "device_key": KEY,
    "seal_key": KEY,
}
LUK = SealedKey(
    id=b"\x51\x27\x00\x01",
    ephemeral_key=b"e" * 32,
    sealed=b"s" * 44,
    uses_max=100,
    valid_until=datetime(2026, 12, 22, 8, 0, tzinfo=UTC),
    amount_max_minor=5000,
    channels=frozenset({Channel.OFFLINE, Channel.TAP}),
    dki=1,
)
PAR = "TDPL" + "A" * 25
TOKEN = ProvisionedToken("tok_1", "5814200000000002", "00", "2911", PAR, b"\xf0\x01", LUK, "12345678", "14208100001")


class Vault(NoTokens):
    def __init__(self) -> None:
        self.outcome = ProvisionOutcome.OK
        self.asked: list[ProvisionRequest] = []
        self.fault: Exception | None = None

    async def provision(self, request: ProvisionRequest) -> ProvisionResult:
        self.asked.append(request)
        if self.fault is not None:
            raise self.fault
        return ProvisionResult(self.outcome, TOKEN if self.outcome is ProvisionOutcome.OK else None)


@pytest.fixture
def vault() -> Vault:
    return Vault()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def root(vault: Vault, clock: ManualClock, metrics: Metrics) -> web.Application:
    app = new_application(clock, metrics)
    app.add_subapp("/api/v1", api_app(vault, PublishedHeads(), clock, metrics))
    return app


@pytest.fixture
async def client(aiohttp_client: AiohttpClient, root: web.Application) -> Client:
    return await aiohttp_client(root)


async def test_a_phone_gets_its_token(client: Client, vault: Vault) -> None:
    answer = await client.post("/api/v1/tokens", json=GOOD)
    assert answer.status == 201
    assert await answer.json() == {
        "token_id": "tok_1",
        "token_pan": "5814200000000002",
        "psn": "00",
        "expiry": "2911",
        "par": "TDPL" + "A" * 25,
        "aid": "F001",
        "number": "12345678",
        "trid": "14208100001",
        "dki": 1,
        "luk": {
            "id": "51270001",
            "ephemeral_key": base64.b64encode(b"e" * 32).decode(),
            "sealed": base64.b64encode(b"s" * 44).decode(),
            "uses_max": 100,
            "amount_max": 5000,
            "channels": ["tap", "offline"],
            "valid_until": "2026-12-22T08:00:00Z",
        },
    }
    assert vault.asked == [ProvisionRequest("+989120000002", "12345678", bytes(range(32)), bytes(range(32)))]
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("outcome", "status", "code"),
    [
        (ProvisionOutcome.WRONG_CODE, 403, "wrong_code"),
        (ProvisionOutcome.EXPIRED, 410, "expired"),
        (ProvisionOutcome.TOO_MANY, 429, "too_many_tries"),
        (ProvisionOutcome.BAD_KEY, 422, "bad_key"),
    ],
)
async def test_each_refusal_is_a_problem_with_its_code(
    client: Client, vault: Vault, outcome: ProvisionOutcome, status: int, code: str
) -> None:
    vault.outcome = outcome
    answer = await client.post("/api/v1/tokens", json=GOOD)
    assert answer.content_type == "application/problem+json"
    problem = await answer.json()
    assert (answer.status, problem["status"], problem["code"], problem["type"]) == (status, status, code, "about:blank")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "bad_json"),
        (b"{", 400, "bad_json"),
        (b"\xff\xfe", 400, "bad_json"),
        (b"[" * 5000, 400, "bad_json"),
        (b"[]", 422, "invalid"),
        (b"{}", 422, "invalid"),
        (json.dumps(GOOD | {"msisdn": 989120000002}).encode(), 422, "invalid"),
        (json.dumps(GOOD | {"msisdn": "09120000002"}).encode(), 422, "invalid"),
        (json.dumps(GOOD | {"activation_code": "1234567"}).encode(), 422, "invalid"),
        (json.dumps(GOOD | {"activation_code": "١٢٣٤٥٦٧٨"}).encode(), 422, "invalid"),
        (json.dumps(GOOD | {"device_key": KEY[:-4]}).encode(), 422, "invalid"),
        (json.dumps(GOOD | {"device_key": KEY + "\n"}).encode(), 422, "invalid"),
        (json.dumps(GOOD | {"more": 1}).encode(), 422, "invalid"),
        (json.dumps(GOOD | {"5814200000000002": 1}).encode(), 422, "invalid"),
        (b" " * 16_385, 413, "too_large"),
    ],
)
async def test_a_malformed_body_is_refused_and_never_echoed(
    client: Client, vault: Vault, metrics: Metrics, body: bytes, status: int, code: str
) -> None:
    answer = await client.post("/api/v1/tokens", data=body, headers={"Content-Type": "application/json"})
    text = await answer.text()
    assert (answer.status, json.loads(text)["code"]) == (status, code)
    assert "12345678" not in text
    assert "5814200000000002" not in text
    assert vault.asked == []
    labels = {"door": "api", "reason": code}
    assert metrics.registry.get_sample_value("tapdial_refused_input_total", labels) == 1


async def test_a_body_that_grows_past_the_cap_is_refused_while_it_comes(client: Client) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 1000

    answer = await client.post("/api/v1/tokens", data=parts(), headers={"Content-Type": "application/json"})
    assert answer.status == 413


async def test_other_methods_paths_and_types_are_problems_too(client: Client) -> None:
    for method, path, status, code in (
        ("GET", "/api/v1/tokens", 405, "method_not_allowed"),
        ("GET", "/api/v1/none", 404, "not_found"),
        ("POST", "/api/v1/tokens", 415, "unsupported_media_type"),
    ):
        answer = await client.request(method, path)
        assert (answer.status, answer.content_type) == (status, "application/problem+json")
        assert (await answer.json())["code"] == code
        assert ("Allow" in answer.headers) == (status == 405)


async def test_a_store_that_is_gone_is_a_problem_that_may_be_retried(client: Client, vault: Vault) -> None:
    vault.fault = StoreUnavailable("gone")
    answer = await client.post("/api/v1/tokens", json=GOOD)
    assert (answer.status, (await answer.json())["code"]) == (503, "store_unavailable")


async def test_a_number_has_ten_tries_in_ten_minutes(client: Client, vault: Vault, clock: ManualClock) -> None:
    vault.outcome = ProvisionOutcome.WRONG_CODE
    statuses = [(await client.post("/api/v1/tokens", json=GOOD)).status for _ in range(11)]
    assert statuses == [403] * 10 + [429]
    limited = await client.post("/api/v1/tokens", json=GOOD)
    assert (limited.headers["Retry-After"], (await limited.json())["code"]) == ("600", "rate_limited")
    other = await client.post("/api/v1/tokens", json=GOOD | {"msisdn": "+989120000003"})
    assert other.status == 403
    clock.advance(timedelta(minutes=10))
    assert (await client.post("/api/v1/tokens", json=GOOD)).status == 403


@given(
    steps=st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 400)), max_size=60),
    subjects_max=st.integers(8, 20),
)
def test_the_limiter_lets_nobody_through_more_often_than_it_says(
    steps: list[tuple[str, int]], subjects_max: int
) -> None:
    clock = ManualClock(datetime(2026, 11, 22, tzinfo=UTC))
    limiter = Limiter(clock, 3, timedelta(minutes=10), subjects_max)
    passed: list[tuple[str, datetime]] = []
    for subject, wait_s in steps:
        clock.advance(timedelta(seconds=wait_s))
        if limiter.take(subject) == 0:
            passed.append((subject, clock.now()))
    for subject, at in passed:
        inside = [when for who, when in passed if who == subject and at <= when < at + timedelta(minutes=10)]
        # Two fixed windows may touch inside one sliding one.
        assert len(inside) <= 6


def test_the_limiter_forgets_the_least_recent(clock: ManualClock) -> None:
    limiter = Limiter(clock, 1, timedelta(minutes=10), subjects_max=2)
    assert [limiter.take(subject) for subject in ("a", "b", "c", "a")] == [0, 0, 0, 0]
    assert limiter.take("c") == 600


async def test_the_description_is_openapi_3_1_and_what_it_says_holds(
    aiohttp_client: AiohttpClient, root: web.Application
) -> None:
    client = await aiohttp_client(root)
    document = await (await client.get("/api/v1/openapi.json")).json()
    assert document["openapi"] == "3.1.0"
    assert "TokenRequest" in document["components"]["schemas"]
    url = str(client.make_url("/api/v1"))

    def smoke() -> None:
        schema = schemathesis.openapi.from_dict(document)
        schema.config.update(base_url=url)

        @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(case=schema["/tokens"]["POST"].as_strategy())
        def each(case: schemathesis.Case[Any]) -> None:
            case.call_and_validate()

        each()

    await asyncio.to_thread(smoke)
