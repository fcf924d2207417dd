"""The lab's bank: what its panel shows and what its buttons do."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiohttp.test_utils import TestClient
from aiohttp.web import Application, Request
from pytest_aiohttp.plugin import AiohttpClient

from simulators.bank import Account, Bank, Books, Terms
from simulators.lab import Bench, Lab
from tests.simulators.bank.pain import TRUST, Pain, Pay
from tests.simulators.bench import bench_of


@dataclass
class Page:
    """A browser on the lab's page."""

    client: "TestClient[Request, Application]"
    bench: Bench
    bank: Bank

    async def get(self, path: str, status: int = 200) -> str:
        async with self.client.get(path) as response:
            assert response.status == status
            return await response.text()

    async def post(self, path: str, status: int = 200, *, scripts: bool = True) -> str:
        headers = {"Origin": str(self.client.make_url("/").origin()), **({"HX-Request": "true"} if scripts else {})}
        async with self.client.post(path, headers=headers, allow_redirects=False) as response:
            assert response.status == status, await response.text()
            return await response.text()

    async def order(self, pain: Pain) -> None:
        await self.bank._moved(lambda books: books.take(pain.msg_id, "0" * 64, pain.octets()))


@pytest.fixture
async def page(aiohttp_client: AiohttpClient) -> AsyncIterator[Page]:
    bench, _ = bench_of(9)
    account = Account(TRUST, "Social Security", 1_000_000)
    bank = Bank(lambda: Books(None, (account,), bench.faults.bank, Terms()), "token", bench.trace, bench.faults.bank)
    await bank.start("127.0.0.1", 0)
    bench.bank = bank
    yield Page(await aiohttp_client(Lab(bench).application()), bench, bank)
    await bank.stop()


async def test_the_panel_shows_the_account_the_order_and_its_payments(page: Page) -> None:
    assert "No orders yet" in await page.get("/")
    await page.order(Pain((Pay("E1", 1_000), Pay("E2", 500)), day="2026-01-01"))

    html = await page.get("/")

    assert "1,000,000 rials" in html
    assert re.search(r"BAT1</bdi></td><td>in a cycle</td><td>2</td><td>1,500</td><td><bdi>ACTC", html)
    assert html.count(">waits<") == 2


async def test_the_next_cycle_pays_and_a_payment_can_be_returned(page: Page) -> None:
    await page.order(Pain((Pay("E1", 1_000),), day="2026-01-01"))

    html = await page.post("/bank/cycle")
    assert "999,000 rials" in html
    assert 'id="bank-return-1"' in html
    html = await page.post("/bank/payments/1/return")

    assert "1,000,000 rials" in html
    assert "returned <bdi>AC04" in html
    assert 'id="bank-return-1"' not in html


async def test_the_end_of_the_day_writes_statements_and_it_is_the_next_day(page: Page) -> None:
    before = page.bank.view

    await page.post("/bank/day")

    after = page.bank.view
    assert before is not None
    assert after is not None
    assert ((after.day - before.day).days, after.files - before.files) == (1, 1)


async def test_the_panel_asks_for_what_is_new_and_gets_nothing_else(page: Page) -> None:
    seen = re.search(r"/bank\?seen=([\d.]+)&amp;", await page.get("/"))
    assert seen is not None
    await page.get(f"/bank?seen={seen[1]}", status=204)
    await page.bank.stray_credit()

    html = await page.get(f"/bank?seen={seen[1]}")

    assert html.startswith('<section class="bank"')
    assert "2,250,000 rials" in html


async def test_the_banks_faults_are_switched_in_its_panel(page: Page) -> None:
    html = await page.post("/faults/bank_down")

    assert html.startswith('<section class="bank"')
    assert 'id="fault-bank_down" aria-pressed="true"' in html
    assert page.bench.faults.bank.down
    assert (await page.get("/")).count('id="fault-bank_down"') == 1


async def test_without_scripts_a_button_leads_back_to_the_panel(page: Page) -> None:
    await page.post("/bank/cycle", status=303, scripts=False)


@pytest.mark.parametrize("number", ["x", "-1", "9" * 16, "%D9%A1"])
async def test_there_is_no_such_payment(page: Page, number: str) -> None:
    await page.post(f"/bank/payments/{number}/return", status=404)


async def test_a_lab_without_a_bank_has_no_panel(aiohttp_client: AiohttpClient) -> None:
    bench, _ = bench_of(9)
    client = await aiohttp_client(Lab(bench).application())

    async with client.get("/") as response:
        assert 'id="bank"' not in await response.text()
    async with client.get("/bank") as response:
        assert response.status == 404


@pytest.mark.parametrize("language", ["en", "fa", "fr", "ar"])
async def test_every_language_has_the_panel(page: Page, language: str) -> None:
    await page.order(Pain((Pay("E1"), Pay("E1"), Pay("E3")), single=language == "fa", day="2026-01-01"))

    assert 'id="bank"' in await page.get(f"/?lang={language}")
