"""The console in Chromium: the sign-in cookie holds, the content policy is never broken, nothing overflows a phone.

Pictures go to `var/screens` when TAPDIAL_SCREENS is set, for eyes.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, async_playwright

from gateway.channels.console import console_app
from gateway.services.dialogues import EndReason
from gateway.services.funnels import Funnels
from gateway.services.jobs import JobState
from gateway.services.links import LinkStatus
from gateway.services.people import PersonState
from gateway.services.releases import Release
from gateway.services.signing import SignOutcome
from tests.gateway.channels.console.world import PASSWORD, World, opened
from tests.gateway.services.funnels.rows import session
from tests.gateway.services.releases.press import SHIPPED, files, percent
from wallet.clock import ManualClock
from wallet.ids import new_id, transfer_id
from wallet.money import irr
from wallet.transfers import Transfer, TransferCode

pytestmark = pytest.mark.browser
SIZES = {"desktop": (1280, 860), "phone": (380, 780)}
WAY = [("home.menu", 4), ("send.to", 9), ("send.pin", 31)]
ACCOUNTS = ["officer2", "finance", "clerk", "admin", "treasurer"]


async def filled(world: World) -> dict[str, str]:
    """Some people, claims, money; addresses by the name of their picture."""
    maryam = world.people.add("Maryam Ahmadi", "مریم احمدی", "+989120000001")
    ali = world.people.add("Ali Sadeghi", "علی صادقی", "+989120000008", PersonState.LOCKED)
    claims = [world.benefits.add(person.id, f"S-1234567{n}", 3 + n) for n, person in enumerate([maryam, ali, maryam])]
    await world.benefits.approve(claims[2].id, world.ids["officer2"])
    await world.approvals.propose("pin_unlock", ali.id, {"reason": "Forgot the PIN"}, world.ids["clerk"])
    chart, session = world.deps.chart, new_id("ses", world.clock)
    bank, funding = chart.account("trust_bank"), chart.account("funding")
    expense, wallet = chart.account("benefit_expense", "sickness"), chart.account("wallet", maryam.id)
    await world.ledger.open_accounts(bank, funding, expense, wallet)
    await world.ledger.post(
        Transfer(transfer_id(session, "o"), bank.id, funding.id, irr(900_000_000), TransferCode.OPENING, session),
        Transfer(transfer_id(session, "b"), expense.id, wallet.id, irr(27_000_000), TransferCode.BENEFIT, session),
    )
    await world.payments.cash_in(maryam.id, irr(5_000_000), "tehran-1", world.ids["clerk"], "key")
    job = await world.jobs.start("make_invoices", {"period": "1405-09"}, world.ids["finance"])
    pharmacy = await world.merchants.register_merchant("Noor Pharmacy", maryam.id, "Tehran")
    await world.merchants.register_terminal(pharmacy.id, "TERM0001")
    status = LinkStatus("smsc", "transceiver", up=False, since=world.clock.now(), alarm="bind_0x0E", window=10)
    await world.links.say("gateway-1", [status])
    live = await dialled(world)
    return {
        **await put_up(world),
        "officer2 claims": "/claims",
        "officer2 claim": f"/claims/{claims[0].id}",
        "officer2 approvals": "/approvals",
        "officer2 approval": f"/approvals/{next(iter(world.approvals.rows))}",
        "clerk person": f"/people/{maryam.id}",
        "clerk locked": f"/people/{ali.id}",
        "clerk cash-in": f"/cash-in/{maryam.id}",
        "clerk branch-code": "/people/branch-code",
        "finance today": "/",
        "finance trial-balance": "/ledger",
        "finance journal": "/ledger/journal",
        "finance account": f"/ledger/accounts/{wallet.id}",
        "finance cause": f"/cause/{session}",
        "finance jobs": "/jobs",
        "finance job": f"/jobs/{job.id}",
        "admin links": "/links",
        "admin menus": "/menus",
        "admin sessions": "/sessions",
        "admin session": f"/sessions/{live}",
        "finance sessions-of-a-day": "/sessions/day",
        "admin staff": "/staff",
        "admin merchants": "/merchants",
        "admin merchant": f"/merchants/{pharmacy.id}",
    }


async def put_up(world: World) -> dict[str, str]:
    """A document that waits, one that is signed, a request to a phone, a signer and a stand-in."""
    treasurer, finance, now = world.ids["treasurer"], world.ids["finance"], world.clock.now()
    waits, done = (world.signing.add(f"Pay {n} people, batch B{n}", "signatory", made_by=finance) for n in (7, 8))
    member = await world.staff.by_id(treasurer)
    assert member is not None
    asked = await world.signing.sign(waits.id, member, "sgf_1")
    world.signing.answer((await world.signing.sign(done.id, member, "sgf_2")).request_id, SignOutcome.SIGNED)
    world.signers.add(treasurer, world.ids["admin"], finance)
    week = now + timedelta(days=7)
    await world.deps.delegations.delegate(treasurer, finance, ["payout_batch"], now, week, "on leave", member)
    return {
        "treasurer signing": "/signing",
        "treasurer document": f"/signing/{waits.id}",
        "treasurer request": f"/signing/requests/{asked.request_id}",
        "treasurer delegations": "/delegations",
        "finance signed": f"/signing/{done.id}",
        "finance documents": "/signing/all",
        "admin signers": "/signers",
    }


async def dialled(world: World) -> str:
    """A trial of another version, sessions of an hour ago on both, and one that is live: its id."""
    made = await world.releases.propose(files("one"), percent(50), "shorter home page", world.ids["finance"])
    assert isinstance(made, Release)
    await world.releases.release(made.id, made.approval_id)
    began = world.clock.now() - timedelta(hours=1)
    for version, reason in ((SHIPPED.version, EndReason.TIMEOUT), (made.version, EndReason.DONE)):
        await session(world.store, began, WAY, reason=reason, version=version)
    assert isinstance(world.deps.funnels, Funnels)
    await world.deps.funnels.tick()
    return await session(world.store, world.clock.now(), WAY, reason=None, version=SHIPPED.version, language="fa")


@asynccontextmanager
async def served(world: World) -> AsyncIterator[int]:
    root = web.Application()
    root.add_subapp("/console", console_app(world.deps))
    async with TestServer(root) as server:
        assert server.port is not None
        yield server.port


class Watch:
    """Keeps what the browser complains about."""

    def __init__(self) -> None:
        self.complaints: list[str] = []

    def over(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on(
            "console",
            lambda said: (
                self.complaints.append(f"{page.url}: {said.text}")
                if said.type == "error" and "401" not in said.text
                else None
            ),
        )


async def signed_in(browser: Browser, base: str, world: World, username: str, watch: Watch) -> Page:
    page = await browser.new_page(viewport={"width": 1280, "height": 860})
    watch.over(page)
    await page.goto(f"{base}/console/")
    await page.get_by_label("User name").fill(username)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_label("Code").fill(world.code(username))
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Today").wait_for()
    return page


async def overflow(page: Page) -> int:
    return int(await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


async def shot(page: Page, name: str) -> None:
    if os.environ.get("TAPDIAL_SCREENS"):
        await page.screenshot(path=Path("var/screens") / f"{name.replace(' ', '-')}.png", full_page=True)


async def test_the_console_in_a_browser(tmp_path: Path, clock: ManualClock) -> None:
    watch = Watch()
    async with opened(tmp_path, clock, ACCOUNTS) as world, served(world) as port, async_playwright() as playwright:
        pages = await filled(world)
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium")
        try:
            for username in ACCOUNTS:
                # Both names of the loopback must keep a Secure `__Host-` cookie over plain http.
                host = "localhost" if username == "admin" else "127.0.0.1"
                page = await signed_in(browser, f"http://{host}:{port}", world, username, watch)
                mine = {name: path for name, path in pages.items() if name.startswith(f"{username} ")}
                await looked_at(page, f"http://{host}:{port}", mine)
                await page.close()
            await by_keyboard(browser, f"http://127.0.0.1:{port}", world, watch)
        finally:
            await browser.close()
    assert watch.complaints == []


async def looked_at(page: Page, base: str, pages: dict[str, str]) -> None:
    """Every page in English, Persian and Arabic, on a desk and on a phone; nothing is wider than the screen."""
    for language in ("en", "fa", "ar"):
        await page.locator(f".tongues button[value={language}]").first.click()
        await page.wait_for_load_state()
        for size, (width, height) in SIZES.items():
            if (language, size) == ("ar", "desktop"):
                continue  # what fits a phone fits a desk, and Persian shows that it stands the other way round
            await page.set_viewport_size({"width": width, "height": height})
            for name, path in pages.items():
                await page.goto(f"{base}/console{path}")
                assert await page.locator("html").get_attribute("dir") == ("ltr" if language == "en" else "rtl")
                assert await overflow(page) <= 0, (name, size, language)
                await shot(page, f"{name} {language} {size}")
        await page.set_viewport_size({"width": 1280, "height": 860})


async def by_keyboard(browser: Browser, base: str, world: World, watch: Watch) -> None:
    """On a phone's width, in the browser's own language, without a mouse: sign in, open the menu, go to the jobs."""
    world.clock.advance(timedelta(seconds=30))
    page = await browser.new_page(viewport={"width": 380, "height": 780}, locale="fr-FR")
    watch.over(page)
    await page.goto(f"{base}/console/sign-in")
    await page.get_by_role("heading", name="Connexion").wait_for()
    await shot(page, "sign-in fr phone")
    for typed in ("finance", PASSWORD, world.code("finance")):
        await page.keyboard.type(typed)
        await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    menu = page.locator("nav.side")
    await page.locator("#main").wait_for()
    assert not await menu.is_visible()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Space")
    assert await menu.is_visible()
    await shot(page, "menu phone")
    await renewed(page, base, world)
    await page.close()


async def renewed(page: Page, base: str, world: World) -> None:
    """A job's page shows by itself that the job is done, and then stops asking."""
    job = next(iter(world.jobs.jobs.values()))
    await page.goto(f"{base}/console/jobs/{job.id}")
    assert await page.locator("progress").get_attribute("value") == "120"
    world.jobs.jobs[job.id] = replace(job, state=JobState.DONE, done=400)
    await page.locator("progress[value='400']").wait_for(timeout=8000)
    assert await page.locator("#progress .chip.good").count() == 1
