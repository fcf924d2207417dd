"""What runs make of breaks: each open group has exactly one that stands, whatever comes, goes or comes back."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta

import pytest

from gateway.services.breaks import Break, BreakReason, BreakState, Event, OpenGroup, Resolution, Taken
from tests.gateway.services.breaks.world import BANK, CHECKER, MAKER, World, found_group, pages
from wallet.ids import new_id
from wallet.reconciliation import BreakType, Bucket, Row, Side

DAY = date(2026, 11, 22)


def bank(id_: str, minor: int = -5) -> Row:
    return Row(Side.BANK, id_, minor, "IRR", DAY, DAY)


def group(*rows: Row, type_: BreakType = BreakType.MISSING_LEDGER) -> OpenGroup:
    return found_group(rows, type_, sum(row.minor for row in rows))


async def taken(world: World, *groups: OpenGroup, size: int = 2) -> Taken:
    world.clock.advance(timedelta(seconds=1))
    return await world.breaks.take(new_id("rcn", world.clock), BANK, pages(groups, size))


async def told(world: World, break_id: str) -> list[Event]:
    return [one.what for one in await world.breaks.history(break_id)]


async def test_a_difference_opens_a_break_and_its_match_resolves_it(world: World) -> None:
    key = world.banks(-700, "charge", end_to_end_id="charge")
    assert await world.run() == Taken(opened=1)
    found = await world.only()
    assert (found.type, found.minor, found.asset, found.keys) == (BreakType.MISSING_LEDGER, -700, "IRR", (key,))
    assert (found.opened_on, found.due_on, found.owner, found.state) == (
        world.today(), world.today(1), "", BreakState.OPEN,
    )  # fmt: skip
    group = (await world.groups())[0]
    same = await world.breaks.of_group(group.id)
    assert same == found
    assert await world.run() == Taken()
    await world.post("written_off", "trust_bank", 700, name="charge")
    assert await world.run() == Taken(resolved=1)
    done = await world.breaks.by_id(found.id)
    assert done is not None
    assert (done.state, done.resolution, done.resolved_by) == (
        BreakState.RESOLVED,
        Resolution.MATCHED,
        done.resolved_by,
    )
    assert done.resolved_by.startswith("rcn_")
    assert await told(world, found.id) == [Event.OPENED, Event.RESOLVED]


async def test_a_break_follows_its_money_and_the_history_says_what_it_was(world: World) -> None:
    await taken(world, group(bank("a"), bank("b")))
    first = await world.only()
    await world.breaks.assign(first.id, MAKER, CHECKER)
    assert await taken(world, group(bank("b"), bank("c", -1), type_=BreakType.AMOUNT)) == Taken(followed=1)
    now = await world.only()
    assert (now.id, now.owner, now.type, now.minor, now.row_count) == (first.id, MAKER, BreakType.AMOUNT, -6, 2)
    assert [key[1] for key in now.keys] == ["b", "c"]
    note = (await world.breaks.history(first.id))[-1].note
    assert note == "missing_ledger -10, 2 rows"


async def test_where_a_group_falls_apart_one_part_keeps_the_break_and_the_others_get_their_own(world: World) -> None:
    await taken(world, group(bank("a"), bank("b"), bank("c")))
    first = await world.only()
    parts = [group(bank(name)) for name in "abc"]
    assert await taken(world, *parts, size=1) == Taken(followed=1, opened=2)
    standing = await world.breaks.breaks(standing=True, limit=9)
    assert len(standing) == 3
    assert first.id in {one.id for one in standing}


async def test_where_groups_grow_together_the_oldest_break_keeps_the_rows(both: World) -> None:
    world = both
    await taken(world, group(bank("a")))
    await taken(world, group(bank("a")), group(bank("b")), group(bank("c")))
    old, *others = await world.breaks.breaks(standing=True, limit=9)
    assert await taken(world, group(bank("a"), bank("b"), bank("c"))) == Taken(followed=1, merged=2)
    assert (await world.only()).id == old.id
    for other in others:
        gone = await world.breaks.by_id(other.id)
        assert gone is not None
        assert (gone.state, gone.resolution, gone.resolved_by) == (BreakState.RESOLVED, Resolution.MERGED, old.id)


async def test_a_break_that_lost_a_row_to_another_goes_on_with_the_rest(world: World) -> None:
    await taken(world, group(bank("a")))
    await taken(world, group(bank("a")), group(bank("b"), bank("c")))
    assert await taken(world, group(bank("a"), bank("b")), group(bank("c")), size=1) == Taken(followed=2)
    assert {tuple(key[1] for key in (await world.breaks.by_id(one.id) or one).keys) for one in await all_of(world)} == {
        ("a", "b"), ("c",),
    }  # fmt: skip


async def all_of(world: World) -> Sequence[Break]:
    return await world.breaks.breaks(standing=True, limit=99)


async def test_what_comes_back_reopens_its_break_and_is_recorded(both: World) -> None:
    world = both
    await taken(world, group(bank("a")))
    found = await world.only()
    await world.breaks.assign(found.id, MAKER, CHECKER)
    await world.breaks.explain(found.id, BreakReason.BANK_LATE, "tomorrow", MAKER)
    assert await taken(world) == Taken(resolved=1)
    assert await taken(world, group(bank("a"))) == Taken(reopened=1)
    again = await world.only()
    assert (again.id, again.owner, again.state, again.reason) == (found.id, MAKER, BreakState.OPEN, None)
    assert await told(world, found.id) == [
        Event.OPENED, Event.ASSIGNED, Event.EXPLAINED, Event.RESOLVED, Event.REOPENED,
    ]  # fmt: skip


async def test_taking_a_run_twice_changes_nothing_and_an_older_one_is_not_taken(world: World) -> None:
    old = new_id("rcn", world.clock)
    world.clock.advance(timedelta(seconds=1))
    run = new_id("rcn", world.clock)
    groups = [group(bank("a")), group(bank("b"))]
    assert await world.breaks.take(run, BANK, pages(groups, 1)) == Taken(opened=2)
    assert await world.breaks.take(run, BANK, pages(groups, 2)) == Taken()
    assert await world.breaks.take(old, BANK, pages([], 1)) == Taken()
    assert len(await all_of(world)) == 2


async def test_a_run_that_dies_on_the_way_is_finished_by_the_next_try(world: World) -> None:
    await taken(world, group(bank("x")))
    groups = [group(bank("a"), bank("x")), group(bank("b"))]

    async def dying() -> AsyncIterator[Sequence[OpenGroup]]:
        yield groups[:1]
        raise ConnectionError

    world.clock.advance(timedelta(seconds=1))
    run = new_id("rcn", world.clock)
    with pytest.raises(ConnectionError):
        await world.breaks.take(run, BANK, dying())
    assert await world.breaks.take(run, BANK, pages(groups, 1)) == Taken(opened=1)
    assert len(await all_of(world)) == 2


async def test_flows_do_not_see_each_others_rows(world: World) -> None:
    await taken(world, group(bank("a")))
    run = new_id("rcn", world.clock)
    assert await world.breaks.take(run, "wallets", pages([group(bank("a"))], 1)) == Taken(opened=1)
    assert len(await all_of(world)) == 2


async def test_ages_and_sums_are_those_of_what_stands(both: World) -> None:
    world = both
    await taken(world, group(bank("a", -5)), group(bank("b", 7)))
    first, second = await world.breaks.breaks(limit=9)
    lines = {line.bucket: (line.count, line.minor) for line in await world.breaks.ageing()}
    assert lines == dict.fromkeys(Bucket, (0, 0)) | {Bucket.TO_1: (2, 12)}
    world.clock.advance(timedelta(seconds=4 * 86_400))
    lines = {line.bucket: (line.count, line.minor) for line in await world.breaks.ageing(BANK)}
    assert lines == dict.fromkeys(Bucket, (0, 0)) | {Bucket.TO_7: (2, 12)}
    assert [one.id for one in await world.breaks.breaks(bucket=Bucket.TO_7, limit=9)] == [first.id, second.id]
    assert await world.breaks.breaks(bucket=Bucket.TO_1, limit=9) == []
    assert await world.breaks.ageing("taps") == []
    await world.breaks.assign(first.id, MAKER, MAKER)
    assert [one.id for one in await world.breaks.breaks(owner="", limit=9)] == [second.id]
    assert [one.id for one in await world.breaks.breaks(owner=MAKER, limit=9)] == [first.id]
    assert [one.id for one in await world.breaks.breaks(limit=1, after=first.id)] == [second.id]
    assert await world.breaks.breaks(type=BreakType.AMOUNT, limit=9) == []
    (line,) = await world.breaks.totals()
    assert (line.flow, line.state, line.count, line.minor) == (BANK, BreakState.OPEN, 2, 12)


async def test_many_groups_are_taken_a_page_at_a_time(both: World) -> None:
    world = both
    groups = [group(*(bank(f"{number}-{part}") for part in range(3))) for number in range(200)]
    assert await taken(world, *groups, size=80) == Taken(opened=200)
    assert await taken(world, *groups[:50], size=80) == Taken(resolved=150)
    assert sum([line.count for line in await world.breaks.ageing()]) == 50
