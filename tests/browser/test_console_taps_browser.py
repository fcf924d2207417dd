"""Taps to clearing in Chromium, in English and Persian: a tap, its token, a lock; a batch, what did not fit, resolved.

Pictures go to `var/screens` when TAPDIAL_SCREENS is set, for eyes.
"""

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from gateway.channels.console.words import texts
from gateway.services.clearing import ExceptionState
from gateway.services.links import TerminalStatus
from gateway.services.tokens import ActorClass
from tests.browser.test_console_browser import Watch, overflow, served, shot, signed_in
from tests.gateway.channels.console.tills import TERMINAL
from tests.gateway.channels.console.world import World, opened
from wallet.clock import ManualClock

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
ACCOUNTS = ["finance", "shopper"]
IBAN, OTHER = "IR062960000000100324200001", "IR580540105180021273113007"


async def filled(world: World) -> dict[str, str]:
    """A pharmacy with taps, a batch that differs, a cycle; addresses by the name of their picture."""
    maryam = world.people.add("Maryam Ahmadi", "مریم احمدی", "+989120000001")
    merchant, token = await world.tills.open(maryam)
    for iban in (IBAN, OTHER):
        await world.merchants.set_iban(merchant.id, iban, world.ids["shopper"], "As in the contract")
    await world.tills.lines.say(
        "gateway-1",
        [
            TerminalStatus(
                TERMINAL, "terminals", "house", "10.0.0.7:50000", up=True, since=world.clock.now(), messages=7
            )
        ],
    )
    exception = await world.tills.unlike()
    world.clock.advance(timedelta(seconds=1))
    tap = await world.tills.buy(1_250_000)
    world.clock.advance(timedelta(seconds=1))
    await world.tills.buy(99_000_000)
    world.clock.advance(timedelta(seconds=1))
    await world.tills.clearing.run(extra=True)
    cycle = (await world.tills.clearing.views.cycles())[0]
    batch = (await world.tills.clearing.views.batches())[-1]
    return {
        "taps": "/taps",
        "waiting": "/taps/waiting",
        "tap": f"/taps/{tap.id}",
        "tokens": "/tokens",
        "token": f"/tokens/{token.id}",
        "controls": f"/controls/{token.par}",
        "merchants": "/merchants",
        "merchant": f"/merchants/{merchant.id}",
        "statement": f"/merchants/{merchant.id}/statement",
        "terminals": "/merchants/terminals",
        "terminal": f"/merchants/terminals/{TERMINAL}",
        "batches": "/merchants/batches",
        "batch": f"/merchants/batches/{batch.id}",
        "exceptions": "/merchants/exceptions",
        "exception": f"/merchants/exceptions/{exception}",
        "cycles": "/merchants/cycles",
        "cycle": f"/merchants/cycles/{cycle.id}",
        "cycle items": f"/merchants/cycles/{cycle.id}/items",
    }


async def test_taps_and_clearing_in_a_browser(tmp_path: Path, clock: ManualClock) -> None:
    watch = Watch()
    async with opened(tmp_path, clock, ACCOUNTS) as world, served(world) as port, async_playwright() as playwright:
        pages = await filled(world)
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium")
        try:
            base = f"http://127.0.0.1:{port}"
            page = await signed_in(browser, base, world, "finance", watch)
            for language in ("en", "fa"):
                await page.locator(f".tongues button[value={language}]").first.click()
                await page.wait_for_load_state()
                await looked_at(page, base, pages, language)
                await locked(page, base, world, language)
            await page.close()
            await resolved(browser, base, world, watch)
        finally:
            await browser.close()
    assert watch.complaints == []


async def looked_at(page: Page, base: str, pages: dict[str, str], language: str) -> None:
    """Every page on a desk and on a phone; nothing is wider than the screen."""
    for size, (width, height) in {"desktop": (1280, 860), "phone": (380, 780)}.items():
        await page.set_viewport_size({"width": width, "height": height})
        for name, path in pages.items():
            await page.goto(f"{base}/console{path}")
            assert await page.locator("html").get_attribute("dir") == ("ltr" if language == "en" else "rtl")
            assert await overflow(page) <= 0, (name, size, language)
            await shot(page, f"nfc {name} {language} {size}")
    await page.set_viewport_size({"width": 1280, "height": 860})


async def locked(page: Page, base: str, world: World, language: str) -> None:
    """Taps, a tap, its token: locked for the fraud desk and let again, saying why."""
    words = texts(language)
    await page.goto(f"{base}/console/taps")
    paid = page.locator("tbody tr", has=page.get_by_text(words["tap_state.captured"], exact=True)).first
    await paid.locator("a[href*='/taps/tap_']").click()
    await expect(page.get_by_text(words["tap_check.cryptogram"], exact=True)).to_be_visible()
    await page.locator("dl.facts a[href*='/tokens/tok_']").click()
    for action, chip in (("suspend", "token_state.suspended"), ("resume", "token_state.active")):
        await page.get_by_label(words["field.reason"], exact=True).fill("Odd taps at night")
        await page.get_by_label(words["column.as_whom"], exact=True).select_option("fraud")
        await page.get_by_role("button", name=words[f"tokens.{action}"], exact=True).click()
        await expect(page.get_by_role("status")).to_have_text(words[f"said.token_{action}"])
        await expect(page.locator("h1 .chip")).to_have_text(words[chip])
        await shot(page, f"nfc token {action} {language}")
        (token,) = await world.tills.tokens.recent(10)
        assert token.locks == (frozenset({ActorClass.FRAUD}) if action == "suspend" else frozenset())


async def resolved(browser: Browser, base: str, world: World, watch: Watch) -> None:
    """Batches, the one that differs, its exception: taken and resolved, in Persian."""
    world.clock.advance(timedelta(seconds=30))
    page = await signed_in(browser, base, world, "shopper", watch)
    await page.locator(".tongues button[value=fa]").first.click()
    await page.wait_for_load_state()
    words = texts("fa")
    await page.locator("nav.side").get_by_role("link", name=words["nav.merchants"]).click()
    await page.get_by_role("link", name=words["table.terminal_batches"]).click()
    healed = page.locator("tbody tr", has=page.get_by_text(words["terminal_batch_state.healed"], exact=True))
    await healed.locator("a[href*='/merchants/batches/']").click()
    await expect(page.get_by_text(words["batch_total.differs"], exact=True).first).to_be_visible()
    await page.locator("a[href*='/merchants/exceptions/exc_']").click()
    await page.get_by_role("button", name=words["exceptions.take"]).click()
    await expect(page.get_by_role("status")).to_have_text(words["said.exception_take"])
    await page.get_by_label(words["field.reason"], exact=True).fill("رسید دیده شد")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_have_text(words["said.exception_resolve"])
    await shot(page, "nfc exception resolved fa")
    (found,) = await world.tills.clearing.views.exceptions(state=None)
    assert (found.state, found.resolved_by) == (ExceptionState.RESOLVED, world.ids["shopper"])
    await page.close()
