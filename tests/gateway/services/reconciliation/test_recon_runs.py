"""Runs: what stands after one, what the next one finds different, and what it leaves alone."""

import asyncio
from datetime import timedelta

import pytest

from gateway.errors import BadInput, Conflict, PeerUnavailable
from gateway.services.reconciliation import RunState
from tests.gateway.services.reconciliation.world import (
    BANK,
    DAY,
    MATCHED,
    OURS,
    STAFF,
    THEIRS,
    World,
    changed,
    names,
    row,
    three,
)
from wallet.reconciliation import Side, Verdict

NEXT = DAY + timedelta(days=1)


async def test_a_run_puts_three_books_side_by_side(each_world: World) -> None:
    world = each_world
    world.add(*three("a"), *three("b")[:2], row(Side.BANK, "s:x", 5))
    told: list[int] = []

    run = await world.recon.reconcile(BANK, DAY, STAFF, told.append)

    assert await world.standing() == {
        names("la", "a", "s:a"): MATCHED,
        names("lb", "b"): OURS,
        names("s:x"): THEIRS,
    }
    assert (run.state, run.position, run.staff_id, run.agrees) == (RunState.DONE, 7, STAFF, False)
    assert run.lines == {Side.LEDGER: 2, Side.RAIL: 2, Side.BANK: 2}
    assert run.groups == {Verdict.MATCHED: 1, Verdict.ONLY_OURS: 1, Verdict.ONLY_THEIRS: 1}
    assert told == sorted(told)
    assert told[-1] == 6
    totals = await world.recon.totals(BANK)
    assert (totals.open, totals.run and totals.run.id, totals.at_work) == (2, run.id, None)
    lines = {(line.verdict, line.side): (line.count, line.minor) for line in totals.lines}
    assert lines[Verdict.ONLY_THEIRS, Side.BANK] == (1, 5)
    assert lines[Verdict.MATCHED, Side.RAIL] == (1, -100)
    assert [(run_id, len(groups)) for run_id, groups in world.breaks.taken] == [(run.id, 2)]


async def test_matched_rows_are_kept_without_what_they_say_of_people(world: World) -> None:
    world.add(*three("a"), *three("b")[1:])

    await world.run()

    for group in await world.recon.groups(BANK, limit=10):
        shown = {value for one in group.rows for value in (one.party, one.account, one.text)}
        assert (shown == {""}) == (group.verdict is Verdict.MATCHED)


async def test_what_is_as_it_was_keeps_its_group_and_is_not_explained(world: World) -> None:
    world.add(*three("a"), *three("b")[:2])
    first = await world.run()
    ids = await world.ids()

    second = await world.run()

    assert await world.ids() == ids
    assert await world.kinds(first) == [("appeared", "lb")]
    assert await world.kinds(second) == []
    assert (first.changes, second.changes) == (1, 0)
    assert {group.run_id for group in await world.recon.groups(BANK, limit=10)} == {first.id}


async def test_a_run_reads_the_books_again_and_says_what_is_different(each_world: World) -> None:
    world = each_world
    world.add(*three("a"), *three("b")[:2], *three("c"), *three("d"), row(Side.BANK, "s:gone", 9))
    await world.run()
    late, bank_c, bank_d = three("b")[2], three("c")[2], three("d")[2]
    world.add(late, changed(bank_c, minor=-90))
    world.drop(row(Side.BANK, "s:gone", 9))
    world.drop(bank_d)

    run = await world.run()

    assert await world.kinds(run) == sorted(
        [
            ("matched", "lb"),
            ("amended", "s:c"),
            ("reopened", "lc"),
            ("vanished", "s:gone"),
            ("reopened", "ld"),
            ("vanished", "s:d"),
        ]
    )
    standing = await world.standing()
    assert standing[names("lb", "b", "s:b")] == MATCHED
    assert standing[names("ld", "d")] == OURS
    assert names("s:gone") not in standing


async def test_changes_are_read_in_pages(world: World) -> None:
    world.add(*(row(Side.BANK, f"s:{n}", n) for n in range(1, 6)))
    run = await world.run()

    page = await world.recon.changes(run.id, limit=2)
    rest = await world.recon.changes(run.id, limit=9, after=page[-1].id)

    assert (len(page), len(rest)) == (2, 3)
    assert len({one.id for one in page + rest}) == 5


async def test_what_was_paid_before_midnight_may_be_booked_after_it(world: World) -> None:
    ledger, rail, bank = three("a")
    world.add(ledger, rail, changed(bank, on=NEXT), *three("b", on=NEXT)[:1])

    await world.run()

    assert await world.standing() == {names("la", "a", "s:a"): MATCHED}


async def test_a_later_day_that_stands_is_read_too_when_an_earlier_one_is_asked_for(world: World) -> None:
    world.add(*three("a"), *three("b", on=NEXT)[:2])
    await world.run(NEXT)

    run = await world.run(DAY)

    assert run.through == NEXT
    assert names("lb", "b") in await world.standing()


async def test_rows_of_closed_days_are_not_touched(each_world: World) -> None:
    world = each_world
    world.add(*three("a"), *three("b")[:2])
    await world.run()
    ids = await world.ids()
    world.calendar.through = DAY
    world.clock.advance(timedelta(days=1))
    for book in world.books.values():
        book.asked.clear()
    world.drop(three("a")[2])
    world.add(*three("c", on=NEXT), changed(three("b")[2], on=NEXT))

    run = await world.run(NEXT)

    assert run.first == NEXT
    assert {first for book in world.books.values() for first, _ in book.asked} == {NEXT}
    standing = await world.standing()
    # What was open is read again by name, and the bank has it now; what was matched is as it was signed.
    assert standing == {
        names("la", "a", "s:a"): MATCHED,
        names("lb", "b", "s:b"): MATCHED,
        names("lc", "c", "s:c"): MATCHED,
    }
    assert (await world.ids())[names("la", "a", "s:a")] == ids[names("la", "a", "s:a")]
    assert await world.kinds(run) == [("matched", "lb")]
    with pytest.raises(BadInput):
        await world.run(DAY)


async def test_a_matched_group_of_a_closed_day_keeps_rows_that_lie_after_it(world: World) -> None:
    ledger, rail, bank = three("a")
    world.add(ledger, rail, changed(bank, on=NEXT))
    await world.run()
    world.calendar.through = DAY
    world.clock.advance(timedelta(days=1))

    await world.run(NEXT)

    assert await world.standing() == {names("la", "a", "s:a"): MATCHED}


async def test_two_processes_never_work_on_one_flow(each_world: World) -> None:
    world = each_world
    world.add(*three("a"), *three("b")[:2])
    run = await world.recon.start(BANK, DAY)
    other = world.another(world.store)

    results = await asyncio.gather(world.recon.run(run.id), other.run(run.id), return_exceptions=True)

    assert sorted(type(one).__name__ for one in results) == ["Conflict", "Run"]
    assert len(await world.standing()) == 2
    assert (await world.recon.run(run.id)).state is RunState.DONE
    assert len(world.breaks.taken) == 1


async def test_a_run_that_was_not_begun_makes_room_for_a_newer_one(world: World) -> None:
    first = await world.recon.start(BANK, DAY)
    second = await world.recon.start(BANK, DAY)

    assert (await world.recon.run(first.id)).state is RunState.STOPPED
    assert (await world.recon.run(second.id)).state is RunState.DONE
    assert [run.id for run in await world.recon.runs(flow=BANK, limit=5)] == [second.id, first.id]
    assert (await world.recon.runs(limit=5, before=second.id))[0].reason == f"superseded by {second.id}"


async def test_a_book_that_cannot_be_read_stops_the_run_and_the_next_one_reads_anew(world: World) -> None:
    world.add(*three("a"))
    await world.run()
    world.add(*three("b"))
    world.books[Side.BANK].fails = PeerUnavailable("away")

    with pytest.raises(PeerUnavailable):
        await world.run()
    stopped = (await world.recon.runs(flow=BANK, limit=1))[0]
    assert (stopped.state, stopped.reason) == (RunState.STOPPED, "away")
    assert len(await world.standing()) == 1

    world.books[Side.BANK].fails = None
    assert (await world.run()).state is RunState.DONE
    assert len(await world.standing()) == 2


async def test_breaks_that_could_not_be_opened_are_opened_by_the_next_tick(world: World) -> None:
    world.add(*three("a")[:2])
    world.breaks.fails = PeerUnavailable("away")
    with pytest.raises(PeerUnavailable):
        await world.run()
    assert (await world.recon.runs(limit=1))[0].state is RunState.MATCHED

    world.breaks.fails = None
    assert await world.recon.tick() == 1

    assert (await world.recon.runs(limit=1))[0].state is RunState.DONE
    assert [len(groups) for _, groups in world.breaks.taken] == [1, 1]


async def test_the_worker_reads_after_each_day_and_after_each_statement(world: World) -> None:
    world.add(*three("a"))
    assert [await world.recon.tick(), await world.recon.tick()] == [1, 0]
    yesterday = await world.recon.standing(BANK)
    assert yesterday is not None
    assert (yesterday.through, yesterday.staff_id) == (DAY, "")

    world.letters.mark, world.letters.through = "1:stm", NEXT
    assert [await world.recon.tick(), await world.recon.tick()] == [1, 0]
    today = await world.recon.standing(BANK)
    assert today is not None
    assert today.through == NEXT

    # The bank closed the day before it was over: it is read once more after that.
    world.clock.advance(timedelta(days=1))
    assert [await world.recon.tick(), await world.recon.tick()] == [1, 0]


async def test_the_worker_drives_what_staff_have_asked_for_and_rests_after_a_fault(world: World) -> None:
    world.add(*three("a"))
    await world.recon.start(BANK, DAY, STAFF)
    world.books[Side.BANK].fails = PeerUnavailable("away")
    assert await world.recon.tick() == 0
    asked = len(world.books[Side.LEDGER].asked)
    assert await world.recon.tick() == 0
    assert len(world.books[Side.LEDGER].asked) == asked

    world.books[Side.BANK].fails = None
    world.clock.advance(timedelta(minutes=6))
    assert await world.recon.tick() == 1


async def test_the_worker_reads_again_what_it_could_not_read_when_the_statement_came(world: World) -> None:
    world.add(*three("a"))
    assert await world.recon.tick() == 1
    world.add(*three("b"))
    world.letters.mark, world.letters.through = "1:stm", DAY
    world.books[Side.BANK].fails = PeerUnavailable("away")
    assert await world.recon.tick() == 0

    world.books[Side.BANK].fails = None
    world.clock.advance(timedelta(minutes=6))

    assert [await world.recon.tick(), await world.recon.tick()] == [1, 0]
    assert names("lb", "b", "s:b") in await world.standing()


async def test_metrics_say_what_stands_open(world: World) -> None:
    world.add(*three("a"), row(Side.BANK, "s:x", 5), row(Side.BANK, "s:y", -7))

    await world.recon.tick()

    assert world.metrics.registry.get_sample_value("tapdial_recon_open_groups", {"flow": "bank"}) == 2
    assert world.metrics.registry.get_sample_value("tapdial_recon_runs_total", {"flow": "bank", "state": "done"}) == 1


async def test_a_day_is_never_read_by_a_process_that_lost_its_turn(world: World) -> None:
    world.add(*three("a"))
    run = await world.recon.start(BANK, DAY)
    other = world.another(world.store)
    async with world.recon._turn(BANK) as turn:
        world.clock.advance(timedelta(minutes=2))
        assert (await other.run(run.id)).state is RunState.DONE
        await other.reconcile(BANK, DAY)
        with pytest.raises(Conflict):
            await world.recon._hold(turn)
