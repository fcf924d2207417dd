"""Batches in the console: a file becomes a batch, is looked at, locked and followed; what came back is dealt with."""

import re
from html import unescape

import pytest

from gateway.services.banking.model import PaymentNews
from gateway.services.payouts import ItemState
from tests.gateway.channels.console.conftest import Desk, SignIn
from tests.gateway.channels.console.world import World
from tests.gateway.services.payouts.house import LINE, iban

HEAD = b"reference,msisdn,iban,name,amount\n"


def row(place: int, minor: int, name: str = "Ali Rezaei") -> bytes:
    return f"r{place},,{iban(place)},{name},{minor}\n".encode()


async def made(world: World, desk: Desk, file: bytes, count: int, total: int) -> str:
    """The batch that a payouts officer makes of this file, and that the worker has read."""
    await desk.get("/payouts")
    status, where = await desk.bring(
        "/payouts/file", file, name="November", line=LINE, count=str(count), total=str(total), sha256="", reason=""
    )
    assert (status, "said=payout_made" in where) == (303, True), where
    await world.paying.work()
    found = re.search(r"/payouts/(bat_\w+)", where)
    assert found is not None
    return found.group(1)


async def test_a_file_becomes_a_batch_that_is_locked_and_followed_to_its_end(world: World, signed_in: SignIn) -> None:
    await world.paying.money()
    desk = await signed_in("payer")
    batch = await made(world, desk, HEAD + row(1, 1000) + row(2, 2000), 2, 3000)

    status, body = await desk.get(f"/payouts/{batch}")
    assert (status, "B1" in body, "<svg" in body, "Lock and ask the checkers" in body) == (200, True, True, True)
    assert await desk.post(f"/payouts/{batch}/lock") == (303, f"/console/payouts/{batch}?said=payout_lock")
    assert await world.paying.payouts.approved(batch, f"apr_{batch}") == "approved"
    await world.paying.work()
    world.paying.signatures.sign(batch)
    await world.paying.payouts.signed(batch, "doc_1")
    await world.paying.work()
    digest = (await world.paying.batch(batch)).manifest.hex()
    assert digest in (await desk.get(f"/payouts/{batch}"))[1]

    items = await world.paying.items(batch)
    await world.paying.said((items[0], PaymentNews.SETTLED), (items[1], PaymentNews.REJECTED), reason="AC01")
    await world.paying.work()
    status, body = await desk.get(f"/payouts/{batch}/progress")
    assert (status, "2 / 2" in body) == (286, True)
    _, listed = await desk.get(f"/payouts/{batch}/items?state=rejected")
    assert ("AC01" in listed, "r2" in listed, ">r1<" in listed, iban(2)[4:] in listed) == (True, True, False, False)
    _, item = await desk.get(f"/payouts/items/{items[0].id}")
    assert ("settled" in item, "camt.053 S1 line 1" in item) == (True, True)

    status, where = await desk.post(f"/payouts/{batch}/follow-up", state="rejected", reason="AC01")
    assert (status, "said=payout_follow_up" in where) == (303, True)
    assert (await desk.post(f"/payouts/{batch}/follow-up", state="rejected", reason="AC04"))[1].endswith(
        "refused=payout_empty"
    )
    assert (await desk.post(f"/payouts/{batch}/follow-up", state="settled", reason=""))[1].endswith(
        "refused=payout_form"
    )


async def test_every_bad_line_is_shown_and_the_file_of_them_runs_no_formula(world: World, signed_in: SignIn) -> None:
    file = (
        HEAD + row(1, 1000) + b"r2,,IR00,Ali,5\n" + b"r3,0912999,,,7\n" + b'"=1+1",,' + iban(4).encode() + b",Ali,9\n"
    )
    desk = await signed_in("payer")
    batch = await made(world, desk, file, 4, 1021)

    _, body = await desk.get(f"/payouts/{batch}")
    assert ("no IBAN, or a wrong digit" in body, "formula or error" in body) == (True, True)
    _, text = await desk.get(f"/payouts/{batch}/bad.csv")
    assert len(text.splitlines()) == 4
    assert not [cell for line in text.splitlines()[1:] for cell in line.split(",") if cell.startswith(("=", "+"))]
    assert (await desk.post(f"/payouts/{batch}/lock"))[1].endswith("refused=payout_bad_rows")
    assert (await desk.post(f"/payouts/{batch}/lock", without_bad="yes"))[1].endswith("said=payout_lock")


async def test_a_payees_name_that_is_a_formula_is_data_in_the_download(world: World, signed_in: SignIn) -> None:
    world.paying.people.add(world.clock, 1, name="=cmd|' /C calc'!A0")
    desk = await signed_in("payer")
    batch = await made(world, desk, HEAD + b"r1,09120000001,,,1000\n", 1, 1000)

    _, text = await desk.get(f"/payouts/{batch}/items.csv")

    assert "'=cmd" in text


async def test_the_same_file_leads_to_its_batch_and_comes_again_only_with_a_reason(
    world: World, signed_in: SignIn
) -> None:
    file = HEAD + row(1, 1000)
    desk = await signed_in("payer")
    first = await made(world, desk, file, 1, 1000)
    await desk.get("/payouts")
    fields = {"name": "again", "line": LINE, "count": "1", "total": "1000", "sha256": ""}

    assert await desk.bring("/payouts/file", file, **fields, reason="") == (
        303,
        f"/console/payouts/{first}?refused=payout_same_file",
    )
    assert "said=payout_made" in (await desk.bring("/payouts/file", file, **fields, reason="lost by the bank"))[1]
    assert (await desk.bring("/payouts/file", file, **(fields | {"sha256": "0" * 64}), reason=""))[1].endswith(
        "refused=payout_hash_differs"
    )


async def test_twins_wait_until_the_officer_has_looked(world: World, signed_in: SignIn) -> None:
    await world.paying.money()
    file = HEAD + row(1, 1000) + f"r9,,{iban(1)},Ali Rezaei,1000\n".encode()
    desk = await signed_in("payer")
    batch = await made(world, desk, file, 2, 2000)
    assert (await desk.post(f"/payouts/{batch}/lock"))[1].endswith("refused=payout_held_rows")
    _, body = await desk.get(f"/payouts/{batch}/items?state=held")
    assert "same payee and amount twice" in body

    assert (await desk.post(f"/payouts/{batch}/drop", rows="", reason=""))[1].endswith("refused=payout_reason_missing")
    assert (await desk.post(f"/payouts/{batch}/drop", rows="3", reason="typed twice"))[1].endswith("said=payout_drop")

    assert [one.state for one in await world.paying.items(batch)] == [ItemState.RECEIVED, ItemState.CANCELLED]


async def test_what_came_back_is_asked_for_paid_again_or_given_back(world: World, signed_in: SignIn) -> None:
    await world.paying.money()
    person = world.paying.people.add(world.clock, 1)
    world.paying.people.wants(person, iban(8))
    batch = await world.paying.released(HEAD + b"r1,09120000001,,,1000\n" + row(2, 2000) + row(3, 3000))
    items = await world.paying.items(batch.id)
    for item in items:
        await world.paying.said((item, PaymentNews.SETTLED), (item, PaymentNews.RETURNED), reason="AC04")
    desk = await signed_in("payer")
    _, body = await desk.get("/returns")
    assert len(re.findall(r'action="/console/returns/itm_\w+/again"', unescape(body))) == 3
    one, two, three = (item.id for item in items)

    assert await desk.post(f"/returns/{one}/ask") == (303, "/console/returns?said=return_ask")
    assert await desk.post(f"/returns/{two}/ask") == (303, "/console/returns?refused=payout_unreachable")
    assert await desk.post(f"/returns/{two}/again", iban="IR00") == (
        303,
        "/console/returns?refused=payout_bad_account",
    )
    assert "said=payout_follow_up" in (await desk.post(f"/returns/{two}/again", iban=iban(20)))[1]
    assert await desk.post(f"/returns/{three}/give-back", reason="dead") == (
        303,
        "/console/returns?said=return_give_back",
    )
    assert await desk.post(f"/returns/{three}/give-back", reason="dead") == (
        303,
        "/console/returns?refused=payout_not_returned",
    )


async def test_budgets_are_shown_and_given_by_two(world: World, signed_in: SignIn) -> None:
    await world.paying.money(budget=7_000)
    desk = await signed_in("finance")
    _, body = await desk.get("/budgets")
    assert (LINE in body, "7,000" in body) == (True, True)

    status, where = await desk.post("/budgets", line="pension", amount="۱۰٬۰۰۰", reason="the year")

    assert (status, where.startswith("/console/approvals/apr_")) == (303, True)
    assert (await desk.post("/budgets", line="no such!", amount="1", reason="why"))[1].endswith("refused=budget_form")


async def test_a_running_batch_is_stopped_by_whoever_sees_something_and_resumed(
    world: World, signed_in: SignIn
) -> None:
    await world.paying.money()
    batch = await world.paying.released(HEAD + row(1, 1000))
    desk = await signed_in("checker")
    assert (await desk.post(f"/payouts/{batch.id}/pause", reason=""))[1].endswith("said=payout_pause")
    assert (await desk.post(f"/payouts/{batch.id}/resume"))[1].endswith("said=payout_resume")
    assert (await desk.post(f"/payouts/{batch.id}/cancel", reason="no"))[0] == 403


async def test_the_rest_of_a_stopped_batch_is_given_up_by_an_officer_who_says_why(
    world: World, signed_in: SignIn
) -> None:
    await world.paying.money()
    batch = await world.paying.released(HEAD + row(1, 1000))
    await world.paying.payouts.pause(batch.id, "stf_1", "wrong month")
    desk = await signed_in("payer")
    assert "Give up the rest" in (await desk.get(f"/payouts/{batch.id}"))[1]
    assert (await desk.post(f"/payouts/{batch.id}/abandon", reason=""))[1].endswith("refused=payout_reason_missing")
    assert (await desk.post(f"/payouts/{batch.id}/abandon", reason="wrong"))[1].endswith("said=payout_abandon")
    assert "the rest was given up" in (await desk.get(f"/payouts/{batch.id}"))[1]


@pytest.mark.parametrize(
    ("username", "path", "status"),
    [
        ("officer", "/payouts", 403),
        ("treasurer", "/payouts", 200),
        ("treasurer", "/returns", 403),
        ("clerk", "/budgets", 403),
        ("checker", "/budgets", 200),
        ("payer", "/payouts?state=done", 200),
        ("payer", "/payouts?state=other", 400),
        ("payer", f"/payouts/bat_{'0' * 26}", 404),
        ("payer", f"/payouts/bat_{'0' * 26}/items", 404),
        ("payer", f"/payouts/items/itm_{'0' * 26}", 404),
    ],
)
async def test_each_page_is_for_its_roles(signed_in: SignIn, username: str, path: str, status: int) -> None:
    assert (await (await signed_in(username)).get(path))[0] == status


async def test_a_file_without_the_right_token_or_too_long_is_not_taken(world: World, signed_in: SignIn) -> None:
    desk = await signed_in("payer")
    await desk.get("/payouts")
    fields = {"name": "x", "line": LINE, "count": "1", "total": "1", "sha256": "", "reason": ""}
    right, desk.csrf = desk.csrf, "0" * 64
    assert (await desk.bring("/payouts/file", HEAD, **fields))[0] == 403
    desk.csrf = right
    assert (await desk.bring("/payouts/file", b"", **fields))[0] == 400
    assert (await desk.bring("/payouts/file", HEAD, **(fields | {"count": "many"})))[1].endswith("payout_form")
    assert (await desk.post("/payouts/file", **fields))[0] == 400
    assert await world.paying.payouts.list_batches(limit=5) == []
