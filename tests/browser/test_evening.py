"""A finance officer's whole evening in Chromium, over the real gateway: bring the statement, reconcile, resolve thirty
breaks, close the day, have it signed by phone, and take the reports along; in English and in Persian.

The gateway runs in this process, so that the night can fall between the day and its close. With TAPDIAL_SCREENS=FOLDER
the pictures stay there; with TAPDIAL_GOLDEN=1 the golden snapshots are written anew.
"""

import asyncio
import csv
import io
import os
import re
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp
import pyotp
import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from gateway.app import serve
from gateway.channels.console.words import Words
from gateway.services.reconciliation import FlowName
from simulators.bank.books import Books
from tests.browser.aria import golden
from tests.browser.axe import complaints
from tests.journeys.town import READY_S, Town, opened

pytestmark = [pytest.mark.browser, pytest.mark.journey, pytest.mark.rig, pytest.mark.timeout(600)]
TEHRAN = ZoneInfo("Asia/Tehran")
STRAYS = 30
EXPLAINED = 20
"""So many of them are explained; of the others each is booked on suspense by two people."""
FIRST_MINOR = 1_250_000
WAIT_S = 60.0


@dataclass
class Night:
    """The machine's clock, and how far the night has brought it ahead."""

    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Evening:
    """The town, its gateway in this process, a browser, and whatever the browser complained about."""

    town: Town
    night: Night
    browser: Browser
    language: str
    complaints: list[str] = field(default_factory=list)

    @property
    def words(self) -> Words:
        return Words(self.language, TEHRAN)

    def t(self, key: str, **values: object) -> str:
        """A text as the page has it."""
        return self.words.t(key, **values)

    async def desk(self, username: str) -> Page:
        """The console, signed in, in the evening's language."""
        account = next(account for account in self.town.facts.staff if account.username == username)
        context = await self.browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
        page = await context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda problem: self.complaints.append(f"{page.url}: {problem}"))
        page.on(
            "console",
            lambda said: self.complaints.append(f"{page.url}: {said.text}") if said.type == "error" else None,
        )
        page.on("dialog", lambda dialog: dialog.accept())
        await page.goto(f"{self.town.url}/console")
        await page.locator("#f-username").fill(username)
        await page.locator("[name=password]").fill(account.password)
        await page.locator("[name=totp]").fill(pyotp.TOTP(account.totp_seed).at(self.night.now()))
        await page.locator("[name=totp]").press("Enter")
        await page.locator("nav.side").wait_for()
        await page.locator(f".tongues button[value={self.language}]").first.click()
        await page.locator(f"html[lang={self.language}] nav.side").wait_for()
        return page

    async def look(self, page: Page, name: str) -> None:
        """axe finds nothing, the golden snapshot holds, and a picture is taken where they are wanted."""
        assert not await page.locator("main.door").count(), await page.locator("main.door").inner_text()
        assert await complaints(page) == [], name
        await golden(page, f"{name}-{self.language}")
        if folder := os.environ.get("TAPDIAL_SCREENS"):
            await page.screenshot(path=Path(folder) / f"evening-{name}-{self.language}.png", full_page=True)

    async def until(self, page: Page, shown: str, words: str = "") -> None:
        """Load the page again until it shows this, with these words: a worker is at it."""
        async with asyncio.timeout(WAIT_S):
            while not await page.locator(shown).filter(has_text=words).count():
                await page.wait_for_timeout(400)
                await page.reload()
                assert not await page.locator("main.door").count(), await page.locator("main.door").inner_text()

    async def go(self, page: Page, name: str) -> None:
        """To a page of the menu by its letter, as somebody does who keeps the hands on the keyboard."""
        link = page.locator(f'nav.side a[href="/console/{name}"]')
        letter = await link.get_attribute("data-key")
        assert letter is not None, name
        await page.locator("body").press("g")
        await page.keyboard.press(letter)
        await page.wait_for_url(f"**/console/{name}*")


@pytest.fixture(params=["en", "fa"])
async def evening(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Evening]:
    night, stop = Night(), asyncio.Event()
    monkeypatch.setattr(sys.modules["gateway.app.serve"], "SystemClock", lambda: night)
    more = {"bank_url": ""}
    async with (
        opened(tmp_path, "sqlite://", start=False, signers=True, more=more) as town,
        async_playwright() as playwright,
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(serve(town.settings, stop))
        try:
            await ready(town)
            browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium")
            yield Evening(town, night, browser, request.param)
            await browser.close()
        finally:
            stop.set()


async def ready(town: Town) -> None:
    """Wait until the gateway takes work."""
    async with aiohttp.ClientSession() as client, asyncio.timeout(READY_S):
        while True:
            try:
                async with client.get(f"{town.url}/readyz") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)


async def test_the_evening_of_a_finance_officer(evening: Evening, tmp_path: Path) -> None:
    day = evening.night.now().astimezone(TEHRAN).date()
    statement = tmp_path / "statement.xml"
    statement.write_bytes(await strays(evening.town))
    evening.night.ahead = timedelta(days=1)
    evening.town.world.faults.mssp.clock_skew_s = 24 * 3600
    finance = await evening.desk("finance")
    await brings(evening, finance, statement)
    await reconciles(evening, finance, day)
    await explains(evening, finance)
    await books(evening, finance)
    await reconciles(evening, finance, day)
    close = await closes(evening, finance, day)
    await signs(evening, close)
    await proves(evening, finance, close)
    await takes_along(evening, finance, day)
    assert evening.complaints == []


async def strays(town: Town) -> bytes:
    """Thirty people whom nobody knows pay in, the bank closes its day; its closing statement."""
    bank = town.world.bank
    held = bank._books
    assert isinstance(held, Books)

    def day() -> bytes:
        for n in range(STRAYS):
            held.stray_credit(FIRST_MINOR + n)
        held.end_of_day()
        name = next(one.name for one in reversed(held.listed("", 1000)) if "camt053" in one.name or "053" in one.name)
        octets = held.octets(name)
        assert octets is not None
        return octets

    return await asyncio.get_running_loop().run_in_executor(bank._thread, day)


async def brings(evening: Evening, page: Page, statement: Path) -> None:
    """1. Import: the bank's statement is brought by hand; the same file again changes nothing."""
    # At night the clock reconciles by itself; the statement that comes then makes it do so again.
    await evening.until(page, "ul.checks li:nth-child(2) .chip.good")
    await evening.look(page, "today")
    for said in ("bank_taken", "bank_already"):
        await evening.go(page, "bank")
        await page.locator("form[action='/console/bank/file'] [type=file]").set_input_files(statement)
        await page.locator("form[action='/console/bank/file'] button").click()
        await expect(page.locator("#told")).to_have_text(evening.t(f"said.{said}"))
    await evening.look(page, "statement")


async def reconciles(evening: Evening, page: Page, day: date) -> None:
    """2. Run: every flow through the day; a run shows by itself that it is done."""
    for flow in FlowName:
        await evening.go(page, "reconciliation")
        form = page.locator(f"form[action='/console/reconciliation/{flow}/run']")
        # The clock may have started one by itself.
        await evening.until(page, f"form[action='/console/reconciliation/{flow}/run']")
        await form.locator("[name=through]").fill(day.isoformat())
        await form.locator("button").click()
        await expect(page.locator("#main .chip.good").first).to_be_visible(timeout=60_000)


async def explains(evening: Evening, page: Page) -> None:
    """3. Resolve: thirty breaks that only the bank has; most of them are explained."""
    await evening.go(page, "breaks")
    await evening.look(page, "breaks")
    for path in (await standing(page, "open"))[:EXPLAINED]:
        await page.goto(f"{evening.town.url}{path}")
        form = page.locator("form[action$='/explain']")
        await form.locator("[name=reason]").select_option("unknown_payer")
        await form.locator("[name=text]").fill("Asked the bank whose it is")
        await form.locator("button").click()
        await expect(page.locator("#told .good")).to_be_visible()
    await evening.look(page, "break")


async def books(evening: Evening, page: Page) -> None:
    """…and of the others one person proposes where they are booked, and another agrees."""
    paths = await standing(page, "open")
    for path in paths:
        await page.goto(f"{evening.town.url}{path}")
        form = page.locator("form[action$='/booking']")
        await form.locator("[name=counter]").select_option("suspense")
        await form.locator("[name=reason]").fill("Nobody knows yet who has paid")
        await form.locator("button").click()
        await expect(page.locator("#told .good")).to_be_visible()
    other = await evening.desk("accountant")
    for _ in paths:
        await evening.go(other, "approvals")
        await other.locator("td a[href*='/approvals/apr_']").first.click()
        await other.locator("form[action$='/approve'] button").click()
        await expect(other.locator("#told .good")).to_be_visible()
    await other.context.close()
    for path in paths:
        await page.goto(f"{evening.town.url}{path}")
        await evening.until(page, "h1", evening.t("break_state.resolved"))


async def standing(page: Page, state: str) -> list[str]:
    """Paths of the breaks of a state, all pages of the list."""
    root = re.sub(r"/console/.*", "/console", page.url)
    address, found = f"{root}/breaks?state={state}", list[str]()
    while address:
        await page.goto(address)
        links = "a[href*='/console/breaks/brk_']"
        found += await page.locator(links).evaluate_all("links => links.map((link) => link.getAttribute('href'))")
        following = page.locator("a[rel=next]")
        address = await following.evaluate("link => link.href") if await following.count() else ""
    return sorted(set(found))


async def closes(evening: Evening, page: Page, day: date) -> str:
    """4. Close: nothing stands in the way any more; the day is sealed. The path of its page."""
    await evening.go(page, "close")
    await evening.look(page, "checklist")
    await evening.until(page, "form[action='/console/close/ask'] button")
    ask = page.locator("form[action='/console/close/ask'] button")
    await expect(ask).to_have_text(evening.t("close.ask", day=evening.words.day(day)))
    await ask.click()
    await evening.until(page, "h1", evening.t("close_state.asked"))
    return re.sub(r"\?.*", "", page.url)


async def signs(evening: Evening, close: str) -> None:
    """5. Sign: the treasurer looks at what was sealed, presses the button, and types the PIN on the phone."""
    treasurer = await evening.desk("treasurer")
    await treasurer.goto(close)
    await evening.look(treasurer, "close-asked")
    await treasurer.locator("a[href*='/console/signing/doc_']").click()
    await treasurer.locator("form[action$='/sign'] button").click()
    account = next(one for one in evening.town.facts.staff if one.username == "treasurer")
    phone = evening.town.world.sign_phones[account.msisdn]
    async with asyncio.timeout(30):
        while (prompt := phone.pending()) is None:  # noqa: ASYNC110 - the simulator's own fact
            await asyncio.sleep(0.1)
    assert prompt.code in await treasurer.locator("#main").inner_text()
    await phone.type_pin(phone.pin)
    await treasurer.goto(close)
    await evening.until(treasurer, "h1", evening.t("close_state.signed"))
    await treasurer.context.close()


async def proves(evening: Evening, page: Page, close: str) -> None:
    """6. The closed day is read again from its rows, and the ledger's period is closed."""
    await page.goto(close)
    await evening.look(page, "closed")
    await page.locator("form[action$='/verify'] button").click()
    await expect(page.locator("#main [role=status].good, #main [role=status] .good").first).to_be_visible()
    await evening.go(page, "ledger")
    await page.locator("a[href='/console/ledger/periods']").click()
    await expect(page.locator("#table-closings")).to_contain_text(evening.t("period_kind.closed"))
    await evening.look(page, "periods")


async def takes_along(evening: Evening, page: Page, day: date) -> None:
    """7. Export: the trial balance of the closed day as CSV and workbook; its debits equal its credits."""
    await evening.go(page, "reports")
    await page.locator("a[href='/console/reports/trial_balance']").click()
    await page.locator("[name=first]").fill(day.isoformat())
    await page.locator("[name=last]").fill(day.isoformat())
    await page.locator(".spans form button").click()
    await evening.look(page, "report")
    for ending in ("csv", "xlsx"):
        async with page.expect_download() as started:
            await page.locator(f"a[href*='trial_balance.{ending}']").click()
        path = await (await started.value).path()
        assert path.stat().st_size > 100
        if ending == "csv":
            rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))
            debits, credits_ = evening.t("column.debits"), evening.t("column.credits")
            assert sum(int(row[debits]) for row in rows) == sum(int(row[credits_]) for row in rows) > 0
