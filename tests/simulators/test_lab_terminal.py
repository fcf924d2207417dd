"""The lab's terminal: what its merchant does beside a sale."""

from tests.simulators.bench import RETIREE
from tests.simulators.test_lab import Page, page
from tests.simulators.tokens import TOKEN

__all__ = ["page"]


async def test_a_merchant_refunds_undoes_closes_and_works_without_a_line(page: Page) -> None:
    page.bench.nfc_phones[RETIREE].token = TOKEN
    await page.post("/terminals/TERM0001/tap", {"amount": "25000"})
    await page.bench.terminals["TERM0001"].drained()

    assert "Undone" in await page.post("/terminals/TERM0001/do/void", {})
    await page.post("/terminals/TERM0001/tap", {"amount": "25000"})
    assert "Refunded" in (refunded := await page.post("/terminals/TERM0001/do/refund", {}))
    assert "25,000 IRR" in refunded
    assert "No sale for this" in await page.post("/terminals/TERM0001/do/void", {}), "what was refunded is not voided"
    closed = await page.post("/terminals/TERM0001/do/close", {})
    assert "Batch closed" in closed
    assert "1 / 25,000 IRR" in closed
    assert "batch 000002" in closed
    assert "Go online" in await page.post("/terminals/TERM0001/do/switch", {})
    assert "No line" in await page.post("/terminals/TERM0001/tap", {"amount": "25000"})
    assert "Go offline" in await page.post("/terminals/TERM0001/do/switch", {})


async def test_a_part_is_paid_where_the_merchant_says_that_it_will_do(page: Page) -> None:
    page.acquirer.codes["0100"], page.acquirer.part_minor = "10", 20_000
    page.bench.nfc_phones[RETIREE].token = TOKEN

    html = await page.post("/terminals/TERM0001/tap", {"amount": "25000", "part": "on"})

    assert "The rest in cash" in html
    assert "5,000 IRR" in html
    assert page.acquirer.of("0100")[0][24] == "200"
