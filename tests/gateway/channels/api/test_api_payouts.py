"""Batches by API: brought once however often it is sent, read line by line, released by nobody here."""

import asyncio
import hashlib
import io
import json
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from aiohttp import FormData
from hypothesis import HealthCheck, given, settings

from gateway.services.banking.model import Gap, PaymentNews
from gateway.services.payouts import BatchState
from tests.gateway.channels.api.partners import FILE_BYTES_MAX, Partner, Taken
from tests.gateway.services.payouts.house import LINE, iban

ORDER: dict[str, Any] = {"name": "November", "line": LINE, "declared": {"count": 2, "total_minor": 3000}}
ROWS = [
    {"reference": "r1", "amount": 1000, "iban": iban(1), "name": "Ali Rezaei"},
    {"reference": "r2", "amount": 2000, "iban": iban(2), "name": "Sara Karimi"},
]
BODY = ORDER | {"rows": ROWS}
FILE = f"reference,iban,name,amount\nr1,{iban(1)},Ali Rezaei,1000\nr2,{iban(2)},Sara Karimi,2000\n".encode()


async def test_rows_become_a_batch_that_people_release_and_whose_every_line_is_read(partner: Partner) -> None:
    house = partner.house
    await house.money()
    bad = {"reference": "r3", "amount": 5, "iban": "IR00", "name": "Nobody"}
    body = BODY | {"rows": [*ROWS, bad], "declared": {"count": 3, "total_minor": 3005}}
    status, made = await partner.post("/payout-batches", body, Idempotency_Key="k1")
    assert (status, made["state"], made["label"]) == (201, "loading", "B1")
    await house.work()
    path = f"/payout-batches/{made['id']}"
    _, draft = await partner.get(path)
    assert (draft["state"], draft["parsing_success_count"], draft["rejection_count"]) == ("draft", 2, 1)
    _, bad_page = await partner.get(f"{path}/rejections")
    assert [(one["line"], one["state"], one["reason"], one["column"]) for one in bad_page["payments"]] == [
        (4, "not_taken", "iban", "iban")
    ]

    assert (await house.payouts.lock(made["id"], "stf_maker", without_bad=True)).outcome.value == "ok"
    await house.payouts.approved(made["id"], f"apr_{made['id']}")
    await house.work()
    house.signatures.sign(made["id"])
    await house.payouts.signed(made["id"], "doc_1")
    await house.work()
    items = await house.items(made["id"])
    await house.said((items[0], PaymentNews.SETTLED), (items[1], PaymentNews.REJECTED), reason="AC01")
    await house.work()

    _, done = await partner.get(path)
    assert (done["state"], done["completed_count"], done["paid_minor"]) == ("done", 1, 1000)
    assert (len(done["manifest_sha256"]), done["rejection_count"]) == (64, 2)
    _, completed = await partner.get(f"{path}/completions")
    assert [(one["reference"], one["account"]) for one in completed["payments"]] == [("r1", f"…{iban(1)[-4:]}")]
    _, first = await partner.get(f"{path}/rejections?limit=1")
    _, second = await partner.get(f"{path}/rejections?limit=1&after={first['next_after']}")
    assert [one["reason"] for page in (first, second) for one in page["payments"]] == ["AC01", "iban"]
    assert second["next_after"] is None
    _, items_page = await partner.get(f"{path}/items?limit=1")
    assert (items_page["payments"][0]["line"], items_page["next_after"]) == (2, 2)
    assert iban(1)[4:] not in json.dumps([done, completed, first, items_page])


async def test_the_same_request_is_the_same_batch_and_its_key_serves_no_other(partner: Partner) -> None:
    answers = [await partner.post("/payout-batches", BODY, Idempotency_Key="k1") for _ in range(3)]
    assert [status for status, _ in answers] == [201, 200, 200]
    assert len({answer["id"] for _, answer in answers}) == 1
    status, problem = await partner.post("/payout-batches", BODY | {"name": "other"}, Idempotency_Key="k1")
    assert (status, problem["code"]) == (422, "idempotency_key_reused")
    status, problem = await partner.post("/payout-batches", BODY, Idempotency_Key="k2")
    assert (status, problem["code"]) == (409, "same_file")
    again = BODY | {"again_because": "the first was cancelled"}
    assert (await partner.post("/payout-batches", again, Idempotency_Key="k2"))[0] == 201


async def test_many_at_once_with_one_key_make_one_batch(partner: Partner) -> None:
    answers = await asyncio.gather(*(partner.post("/payout-batches", BODY, Idempotency_Key="k1") for _ in range(5)))
    made = {answer["id"] for status, answer in answers if status in {200, 201}}
    assert {answer["code"] for status, answer in answers if status not in {200, 201}} <= {"in_progress"}
    open_batches = [
        one for one in await partner.house.payouts.list_batches(limit=10) if one.state is BatchState.LOADING
    ]
    assert made == {one.id for one in open_batches}


async def test_a_call_whose_process_died_after_the_file_was_kept_finds_its_batch(partner: Partner) -> None:
    key = await partner.keys.check(partner.secret)
    assert key is not None
    status, first = await partner.post("/payout-batches", BODY, Idempotency_Key="k1")
    assert status == 201
    # As a crash leaves it: the file is kept, what the call has made was not written down.
    await partner.keys.made(key.id, "payout:k1", "")
    assert (await partner.post("/payout-batches", BODY, Idempotency_Key="k1"))[1]["code"] == "in_progress"
    partner.office.clock.advance(timedelta(minutes=2))
    status, second = await partner.post("/payout-batches", BODY, Idempotency_Key="k1")
    assert (status, second["id"]) == (201, first["id"])


async def test_a_file_comes_as_multipart_and_its_hash_is_checked(partner: Partner) -> None:
    order, digest = json.dumps(ORDER), hashlib.sha256(FILE).hexdigest()
    status, problem = await partner.bring(order, FILE, Idempotency_Key="k1", X_Content_Hash="0" * 64)
    assert (status, problem["code"]) == (409, "content_hash")
    status, made = await partner.bring(order, FILE, Idempotency_Key="k1", X_Content_Hash=digest.upper())
    assert status == 201
    await partner.house.work()
    assert [one.amount.minor for one in await partner.house.items(made["id"])] == [1000, 2000]
    assert (await partner.bring(order, b"x" * (FILE_BYTES_MAX + 1), Idempotency_Key="k2"))[0] == 413
    assert (await partner.bring("x" * 5000, FILE, Idempotency_Key="k3"))[0] == 413
    assert (await partner.bring("{", FILE, Idempotency_Key="k4"))[1]["code"] == "bad_json"


async def test_ten_thousand_rows_are_taken_and_one_more_is_not(partner: Partner) -> None:
    rows = [
        {"reference": f"r{place}", "amount": 1, "iban": iban(place), "name": "Ali Rezaei"} for place in range(10_001)
    ]
    body = ORDER | {"declared": {"count": 10_000, "total_minor": 10_000}}
    status, _ = await partner.post("/payout-batches", body | {"rows": rows[:10_000]}, Idempotency_Key="k1")
    assert status == 201
    status, problem = await partner.post("/payout-batches", body | {"rows": rows}, Idempotency_Key="k2")
    assert (status, problem["code"], problem["errors"][0]["field"]) == (422, "invalid", "rows")


async def test_a_row_that_could_end_a_line_or_begin_a_formula_is_refused(partner: Partner) -> None:
    for reference in ("r1\nr2,0912,1", "r\x00"):
        body = BODY | {"rows": [ROWS[0] | {"reference": reference}]}
        assert (await partner.post("/payout-batches", body, Idempotency_Key="k1"))[0] == 422
    body = BODY | {"rows": [ROWS[0] | {"name": '=HYPERLINK("x")'}], "declared": {"count": 1, "total_minor": 1000}}
    _, made = await partner.post("/payout-batches", body, Idempotency_Key="k1")
    await partner.house.work()
    _, page = await partner.get(f"/payout-batches/{made['id']}/rejections")
    assert [one["reason"] for one in page["payments"]] == ["formula"]


async def test_another_key_sees_nothing_and_no_key_less(partner: Partner) -> None:
    _, made = await partner.post("/payout-batches", BODY, Idempotency_Key="k1")
    other = await partner.keys.create("Other", set((await partner.keys.list_keys())[0].scopes))
    for tail in ("", "/items", "/rejections", "/completions"):
        path = f"/payout-batches/{made['id']}{tail}"
        assert (await partner.get(path, other.secret))[0] == 404
        assert (await partner.get(path, ""))[0] == 401


@pytest.mark.parametrize("header", ["", "a b", "x" * 101, "é"])
async def test_a_batch_without_a_good_idempotency_key_is_refused(partner: Partner, header: str) -> None:
    status, problem = await partner.post("/payout-batches", BODY, Idempotency_Key=header)
    assert (status, problem["errors"][0]["field"]) == (422, "Idempotency-Key")


async def test_nothing_here_lets_money_go(partner: Partner) -> None:
    _, made = await partner.post("/payout-batches", BODY, Idempotency_Key="k1")
    for verb in ("lock", "approve", "release", "resume", "sign"):
        assert (await partner.post(f"/payout-batches/{made['id']}/{verb}", {}))[0] == 404
    assert (await partner.post(f"/payout-batches/{made['id']}", {"state": "running"}))[0] == 405


async def test_a_statement_is_taken_once_and_one_that_is_none_says_where(partner: Partner) -> None:
    statuses = []
    for octets in (b":20:x", b":20:x", b"no", b"x" * (17 * 1024 * 1024)):
        answer = await partner.client.post("/api/v1/statements", data=io.BytesIO(octets), headers=partner.headers())
        statuses.append((answer.status, (await answer.json()).get("outcome", "")))
    assert statuses == [(201, "taken"), (200, "already"), (422, ""), (413, "")]


async def test_a_pack_answers_for_each_member_and_says_what_is_missing(partner: Partner) -> None:
    gap = Gap("stm_2", "IR1", "IRR", 7, 10, (8, 9), 900, None)
    members = [Taken("taken", ["stm_1"], name="a.xml"), Taken("refused", reason="line 1", name="b.xml")]
    pack = Taken("partly", ["stm_1"], "1 taken, 1 refused", members=members, gaps=[gap])

    async def reads(_octets: bytes, _name: str, _staff_id: str) -> Taken:
        return pack

    partner.statements.reads = reads
    answer = await partner.client.post("/api/v1/statements", data=b"PK", headers=partner.headers())
    said = await answer.json()

    assert (answer.status, said["outcome"]) == (201, "partly")
    assert [(one["name"], one["outcome"], one["reason"]) for one in said["members"]] == [
        ("a.xml", "taken", ""), ("b.xml", "refused", "line 1"),
    ]  # fmt: skip
    (shown,) = said["gaps"]
    assert (shown["missing_first"], shown["missing_last"]) == (8, 9)
    assert (shown["closing_minor"], shown["opening_minor"]) == (900, None)


async def test_a_page_is_kept_and_a_form_is_refused_with_advice(partner: Partner) -> None:
    async def reads(_octets: bytes, _name: str, _staff_id: str) -> Taken:
        return Taken("waiting", reason="page 1 of statement 7", members=[Taken("waiting", name="1.sta")])

    partner.statements.reads = reads
    answer = await partner.client.post("/api/v1/statements", data=b":20:", headers=partner.headers())
    said = await answer.json()
    assert (answer.status, said["outcome"], said["reason"]) == (202, "waiting", "page 1 of statement 7")
    assert said["members"][0]["outcome"] == "waiting"

    form = FormData()
    form.add_field("file", io.BytesIO(b":20:"), filename="a.sta")
    answer = await partner.client.post("/api/v1/statements", data=form, headers=partner.headers())
    assert (answer.status, "send the file itself as the body" in await answer.text()) == (415, True)


async def test_what_the_description_says_holds(partner: Partner) -> None:
    document = await (await partner.client.get("/api/v1/openapi.json")).json()
    url = str(partner.client.make_url("/api/v1"))

    def smoke() -> None:
        schema = schemathesis.openapi.from_dict(document)
        schema.config.update(base_url=url)
        cases = schema["/statements"]["POST"].as_strategy()
        for path in ("", "/items", "/rejections", "/completions"):
            cases |= schema[f"/payout-batches/{{id}}{path}"]["GET"].as_strategy()

        @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(case=cases)
        def each(case: schemathesis.Case[Any]) -> None:
            case.call_and_validate(headers={"Authorization": f"Bearer {partner.secret}"})

        each()

    await asyncio.to_thread(smoke)
