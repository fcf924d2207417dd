"""Breaks' pages: the list by age, many given at once, one with its rows, files, and what two people book for it."""

import csv
import io
import re
from dataclasses import replace
from html import unescape
from uuid import UUID

from gateway.services.breaks import BreakOutcome, BreakReason, BreakState, Correct, Event, Named
from tests.gateway.channels.console.books import row
from tests.gateway.channels.console.conftest import SignIn
from tests.gateway.channels.console.world import World
from wallet.ids import TransferId
from wallet.reconciliation import BreakType, Side, Verdict

TRANSFER = "0198a000-0000-7000-8000-000000000001"
PDF = b"%PDF-1.7 a letter"


def opened_by(world: World, minor: int = -90_000, *, days: int = 0, owner: str = "") -> str:
    """A break of what only the bank has: its id."""
    line = row(Side.BANK, "stm_01KB0000000000000000000001:6", minor, party="Wire fee")
    group = world.reconciliation.add(line, verdict=Verdict.ONLY_THEIRS, broken=BreakType.MISSING_LEDGER)
    return world.breaks.add(group, days=days, owner=owner).id


async def test_breaks_stand_by_age_and_are_narrowed(signed_in: SignIn, world: World) -> None:
    me = world.ids["finance"]
    new, old, mine = opened_by(world), opened_by(world, days=40), opened_by(world, days=5, owner=me)
    done = opened_by(world)
    world.breaks.resolve(done)
    desk = await signed_in("finance")
    page = (await desk.get("/breaks"))[1]
    assert ("over 30 days" in page, ">late<" in page, "Farah Finance" in page) == (True, True, True)
    for asked, found in [
        ("", {new, old, mine}),
        ("?state=", {new, old, mine, done}),
        ("?state=resolved", {done}),
        ("?bucket=over_30", {old}),
        ("?whose=mine", {mine}),
        ("?whose=nobody&state=open", {new, old}),
        ("?flow=bank&type=missing_ledger", {new, old, mine}),
        ("?flow=taps", set()),
    ]:
        assert set(re.findall(r'data-row="(brk_\w+)"', (await desk.get(f"/breaks{asked}"))[1])) == found, asked
        lines = csv.DictReader(io.StringIO((await desk.get(f"/breaks.csv{asked}"))[1].lstrip("\ufeff")))
        assert {line["Break"] for line in lines} == found, asked
    assert (await desk.get("/breaks?bucket=ancient"))[0] == 400
    assert "No break is like this" in (await desk.get("/breaks?flow=taps"))[1]


async def test_many_are_given_to_somebody_at_once(signed_in: SignIn, world: World) -> None:
    one, two = opened_by(world), opened_by(world, days=9)
    desk, other = await signed_in("finance"), world.ids["finance2"]
    sent: dict[str, str | list[str]] = {"chosen": [one, two], "owner": other, "state": "open", "whose": "nobody"}
    assert (await desk.post("/breaks/assign", **sent))[1] == (
        "/console/breaks?state=open&whose=nobody&said=breaks_assigned"
    )
    assert [world.breaks.found[each].owner for each in (one, two)] == [other, other]
    world.breaks.resolve(two)
    assert (await desk.post("/breaks/assign", **sent))[1].endswith("refused=break_outcome.resolved")
    assert (await desk.post("/breaks/assign", owner=other))[1].endswith("refused=breaks_none_chosen")


async def test_a_break_is_given_dated_explained_and_spoken_of(signed_in: SignIn, world: World) -> None:
    found, desk = opened_by(world, days=9), await signed_in("finance")
    here = f"/breaks/{found}"
    page = unescape((await desk.get(here))[1])
    assert "stm_01KB0000000000000000000001?after=5" in page
    assert "The ledger lacks it." in page
    for path, fields, said in [
        ("assign", {"owner": world.ids["finance2"]}, "said=break_assigned"),
        ("assign", {"owner": "?"}, "refused=break_outcome.owner_unknown"),
        ("due", {"due": "2026-12-01"}, "said=break_due"),
        ("due", {"due": "2026-11-01"}, "refused=break_outcome.date"),
        ("due", {"due": "soon"}, "refused=break_outcome.date"),
        ("explain", {"reason": "bank_error", "text": "<i>digits</i>"}, "said=break_explained"),
        ("explain", {"reason": "moon", "text": ""}, "refused=break_reason"),
        ("comment", {"text": "Called the bank.\r\nThey look."}, "said=break_commented"),
        ("comment", {"text": " "}, "refused=break_outcome.text_missing"),
        ("reopen", {"reason": "why not"}, "refused=break_outcome.not_resolved"),
    ]:
        assert (await desk.post(f"{here}/{path}", **fields))[1] == f"/console{here}?{said}"
    one = world.breaks.found[found]
    assert (one.owner, one.reason, one.state) == (world.ids["finance2"], BreakReason.BANK_ERROR, BreakState.EXPLAINED)
    page = (await desk.get(f"{here}?refused=break_outcome.date"))[1]
    assert ("Called the bank. They look." in page, "<i>" in page, 'class="told bad"' in page) == (True, False, True)
    world.breaks.resolve(found)
    assert (await desk.post(f"{here}/reopen", reason="it came back"))[1].endswith("said=break_reopened")


async def test_evidence_is_kept_and_only_ever_saved(signed_in: SignIn, world: World) -> None:
    found, desk = opened_by(world), await signed_in("finance")
    await desk.get(f"/breaks/{found}")
    assert (await desk.bring("/breaks/evidence", PDF, id=found))[1] == f"/console/breaks/{found}?said=break_attached"
    assert (await desk.bring("/breaks/evidence", b"MZ", id=found))[1].endswith("refused=break_outcome.file_kind")
    assert (await desk.bring("/breaks/evidence", PDF, id=f"brk_{'0' * 26}"))[0] == 404
    assert (await desk.bring("/breaks/evidence", PDF, id=found, csrf="0" * 64))[0] == 403
    assert "payments.csv" in (await desk.get(f"/breaks/{found}"))[1]
    file, octets = world.breaks.files[found][0]
    world.breaks.files[found][0] = (replace(file, name='a"\r\nX: y; نامه.pdf'), octets)

    answer = await desk.ask("GET", f"/breaks/{found}/evidence/1", {})

    assert (answer.status, await answer.read(), answer.content_type) == (200, PDF, "application/pdf")
    assert answer.headers["Content-Disposition"].startswith(f'attachment; filename="{found}-1.pdf"; filename*=UTF-8')
    assert "X" not in answer.headers
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert (await desk.get(f"/breaks/{found}/evidence/2"))[0] == 404


async def test_what_is_booked_for_a_break_is_decided_by_another_who_sees_the_break(
    signed_in: SignIn, world: World
) -> None:
    found, maker = opened_by(world), await signed_in("finance")
    here = f"/breaks/{found}"
    assert "Bank charges" in (await maker.get(here))[1]
    asked = {"counter": "bank_charges", "reason": "Fee of the wire"}
    assert (await maker.post(f"{here}/booking", **(asked | {"counter": "moon"})))[1].endswith("break_outcome.counter")
    assert (await maker.post(f"{here}/booking", **(asked | {"reason": ""})))[1].endswith("text_missing")
    assert (await maker.post(f"{here}/booking", **asked))[1].endswith("said=break_proposed")
    assert (await maker.post(f"{here}/write-off", reason="twice"))[1].endswith("refused=break_outcome.waiting")
    approval = world.breaks.posted[found][0].approval_id
    assert f"/console/approvals/{approval}" in (await maker.get(here))[1]
    assert "/approve" not in (await maker.get(f"/approvals/{approval}"))[1]

    checker = await signed_in("finance2")
    page = unescape((await checker.get(f"/approvals/{approval}"))[1])
    assert ("The break that this is about" in page, "bank_charges" in page, "Wire fee" in page) == (True, True, True)
    assert (await checker.post(f"/approvals/{approval}/approve"))[1].endswith("said=approval_approved")
    clerk = await signed_in("clerk")
    assert "The break that this is about" not in (await clerk.get(f"/approvals/{approval}"))[1]


async def test_a_correction_is_proposed_with_what_is_right_or_without(signed_in: SignIn, world: World) -> None:
    found, desk = opened_by(world), await signed_in("finance")
    world.breaks.able = replace(
        world.breaks.able, booking=BreakOutcome.SUGGESTED, counters=(), corrections=(TransferId(UUID(TRANSFER)),)
    )
    here = f"/breaks/{found}"
    page = (await desk.get(here))[1]
    assert (TRANSFER in page, 'name="counter"' in page) == (True, False)
    asked = {"transfer": TRANSFER, "reason": "wrong amount", "debit": "", "credit": "", "amount": ""}
    right = {"debit": "wallet:per_01KB", "credit": "trust_bank", "amount": "۴۵۰٬۰۰۰"}
    for fields, said in [
        (asked | {"transfer": "x"}, "refused=break_outcome.transfer"),
        (asked | {"debit": "wallet"}, "refused=break_half_right"),
        (asked | right | {"debit": "Wallet!"}, "refused=break_outcome.account"),
        (asked | right | {"amount": "-5"}, "refused=break_outcome.amount"),
        (asked | right, "said=break_proposed"),
        (asked, "refused=break_outcome.waiting"),
    ]:
        assert (await desk.post(f"{here}/correction", **fields))[1].endswith(said), fields
    assert [right for _, right in world.breaks.corrected] == [
        Correct(Named("wallet", "per_01KB"), Named("trust_bank"), 450_000), None,
    ]  # fmt: skip
    assert (await desk.post(f"{here}/undo", reason="after all not"))[1].endswith("break_outcome.waiting")
    assert world.breaks.happened[found][-1].what is Event.PROPOSED


async def test_a_break_that_is_not_there_is_no_page(signed_in: SignIn) -> None:
    desk, nowhere = await signed_in("finance"), f"/breaks/brk_{'0' * 26}"
    await desk.get("/breaks")
    assert (await desk.get(nowhere))[0] == 404
    for path in ("assign", "due", "comment", "explain", "reopen", "write-off", "booking", "correction", "undo"):
        assert (await desk.post(f"{nowhere}/{path}"))[0] == 404, path
