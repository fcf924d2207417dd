"""Whose a break is, until when, what it is and what shows it: all of it written down, and sealed with its day."""

import hashlib
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs

from gateway.services.breaks import (
    EVIDENCE_MAX,
    EVIDENCES_MAX,
    BreakOutcome,
    BreakReason,
    BreakState,
    Counter,
    Event,
    EvidenceKind,
)
from gateway.services.breaks.tables import HISTORY
from tests.gateway.services.breaks.world import CHECKER, MAKER, World

PDF = b"%PDF-1.7 what the bank wrote"


async def opened(world: World) -> str:
    world.banks(-30, "line")
    await world.run()
    return (await world.only()).id


async def resolved(world: World) -> str:
    break_id = await opened(world)
    world.books.bank.pop("line")
    await world.run()
    return break_id


async def told(world: World, break_id: str) -> list[tuple[Event, str, str]]:
    return [(one.what, one.staff_id, one.note) for one in await world.breaks.history(break_id)][1:]


async def test_what_staff_do_about_a_break_stands_in_its_history_once(both: World) -> None:
    world = both
    break_id = await opened(world)
    breaks, day = world.breaks, world.today(9)
    for _ in range(2):
        assert await breaks.assign(break_id, CHECKER, MAKER) is BreakOutcome.OK
        assert await breaks.due(break_id, day, MAKER) is BreakOutcome.OK
        assert await breaks.explain(break_id, BreakReason.FEE, " a\ncharge ", MAKER) is BreakOutcome.OK
    assert await breaks.comment(break_id, "asked\u202e them", CHECKER) is BreakOutcome.OK
    assert await told(world, break_id) == [
        (Event.ASSIGNED, MAKER, CHECKER),
        (Event.DUE, MAKER, day.isoformat()),
        (Event.EXPLAINED, MAKER, "a charge"),
        (Event.COMMENTED, CHECKER, "asked them"),
    ]
    found = await world.only()
    assert (found.owner, found.due_on, found.state, found.reason, found.note) == (
        CHECKER, day, BreakState.EXPLAINED, BreakReason.FEE, "a charge",
    )  # fmt: skip
    assert await breaks.reopen(break_id, "it is not", CHECKER) is BreakOutcome.OK
    assert ((await world.only()).state, (await world.only()).reason) == (BreakState.OPEN, None)
    assert await breaks.assign(break_id, "", MAKER) is BreakOutcome.OK
    assert (await world.only()).owner == ""


async def test_a_verb_that_cannot_be_says_why(world: World) -> None:
    breaks, nobody = world.breaks, "brk_nobody"
    for said in (
        await breaks.assign(nobody, CHECKER, MAKER),
        await breaks.due(nobody, world.today(1), MAKER),
        await breaks.explain(nobody, BreakReason.FEE, "x", MAKER),
        await breaks.comment(nobody, "x", MAKER),
        await breaks.reopen(nobody, "x", MAKER),
        await breaks.attach(nobody, "x.pdf", PDF, MAKER),
    ):
        assert said is BreakOutcome.UNKNOWN
    assert await breaks.by_id(nobody) is None
    break_id = await opened(world)
    assert await breaks.assign(break_id, "stf_nobody", MAKER) is BreakOutcome.OWNER_UNKNOWN
    assert await breaks.due(break_id, world.today(-1), MAKER) is BreakOutcome.DATE
    assert await breaks.comment(break_id, "\u202e \n", MAKER) is BreakOutcome.TEXT_MISSING
    assert await breaks.comment(break_id, "x" * 1001, MAKER) is BreakOutcome.TEXT_LONG
    assert await breaks.explain(break_id, BreakReason.FEE, "", MAKER) is BreakOutcome.TEXT_MISSING
    assert await breaks.reopen(break_id, "x", MAKER) is BreakOutcome.NOT_RESOLVED
    assert await told(world, break_id) == []


async def test_what_is_resolved_can_be_commented_on_and_reopened_and_nothing_else(world: World) -> None:
    break_id = await resolved(world)
    breaks = world.breaks
    assert await breaks.assign(break_id, CHECKER, MAKER) is BreakOutcome.RESOLVED
    assert await breaks.due(break_id, world.today(1), MAKER) is BreakOutcome.RESOLVED
    assert await breaks.explain(break_id, BreakReason.FEE, "x", MAKER) is BreakOutcome.RESOLVED
    assert await breaks.propose_booking(break_id, Counter.SUSPENSE, "x", MAKER) is BreakOutcome.RESOLVED
    assert await breaks.comment(break_id, "looked again", MAKER) is BreakOutcome.OK
    assert await breaks.reopen(break_id, "not so", MAKER) is BreakOutcome.OK
    assert (await world.only()).state is BreakState.OPEN
    await world.run()
    assert [what for what, _, _ in await told(world, break_id)][-2:] == [Event.REOPENED, Event.RESOLVED]


async def test_files_are_kept_as_they_are_once_each_and_not_too_many(both: World) -> None:
    world = both
    break_id = await opened(world)
    breaks = world.breaks
    assert await breaks.attach(break_id, "../letter.exe", PDF, MAKER) is BreakOutcome.OK
    assert await breaks.attach(break_id, "again.pdf", PDF, CHECKER) is BreakOutcome.FILE_KNOWN
    assert await breaks.attach(break_id, "a.html", b"<html>", MAKER) is BreakOutcome.FILE_KIND
    assert await breaks.attach(break_id, "a.txt", b"x" * (EVIDENCE_MAX + 1), MAKER) is BreakOutcome.FILE_LARGE
    (about,) = await breaks.evidences(break_id)
    assert (about.number, about.name, about.kind, about.size) == (1, "letter.pdf", EvidenceKind.PDF, len(PDF))
    assert about.sha256 == hashlib.sha256(PDF).digest()
    assert await breaks.evidence(break_id, 1) == (about, PDF)
    assert await breaks.evidence(break_id, 2) is None
    for number in range(2, EVIDENCES_MAX + 1):
        assert await breaks.attach(break_id, "note", b"note %d" % number, MAKER) is BreakOutcome.OK
    assert await breaks.attach(break_id, "note", b"one more", MAKER) is BreakOutcome.FILES_MANY


async def test_what_is_overdue_is_told_once_and_counted_until_it_has_a_new_day(both: World) -> None:
    world = both
    break_id = await opened(world)
    assert await world.breaks.sweep() == 0
    world.clock.advance(timedelta(days=2))
    with capture_logs() as logs:
        assert [await world.breaks.sweep() for _ in range(2)] == [1, 0]
    late = [line for line in logs if line["event"] == "break_overdue"]
    assert [(line["break_id"], line["type"]) for line in late] == [(break_id, "missing_ledger")]
    assert await world.says("tapdial_breaks_overdue") == 1
    labels = {"bucket": "to_3", "asset": "IRR"}
    assert world.metrics.registry.get_sample_value("tapdial_breaks", labels) == 1
    assert world.metrics.registry.get_sample_value("tapdial_breaks_minor", labels) == 30
    assert [what for what, _, _ in await told(world, break_id)] == [Event.OVERDUE]
    await world.breaks.due(break_id, world.today(3), MAKER)
    world.clock.advance(timedelta(minutes=1))
    await world.breaks.sweep()
    assert await world.says("tapdial_breaks_overdue") == 0


async def test_a_break_is_signed_for_by_an_explanation_or_by_an_owner_with_a_day_that_is_not_over(world: World) -> None:
    break_id = await opened(world)

    async def unsigned(days: int = 0) -> list[str]:
        return [one.id for one in await world.breaks.unsigned(world.today(days), limit=9)]

    assert (await unsigned(), await unsigned(-1)) == ([break_id], [])
    await world.breaks.due(break_id, world.today(2), MAKER)
    assert await unsigned() == [break_id]
    await world.breaks.assign(break_id, MAKER, MAKER)
    assert (await unsigned(), await unsigned(1), await unsigned(2)) == ([], [], [break_id])
    world.clock.advance(timedelta(days=2))
    await world.breaks.due(break_id, world.today(3), MAKER)
    assert await unsigned() == []
    await world.breaks.assign(break_id, "", MAKER)
    await world.breaks.explain(break_id, BreakReason.TIMING, "the bank is late", MAKER)
    assert await unsigned() == []


async def leaves(world: World, day: date) -> dict[str, bytes]:
    return {name: leaf async for name, leaf in world.breaks.seal(day)}


async def test_a_day_is_sealed_by_rows_that_are_only_added(both: World) -> None:
    world = both
    break_id = await opened(world)
    await world.breaks.attach(break_id, "a.pdf", PDF, MAKER)
    for number in range(6):
        await world.breaks.attach(break_id, "a.txt", b"%d" % number, MAKER)
    await world.breaks.propose_booking(break_id, Counter.BANK_CHARGES, "a charge", MAKER)
    await world.agreed(break_id)
    day = world.today()
    sealed = await leaves(world, day)
    (posting,) = await world.breaks.postings(break_id)
    names = {f"breaks_history:{break_id}:{number}" for number in range(1, 12)}
    names |= {f"breaks_evidence:{break_id}:{number}" for number in range(1, 8)}
    names |= {f"breaks_postings:{posting.id}", f"breaks_breaks:{break_id}"}
    assert set(sealed) == names | {f"breaks_booked:{posting.transfers[0]}"}
    assert all(len(leaf) == 32 for leaf in sealed.values())
    world.clock.advance(timedelta(days=1))
    await world.breaks.propose_undo(break_id, "no charge", MAKER)
    await world.agreed(break_id)
    await world.breaks.comment(break_id, "more", MAKER)
    assert await leaves(world, day) == sealed
    assert set(await leaves(world, world.today())) & set(sealed) == {f"breaks_breaks:{break_id}"}


@pytest.mark.parametrize("column", ["note", "staff_id", "after"])
async def test_one_changed_word_in_the_history_changes_the_leaf_of_its_row(world: World, column: str) -> None:
    break_id = await opened(world)
    await world.breaks.explain(break_id, BreakReason.FEE, "a charge", MAKER)
    sealed = await leaves(world, world.today())
    mine = (HISTORY.c.break_id == break_id) & (HISTORY.c.seq == 2)
    (row,) = await world.store.read(select(HISTORY).where(mine))
    other = {**row.after, "owner": "x"} if column == "after" else "x"
    await world.store.write(lambda tx: tx.execute(update(HISTORY).where(mine).values({column: other})).rowcount)
    now = await leaves(world, world.today())
    # How the break stands contradicts what is told now.
    stood = {f"breaks_breaks:{break_id}"} if column == "after" else set()
    assert {name for name in sealed if sealed[name] != now[name]} == {f"breaks_history:{break_id}:2"} | stood
    assert all(now[name] == bytes(32) for name in stood)
