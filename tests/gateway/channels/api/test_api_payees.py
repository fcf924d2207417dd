"""Where people are paid, for systems: a key and its scope first, masked accounts, G2P Connect's reason codes."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings

from gateway.services.apikeys import Scope
from tests.gateway.channels.api.partners import MSISDN, Partner
from tests.gateway.services.payees.office import IBAN, OTHER


async def test_an_account_is_linked_once_told_masked_and_unlinked(partner: Partner) -> None:
    person = partner.office.person(MSISDN)
    wish = {"reference_id": "r1", "id": MSISDN, "iban": IBAN}

    for _ in range(2):
        status, answer = await partner.post("/payees/link", wish)
        assert (status, answer["status"], answer["account"]) == (200, "succ", "…0001")
    assert len(await partner.office.payees.history(person)) == 1
    status, problem = await partner.post("/payees/link", wish | {"iban": OTHER})
    assert (status, problem["code"]) == (422, "reference_id_reused")

    _, told = await partner.post("/payees/resolve", {"ids": [MSISDN, person, "per_x", "+989990000000"]})
    assert [one["status_reason_code"] for one in told["payees"]] == ["succ.fa.inactive"] * 2 + ["succ.id.not_found"] * 2
    assert IBAN[4:] not in str(told)
    partner.office.clock.advance(timedelta(hours=48))
    assert (await partner.post("/payees/update", wish | {"reference_id": "r2", "iban": OTHER}))[0] == 200
    assert (await partner.post("/payees/unlink", {"reference_id": "r3", "id": person}))[1]["account"] == ""
    history = await partner.office.payees.history(person)
    assert {one.by.split("_")[0] for one in history} == {"api:key"}


@pytest.mark.parametrize(
    ("path", "wish", "code"),
    [
        ("/payees/link", {"id": MSISDN, "iban": "IR000000000000000000000000"}, "rjct.fa.invalid"),
        ("/payees/link", {"id": "+989990000000", "iban": IBAN}, "rjct.id.invalid"),
        ("/payees/update", {"id": MSISDN, "iban": IBAN}, "rjct.fa.invalid"),
        ("/payees/unlink", {"id": MSISDN}, "rjct.fa.invalid"),
    ],
)
async def test_a_refusal_has_the_mappers_code_and_says_what_to_do(
    partner: Partner, path: str, wish: dict[str, str], code: str
) -> None:
    partner.office.person(MSISDN)
    status, answer = await partner.post(path, {"reference_id": "r1", **wish})
    assert (status, answer["status"], answer["status_reason_code"]) == (409, "rjct", code)
    assert len(answer["message"]) > 20


async def test_without_a_key_or_its_scope_nothing_is_told(partner: Partner) -> None:
    reading = await partner.keys.create("Reader", {Scope.PAYEES_READ})
    body = {"reference_id": "r1", "id": MSISDN, "iban": IBAN}
    for secret, status, code in (
        ("", 401, "no_key"),
        ("tdk_wrong", 401, "no_key"),
        (reading.secret, 403, "scope"),
    ):
        answered, problem = await partner.post("/payees/link", body, secret)
        assert (answered, problem["code"]) == (status, code)
    refused = await partner.client.post("/api/v1/payees/resolve", json={"ids": ["x"]})
    assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
    await partner.keys.revoke(reading.key.id)
    assert (await partner.post("/payees/resolve", {"ids": ["x"]}, reading.secret))[0] == 401


async def test_who_guesses_keys_is_slowed_down(partner: Partner) -> None:
    statuses = [(await partner.post("/payees/resolve", {"ids": ["x"]}, "tdk_x"))[0] for _ in range(31)]
    assert statuses == [401] * 30 + [429]
    assert (await partner.post("/payees/resolve", {"ids": ["x"]}))[0] == 200


async def test_what_the_description_says_holds(partner: Partner) -> None:
    document = await (await partner.client.get("/api/v1/openapi.json")).json()
    url = str(partner.client.make_url("/api/v1"))

    def smoke() -> None:
        schema = schemathesis.openapi.from_dict(document)
        schema.config.update(base_url=url)
        paths = ("/payees/resolve", "/payees/link", "/payees/update", "/payees/unlink")
        cases = schema[paths[0]]["POST"].as_strategy()
        for path in paths[1:]:
            cases |= schema[path]["POST"].as_strategy()

        @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(case=cases)
        def each(case: schemathesis.Case[Any]) -> None:
            case.call_and_validate(headers={"Authorization": f"Bearer {partner.secret}"})

        each()

    await asyncio.to_thread(smoke)
