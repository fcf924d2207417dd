"""The README's tour in Chromium, step by step: the lab and the console of one town, as a new user walks it.

With TAPDIAL_SCREENS=FOLDER the pictures stay there.
"""

import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pyotp
import pytest
from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright, expect

from tests.journeys.steps import NEW, NEW_NATIONAL_NUMBER, NEW_PIN, RETIREE, latin, rials
from tests.journeys.town import Town, opened
from wallet.clock import SystemClock

pytestmark = [pytest.mark.browser, pytest.mark.journey, pytest.mark.timeout(180)]
ALI = 8
"""Insured, enrolled, English."""
WATCH = """
document.addEventListener("securitypolicyviolation", (event) => window.breached(event.violatedDirective));
"""
NOVEMBER = Path(__file__).parents[2] / "docs/walkthroughs/november.csv"
SIZES = {"desk": (1280, 900), "phone": (380, 780)}


@dataclass
class Tourist:
    """A browser over a town, and whatever the browser complained about."""

    town: Town
    browser: Browser
    complaints: list[str] = field(default_factory=list)

    async def open(self, language: str = "en-GB", width: int = 1280, height: int = 900) -> Page:
        """A page in a context of its own, so that two members of staff may be signed in at once."""
        context: BrowserContext = await self.browser.new_context(
            viewport={"width": width, "height": height}, locale=language
        )
        await context.expose_binding("breached", lambda _source, what: self.complaints.append(f"policy: {what}"))
        await context.add_init_script(WATCH)
        page = await context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda problem: self.complaints.append(f"{page.url}: {problem}"))
        page.on(
            "console",
            lambda said: (
                self.complaints.append(f"{page.url}: {said.text}") if said.type in ("error", "warning") else None
            ),
        )
        return page

    async def lab(self) -> "LabPage":
        """The lab, in English."""
        page = await self.open()
        await page.goto(f"http://127.0.0.1:{self.town.settings.lab_port}/?lang=en")
        return LabPage(self, page)

    async def console(self, username: str) -> Page:
        """The console, signed in."""
        account = next(account for account in self.town.facts.staff if account.username == username)
        page = await self.open()
        await page.goto(f"{self.town.url}/console")
        await page.get_by_label("User name").fill(username)
        await page.get_by_label("Password").fill(account.password)
        await page.get_by_label("Code").fill(pyotp.TOTP(account.totp_seed).now())
        await page.get_by_role("button", name="Sign in").click()
        await page.get_by_role("heading", name="Today").wait_for()
        return page


class LabPage:
    """The lab as hands and eyes use it."""

    def __init__(self, tourist: Tourist, page: Page) -> None:
        self.tourist = tourist
        self.page = page

    async def take(self, number: int) -> None:
        """Take another person's feature phone, with nothing on its screen."""
        await self.page.locator(f'.people a[href*="phone=98912000000{number}"]').click()
        await expect(self.page.locator("#handset .lcd-bar bdi")).to_have_text(f"+98912000000{number}")

    async def dial(self, *answers: str) -> str:
        """Hang up, dial the service code and give the answers; the last screen."""
        await self._done(self.page.locator("#hang-up"), "#handset")
        await expect(self.page.locator("#entry")).to_have_value("*1420#")
        shown = await self._done(self.page.locator("#call"), "#handset")
        for text in answers:
            shown = await self.answer(text)
        return shown

    async def answer(self, text: str) -> str:
        """Type an answer and send it; the next screen."""
        await self.page.locator("#entry").fill(text)
        return await self._done(self.page.locator("#soft-go"), "#handset")

    async def sms(self, words: str) -> str:
        """The newest SMS, once it holds these words."""
        message = self.page.locator("#inbox .sms").first
        await expect(message).to_contain_text(words, timeout=20_000)
        return await message.inner_text()

    async def tap(self, amount: str) -> None:
        """Type an amount into the terminal and tap."""
        await self.page.locator("#amount").fill(amount)
        await self._done(self.page.locator("#tap"), "#terminal")

    async def switch(self, fault: str) -> None:
        """Press a fault button."""
        await self._done(self.page.locator(f"#fault-{fault}"), "#faults")

    async def press(self, button: str, device: str) -> None:
        """Press a button of a device."""
        await self._done(self.page.locator(button), device)

    async def _done(self, button: Locator, device: str) -> str:
        """Press, and wait until the device looks new; what its screen says."""
        await self.page.locator(device).evaluate("device => device.dataset.old = 'yes'")
        await button.click()
        await expect(self.page.locator(f"{device}:not([data-old])")).to_be_visible()
        return await self.page.locator("#screen").inner_text()


@pytest.fixture
async def tourist(tmp_path: Path) -> AsyncIterator[Tourist]:
    async with opened(tmp_path, "sqlite://", signers=True) as town, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium")
        yield Tourist(town, browser)
        await browser.close()


async def pictures(page: Page, name: str, *languages: str) -> None:
    """Pictures of a page as it is, or in each of these languages, on a desk and on a phone."""
    if not (folder := os.environ.get("TAPDIAL_SCREENS")):
        return
    for language in languages or ("",):
        if language:
            await page.locator(f"[lang={language}]:is(a, button)").first.click()
            await page.wait_for_load_state()
        for size, (width, height) in SIZES.items():
            await page.set_viewport_size({"width": width, "height": height})
            path = Path(folder) / f"tour-{name}{language and '-'}{language}-{size}.png"
            await page.screenshot(path=path, full_page=True)
        await page.set_viewport_size({"width": 1280, "height": 900})
    if languages:
        await page.locator("[lang=en]:is(a, button)").first.click()
        await page.wait_for_load_state()


async def test_the_tour_of_the_readme(tourist: Tourist) -> None:
    lab = await tourist.lab()
    await enrols(lab)
    number = await claims(lab)
    await decided(tourist, number)
    paid = await told(lab)
    await taps(lab)
    await sends(lab, paid)
    await reconciled(tourist, number)
    await pays_out(tourist, lab)
    await pictures(lab.page, "lab", "en", "fa")
    assert tourist.complaints == []


async def enrols(lab: LabPage) -> None:
    """1. Dial: a code by SMS, dial again, a PIN that is not trivial. 2. See: the balance behind the PIN."""
    await lab.take(NEW)
    page = await lab.dial("2", NEW_NATIONAL_NUMBER)
    assert "code by SMS" in page
    await expect(lab.page.locator("#handset .lcd-state")).to_have_text("Session ended")
    code = re.search(r"\b\d{4,8}\b", await lab.sms("code"))
    assert code is not None
    assert "too easy" in await lab.dial(code.group(), "1234")
    await lab.answer(NEW_PIN)
    assert "1. Balance" in await lab.answer(NEW_PIN)
    assert "Balance: 0 rials" in (await lab.answer("1") and await lab.answer(NEW_PIN))


async def claims(lab: LabPage) -> str:
    """3. Claim: the first and the last day, confirm; the claim's number."""
    last = SystemClock().now().astimezone(ZoneInfo("Asia/Tehran")).date() - timedelta(days=1)
    days = [f"{day:%d%m}" for day in (last - timedelta(days=4), last)]
    page = await lab.dial("2", "1", *days)
    assert "Send this claim?" in page
    number = re.search(r"S-\d{8}", await lab.answer("3"))
    assert number is not None
    assert number.group() in await lab.sms(number.group())
    return number.group()


async def decided(tourist: Tourist, number: str) -> None:
    """4. Decide: the officer approves, the supervisor releases; who proposed it cannot."""
    officer = await tourist.console("officer")
    await officer.get_by_role("link", name="Claims", exact=True).click()
    await pictures(officer, "claims", "en", "fa")
    await officer.get_by_role("link", name=number).click()
    await officer.get_by_role("button", name="Approve").click()
    await expect(officer.get_by_role("status")).to_have_text("Approved. A second person releases the money.")
    supervisor = await tourist.console("supervisor")
    await supervisor.get_by_role("link", name="Approvals", exact=True).click()
    await pictures(supervisor, "approvals", "en", "fa")
    await supervisor.locator("td a").first.click()
    await pictures(supervisor, "approval", "en", "fa")
    await supervisor.get_by_role("button", name="Approve").click()
    await expect(supervisor.get_by_role("status")).to_have_text("Approved and done.")


async def told(lab: LabPage) -> int:
    """5. Tell: the SMS is on the phone; what was paid, in rials."""
    return next(amount for amount in rials(await lab.sms("22,500,000")) if amount > 1_000_000)


async def taps(lab: LabPage) -> None:
    """6. Tap: a token by the code from USSD, a tap, the same message again."""
    await lab.take(RETIREE)
    pin = lab.tourist.town.pin(RETIREE)
    code = re.search(r"\d{8}", latin(await lab.dial("5", "2", pin)))
    assert code is not None
    await lab.page.locator("#activation-code").fill(code.group())
    await lab.press(".provision button", "#nfc")
    await expect(lab.page.locator(".provision .said")).to_have_text("The phone is ready to tap")
    await lab.tap("120000")
    said = lab.page.locator(".pos-said strong")
    await expect(said).to_have_text("Approved")
    await lab.press("#repeat", "#terminal")
    await expect(said).to_have_text("Same answer again. Nothing moved")
    await lab.sms("۱۲۰٬۰۰۰")
    assert rials((await lab.dial("1", pin)).splitlines()[0]) == [38_000_000 - 120_000]


async def sends(lab: LabPage, paid: int) -> None:
    """7. Pay: the masked name first; to a number that is not enrolled a claim code goes by SMS."""
    await lab.take(ALI)
    pin = lab.tourist.town.pin(ALI)
    page = await lab.dial("4", f"0912000000{NEW}")
    assert "L***a R***i" in page
    assert "Balance: 16,450,000 rials" in (await lab.answer("50000") and await lab.answer(pin))
    assert "claim code" in await lab.dial("4", "09120000006", "1", "30000", pin)
    await lab.take(6)
    assert re.search(r"\b\d{8}\b", latin(await lab.sms("30")))
    await lab.take(NEW)
    await lab.sms("50,000")
    assert f"Balance: {paid + 50_000:,} rials" in await lab.dial("1", NEW_PIN)


async def reconciled(tourist: Tourist, number: str) -> None:
    """8. Reconcile: the trial balance is zero, a movement leads back to its claim."""
    finance = await tourist.console("finance")
    await finance.get_by_role("link", name="Ledger", exact=True).click()
    await expect(finance.locator("#main .told.good")).to_contain_text("the difference is zero")
    await pictures(finance, "ledger", "en", "fa")
    await finance.get_by_role("link", name="Journal", exact=True).click()
    # The way back to the cause is the last column: it must not hide behind a scroll bar on a desk.
    journal = finance.locator("#table-journal")
    assert await journal.evaluate("table => table.scrollWidth - table.clientWidth") <= 0
    await pictures(finance, "journal", "en", "fa")
    await finance.locator('a[href*="/cause/clm_"]').first.click()
    await expect(finance.locator("#main")).to_contain_text(number)
    await pictures(finance, "cause", "en", "fa")
    await finance.locator('a[href*="/ledger/accounts/"]').first.click()
    await expect(finance.locator("#main")).to_contain_text("22,500,000")
    await pictures(finance, "account", "en", "fa")


async def pays_out(tourist: Tourist, lab: LabPage) -> None:
    """9. Pay out: a file, a checker, a signature by phone, the bank's cycles, the returns desk."""
    officer = await tourist.console("payouts")
    officer.on("dialog", lambda dialog: dialog.accept())
    await officer.get_by_role("link", name="Payouts", exact=True).click()
    await pictures(officer, "payouts", "en", "fa")
    card = officer.locator("form[action='/console/payouts/file']")
    for name, text in {"name": "November", "line": "sickness-1405", "count": "4", "total": "9490000"}.items():
        await card.locator(f"[name={name}]").fill(text)
    await card.locator("[name=file]").set_input_files(NOVEMBER)
    await card.get_by_role("button", name="Make the batch").click()
    await officer.get_by_role("button", name="Lock and ask the checkers").click()
    await expect(officer.get_by_role("status")).to_have_text("Locked. Checkers are asked.")
    checker = await tourist.console("checker")
    await checker.get_by_role("link", name="Approvals", exact=True).click()
    await checker.locator("td a[href*='/approvals/apr_']").first.click()
    await checker.get_by_role("button", name="Approve").click()
    await signs(tourist, lab)
    await lab.take(ALI)
    await lab.sms("1,500,000")
    await expect(officer.locator("#progress")).to_contain_text("accepted by the bank", timeout=20_000)
    await lab.page.get_by_role("button", name="Next cycle").click()
    await expect(officer.locator("#progress")).to_contain_text("rejected", timeout=20_000)
    await pictures(officer, "payout", "en", "fa")
    await lab.page.get_by_role("button", name="Next cycle").click()
    await officer.get_by_role("link", name="Returns", exact=True).click()
    ask = officer.get_by_role("button", name="Ask by SMS")
    while not await ask.count():
        await officer.reload()
    await pictures(officer, "returns", "en", "fa")
    await ask.click()
    await expect(officer.get_by_role("status")).to_have_text("The person was asked by SMS.")


async def signs(tourist: Tourist, lab: LabPage) -> None:
    """The treasurer asks the own phone, both screens show one code, the PIN is typed."""
    treasurer = await tourist.console("treasurer")
    await treasurer.get_by_role("link", name="To sign", exact=True).click()
    button = treasurer.get_by_role("button", name="Sign with my phone")
    while not await button.count():
        await treasurer.reload()
    await pictures(treasurer, "signing", "en", "fa")
    await button.click()
    shown = re.search(r"TXN-\w{4}", await treasurer.locator("#main").inner_text())
    assert shown is not None
    await expect(lab.page.locator("#sign")).to_contain_text(shown.group(), timeout=20_000)
    account = next(one for one in tourist.town.facts.staff if one.username == "treasurer")
    pin = lab.page.locator("#sign [name=pin]")
    await pin.fill(account.sign_pin)
    await pin.press("Enter")
    await expect(treasurer.locator("#main")).to_contain_text("signed", timeout=20_000)


async def test_the_fault_buttons_of_the_lab(tourist: Tourist) -> None:
    lab = await tourist.lab()
    await lab.take(ALI)
    pin = tourist.town.pin(ALI)
    await twice(lab, pin)
    await dropped(lab, pin)
    await silent(lab, pin)
    await cut(lab)
    assert tourist.complaints == []


async def twice(lab: LabPage, pin: str) -> None:
    """Every callback comes twice, the money moves once."""
    await lab.switch("callback_twice")
    assert "Balance: 16,490,000 rials" in await lab.dial("4", "09120000001", "10000", pin)
    await lab.switch("callback_twice")
    assert "Balance: 16,490,000 rials" in await lab.dial("1", pin)


async def dropped(lab: LabPage, pin: str) -> None:
    """The network loses the dialogue before its end; the person dials again and everything is there."""
    await lab.dial("4", "09120000001", "20000")
    await lab.switch("drop_session")
    await lab.answer(pin)
    await expect(lab.page.locator("#screen .failed").first).to_be_visible()
    await expect(lab.page.locator("#fault-drop_session")).to_have_attribute("aria-pressed", "false")
    assert "Balance: 16,470,000 rials" in await lab.dial("1", pin)


async def silent(lab: LabPage, pin: str) -> None:
    """What is to be told while the SMSC is away is told when it is back."""
    await lab.sms("20,000")
    await lab.switch("smsc_down")
    await expect(lab.page.locator("#rows")).to_contain_text("SMSC down")
    assert "Balance: 16,440,000 rials" in await lab.dial("4", "09120000001", "30000", pin)
    assert "30,000" not in await lab.page.locator("#inbox").inner_text()
    await lab.switch("smsc_down")
    await lab.sms("30,000")


async def cut(lab: LabPage) -> None:
    """The line is cut after the request: the terminal says that nothing is charged, and makes it true."""
    await lab.take(RETIREE)
    pin = lab.tourist.town.pin(RETIREE)
    code = re.search(r"\d{8}", latin(await lab.dial("5", "2", pin)))
    assert code is not None
    await lab.page.locator("#activation-code").fill(code.group())
    await lab.press(".provision button", "#nfc")
    await lab.switch("terminal_line_cut")
    await lab.tap("75000")
    await expect(lab.page.locator(".pos-said strong")).to_have_text("No answer. Nothing will be charged")
    await lab.switch("terminal_line_cut")
    await expect(lab.page.locator("#rows")).to_contain_text("0430", timeout=15_000)
    await expect(lab.page.locator("#line")).to_contain_text("online")
    assert rials((await lab.dial("1", pin)).splitlines()[0]) == [38_000_000]
