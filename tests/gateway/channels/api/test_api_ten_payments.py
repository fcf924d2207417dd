"""The ten-payment pack through the API: brought by a system, decided by people, read line by line."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.gateway.channels.api.partners import Partner, Taken
from tests.gateway.packs import ten
from tests.gateway.services.payouts.house import LINE, MAKER, House


@dataclass
class Bank:
    """Takes each file of the bank once and tells the payouts."""

    house: House
    seen: dict[bytes, Sequence[str]] = field(default_factory=dict)

    async def import_statement(self, octets: bytes, name: str, staff_id: str) -> Taken:
        if octets in self.seen:
            return Taken("already", self.seen[octets])
        self.seen[octets] = [f"sta_{len(self.seen)}"]
        await self.house.payouts.take(ten.news(octets))
        return Taken("taken", self.seen[octets])


async def test_ten_payments_by_a_system(partner: Partner) -> None:
    house = partner.house
    await house.money()
    partner.statements.reads = Bank(house).import_statement
    order = {"name": "Ten", "line": LINE, "declared": {"count": ten.COUNT, "total_minor": ten.TOTAL}}
    status, made = await partner.bring(json.dumps(order), ten.PAYMENTS.read_bytes(), Idempotency_Key="ten")
    assert status == 201
    path = f"/payout-batches/{made['id']}"
    await house.work()
    await house.payouts.lock(made["id"], MAKER)
    await house.payouts.approved(made["id"], f"apr_{made['id']}")
    await house.work()
    house.signatures.sign(made["id"])
    await house.payouts.signed(made["id"], "doc_1")
    await house.work()

    files = [ten.STATUS, ten.FIRST, ten.FIRST]
    assert [await brought(partner, file.read_bytes()) for file in files] == ["taken", "taken", "already"]

    _, page = await partner.get(f"{path}/items")
    assert {one["reference"]: (one["state"], one["reason"]) for one in page["payments"]} == ten.AFTER_FIRST
    _, rejections = await partner.get(f"{path}/rejections")
    assert [(one["reference"], one["reason"]) for one in rejections["payments"]] == [("TEN-06", "AC01")]
    _, completions = await partner.get(f"{path}/completions")
    assert len(completions["payments"]) == 6

    assert [await brought(partner, ten.SECOND.read_bytes()) for _ in range(2)] == ["taken", "already"]

    _, shown = await partner.get(path)
    counts = {name: shown[name] for name in ("parsing_success_count", "completed_count", "returned_count")}
    assert counts == {"parsing_success_count": 9, "completed_count": 5, "returned_count": 1}
    _, page = await partner.get(f"{path}/items")
    back = next(one for one in page["payments"] if one["reference"] == ten.BACK)
    assert (back["state"], back["reason"]) == ("returned", "AC04")


async def brought(partner: Partner, octets: bytes) -> str:
    answer = await partner.client.post("/api/v1/statements", data=octets, headers=partner.headers())
    return str((await answer.json())["outcome"])
