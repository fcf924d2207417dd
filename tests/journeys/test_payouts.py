"""Journeys of a batch: brought by console and API, agreed to, signed on phones, paid by wallet and bank, returned."""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from simulators.bank import iban
from simulators.mssp import Said
from tests.gateway.packs import ten
from tests.journeys import checks, steps
from tests.journeys.desk import Desk
from tests.journeys.town import Town, opened

pytestmark = [pytest.mark.journey, pytest.mark.rig, pytest.mark.timeout(180)]
LINE = "sickness-1405"
POLICY = """
[[payout_batch]]
roles = ["payouts_checker"]
need = "two_mobile"
"""
PROFILE = """
debtor = "Social Security"
iban = "IR220000000000000000000001"
name_max = 70
"""
ALI, FATIMA = 8, 10
WRONG, CLOSED = iban.of_account(9001), iban.of_account(9104)
"""The bank says AC01 of the first; what it pays to the second comes back in the next cycle."""
ROWS = f"""reference,msisdn,iban,name,amount,purpose,note
W-1,+989120000008,,,1500000,SSBE,November
W-2,+989120000010,,,2500000,SSBE,November
B-1,,{iban.of_account(101)},Leila Moradi,3000000,SSBE,November
B-2,,{WRONG},Omid Rahimi,990000,SSBE,November
B-3,+989120000008,{CLOSED},Ali Sadeghi,4000000,SSBE,November
"""
COUNT, TOTAL = 5, 11_990_000
API_ROWS = [{"reference": "A-1", "amount": 700_000, "msisdn": "+989120000010"}]


@dataclass
class Office:
    """Members of staff at their desks; each signs in once, for a one-time code serves once."""

    town: Town
    payouts: Desk
    checker: Desk
    treasurer: Desk
    director: Desk
    finance: Desk

    async def brought(self, name: str, file: bytes, count: int, total: int) -> str:
        """Bring a file at the console; the batch's path."""
        fields = {"name": name, "line": LINE, "count": str(count), "total": str(total), "sha256": "", "reason": ""}
        page = await self.payouts.bring("/console/payouts/file", file, **fields)
        return found(r"(/console/payouts/bat_\w+)/", page)

    async def decided(self, batch: str) -> None:
        """Once it is read it is locked, and the checker agrees."""
        await until(lambda: self.payouts.page(batch), f"{batch}/lock")
        assert "Locked. Checkers are asked." in await self.payouts.submit(f"{batch}/lock")
        waiting = await until(lambda: self.checker.page("/console/approvals"), "/console/approvals/apr_")
        await self.checker.submit(f"{found('(/console/approvals/apr_[A-Z0-9]+)', waiting)}/approve")

    async def signed(self, batch: str, username: str) -> None:
        """A signatory presses the button, compares digits and code, and types the PIN on the phone."""
        desk: Desk = getattr(self, username)
        account = next(one for one in self.town.facts.staff if one.username == username)
        phone = self.town.world.sign_phones[account.msisdn]
        inbox = await until(lambda: desk.page("/console/signing"), "form_key")
        assert found(r">([0-9A-F]{8})<", await self.payouts.page(batch)) in inbox
        document, key = found("/console/signing/(doc_[A-Z0-9]+)/sign", inbox), found('form_key" value="([^"]+)"', inbox)
        page = await desk.submit(f"/console/signing/{document}/sign", form_key=key)
        async with asyncio.timeout(20):
            while (prompt := phone.pending()) is None:  # noqa: ASYNC110 - the simulator's own fact
                await asyncio.sleep(0.05)
        assert prompt.code in page
        assert await phone.type_pin(phone.pin) is Said.SIGNED
        await until(lambda: desk.page(found('hx-get="([^"]+/progress)"', page)), "signed")

    async def states(self, batch: str) -> dict[str, str]:
        """State of each payment, as the page of payments shows it."""
        page = await self.payouts.page(f"{batch}/items")
        rows = re.findall(r'<tr role="row"><td.*?</tr>', page, re.DOTALL)
        return {found(r"\b([A-Z]+-\d+)\b", row): found(r'class="chip \w+">([^<]+)<', row) for row in rows}

    async def until_they_stand(self, batch: str, wanted: dict[str, str]) -> None:
        """Wait until these payments are shown so."""
        shown: dict[str, str] = {}
        try:
            async with asyncio.timeout(60):
                while not wanted.items() <= (shown := await self.states(batch)).items():  # noqa: ASYNC110
                    await asyncio.sleep(0.3)
        except TimeoutError:
            raise AssertionError(f"{shown} is not {wanted}") from None

    async def budget(self) -> list[int]:
        """Given, held, spent and left of the line."""
        row = found(rf"(?s){LINE}(.*?)</tr>", await self.finance.page("/console/budgets"))
        return [int(each.replace(",", "")) for each in re.findall(r">\s*([\d,]+)", row)]


@contextlib.asynccontextmanager
async def staffed(folder: Path, database_url: str, **settings: str) -> AsyncIterator[Office]:
    """A town whose signatories have enrolled, and its office; settings are files and what stands in them."""
    more = {}
    for name, text in settings.items():
        (folder / f"{name}.toml").write_text(text, "utf-8")
        more[name] = str(folder / f"{name}.toml")
    async with opened(folder, database_url, signers=True, more=more) as town, contextlib.AsyncExitStack() as stack:
        names = ("payouts", "checker", "treasurer", "director", "finance")
        yield Office(town, *[await stack.enter_async_context(Desk(town, name)) for name in names])


@pytest.fixture
async def office(database_url: str, tmp_path: Path) -> AsyncIterator[Office]:
    """An office in which every batch wants two signatures."""
    async with staffed(tmp_path, database_url, policy_file=POLICY) as office:
        yield office


async def until(ask: Callable[[], Awaitable[str]], words: str) -> str:
    """Ask for a page until it holds these words."""
    page = ""
    try:
        async with asyncio.timeout(60):
            while words not in (page := await ask()):  # noqa: ASYNC110 - a browser polls too
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise AssertionError(f"{words!r} does not come: {page[-3000:]}") from None
    return page


def found(pattern: str, page: str) -> str:
    match = re.search(pattern, page)
    assert match is not None, f"{pattern} is not in {page[-6000:]}"
    return match.group(1)


async def system(town: Town, method: str, path: str, key: str, **more: Any) -> Any:  # noqa: ANN401 - JSON
    """What the API answers to a system."""
    headers = {"Authorization": f"Bearer {key}"} | more.pop("headers", {})
    url, timeout = f"{town.url}/api/v1{path}", aiohttp.ClientTimeout(total=30)
    async with (
        aiohttp.ClientSession(timeout=timeout) as client,
        client.request(method, url, headers=headers, **more) as answer,
    ):
        assert answer.status in (200, 201), await answer.text()
        return await answer.json()


async def key_of(town: Town) -> str:
    words = ["api-keys", "create", "Branch", "--scope", "payouts_read", "--scope", "payouts_write"]
    made = await asyncio.to_thread(checks.command, town, *words, "--scope", "statements_write")
    return made.split()[-1]


async def paid(office: Office, batch: str) -> None:
    """Two have signed: wallets are paid and told at once, the bank pays in its cycle and says AC01 of one."""
    town = office.town
    await office.decided(batch)
    await office.signed(batch, "treasurer")
    await office.until_they_stand(batch, {"W-1": "approved"})
    await office.signed(batch, "director")
    await office.until_they_stand(batch, {"W-1": "settled", "W-2": "settled", "B-1": "accepted by the bank"})
    assert 1_500_000 in steps.rials(await town.next_sms(ALI))
    assert 2_500_000 in steps.rials(await town.next_sms(FATIMA))
    await town.world.bank.cycle()
    await office.until_they_stand(batch, {"B-1": "settled", "B-2": "rejected", "B-3": "settled"})
    assert "AC01" in await office.payouts.page(f"{batch}/items?state=rejected")


async def come_back(office: Office, batch: str) -> str:
    """The account is closed: the money lies in suspense, and the person is asked for another account; the item."""
    await office.town.world.bank.cycle()
    await office.town.world.bank.end_of_day()
    await office.until_they_stand(batch, {"B-3": "returned"})
    returns = await office.payouts.page("/console/returns")
    assert "AC04" in returns
    item = found(r"/console/returns/(itm_\w+)/again", returns)
    assert "asked by SMS" in await office.payouts.submit(f"/console/returns/{item}/ask")
    async with asyncio.timeout(20):
        while "*1420#" not in await office.town.next_sms(ALI):
            pass
    return item


async def test_a_batch_is_signed_twice_paid_rejected_returned_and_paid_again(office: Office) -> None:
    given = (await office.budget())[0]
    batch = await office.brought("November", ROWS.encode(), COUNT, TOTAL)
    await paid(office, batch)
    item = await come_back(office, batch)

    page = await office.payouts.submit(f"/console/returns/{item}/again", iban=iban.of_account(102))
    again = found(r"(/console/payouts/bat_\w+)/", page)
    await office.decided(again)
    await office.signed(again, "treasurer")
    await office.signed(again, "director")
    await office.until_they_stand(again, {"B-3": "accepted by the bank"})
    await office.town.world.bank.cycle()
    await office.until_they_stand(again, {"B-3": "settled"})

    spent = TOTAL - 990_000
    assert await office.budget() == [given, 0, spent, given - spent]
    assert item not in await office.payouts.page("/console/returns")
    assert "the difference is zero" in await office.finance.page("/console/ledger")
    sums = await checks.wallets(office.town)
    assert (sum(sums.values()), sums.get("suspense", 0), sums.get("rail_payable", 0)) == (0, 0, 0)
    states = [state for _, _, state in await office.town.world.bank.ask(lambda books: books.states())]
    assert sorted(states) == ["paid", "paid", "rejected", "returned"]
    await checks.books_agree(office.town)


async def test_a_system_brings_a_batch_and_reads_what_arrived(office: Office) -> None:
    town, key = office.town, await key_of(office.town)
    order = {"name": "By system", "line": LINE, "declared": {"count": 1, "total_minor": 700_000}, "rows": API_ROWS}
    headers = {"Idempotency-Key": "november"}
    made = [await system(town, "POST", "/payout-batches", key, json=order, headers=headers) for _ in range(2)]
    assert made[0]["id"] == made[1]["id"]
    batch = f"/console/payouts/{made[0]['id']}"
    await office.decided(batch)
    await office.signed(batch, "director")
    await office.signed(batch, "treasurer")
    await office.until_they_stand(batch, {"A-1": "settled"})
    shown = await system(town, "GET", f"/payout-batches/{made[0]['id']}", key)
    assert (shown["completed_count"], shown["paid_minor"]) == (1, 700_000)


@pytest.mark.parametrize("door", ["console", "api"])
async def test_the_ten_payments(database_url: str, tmp_path: Path, door: str) -> None:
    async with staffed(tmp_path, database_url, bank_profile_file=PROFILE) as office:
        town, key = office.town, await key_of(office.town)
        if door == "console":
            batch = await office.brought("Ten", ten.PAYMENTS.read_bytes(), ten.COUNT, ten.TOTAL)
        else:
            batch = await by_system(town, key)
        await office.decided(batch)
        await office.signed(batch, "treasurer")
        await office.until_they_stand(batch, {row["reference"]: "accepted by the bank" for row in ten.ROWS})
        for path in (ten.STATUS, ten.FIRST, ten.FIRST, ten.SECOND, ten.SECOND):
            if door == "console":
                await office.finance.bring("/console/bank/file", path.read_bytes())
            else:
                await system(town, "POST", "/statements", key, data=path.read_bytes())
        wanted = {name: state for name, (state, _) in ten.AFTER_FIRST.items()} | {ten.BACK: "returned"}
        wanted |= dict.fromkeys((ten.SILENT, ten.BREAK), "accepted by the bank")
        await office.until_they_stand(batch, wanted)
        assert "AC01" in await office.payouts.page(f"{batch}/items?state=rejected")
        assert ten.BREAK in await office.payouts.page(f"{batch}/items?flagged=yes")
        assert ten.BACK in await office.payouts.page("/console/returns")
        assert "the difference is zero" in await office.finance.page("/console/ledger")


async def by_system(town: Town, key: str) -> str:
    order = {"name": "Ten", "line": LINE, "declared": {"count": ten.COUNT, "total_minor": ten.TOTAL}}
    form = aiohttp.FormData()
    form.add_field("order", json.dumps(order), content_type="application/json")
    form.add_field("file", ten.PAYMENTS.read_bytes(), filename="ten.csv", content_type="text/csv")
    made = await system(town, "POST", "/payout-batches", key, data=form, headers={"Idempotency-Key": "ten"})
    return f"/console/payouts/{made['id']}"
