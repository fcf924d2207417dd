"""Clearing as staff see it: batches of both sides, exceptions taken and resolved, cycles merchant by merchant."""

from datetime import timedelta

import pytest

from gateway.services.clearing import ExceptionState
from tests.gateway.channels.console.conftest import SignIn
from tests.gateway.channels.console.tills import TERMINAL
from tests.gateway.channels.console.world import World

NOBODY = "01K8ZZZZZZZZZZZZZZZZZZZZZZ"


async def unlike(world: World) -> str:
    await world.tills.open(world.people.add("Sara Moradi", "سارا مرادی", "+989120000003"))
    return await world.tills.unlike()


async def test_a_batch_shows_both_sides_and_leads_to_what_did_not_fit(world: World, signed_in: SignIn) -> None:
    desk = await signed_in("shopper")
    assert "first tap opens one" in (await desk.get("/merchants/batches"))[1]
    exception = await unlike(world)
    (batch,) = await world.tills.clearing.views.batches()
    assert batch.id in (await desk.get(f"/merchants/batches?state=healed&terminal={TERMINAL}"))[1]
    assert "No batch is like that" in (await desk.get("/merchants/batches?state=agreed"))[1]
    assert (await desk.get("/merchants/batches?state=nonsense"))[0] == 400

    status, body = await desk.get(f"/merchants/batches/{batch.id}")

    assert status == 200
    assert "350,000\N{NO-BREAK SPACE}IRR" in body
    assert "250,000\N{NO-BREAK SPACE}IRR" in body
    assert ">differs<" in body
    assert ("the same here" in body, "not known here" in body) == (True, True)
    assert f"/console/merchants/exceptions/{exception}" in body
    tap = (await world.tills.taps.live(1))[0]
    assert f"/console/taps/{tap.id}" in body
    assert f"/console/merchants/batches/{batch.id}" in (await desk.get(f"/taps/{tap.id}"))[1]


async def test_an_exception_is_taken_and_resolved_with_a_reason_once(world: World, signed_in: SignIn) -> None:
    desk, finance = await signed_in("shopper"), await signed_in("finance")
    assert "Nothing to do" in (await desk.get("/merchants/exceptions"))[1]
    exception = await unlike(world)
    here = f"/merchants/exceptions/{exception}"
    assert "things in clearing" in (await desk.get("/"))[1]
    for listed in ("", "?whose=desk", "?state="):
        assert exception in (await desk.get(f"/merchants/exceptions{listed}"))[1]
    assert exception not in (await desk.get("/merchants/exceptions?whose=mine"))[1]
    body = (await desk.get(here))[1]
    assert ("100,000\N{NO-BREAK SPACE}IRR" in body, "900001" in body, "Ask the merchant" in body) == (True,) * 3

    assert (await desk.post(f"{here}/take"))[1].endswith("said=exception_take")
    assert exception in (await desk.get("/merchants/exceptions?whose=mine"))[1]
    assert (await desk.post(f"{here}/resolve", reason=" "))[1].endswith("refused=reason")
    assert (await desk.post(f"{here}/resolve", reason="Seen: <b>cash</b>"))[1].endswith("said=exception_resolve")
    assert (await finance.post(f"{here}/resolve", reason="Twice"))[1].endswith("refused=exception_resolved")
    assert (await finance.post(f"{here}/take"))[1].endswith("refused=exception_resolved")
    found = await world.tills.clearing.views.exception(exception)
    assert found is not None
    assert (found.state, found.resolved_by) == (ExceptionState.RESOLVED, world.ids["shopper"])
    body = (await finance.get(here))[1]
    assert "&lt;b&gt;cash" in body
    assert "Resolve it" not in body
    assert exception in (await finance.get("/merchants/exceptions?state=resolved"))[1]


async def test_finance_asks_for_a_cycle_and_its_takings_lead_to_their_taps(world: World, signed_in: SignIn) -> None:
    finance, desk = await signed_in("finance"), await signed_in("shopper")
    assert "No cycle yet" in (await desk.get("/merchants/cycles"))[1]
    merchant, _ = await world.tills.open(world.people.add("Sara Moradi", "سارا مرادی", "+989120000003"))
    taps = [await world.tills.buy(minor) for minor in (1_000_000, 2_500_000)]
    world.clock.advance(timedelta(seconds=1))
    assert (await desk.post("/merchants/cycles"))[0] == 403
    status, where = await finance.post("/merchants/cycles")
    assert (status, where.endswith("said=cycle_asked")) == (303, True)
    here = where.removeprefix("/console").partition("?")[0]
    assert "come to nothing for anybody yet" in (await finance.get(here))[1]
    await world.tills.clearing.run()

    body = (await desk.get(here))[1]

    assert "3,500,000\N{NO-BREAK SPACE}IRR" in body
    assert f"{here}/items?merchant={merchant.id}" in body
    assert here in (await desk.get("/merchants/cycles"))[1]
    items = (await desk.get(f"{here}/items?merchant={merchant.id}"))[1]
    assert all(f"/console/taps/{tap.id}" in items for tap in taps)
    assert (await desk.get(f"{here}/items?merchant=mer_x"))[0] == 400
    cycle_id = here.rpartition("/")[2]
    assert f"/console/merchants/cycles/{cycle_id}" in (await desk.get(f"/taps/{taps[0].id}"))[1]
    assert "to be paid" in (await desk.get(f"/merchants/{merchant.id}"))[1]
    world.clock.advance(timedelta(seconds=1))
    # A second press opens another cycle, which takes nothing twice.
    await finance.post("/merchants/cycles")
    await world.tills.clearing.run()
    newest = (await world.tills.clearing.views.cycles())[0]
    assert (newest.id != cycle_id, newest.count) == (True, 0)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", f"/merchants/batches/tbt_{NOBODY}"),
        ("get", f"/merchants/exceptions/exc_{NOBODY}"),
        ("post", f"/merchants/exceptions/exc_{NOBODY}/take"),
        ("post", f"/merchants/exceptions/exc_{NOBODY}/resolve"),
        ("get", f"/merchants/cycles/cyc_{NOBODY}"),
        ("get", f"/merchants/cycles/cyc_{NOBODY}/items"),
    ],
)
async def test_a_stranger_s_id_is_no_page(signed_in: SignIn, method: str, path: str) -> None:
    desk = await signed_in("finance")
    asked = desk.get if method == "get" else desk.post
    assert (await asked(path))[0] == 404
