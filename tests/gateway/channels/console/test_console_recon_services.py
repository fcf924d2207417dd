"""The console over reconciliation and breaks themselves: an evening from the run to what two people book."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from pytest_aiohttp.plugin import AiohttpClient

from gateway.app.reconciling import LinksOf
from gateway.services.approvals import Approvals, Proposals
from gateway.services.breaks import KINDS, BreakRow, Breaks, BreakState
from gateway.services.breaks import Parts as BreakParts
from gateway.services.reconciliation import RunState
from tests.gateway.channels.console.conftest import Desk
from tests.gateway.channels.console.test_console_real_services import signed_in
from tests.gateway.channels.console.world import World, opened
from tests.gateway.services.reconciliation.world import DAY, row, three
from tests.gateway.services.reconciliation.world import World as Books
from wallet.clock import ManualClock
from wallet.reconciliation import Side

LINE = "stm_01KB0000000000000000000001"


class Quiet:
    """No rail has anything open."""

    async def pending(self, flow: str, rows: Sequence[BreakRow]) -> bool:
        return False


class Finance:
    """Everybody may look after a break."""

    async def may_own(self, staff_id: str) -> bool:
        return True


def real(stubbed: World) -> tuple[World, Books, Breaks]:
    """The world with the services in the place of their stubs."""
    deps, store, clock = stubbed.deps, stubbed.store, stubbed.clock
    books = Books(store, clock)
    breaks = Breaks(BreakParts(
        store, clock, stubbed.ledger, stubbed.ledger, deps.chart, Proposals(store, clock), Quiet(), Finance(),
        deps.settings, deps.metrics,
    ))  # fmt: skip
    books.recon.tells(breaks)
    breaks.joins(LinksOf(books.recon), LinksOf(books.recon))
    approvals = Approvals(
        store, clock, deps.settings, roles=dict.fromkeys(KINDS.values(), "finance"),
        executors=dict.fromkeys(KINDS.values(), breaks.approved),
        refusers=dict.fromkeys(KINDS.values(), breaks.refused),
    )  # fmt: skip
    made = replace(deps, reconciliation=books.recon, breaks=breaks, approvals=approvals)
    return replace(stubbed, deps=made), books, breaks


async def test_an_evening_from_the_run_to_what_two_people_book(
    tmp_path: Path, clock: ManualClock, aiohttp_client: AiohttpClient
) -> None:
    async with opened(tmp_path, clock, ["finance", "finance2"]) as stubbed:
        world, books, breaks = real(stubbed)
        books.add(*three("1"), row(Side.LEDGER, "l2", -500, party="Sara", reference="R-77", railed=False))
        books.add(row(Side.BANK, f"{LINE}:2", -500, on=DAY - timedelta(days=9), party="Sara"))
        books.add(row(Side.BANK, f"{LINE}:3", -15_000, party="Wire fee"))
        maker, checker = await signed_in(world, aiohttp_client, "finance", "finance2")

        await run_through_the_day(maker, books)
        await linked_and_undone(maker)
        await booked_by_two(maker, checker, breaks)


async def run_through_the_day(desk: Desk, books: Books) -> None:
    where = (await desk.post("/reconciliation/bank/run", through=DAY.isoformat()))[1].removeprefix("/console")
    run = await books.recon.run(where.partition("?")[0].rpartition("/")[2])
    assert run.state is RunState.DONE
    page = (await desk.get(where))[1]
    assert "New, and open" in page
    assert "50.0\N{NO-BREAK SPACE}% of rows matched" in (await desk.get("/reconciliation"))[1]
    assert len(re.findall(r'data-row="brk_', (await desk.get("/breaks"))[1])) == 3


async def linked_and_undone(desk: Desk) -> None:
    here = "/reconciliation/bank"
    page = (await desk.get(f"{here}?amount=500"))[1]
    chosen = re.findall(r'data-row="(rcg_\w+)"', page)
    assert (await desk.post(f"{here}/link", group=chosen, reason="same payment"))[1].endswith("said=recon_linked")
    assert 'value="rcg_' not in (await desk.get(f"{here}?amount=500"))[1].partition("data-undo")[2]
    linked = re.search(r'name="undo" value="(rcg_\w+)"', (await desk.get(here))[1])
    assert linked
    assert "same payment" in (await desk.get(f"/reconciliation/groups/{linked[1]}"))[1]
    assert (await desk.post(f"{here}/undo", undo=linked[1], reason="not the same"))[1].endswith("said=recon_unlinked")
    assert len(re.findall(r'data-row="rcg_', (await desk.get(f"{here}?amount=500"))[1])) == 2


async def booked_by_two(maker: Desk, checker: Desk, breaks: Breaks) -> None:
    fee = next(one for one in await breaks.breaks(limit=9) if one.minor == -15_000)
    here = f"/breaks/{fee.id}"
    assert "Wire fee" in (await maker.get(here))[1]
    asked = {"counter": "bank_charges", "reason": "Fee of the wire"}
    assert (await maker.post(f"{here}/booking", **asked))[1].endswith("said=break_proposed")
    found = re.search(r"/console/approvals/(apr_\w+)", (await maker.get(here))[1])
    assert found
    assert "The break that this is about" in (await checker.get(f"/approvals/{found[1]}"))[1]
    assert (await maker.post(f"/approvals/{found[1]}/approve"))[1].endswith("refused=approval_maker_is_checker")
    assert (await checker.post(f"/approvals/{found[1]}/approve"))[1].endswith("said=approval_approved")
    now = await breaks.by_id(fee.id)
    assert now is not None
    assert now.state is not BreakState.OPEN
    assert "booked" in (await maker.get(here))[1]
