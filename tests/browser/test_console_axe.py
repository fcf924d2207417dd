"""Every page of the console read by axe-core, in English and in Persian: it finds nothing on any of them."""

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

from gateway.channels.console.roles import MENU
from gateway.services.closing import CheckName, CloseState
from gateway.services.finding import Found, FoundBy, FoundKind
from gateway.services.staff import Role
from tests.browser.axe import complaints
from tests.browser.test_console_browser import Watch, filled, overflow, served, shot, signed_in
from tests.gateway.channels.console.evenings import TODAY, YESTERDAY
from tests.gateway.channels.console.world import STAFF, World, opened
from wallet.clock import ManualClock
from wallet.ids import new_id

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
ONE_ROLE = {roles[0]: username for username, (_, roles, _) in STAFF.items() if len(roles) == 1}
"""A member of the staff who has this role and no other."""


async def evening(world: World) -> dict[str, str]:
    """A day to be closed with something in the way, closed days, breaks by age; more addresses as `filled` gives."""
    closing = world.closing
    closing.failing = {CheckName.STATEMENTS, CheckName.BREAKS}
    world.breaks.ages.fill()
    signed = closing.add(YESTERDAY - timedelta(days=1), CloseState.SIGNED, world.ids["finance"])
    asked = closing.add(YESTERDAY - timedelta(days=2), CloseState.ASKED, world.ids["finance"])
    document = world.signing.add(f"Close of {asked.day}", "signatory", kind="day_close")
    world.signing.documents[document.id] = document
    [transfer] = [row.transfer.id for row in await world.ledger.follow(after=0, limit=1)]
    world.finding.found = [
        Found(
            FoundKind.CLAIM, new_id("clm", world.clock), FoundBy.TAIL, world.clock.now(), minor=27_000_000, asset="IRR"
        ),
        Found(
            FoundKind.TRANSFER, str(transfer), FoundBy.ID, world.clock.now(), minor=1_000, asset="IRR", cause="ses_01K8"
        ),
    ]
    return {
        "finance trial-balance-of-a-day": f"/ledger?day={TODAY}",
        "finance accounts": "/ledger/accounts",
        "finance transfer": f"/ledger/transfers/{transfer}",
        "finance periods": "/ledger/periods",
        "finance close": "/close",
        "finance closed": f"/close/{signed.id}",
        "treasurer close-asked": f"/close/{asked.id}",
        "finance report": "/reports/float_cover",
        "finance report-of": "/reports/general_ledger",
        "finance found": f"/find?q={world.finding.found[0].id[-8:]}",
        "finance not-found": "/find?q=zzzzzz",
    }


async def test_axe_finds_nothing_on_any_page_of_any_role(tmp_path: Path, clock: ManualClock) -> None:
    watch, found = Watch(), []
    assert set(ONE_ROLE) == set(Role)
    async with opened(tmp_path, clock, list(STAFF)) as world, served(world) as port, async_playwright() as playwright:
        more = {**await filled(world), **await evening(world)}
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium")
        base, seen = f"http://127.0.0.1:{port}", set[str]()
        for role, username in sorted(ONE_ROLE.items()):
            page = await signed_in(browser, base, world, username, watch)
            mine = {f"{username} {item.name}": item.path for item in MENU if role in item.roles}
            theirs = {name: path for name, path in more.items() if STAFF[name.split()[0]][1] == [role]}
            found += await read(page, base, {**mine, **theirs}, seen)
            await page.close()
        await browser.close()
    assert not found, "\n".join(sorted(set(found)))
    assert watch.complaints == []


async def read(page: Page, base: str, pages: dict[str, str], seen: set[str]) -> list[str]:
    """What axe finds on these pages: in English for each role, in Persian where no role before had the page."""
    found = []
    for language in ("en", "fa"):
        await page.locator(f".tongues button[value={language}]").first.click()
        await page.wait_for_load_state()
        for name, path in pages.items():
            if language == "fa" and path in seen:
                continue
            await page.goto(f"{base}/console{path}")
            if path == "/":
                await drawn(page)
            found += [f"{name} {language}: {said}" for said in await complaints(page)]
            assert await overflow(page) <= 0, (name, language)
            await shot(page, f"{name} {language} desktop")
    seen |= set(pages.values())
    return found


async def drawn(page: Page) -> None:
    """Wait for the chart where there is one."""
    if await page.locator("figure[data-url]").count():
        await page.locator("figure[data-drawn] canvas").wait_for()
