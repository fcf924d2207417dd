"""Merchants and terminals: what they sell, where they are paid, whether they may sign on, and their statement."""

import csv
import io
import zipfile
from datetime import timedelta

import pytest

from gateway.services.links import TerminalStatus
from gateway.services.merchants import Merchant, TerminalState
from tests.gateway.channels.console.conftest import SignIn
from tests.gateway.channels.console.tills import TERMINAL
from tests.gateway.channels.console.world import World

NOBODY = "mer_01K8ZZZZZZZZZZZZZZZZZZZZZZ"
IBAN, OTHER = "IR062960000000100324200001", "IR580540105180021273113007"


async def opened(world: World) -> Merchant:
    person = world.people.add("Sara Moradi", "سارا مرادی", "+989120000003")
    return (await world.tills.open(person))[0]


async def test_a_merchant_s_account_changes_with_a_reason_and_cools(world: World, signed_in: SignIn) -> None:
    merchant = await opened(world)
    desk = await signed_in("shopper")
    here = f"/merchants/{merchant.id}"
    assert "owner&#39;s own account" in (await desk.get(here))[1]
    for iban, reason, told in (
        (IBAN, "", "refused=reason"),
        ("IR00", "First account", "refused=iban_bad_iban"),
        (IBAN, "First account", "said=iban_set"),
        (IBAN, "Once more", "refused=iban_same"),
    ):
        assert (await desk.post(f"{here}/iban", iban=iban, reason=reason))[1].endswith(told)
    assert "nothing is paid to it before" not in (await desk.get(here))[1]
    assert (await desk.post(f"{here}/iban", iban=OTHER, reason="Moved bank"))[1].endswith("said=iban_set")

    body = (await desk.get(here))[1]

    assert "nothing is paid to it before" in body
    assert ("…3007" in body, "…0001" in body, "Moved bank" in body, "Shirin Shopper" in body) == (True,) * 4
    assert not any(iban[4:] in body for iban in (IBAN, OTHER))
    world.clock.advance(timedelta(hours=25))
    assert "nothing is paid to it before" not in (await desk.get(here))[1]
    # Who pays merchants does not say where to, and neither does who registers them.
    for username in ("finance", "admin", "payer"):
        assert (await (await signed_in(username)).post(f"{here}/iban", iban=IBAN, reason="Mine"))[0] == 403


async def test_category_and_class_of_fees_are_set_and_listed(world: World, signed_in: SignIn) -> None:
    merchant = await opened(world)
    desk = await signed_in("shopper")
    here = f"/merchants/{merchant.id}"
    assert ">5912<" in (await desk.get("/merchants"))[1]
    assert (await desk.post(f"{here}/sells", category="۵۴۱۱", fee_class="grocers"))[1].endswith("said=merchant_sells")
    now = await world.merchants.merchant(merchant.id)
    assert now is not None
    assert (now.category, now.fee_class) == ("5411", "grocers")
    for wrong in ({"category": "54"}, {"fee_class": "Not a name!"}):
        status, body = await desk.post(f"{here}/sells", **{"category": "5411", "fee_class": ""} | wrong)
        assert (status, "Please check" in body) == (400, True)


async def test_a_terminal_is_stopped_let_and_retired_with_a_reason(world: World, signed_in: SignIn) -> None:
    desk = await signed_in("shopper")
    assert "Open a merchant and register one" in (await desk.get("/merchants/terminals"))[1]
    merchant = await opened(world)
    now = world.clock.now()
    await world.tills.lines.say(
        "gateway-1",
        [TerminalStatus(TERMINAL, "terminals", "house", "10.0.0.7:50000", up=True, since=now, messages=7)],
    )
    here = f"/merchants/terminals/{TERMINAL}"
    body = (await desk.get("/merchants/terminals"))[1]
    assert ("on the line" in body, "Noor Pharmacy" in body) == (True, True)
    assert 'hx-trigger="every 5s"' in body
    assert "10.0.0.7" in (await desk.get(here))[1]

    assert (await desk.post(f"{here}/block", reason=""))[1].endswith("refused=reason")
    assert (await desk.post(f"{here}/block", reason="Lost in a taxi"))[1].endswith("said=terminal_block")
    assert "Lost in a taxi" in (await desk.get(f"/merchants/{merchant.id}"))[1]
    assert (await desk.post(f"{here}/let", reason="Found"))[1].endswith("said=terminal_let")
    assert (await desk.post(f"{here}/retire", reason="Broken"))[1].endswith("said=terminal_retire")
    assert (await desk.post(f"{here}/let", reason="Mended"))[1].endswith("refused=terminal_retired")
    found = await world.merchants.terminal(TERMINAL)
    assert found is not None
    assert (found.state, found.state_by) == (TerminalState.RETIRED, world.ids["shopper"])
    assert "Retire it for good" not in (await desk.get(here))[1]
    world.clock.advance(timedelta(minutes=2))
    assert "its process is silent" in (await desk.get("/merchants/terminals/now"))[1]
    assert (await (await signed_in("finance")).post(f"{here}/let", reason="Found"))[0] == 403


async def test_a_statement_closes_with_the_ledger_s_balance_on_the_page_and_in_files(
    world: World, signed_in: SignIn
) -> None:
    merchant = await opened(world)
    for minor in (1_000_000, 2_500_000):
        await world.tills.buy(minor)
    world.clock.advance(timedelta(seconds=1))
    assert await world.tills.clearing.run(extra=True) >= 1
    desk = await signed_in("shopper")
    here = f"/merchants/{merchant.id}/statement"
    balances = await world.ledger.balances(world.deps.chart.id("merchant_payable", merchant.id))
    assert balances is not None
    closing = balances.net_credit
    assert 0 < closing < 3_500_000

    status, body = await desk.get(here)

    assert (status, "closing balance is the ledger" in body) == (200, True)
    assert body.count(f"{closing:,}\N{NO-BREAK SPACE}IRR") >= 3
    today = world.clock.now().date().isoformat()
    answer = await desk.ask("GET", f"{here}.csv?first={today}&last={today}", {})
    assert answer.headers["Content-Disposition"].endswith('.csv"')
    rows = list(csv.reader(io.StringIO(await answer.text())))
    assert (rows[-1][0], int(rows[-1][-1])) == ("closing", closing)
    answer = await desk.ask("GET", f"{here}.xlsx", {})
    assert zipfile.ZipFile(io.BytesIO(await answer.read())).testzip() is None
    quiet = (await desk.get(f"{here}?first=2020-01-01&last=2020-01-31"))[1]
    assert "Nothing moved in these days" in quiet
    for wrong in (
        "first=2020-01-01",
        "first=x",
        "first=0001-01-01&last=0001-01-02",
        "first=2026-11-30&last=2026-11-01",
    ):
        assert (await desk.get(f"{here}?{wrong}"))[0] == 400, wrong


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", f"/merchants/{NOBODY}"),
        ("get", f"/merchants/{NOBODY}/statement"),
        ("get", f"/merchants/{NOBODY}/statement.csv"),
        ("post", f"/merchants/{NOBODY}/iban"),
        ("post", f"/merchants/{NOBODY}/sells"),
        ("get", "/merchants/terminals/TERM9999"),
        ("post", "/merchants/terminals/TERM9999/block"),
        ("get", "/merchants/terminals/%2e%2e"),
    ],
)
async def test_a_stranger_s_id_is_no_page(signed_in: SignIn, method: str, path: str) -> None:
    desk = await signed_in("shopper")
    asked = desk.get if method == "get" else desk.post
    assert (await asked(path))[0] == 404
