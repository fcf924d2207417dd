"""Reconciliation in Chromium without a mouse, in English and Persian: j, k, x, enter, u; then breaks and returns.

Pictures go to `var/screens` when TAPDIAL_SCREENS is set, for eyes.
"""

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import async_playwright

from gateway.services.reconciliation import ChangeKind
from tests.browser.test_console_browser import Watch, overflow, served, shot, signed_in
from tests.gateway.channels.console.books import DAY, row
from tests.gateway.channels.console.world import World, opened
from wallet.clock import ManualClock
from wallet.reconciliation import BreakType, Reason, Row, Rule, Side, Verdict

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
ACCOUNTS = ["finance", "finance2", "payer"]
STATEMENT = "stm_01KB0000000000000000000001"


def bank(number: int, minor: int, *, days: int = 0, party: str = "", end_to_end: str = "") -> Row:
    return row(
        Side.BANK, f"{STATEMENT}:{number}", minor, on=DAY - timedelta(days=days), party=party, end_to_end=end_to_end
    )


async def filled(world: World) -> dict[str, str]:
    """A run with what agrees, what does not and what might; addresses by the name of their picture."""
    books, breaks = world.reconciliation, world.breaks
    run = books.ran()
    one = books.add(
        row(Side.LEDGER, "0198a000-0000-7000-8000-000000000001", -1_250_000, party="Maryam Ahmadi", end_to_end="B7-000001"),
        row(Side.RAIL, "itm_01KB0000000000000000000001", -1_250_000, party="Maryam Ahmadi", end_to_end="B7-000001"),
        difference=-1_250_000,
    )  # fmt: skip
    two = books.add(bank(4, -1_250_000, days=1, party="AHMADI MARYAM", end_to_end="B7-00001"), verdict=Verdict.ONLY_THEIRS,
                    broken=BreakType.MISSING_LEDGER)  # fmt: skip
    parts = [
        books.add(row(Side.LEDGER, f"0198a000-0000-7000-8000-00000000001{n}", minor, party=name))
        for n, (minor, name) in enumerate(
            [(-3_000_000, "Ali Sadeghi"), (-2_500_000, "Sara Moradi"), (-700_000, "Leila Rahimi")]
        )
    ]
    whole = books.add(
        bank(5, -6_200_000, party="Batch 8"), verdict=Verdict.ONLY_THEIRS, broken=BreakType.MISSING_LEDGER
    )
    books.suggest(
        one, two, score=92, reasons=(Reason.SAME_AMOUNT, Reason.LIKE_REFERENCE, Reason.NEAR_DAY, Reason.LIKE_NAME)
    )
    books.suggest(*parts, whole, score=71, reasons=(Reason.SUM_OF_SEVERAL, Reason.SAME_DAY))
    fee = books.add(bank(6, -15_000, party="Wire fee"), verdict=Verdict.ONLY_THEIRS, broken=BreakType.MISSING_LEDGER)
    odd = books.add(
        row(Side.LEDGER, "0198a000-0000-7000-8000-000000000021", -450_000, party="Nader Hosseini", end_to_end="B7-000009"),
        bank(7, -540_000, party="Nader Hosseini", end_to_end="B7-000009"),
        verdict=Verdict.DIFFERS, rule=Rule.END_TO_END, broken=BreakType.AMOUNT, difference=-90_000,
    )  # fmt: skip
    for n in range(3):
        books.add(
            row(Side.LEDGER, f"0198a000-0000-7000-8000-00000000003{n}", -900_000 - n, end_to_end=f"B7-00003{n}"),
            row(Side.RAIL, f"itm_01KB000000000000000000003{n}", -900_000 - n, end_to_end=f"B7-00003{n}"),
            bank(20 + n, -900_000 - n, end_to_end=f"B7-00003{n}"),
            verdict=Verdict.MATCHED, rule=Rule.END_TO_END,
        )  # fmt: skip
    for kind, group in ((ChangeKind.APPEARED, fee), (ChangeKind.REOPENED, odd), (ChangeKind.MATCHED, one)):
        books.change(run, kind, group)
    ages = [breaks.add(group, days=days) for group, days in ((fee, 0), (odd, 9), (one, 2), (whole, 40))]
    await breaks.explain(ages[1].id, *_why(world))
    return {
        "reconciliation": "/reconciliation",
        "run": f"/reconciliation/runs/{run.id}",
        "flow": "/reconciliation/bank",
        "flow matched": "/reconciliation/bank?view=matched",
        "flow narrow": "/reconciliation/bank?text=nobody",
        "group": f"/reconciliation/groups/{odd.id}",
        "breaks": "/breaks",
        "break": f"/breaks/{ages[1].id}",
        "returns": "/returns",
    }  # fmt: skip


def _why(world: World):
    from gateway.services.breaks import BreakReason

    return BreakReason.BANK_ERROR, "Two digits changed places at the bank", world.ids["finance"]


async def test_the_books_are_made_to_agree_by_keys(tmp_path: Path, clock: ManualClock) -> None:
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
                for size, (width, height) in {"desktop": (1280, 860), "phone": (380, 780)}.items():
                    await page.set_viewport_size({"width": width, "height": height})
                    for name, path in pages.items():
                        await page.goto(f"{base}/console{path}")
                        await shot(page, f"recon {name} {language} {size}")
                        assert await overflow(page) <= 0, (name, size, language)
                await page.set_viewport_size({"width": 1280, "height": 860})
        finally:
            await browser.close()
    assert watch.complaints == []
