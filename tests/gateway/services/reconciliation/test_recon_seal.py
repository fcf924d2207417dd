"""Leaves of a day: the same whenever they are asked for, more and never fewer, another where a byte is another."""

from datetime import timedelta

import pytest
from sqlalchemy import Table, text, update

from gateway.services.reconciliation.tables import CHANGES, DECISIONS, GROUPS, MEMBERS, RUNS
from tests.gateway.services.reconciliation.world import BANK, DAY, STAFF, World, names, row, three
from wallet.reconciliation import Side

NEXT = DAY + timedelta(days=1)


async def leaves(world: World, day: object = DAY) -> dict[str, bytes]:
    found = [leaf async for leaf in world.recon.seal(day)]  # type: ignore[arg-type]  # a day
    assert len({name for name, _ in found}) == len(found)
    return dict(found)


async def test_what_was_sealed_stays_as_it_was_when_later_runs_replace_it(each_world: World) -> None:
    world = each_world
    world.add(*three("a"), *three("b")[:2], row(Side.BANK, "s:x", 5))
    run = await world.run()
    sealed = await leaves(world)
    assert {name.partition(":")[0] for name in sealed} == {RUNS.name, GROUPS.name, CHANGES.name}
    assert f"{RUNS.name}:{run.id}" in sealed

    world.calendar.through = DAY
    world.clock.advance(timedelta(days=1))
    world.add(three("b")[2])
    group = (await world.ids())[names("s:x")]
    await world.run(NEXT)

    assert await leaves(world) == sealed
    later = await leaves(world, NEXT)
    assert later
    assert not later.keys() & sealed.keys()
    assert f"{GROUPS.name}:{group}" in sealed


async def test_what_staff_say_is_sealed_with_the_day_on_which_they_say_it(world: World) -> None:
    world.add(row(Side.LEDGER, "l", -5, railed=False), row(Side.BANK, "s:x", -6))
    await world.run()
    sealed = await leaves(world)

    said = await world.recon.link(BANK, [(Side.LEDGER, "l"), (Side.BANK, "s:x")], STAFF, "why")

    assert await leaves(world) == sealed
    found = {name.partition(":")[0] for name in await leaves(world, NEXT)}
    assert found == {GROUPS.name, DECISIONS.name}
    assert f"{GROUPS.name}:{said.group_id}" in await leaves(world, NEXT)


@pytest.mark.parametrize(
    ("table", "change"),
    [
        (RUNS, {"staff_id": "stf_other"}),
        (GROUPS, {"content": text("replace(content, '5', '6')")}),
        (GROUPS, {"difference_minor": 1}),
        (CHANGES, {"kind": "matched"}),
        (MEMBERS, {"row_id": "s:y"}),
        (DECISIONS, {"reason": "another"}),
    ],
)
async def test_a_row_that_somebody_changed_has_another_leaf(
    world: World, table: Table, change: dict[str, object]
) -> None:
    world.add(row(Side.LEDGER, "l", -5, railed=False), row(Side.BANK, "s:x", -6))
    await world.run()
    await world.recon.link(BANK, [(Side.LEDGER, "l"), (Side.BANK, "s:x")], STAFF, "why")
    before = {**await leaves(world), **await leaves(world, NEXT)}
    which = table.c.side == "bank" if table is MEMBERS else text("1 = 1")

    await world.store.write(lambda tx: tx.execute(update(table).where(which).values(**change)).rowcount)

    after = {**await leaves(world), **await leaves(world, NEXT)}
    assert after.keys() == before.keys()
    about = GROUPS.name if table is MEMBERS else table.name
    differing = {name.partition(":")[0] for name in before if before[name] != after[name]}
    assert differing == {about}
