"""The signing phone of the lab: what it shows, and what its keys do."""

import asyncio
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp.test_utils import TestClient
from aiohttp.web import Application, Request
from pytest_aiohttp.plugin import AiohttpClient

from simulators.lab import Bench, Lab
from simulators.mssp import Code, Done, Prompt, SignPhone
from tests.simulators.bench import bench_of

TREASURER = "989120000101"
TEXT = "SSO: pay 1302 benef. IRR 1,240,000,000 batch B7 #9F3A21C0 (TXN-3D5K)"
SOON = timedelta(seconds=30)


@dataclass
class Page:
    """The lab's page in a browser, and the treasurer's phone."""

    client: "TestClient[Request, Application]"
    bench: Bench

    @property
    def phone(self) -> SignPhone:
        return self.bench.sign_phones[f"+{TREASURER}"]

    async def ask(self) -> "asyncio.Future[Done]":
        """A request on the phone."""
        await self.phone.issued()
        prompt = Prompt("MSSP-1", TEXT, bytes.fromhex("9f3a21c0") + bytes(28), datetime.now(UTC) + SOON)
        return self.phone.ask(prompt, lambda _: b"cms")

    async def get(self, path: str) -> str:
        async with self.client.get(path) as response:
            assert response.status in (200, 204)
            return await response.text()

    async def press(self, key: str, pin: str = "", status: int = 200) -> str:
        headers = {"HX-Request": "true", "Origin": str(self.client.make_url("/").origin())}
        path = f"/signers/{TREASURER}/{key}"
        async with self.client.post(path, data={"pin": pin}, headers=headers) as response:
            assert response.status == status
            return await response.text()


@pytest.fixture
async def page(aiohttp_client: AiohttpClient) -> Page:
    bench, _ = bench_of(9)
    return Page(await aiohttp_client(Lab(bench).application()), bench)


async def test_a_request_shows_its_text_and_its_code_and_the_pin_signs_it(page: Page) -> None:
    assert "No request" in await page.get("/")
    end = await page.ask()

    html = await page.get("/")

    assert TEXT in html
    assert re.search(r"must show</small> <bdi>TXN-3D5K</bdi>", html)
    assert re.search(rf'value="{TREASURER}" selected>Treasurer ●<', html)
    assert "Signed" in await page.press("pin", "۴۷۱۱")
    assert await end == Done(Code.SIGNATURE, b"cms")


async def test_a_wrong_pin_says_how_many_tries_are_left_and_the_third_blocks(page: Page) -> None:
    end = await page.ask()

    assert re.search(r"2 PIN tries left.*", await page.press("pin", "0000"), re.DOTALL)
    assert "Wrong PIN" in await page.press("pin", "0001")
    blocked = await page.press("pin", "0002")

    assert "PIN blocked" in blocked
    assert await end == Done(Code.PIN_NR_BLOCKED)
    assert "3 PIN tries left" in await page.press("sim")


async def test_a_pin_of_another_form_costs_no_try(page: Page) -> None:
    _ = await page.ask()

    assert "four to eight digits" in await page.press("pin", "12a4", status=422)
    assert page.phone.tries_left == 3


async def test_no_is_no(page: Page) -> None:
    end = await page.ask()

    assert "You said no" in await page.press("cancel")
    assert await end == Done(Code.USER_CANCEL)


async def test_the_sim_is_swapped_and_the_phone_switched_off(page: Page) -> None:
    before = await page.phone.issued()

    await page.press("sim")
    assert "switched off" in await page.press("switch")

    after = await page.phone.issued()
    assert before is not None
    assert after is not None
    assert before.certificate.serial_number != after.certificate.serial_number
    assert page.phone.serial in await page.get("/")


async def test_a_request_appears_without_a_reload_and_nothing_new_does_not(page: Page) -> None:
    html = await page.get("/")
    seen = re.findall(r'class="seen" name="(\w+)" value="([^"]*)"', html)
    marks = "&".join(f"{name}={value}" for name, value in seen)
    assert await page.get(f"/live?after=0&inbox=0&{marks}") == ""
    _ = await page.ask()

    html = await page.get(f"/live?after=0&inbox=0&{marks}")

    assert re.search(r'id="sign"[^>]*hx-swap-oob="true"', html)
    assert "TXN-3D5K" in html


@pytest.mark.parametrize("language", ["en", "fa", "fr", "ar"])
async def test_the_phone_speaks_every_language(page: Page, language: str) -> None:
    _ = await page.ask()

    html = await page.get(f"/?lang={language}")

    assert html.count(TEXT) == 1
    assert "{count}" not in html


async def test_a_phone_that_nobody_has_is_not_found(page: Page) -> None:
    headers = {"Origin": str(page.client.make_url("/").origin())}
    async with page.client.post("/signers/1/cancel", headers=headers) as response:
        assert response.status == 404
