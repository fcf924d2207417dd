"""Published heads over HTTP: lines for a file, the key to check them with, and problems for everything else."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from aiohttp import web
from aiohttp.test_utils import TestClient
from hypothesis import HealthCheck, given, settings
from pytest_aiohttp.plugin import AiohttpClient

from gateway.channels.api import api_app
from gateway.channels.web import new_application
from gateway.errors import StoreUnavailable
from gateway.observe import Metrics
from tests.gateway.channels.api.published import PUBLIC_KEY, PublishedHeads
from tests.gateway.channels.api.vaults import NoTokens
from wallet.clock import ManualClock
from wallet.heads import head_of, key_id

Client = TestClient[web.Request, web.Application]
HEADS = "/api/v1/ledger/heads"


@pytest.fixture
def published() -> PublishedHeads:
    return PublishedHeads(1200)


@pytest.fixture
async def client(aiohttp_client: AiohttpClient, published: PublishedHeads, clock: ManualClock) -> Client:
    metrics = Metrics()
    app = new_application(clock, metrics)
    app.add_subapp("/api/v1", api_app(NoTokens(), published, clock, metrics))
    return await aiohttp_client(app)


@pytest.mark.parametrize(("query", "count"), [("", 100), ("?limit=1", 1), ("?limit=1000", 1000)])
async def test_the_newest_heads_come_as_lines_of_the_file(
    client: Client, published: PublishedHeads, query: str, count: int
) -> None:
    answer = await client.get(HEADS + query)

    lines = (await answer.read()).splitlines(keepends=True)
    assert (answer.status, answer.content_type) == (200, "application/x-ndjson")
    assert [head_of(line) for line in lines] == published.heads[-count:]
    assert answer.headers["Cache-Control"] == "no-store"


async def test_before_the_first_there_is_no_line(client: Client, published: PublishedHeads) -> None:
    published.heads.clear()

    answer = await client.get(HEADS)

    assert (answer.status, await answer.read()) == (200, b"")


@pytest.mark.parametrize("limit", ["", "0", "-1", "01", "1001", "99999999999", "1.0", "ten", "٣", "1 "])
async def test_a_limit_out_of_bounds_is_a_problem(client: Client, limit: str) -> None:
    answer = await client.get(HEADS, params={"limit": limit})

    problem = await answer.json()
    assert (answer.status, problem["code"], problem["errors"][0]["field"]) == (422, "invalid", "limit")


async def test_the_key_comes_with_its_name(client: Client) -> None:
    answer = await client.get(f"{HEADS}/key")

    assert await answer.json() == {
        "algorithm": "Ed25519",
        "key_id": key_id(PUBLIC_KEY),
        "public_key": PUBLIC_KEY.hex(),
    }


@pytest.mark.parametrize("path", [HEADS, f"{HEADS}/key"])
@pytest.mark.parametrize(
    ("fault", "code"), [(StoreUnavailable("gone"), "store_unavailable"), (TimeoutError(), "timeout")]
)
async def test_a_store_that_is_gone_is_a_problem_that_may_be_retried(
    client: Client, published: PublishedHeads, path: str, fault: Exception, code: str
) -> None:
    published.fault = fault

    answer = await client.get(path)

    assert (answer.status, (await answer.json())["code"]) == (503, code)


async def test_nobody_writes_a_head_and_nobody_asks_without_end(client: Client, clock: ManualClock) -> None:
    assert (await client.post(HEADS)).status == 405
    statuses = [(await client.get(f"{HEADS}/key")).status for _ in range(301)]
    assert statuses == [200] * 300 + [429]
    clock.advance(timedelta(minutes=10))
    assert (await client.get(HEADS)).status == 200


async def test_what_the_description_says_holds(client: Client) -> None:
    document = await (await client.get("/api/v1/openapi.json")).json()
    url = str(client.make_url("/api/v1"))

    def smoke() -> None:
        schema = schemathesis.openapi.from_dict(document)
        schema.config.update(base_url=url)

        @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(case=schema["/ledger/heads"]["GET"].as_strategy() | schema["/ledger/heads/key"]["GET"].as_strategy())
        def each(case: schemathesis.Case[Any]) -> None:
            case.call_and_validate()

        each()

    await asyncio.to_thread(smoke)
