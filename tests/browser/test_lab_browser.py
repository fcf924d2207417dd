"""The lab in Chromium: a dialogue by keyboard alone, a tap, no breach of the page's policy, wide and narrow.

With TAPDIAL_SCREENS=FOLDER the pictures stay there.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page, async_playwright, expect
from pytest_aiohttp.plugin import AiohttpServer

from simulators.carriers import carrier_to
from simulators.lab import Bench, Lab
from simulators.mssp import Code, Prompt
from tests.simulators.acquirer import Acquirer, until
from tests.simulators.bench import FIRST, RETIREE, bench_of
from tests.simulators.tokens import TOKEN

pytestmark = pytest.mark.browser

MENU = {
    "en": "Tapdial\n1. Balance and movements\n2. Claim sickness benefit\n3. Pay a contribution\n4. Send money\n5. More",
    "fa": "تپ‌دایال\n۱. موجودی\n۲. درخواست مزایا\n۳. پرداخت حق بیمه\n۴. فرستادن پول\n۵. بیشتر",
    "ar": "تابدايل\n١. الرصيد\n٢. طلب إعانة\n٣. دفع الاشتراك\n٤. إرسال مال\n٥. المزيد",
}
WATCH = """
window.breaches = [];
document.addEventListener("securitypolicyviolation", (event) => window.breaches.push(event.violatedDirective));
"""


class StubGateway:
    """The gateway's USSD door in a few lines: a menu, a page for each answer, an end after 0."""

    def __init__(self) -> None:
        self.language = "en"
        self.texts: list[str] = []

    async def answer(self, request: web.Request) -> web.Response:
        form = await request.post()
        text = str(form["text"])
        self.texts.append(text)
        if not text:
            return web.Response(text=f"CON {MENU[self.language]}")
        if text.endswith("0"):
            return web.Response(text="END Goodbye")
        return web.Response(text=f"CON You chose {text.rpartition('*')[2]}\n0. End")


@pytest.fixture
def gateway() -> StubGateway:
    return StubGateway()


@pytest.fixture
async def bench(gateway: StubGateway, aiohttp_server: AiohttpServer) -> AsyncIterator[Bench]:
    app = web.Application()
    app.router.add_post("/ussd/africastalking", gateway.answer)
    server = await aiohttp_server(app)
    async with Acquirer().listening() as acquirer, asyncio.TaskGroup() as tasks:
        bench, _ = bench_of(acquirer.port)
        carrier = carrier_to(str(server.make_url("")), "", "*1420#", bench.trace, bench.faults)
        for phone in bench.phones.values():
            phone.network = carrier
        task = tasks.create_task(bench.terminals["TERM0001"].run())
        await until(lambda: bench.terminals["TERM0001"].online)
        yield bench
        task.cancel()
        await carrier.close()


@pytest.fixture
async def address(bench: Bench) -> AsyncIterator[str]:
    lab = Lab(bench)
    await lab.start("127.0.0.1", 0)
    yield f"http://127.0.0.1:{lab.port}/"
    await lab.stop()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium")
        yield browser
        await browser.close()


async def page_of(browser: Browser, width: int, height: int = 900) -> Page:
    page = await browser.new_page(viewport={"width": width, "height": height})
    page.set_default_timeout(10_000)
    await page.add_init_script(WATCH)
    return page


async def picture(page: Page, name: str, folder: Path) -> None:
    folder = Path(os.environ.get("TAPDIAL_SCREENS", folder))
    await page.screenshot(path=folder / f"{name}.png", full_page=True)


async def tab_to(page: Page, name: str) -> None:
    """Press Tab until the element with this id has the focus, as a person without a mouse does."""
    for _ in range(110):
        if await page.evaluate("document.activeElement?.id") == name:
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach {name}")


async def test_a_person_without_a_mouse_dials_answers_hangs_up_and_taps(
    browser: Browser, bench: Bench, gateway: StubGateway, address: str
) -> None:
    bench.nfc_phones[RETIREE].token = TOKEN
    page = await page_of(browser, 1440)
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda problem: problems.append(str(problem)))
    await page.goto(address)

    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")  # the skip link leads to the phone
    await tab_to(page, "entry")
    await page.keyboard.press("Enter")
    await expect(page.locator("#screen")).to_contain_text("2. Claim sickness benefit")
    await expect(page.locator("#entry")).to_be_focused()
    await page.keyboard.type("2")
    await page.keyboard.press("Enter")
    await expect(page.locator("#screen")).to_contain_text("You chose 2")
    await tab_to(page, "call")
    await page.keyboard.press("7")  # a digit typed on a key of the phone goes where the keypad's would
    await page.keyboard.press("Enter")
    await expect(page.locator("#screen")).to_contain_text("You chose 7")
    await tab_to(page, "hang-up")
    await page.keyboard.press("Enter")
    await expect(page.locator("#entry")).to_have_value("*1420#")
    await tab_to(page, "amount")
    await page.keyboard.type("25000")
    await page.keyboard.press("Enter")
    await expect(page.locator(".pos-said")).to_contain_text("Approved")
    await tab_to(page, "sms")
    await page.keyboard.type("BAL")
    await page.keyboard.press("Enter")
    await expect(page.locator("#inbox .sent .sms")).to_have_text("BAL")
    await expect(page.locator("#sms")).to_have_value("")
    await tab_to(page, "fault-drop_session")
    await page.keyboard.press("Space")
    await expect(page.locator("#fault-drop_session")).to_have_attribute("aria-pressed", "true")

    assert gateway.texts == ["", "2", "2*7"]
    assert await page.evaluate("window.breaches") == []
    assert problems == []


async def test_the_keypad_types_and_what_arrives_appears_by_itself(
    browser: Browser, bench: Bench, address: str
) -> None:
    page = await page_of(browser, 1440)
    await page.goto(address)

    await page.locator("#soft-clear").click(click_count=6)
    for key in "*1420#":
        await page.locator(f'#handset [data-key="{key}"]').click()
    await expect(page.locator("#entry")).to_have_value("*1420#")
    await page.locator("#call").click()
    await expect(page.locator("#screen")).to_contain_text("Tapdial")
    await expect(page.locator("#rows .row-ussd")).to_have_count(2)
    await page.locator("#rows summary").first.click()
    bench.phones[FIRST].receive("Your claim S-12345678 was received.", "1420")
    await expect(page.locator("#inbox")).to_contain_text("S-12345678")
    await expect(page.locator("#rows details[open]")).to_have_count(1)
    await page.locator("#show-ussd").uncheck()
    await expect(page.locator("#rows .row-ussd").first).to_be_hidden()


LOOKS = [(1440, "en"), (1280, "fa"), (380, "en"), (380, "fa"), (820, "fr"), (380, "ar")]


async def test_the_page_fits_its_screen_in_each_language(
    browser: Browser, bench: Bench, gateway: StubGateway, address: str, tmp_path: Path
) -> None:
    bench.nfc_phones[RETIREE].token = replace(TOKEN, valid_until="2999-01-01T08:00:00+00:00")
    bench.phones[FIRST].receive("Your one-time code is 482913. Do not show it to anybody.", "1420")
    bench.phones[FIRST].receive("درخواست مزایای شما با شمارهٔ ۱۲۳۴۵۶۷۸ دریافت شد.", "1420")
    for width, language in LOOKS:
        gateway.language = language if language in MENU else "en"
        page = await page_of(browser, width)
        await page.goto(f"{address}?lang={language}")
        await page.locator("#hang-up").click()
        await page.locator("#call").click()
        await expect(page.locator("#screen")).to_contain_text(MENU[gateway.language].splitlines()[1])
        await page.locator("#amount").fill("125000")
        await page.locator("#tap").click()
        await expect(page.locator(".slip")).to_contain_text("125,000 IRR")
        await page.locator("#rows summary").nth(2).click()
        await picture(page, f"lab-{language}-{width}", tmp_path)

        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        direction = await page.locator("#screen").evaluate("element => getComputedStyle(element).direction")
        assert direction == ("rtl" if language in {"fa", "ar"} else "ltr")
        assert await page.evaluate("document.fonts.check('1rem Vazirmatn')")
        assert await page.evaluate("window.breaches") == []
        await page.close()


async def test_a_request_for_a_signature_shows_by_itself_and_the_pad_signs_it(
    browser: Browser, bench: Bench, address: str, tmp_path: Path
) -> None:
    phone = next(iter(bench.sign_phones.values()))
    await phone.issued()
    page = await page_of(browser, 1440)
    await page.goto(address)
    await expect(page.locator("#sign-ok")).to_be_disabled()
    soon = datetime.now(UTC) + timedelta(seconds=60)
    end = phone.ask(Prompt("MSSP-1", "SSO: pay 1302 (TXN-3D5K)", bytes(32), soon), lambda _: b"cms")

    await expect(page.locator("#sign-screen")).to_contain_text("TXN-3D5K")
    for digit in "0000":
        await page.locator(f'.sign-keypad [data-key="{digit}"]').click()
    await page.locator("#sign-ok").click()
    await expect(page.locator("#sign-screen")).to_contain_text("Wrong PIN")
    await page.locator("#sign-pin").fill(phone.pin)
    await page.keyboard.press("Enter")

    await expect(page.locator("#sign-screen")).to_contain_text("Signed")
    assert (await end).code is Code.SIGNATURE
    assert await page.evaluate("window.breaches") == []
    await picture(page, "lab-signing", tmp_path)
