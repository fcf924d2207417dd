"""Taps as staff see them: live, refused ones too, one with its verdict step by step, and what waits to be collected."""

from datetime import timedelta

import pytest

from gateway.services.taps import TapState
from tests.gateway.channels.console.conftest import SignIn
from tests.gateway.channels.console.tills import TERMINAL
from tests.gateway.channels.console.world import World
from tests.gateway.channels.nfc.phone import TC
from wallet.money import irr

NOBODY = "01K8ZZZZZZZZZZZZZZZZZZZZZZ"


async def test_taps_are_listed_with_refused_ones_and_their_reason_and_never_a_number(
    world: World, signed_in: SignIn
) -> None:
    desk = await signed_in("shopper")
    assert "Register a merchant and a terminal" in (await desk.get("/taps"))[1]
    person = world.people.add("Maryam Ahmadi", "مریم احمدی", "+989120000001")
    await world.tills.open(person)
    paid = await world.tills.buy(250_000)
    world.clock.advance(timedelta(seconds=1))
    refused = await world.tills.buy(99_000_000)
    world.tills.phone.luk = bytes(16)
    forged = world.tills.till.purchase(world.tills.phone, 1_000)
    await world.tills.ask("0200", forged)

    status, body = await desk.get("/taps")

    assert (status, body.count("<tr role=")) == (200, 4)
    assert all(f"/console/taps/{one.id}" in body for one in (paid, refused))
    assert "att_" not in body
    assert "Cryptogram" in body
    assert f"****{world.tills.phone.pan[-4:]}" in body
    assert world.tills.phone.pan not in body
    assert 'hx-get="/console/taps/now' in body
    assert (await desk.get("/taps/now"))[1].count("<tr role=") == 4
    only = (await desk.get("/taps?verdict=no_funds&terminal=term0001"))[1]
    assert (refused.id in only, paid.id in only) == (True, False)
    assert "Choose another verdict" in (await desk.get("/taps?terminal=TERM9999"))[1]
    assert (await desk.get("/taps?verdict=nonsense"))[0] == 400
    older = (await desk.get(f"/taps?before={refused.id}"))[1]
    assert (paid.id in older, refused.id in older, "hx-get" in older.split("<main")[1]) == (True, False, False)


async def test_a_tap_shows_each_step_its_amounts_and_what_the_ledger_moved(world: World, signed_in: SignIn) -> None:
    person = world.people.add("Maryam Ahmadi", "مریم احمدی", "+989120000001")
    merchant, token = await world.tills.open(person)
    bought = await world.tills.buy(250_000)
    original = {7: "1122080000", 11: bought.stan, 37: bought.rrn, 4: f"{250_000:012d}"}
    back = world.tills.till.later(original, 50_000, mti="0200") | {3: "200000", 2: world.tills.phone.pan}
    assert (await world.tills.ask("0200", back)).text(39) == "00"

    finance = await signed_in("finance")
    status, body = await finance.get(f"/taps/{bought.id}")

    assert status == 200
    (refund,) = await world.tills.taps.refunds_of(bought.id)
    for leads in (
        f"/console/merchants/{merchant.id}",
        f"/console/merchants/terminals/{TERMINAL}",
        f"/console/tokens/{token.id}",
        f"/console/people/{person.id}?about={bought.id}",
        f"/console/cause/{refund.id}",
    ):
        assert leads in body
    assert body.index("Token known") < body.index(">Cryptogram<") < body.index("Money in the wallet")
    assert all(f"{amount}\N{NO-BREAK SPACE}IRR" in body for amount in ("250,000", "50,000", "200,000"))
    assert "Tap refund" in body
    # Who sees neither people nor tokens nor the ledger is led to none of them.
    shopper = (await (await signed_in("shopper")).get(f"/taps/{bought.id}"))[1]
    assert not any(where in shopper for where in ("/console/people/", f"/console/tokens/{token.id}", "/ledger/"))


async def test_what_was_taken_offline_and_not_paid_is_cared_for_and_collected(world: World, signed_in: SignIn) -> None:
    person = world.people.add("Maryam Ahmadi", "مریم احمدی", "+989120000001")
    await world.tills.open(person, 100_000)
    fields = world.tills.till.purchase(world.tills.phone, 300_000, cid=TC)
    assert (await world.tills.ask("0220", fields)).text(39) == "00"
    (tap,) = await world.tills.taps.unpaid(10)
    desk = await signed_in("shopper")

    assert "taps to be collected" in (await desk.get("/"))[1]
    assert tap.id in (await desk.get("/taps/waiting"))[1]
    assert "Ask the wallet once more" in (await desk.get(f"/taps/{tap.id}"))[1]
    assert (await desk.post(f"/taps/{tap.id}/care"))[1].endswith(f"/taps/{tap.id}?said=tap_care")
    assert "Shirin Shopper" in (await desk.get("/taps/waiting"))[1]
    assert (await desk.post(f"/taps/{tap.id}/collect"))[1].endswith("refused=no_money_yet")
    await world.tills.fund(person, 500_000)
    assert (await desk.post(f"/taps/{tap.id}/collect"))[1].endswith("said=tap_collected")
    now = await world.tills.taps.tap(tap.id)
    assert now is not None
    assert (now.state, now.captured) == (TapState.CAPTURED, irr(300_000))
    for action in ("care", "collect"):
        assert (await desk.post(f"/taps/{tap.id}/{action}"))[1].endswith("refused=tap_settled")
    clerk = await signed_in("clerk")
    assert "Ask the wallet once more" not in (await clerk.get(f"/taps/{tap.id}"))[1]


async def test_what_must_go_back_and_the_merchant_lacks_is_cared_for_and_paid(world: World, signed_in: SignIn) -> None:
    person = world.people.add("Maryam Ahmadi", "مریم احمدی", "+989120000001")
    await world.tills.open(person)
    sold = await world.tills.buy(250_000)
    world.clock.advance(timedelta(minutes=3))
    await world.tills.clearing.run(extra=True)
    fields = {4: f"{250_000:012d}", 7: "1122080000", 11: sold.stan, 37: sold.rrn}
    assert (await world.tills.ask("0420", world.tills.till.later(fields, mti="0200"))).text(39) == "00"
    # The fee was taken from what was to be paid out, so that it cannot go back whole.
    (refund,) = await world.tills.taps.short(10)
    desk = await signed_in("shopper")

    assert "taps to be collected" in (await desk.get("/"))[1]
    body = (await desk.get("/taps/waiting"))[1]
    assert refund.id in body.split("the merchant&#39;s account has too little")[1]
    assert "None: everything that was taken back was paid." in (await desk.get(f"/taps/waiting?short={refund.id}"))[1]
    assert "Pay it back now" in (await desk.get(f"/taps/{sold.id}"))[1]
    assert (await desk.post(f"/taps/{refund.id}/care"))[1].endswith(f"/taps/{sold.id}?said=tap_care")
    assert "Shirin Shopper" in (await desk.get("/taps/waiting"))[1]
    assert (await desk.post(f"/taps/{refund.id}/collect"))[1].endswith("refused=refund_short")
    await world.tills.buy(250_000)
    world.clock.advance(timedelta(minutes=3))
    await world.tills.clearing.run(extra=True)
    assert (await desk.post(f"/taps/{refund.id}/collect"))[1].endswith("said=refund_paid")
    assert (await desk.post(f"/taps/{refund.id}/collect"))[1].endswith("refused=tap_settled")
    assert await world.tills.taps.short(10) == []


@pytest.mark.parametrize("path", ["/taps/tap_", "/taps/rfd_", "/taps/att_"])
async def test_a_stranger_s_id_is_no_page(signed_in: SignIn, path: str) -> None:
    desk = await signed_in("finance")
    assert (await desk.get(path + NOBODY))[0] == 404
    for action in ("care", "collect"):
        assert (await desk.post(f"{path}{NOBODY}/{action}"))[0] == 404
