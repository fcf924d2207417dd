"""Reconciliation in Chromium without a mouse, in English and Persian: j, k, x, enter, u; then breaks and returns.

Pictures go to `var/screens` when TAPDIAL_SCREENS is set, for eyes.
"""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from gateway.channels.console.words import texts
from gateway.services.banking.model import PaymentNews
from gateway.services.breaks import BreakReason, Counter
from gateway.services.reconciliation import ChangeKind, FlowName, GroupRow, What
from tests.browser.axe import complaints
from tests.browser.test_console_browser import Watch, overflow, served, shot, signed_in
from tests.gateway.channels.console.books import DAY, row
from tests.gateway.channels.console.test_console_payouts import HEAD
from tests.gateway.channels.console.test_console_payouts import row as payment
from tests.gateway.channels.console.world import World, opened
from wallet.clock import ManualClock
from wallet.reconciliation import BreakType, Reason, Row, Rule, Side, Verdict

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
ACCOUNTS = ["finance", "finance2", "payer"]
EMPTY_STYLE = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
"""Of no octets."""
STATEMENT = "stm_01KB0000000000000000000001"


def bank(number: int, minor: int, *, days: int = 0, party: str = "", end_to_end: str = "") -> Row:
    on = DAY - timedelta(days=days)
    return row(Side.BANK, f"{STATEMENT}:{number}", minor, on=on, party=party, end_to_end=end_to_end)


def ledger(number: int, minor: int, *, party: str = "", end_to_end: str = "") -> Row:
    return row(Side.LEDGER, f"0198a000-0000-7000-8000-{number:012d}", minor, party=party, end_to_end=end_to_end)


def rail(number: int, minor: int, *, party: str = "", end_to_end: str = "") -> Row:
    return row(Side.RAIL, f"itm_01KB{number:022d}", minor, party=party, end_to_end=end_to_end)


def theirs(world: World, line: Row) -> GroupRow:
    return world.reconciliation.add(line, verdict=Verdict.ONLY_THEIRS, broken=BreakType.MISSING_LEDGER)


async def filled(world: World) -> dict[str, str]:
    """A run with what agrees, what does not and what might; addresses by the name of their picture."""
    books, breaks = world.reconciliation, world.breaks
    run = books.ran()
    name, named = "Maryam Ahmadi", "B7-000001"
    one = books.add(
        *(make(1, -1_250_000, party=name, end_to_end=named) for make in (ledger, rail)), difference=-1_250_000
    )
    two = theirs(world, bank(4, -1_250_000, days=1, party="AHMADI MARYAM", end_to_end="B7-00001"))
    amounts = {"Ali Sadeghi": -3_000_000, "Sara Moradi": -2_500_000, "Leila Rahimi": -700_000}
    parts = [books.add(ledger(10 + n, minor, party=who)) for n, (who, minor) in enumerate(amounts.items())]
    whole = theirs(world, bank(5, -6_200_000, party="Batch 8"))
    likely = (Reason.SAME_AMOUNT, Reason.LIKE_REFERENCE, Reason.NEAR_DAY, Reason.LIKE_NAME)
    books.suggest(one, two, score=92, reasons=likely)
    books.suggest(*parts, whole, score=71, reasons=(Reason.SUM_OF_SEVERAL, Reason.SAME_DAY))
    fee = theirs(world, bank(6, -15_000, party="Wire fee"))
    odd = books.add(
        ledger(21, -450_000, party="Nader Hosseini", end_to_end="B7-000009"),
        bank(7, -540_000, party="Nader Hosseini", end_to_end="B7-000009"),
        verdict=Verdict.DIFFERS, rule=Rule.END_TO_END, broken=BreakType.AMOUNT, difference=-90_000,
    )  # fmt: skip
    for n in range(30, 33):
        rows = [make(n, -900_000 - n, end_to_end=f"B7-0000{n}") for make in (ledger, rail, bank)]
        books.add(*rows, verdict=Verdict.MATCHED, rule=Rule.END_TO_END)
    for kind, group in ((ChangeKind.APPEARED, fee), (ChangeKind.REOPENED, odd), (ChangeKind.MATCHED, one)):
        books.change(run, kind, group)
    ages = [breaks.add(group, days=days) for group, days in ((fee, 0), (odd, 9), (one, 2), (whole, 40))]
    await breaks.explain(ages[1].id, BreakReason.BANK_ERROR, "Two digits changed places", world.ids["finance"])
    await breaks.attach(ages[1].id, "نامهٔ بانک.pdf", b"%PDF-1.7", world.ids["finance"])
    await breaks.propose_booking(ages[3].id, Counter.SUSPENSE, "Nobody knows who paid", world.ids["finance2"])
    await world.paying.money()
    batch = await world.paying.released(HEAD + payment(2, 2000) + payment(3, 3000))
    for item in await world.paying.items(batch.id):
        await world.paying.said((item, PaymentNews.SETTLED), (item, PaymentNews.RETURNED), reason="AC04")
    return {
        "reconciliation": "/reconciliation",
        "run": f"/reconciliation/runs/{run.id}",
        "flow": "/reconciliation/bank",
        "flow matched": "/reconciliation/bank?view=matched",
        "flow narrow": "/reconciliation/bank?text=nobody",
        "group": f"/reconciliation/groups/{odd.id}",
        "breaks": "/breaks",
        "break": f"/breaks/{ages[1].id}",
        "approval": f"/approvals/{next(iter(world.approvals.rows))}",
        "returns": "/returns",
    }


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
                await looked_at(page, base, pages, language, watch)
                await linked_by_keys(page, base, world, language)
                await given(page, base, world, language)
        finally:
            await browser.close()
    assert watch.complaints == [], "\n".join(watch.complaints)


async def looked_at(page: Page, base: str, pages: dict[str, str], language: str, watch: Watch) -> None:
    """Every page on a desk and on a phone; nothing is wider than the screen, and axe finds nothing."""
    for size, (width, height) in {"desktop": (1280, 860), "phone": (380, 780)}.items():
        await page.set_viewport_size({"width": width, "height": height})
        for name, path in pages.items():
            await page.goto(f"{base}/console{path}")
            assert await page.locator("html").get_attribute("dir") == ("ltr" if language == "en" else "rtl")
            await shot(page, f"recon {name} {language} {size}")
            assert await overflow(page) <= 0, (name, size, language)
            if size == "desktop":
                assert watch.complaints == [], "\n".join(watch.complaints)
                assert await complaints(page) == [], (name, language)
                # What axe itself puts onto an element of these pages, the page's content policy refuses aloud.
                watch.complaints = [said for said in watch.complaints if EMPTY_STYLE not in said]
    await page.set_viewport_size({"width": 1280, "height": 860})


async def linked_by_keys(page: Page, base: str, world: World, language: str) -> None:
    """A suggestion is accepted and undone; two rows are chosen, linked with a reason, and undone; no mouse."""
    words, books = texts(language), world.reconciliation
    await page.goto(f"{base}/console/reconciliation/bank")
    first = books.suggested[0 if language == "en" else 1]
    await page.keyboard.press("j")
    await at(page, first.id)
    await page.keyboard.press("Enter")
    await said(page, words["said.recon_linked"])
    assert books.said[-1].what is What.LINKED
    assert words["recon_reason.same_day" if language == "fa" else "recon_reason.same_amount"] in books.said[-1].reason
    await expect(page.locator("[data-row]:focus")).to_have_count(1)
    await page.keyboard.press("u")
    await said(page, words["said.recon_unlinked"])
    await expect(page.locator("[data-undo]")).to_have_count(0)
    await expect(page.locator("[data-row]:focus")).to_have_count(1)
    keys = {"en": (ledger(1, 1), bank(4, 1)), "fa": (ledger(10, 1), bank(5, 1))}[language]
    mine, bank_s = [await books.group_of(FlowName.BANK, (one.side, one.id)) for one in keys]
    assert mine is not None
    assert bank_s is not None
    await chosen(page, mine.id, language)
    await chosen(page, bank_s.id, language)
    await expect(page.locator("#sum strong")).to_have_text(
        words["recon.chosen"].format(number="2" if language == "en" else "۲")
    )
    await shot(page, f"recon chosen {language}")
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "f-reason"
    await page.keyboard.type("Seen on paper")
    await page.keyboard.press("Enter")
    agree = mine.rows[0].minor == bank_s.rows[0].minor
    await said(page, words["said.recon_linked" if agree else "said.recon_differs"])
    await expect(page.locator("[data-row]:focus")).to_have_count(1)
    assert (books.said[-1].reason, set(books.said[-1].keys)) == ("Seen on paper", {*mine.keys, *bank_s.keys})
    await undone_by_a_key(page, world, words)


async def undone_by_a_key(page: Page, world: World, words: Mapping[str, str]) -> None:
    """Not while the help stands before the rows, and once however long the key is held down."""
    books = world.reconciliation
    told, here = len(books.said), await page.evaluate("document.activeElement.dataset.row")
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog").get_by_text(words["keys.link"], exact=True)).to_be_visible()
    for key in "ju":
        await page.keyboard.press(key)
    await page.keyboard.press("Escape")
    await at(page, here)
    await pressed(page, "u", "KeyU", held=True)
    await page.wait_for_timeout(100)
    assert len(books.said) == told
    await page.keyboard.press("u")
    await said(page, words["said.recon_unlinked"])


async def chosen(page: Page, group_id: str, language: str) -> None:
    """Go to a group by j and k, and choose it by x: on a Persian keyboard these keys write other letters."""
    rows = await page.evaluate("[...document.querySelectorAll('[data-row]')].map((row) => row.dataset.row)")
    here = await page.evaluate("document.activeElement.closest('[data-row]')?.dataset.row")
    away = rows.index(group_id) - rows.index(here)
    key = {"en": "j" if away > 0 else "k", "fa": "ت" if away > 0 else "ن"}[language]
    for _ in range(abs(away)):
        await pressed(page, key, "KeyJ" if away > 0 else "KeyK")
    await at(page, group_id)
    await pressed(page, "x" if language == "en" else "ط", "KeyX")
    await expect(page.locator(f"[data-row='{group_id}'] input")).to_be_checked()


async def pressed(page: Page, key: str, code: str, *, held: bool = False) -> None:
    await page.evaluate(
        "([key, code, repeat]) => document.activeElement.dispatchEvent("
        "new KeyboardEvent('keydown', {key, code, repeat, bubbles: true, cancelable: true}))",
        [key, code, held],
    )


async def given(page: Page, base: str, world: World, language: str) -> None:
    """Breaks by keys: chosen by x, given to somebody, opened by enter."""
    words = texts(language)
    await page.goto(f"{base}/console/breaks")
    await page.keyboard.press("j")
    row_id = await page.evaluate("document.activeElement.dataset.row")
    await page.keyboard.press("x")
    await page.get_by_label(words["breaks.give_to"], exact=True).select_option(label="Farid Finance")
    await page.get_by_role("button", name=words["breaks.give"], exact=True).click()
    await said(page, words["said.breaks_assigned"])
    assert world.breaks.found[row_id].owner == world.ids["finance2"]
    await page.keyboard.press("j")
    await page.keyboard.press("k")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/breaks/{row_id}")


async def at(page: Page, row_id: str) -> None:
    await expect(page.locator(f"[data-row='{row_id}']")).to_be_focused()


async def said(page: Page, text: str) -> None:
    await expect(page.locator("#told")).to_have_text(text)
