"""Phones over HTTP against the token service itself: every call is signed, and none is taken twice."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient
from hypothesis import HealthCheck, given, settings
from pytest_aiohttp.plugin import AiohttpClient

from gateway.channels.api import api_app
from gateway.channels.web import new_application
from gateway.keys import SoftwareKeyStore
from gateway.observe import Metrics
from gateway.services.tokens import SignedCall, Tokens
from gateway.settings import Settings
from gateway.store import Store
from tests.gateway.channels.api.published import PublishedHeads
from tests.gateway.services.tokens.phone import MSISDN, P256Device, People, Phone
from wallet.clock import ManualClock

Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def tokens(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Tokens]:
    url = f"sqlite+aiosqlite:///{tmp_path}/gateway.sqlite"
    await Store.upgrade(url)
    store = await Store.open(url)
    yield Tokens(store, People(), SoftwareKeyStore.for_tests(), clock, Settings())
    await store.close()


@pytest.fixture
async def client(aiohttp_client: AiohttpClient, tokens: Tokens, clock: ManualClock) -> Client:
    metrics = Metrics()
    app = new_application(clock, metrics)
    app.add_subapp("/api/v1", api_app(tokens, PublishedHeads(), clock, metrics))
    return await aiohttp_client(app)


@pytest.fixture
async def phone(tokens: Tokens, clock: ManualClock) -> Phone:
    made = Phone(clock, P256Device())
    await made.provision(tokens)
    return made


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def headers(call: SignedCall) -> dict[str, str]:
    signature = b64(call.signature)
    return {"Tapdial-Time": str(call.at_s), "Tapdial-Nonce": call.nonce, "Tapdial-Signature": signature}


async def sent(client: Client, call: SignedCall, other: Mapping[str, str] | None = None) -> ClientResponse:
    return await client.request(call.method, call.path, data=call.body, headers={**headers(call), **(other or {})})


async def code_of(answer: ClientResponse) -> tuple[int, str]:
    return answer.status, str((await answer.json())["code"])


async def test_a_p256_phone_gets_its_token_over_http(client: Client, tokens: Tokens, clock: ManualClock) -> None:
    phone, code = Phone(clock, P256Device()), (await tokens.activation_code("per_1")).code
    seal = phone.seal.public_key().public_bytes_raw()
    body = {"device_key": b64(phone.device.public), "seal_key": b64(seal), "national_digits": "4321"}
    answer = await client.post("/api/v1/tokens", json={"msisdn": MSISDN, "activation_code": code, **body})
    assert answer.status == 201
    shown = await answer.json()
    assert (len(shown["number"]), shown["trid"], shown["dki"]) == (8, "14208100001", 1)
    assert shown["luk"]["channels"] == ["tap", "transit", "offline"]


async def test_a_phone_sees_its_token_and_pulls_a_key(client: Client, phone: Phone) -> None:
    shown = await (await sent(client, phone.call())).json()
    assert (shown["token_id"], shown["state"], shown["pays"], shown["locks"]) == (phone.given.id, "active", True, [])
    assert shown["luk"]["uses"] == 0
    proof = phone.proof().hex().upper()
    body = {"luk_id": phone.used.hex().upper(), "atc": 0, "ac": "", "proof": proof}
    answer = await sent(client, phone.call("POST", "/keys", json.dumps(body).encode()))
    assert (answer.status, (await answer.json())["luk"]["id"]) == (200, phone.used.hex().upper())
    bad = json.dumps({**body, "proof": "0" * 16}).encode()
    assert await code_of(await sent(client, phone.call("POST", "/keys", bad))) == (403, "bad_proof")
    for malformed in (b"", b"{", b"[]", b'{"luk_id": "00"}', json.dumps({**body, "atc": 65_536}).encode()):
        answer = await sent(client, phone.call("POST", "/keys", malformed))
        assert answer.status in {400, 422}
        assert proof not in await answer.text()


async def test_a_call_is_taken_once_and_only_as_it_was_signed(client: Client, phone: Phone) -> None:
    call = phone.call("POST", "/suspend")
    refused = [
        await sent(client, call, {"Tapdial-Signature": b64(bytes(64))}),
        await sent(client, call, {"Tapdial-Time": str(call.at_s + 1)}),
        await client.post(call.path, data=b"{}", headers=headers(call)),
        await client.post(f"{call.path}?x=1", headers=headers(call)),
        await client.post("/api/v1/tokens/tok_none/suspend", headers=headers(call)),
        await client.post(f"/api/v1/tokens/{phone.given.id}/deactivate", headers=headers(call)),
    ]
    assert [await code_of(answer) for answer in refused] == [(401, "bad_signature")] * len(refused)
    assert {answer.headers["WWW-Authenticate"] for answer in refused} == {"Tapdial"}
    assert (await sent(client, call)).status == 200
    assert await code_of(await sent(client, call)) == (409, "replayed")
    assert await code_of(await sent(client, phone.call(late_s=-301))) == (401, "stale")
    assert await code_of(await sent(client, phone.call("POST", "/suspend"))) == (409, "not_possible")
    body = json.dumps({"luk_id": "00000000", "atc": 0, "ac": "", "proof": "0" * 16}).encode()
    assert await code_of(await sent(client, phone.call("POST", "/keys", body))) == (403, "bad_proof")


@pytest.mark.parametrize(
    "wrong",
    [
        {"Tapdial-Time": "soon"},
        {"Tapdial-Time": "9" * 12},
        {"Tapdial-Nonce": "short"},
        {"Tapdial-Nonce": "A" * 23},
        {"Tapdial-Signature": "no base64"},
        {"Tapdial-Signature": b64(bytes(63))},
    ],
)
async def test_headers_of_another_form_are_refused_before_anything_is_looked_up(
    client: Client, phone: Phone, wrong: Mapping[str, str]
) -> None:
    assert await code_of(await sent(client, phone.call(), wrong)) == (422, "invalid")


async def test_a_phone_seals_anew_locks_itself_and_ends_itself(client: Client, phone: Phone) -> None:
    body = json.dumps({"seal_key": b64(bytes(range(32)))}).encode()
    assert (await sent(client, phone.call("PUT", "/seal-key", body))).status == 200
    low_order = json.dumps({"seal_key": b64(bytes(32))}).encode()
    assert await code_of(await sent(client, phone.call("PUT", "/seal-key", low_order))) == (422, "bad_key")
    locked = await (await sent(client, phone.call("POST", "/suspend", b"{}"))).json()
    assert (locked["state"], locked["locks"], locked["pays"]) == ("suspended", ["holder"], False)
    ended = await (await sent(client, phone.call("POST", "/deactivate"))).json()
    assert ended["state"] == "deactivated"
    assert await code_of(await sent(client, phone.call("POST", "/deactivate"))) == (409, "not_possible")


SIGNED = [("GET", ""), ("POST", "/keys"), ("PUT", "/seal-key"), ("POST", "/suspend"), ("POST", "/deactivate")]


async def test_what_the_description_says_of_signed_calls_holds_for_whoever_signs_nothing(client: Client) -> None:
    document = await (await client.get("/api/v1/openapi.json")).json()
    url = str(client.make_url("/api/v1"))

    def smoke() -> None:
        schema = schemathesis.openapi.from_dict(document)
        schema.config.update(base_url=url)
        for method, tail in SIGNED:

            @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), database=None)
            @given(case=schema[f"/tokens/{{token_id}}{tail}"][method].as_strategy())
            def each(case: schemathesis.Case[Any]) -> None:
                case.call_and_validate()

            each()

    await asyncio.to_thread(smoke)
