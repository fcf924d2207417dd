"""The ten-payment pack through the console: brought, locked, paid, and every break where staff look for it."""

import re

from gateway.services.payouts import BatchState
from tests.gateway.channels.console.conftest import Desk, SignIn
from tests.gateway.channels.console.world import World
from tests.gateway.packs import ten
from tests.gateway.services.payouts.house import LINE


async def test_ten_payments_from_the_file_to_the_returns_desk(world: World, signed_in: SignIn) -> None:
    paying, desk = world.paying, await signed_in("payer")
    await paying.money()
    batch = await brought_and_locked(world, desk)
    assert await paying.payouts.approved(batch, f"apr_{batch}") == "approved"
    await paying.work()
    paying.signatures.sign(batch)
    await paying.payouts.signed(batch, "doc_1")
    await paying.work()
    assert (len(paying.bank.payments), await paying.holds()) == (ten.COUNT, (ten.TOTAL, ten.TOTAL))

    for path in (ten.STATUS, ten.FIRST, ten.FIRST):
        await paying.payouts.take(ten.news(path.read_bytes()))

    assert await shown(desk, batch, "items") == {**{name: state for name, (state, _) in ten.AFTER_FIRST.items()}}
    assert set(await shown(desk, batch, "items?state=rejected")) == {"TEN-06"}
    assert "AC01" in (await desk.get(f"/payouts/{batch}/items?state=rejected"))[1]
    assert set(await shown(desk, batch, "items?flagged=yes")) == {ten.BREAK}
    assert "bank says another amount" in (await desk.get(f"/payouts/{batch}/items?flagged=yes"))[1]
    assert ten.EXTERNAL not in (await desk.get(f"/payouts/{batch}/items"))[1]
    assert set(await shown(desk, batch, "items?state=sent")) == {ten.SILENT}
    for text in ("TEN-03", "Leila", "P000001N000000398"):
        assert set(await shown(desk, batch, f"items?state=&text={text}")) == {"TEN-03"}
    settled = sum(int(row["amount"]) for row in ten.ROWS if ten.AFTER_FIRST[row["reference"]][0] == "settled")
    rejected = sum(int(row["amount"]) for row in ten.ROWS if ten.AFTER_FIRST[row["reference"]][0] == "rejected")
    assert await paying.net("rail_payable", "bank") == ten.TOTAL - settled - rejected

    for _ in range(2):
        await paying.payouts.take(ten.news(ten.SECOND.read_bytes()))

    _, returns = await desk.get("/returns")
    assert (ten.BACK in returns, "AC04" in returns, await paying.net("suspense")) == (True, True, 4_500_000)
    (item,) = set(re.findall(r"/console/returns/(itm_\w+)/again", returns))
    status, where = await desk.post(f"/returns/{item}/again", iban=ten.ROWS[0]["iban"])
    assert (status, "said=payout_follow_up" in where) == (303, True)
    assert (await desk.post(f"/payouts/{batch}/follow-up", state="rejected", reason="AC01"))[1].endswith(
        "said=payout_follow_up"
    )
    assert (await paying.batch(batch)).state is BatchState.RUNNING


async def brought_and_locked(world: World, desk: Desk) -> str:
    await desk.get("/payouts")
    fields = {"name": "Ten payments", "line": LINE, "sha256": "", "reason": ""}
    _, where = await desk.bring(
        "/payouts/file", ten.PAYMENTS.read_bytes(), **fields, count=str(ten.COUNT), total=str(ten.TOTAL)
    )
    await world.paying.work()
    (batch,) = re.findall(r"bat_\w+", where)
    assert (await desk.post(f"/payouts/{batch}/lock"))[1].endswith("said=payout_lock")
    return str(batch)


async def shown(desk: Desk, batch: str, tail: str) -> dict[str, str]:
    """References on a page of payments, and the state that each is shown in."""
    status, body = await desk.get(f"/payouts/{batch}/{tail}")
    assert status == 200
    rows = re.findall(r'<tr role="row"><td.*?</tr>', body, re.DOTALL)
    words = {"accepted by the bank": "accepted"}
    found = {}
    for row in rows:
        reference = re.search(r"TEN-\d\d", row)
        state = re.search(r'class="chip \w+">([^<]+)<', row)
        assert reference is not None
        assert state is not None
        found[reference.group()] = words.get(state.group(1), state.group(1))
    return found
