"""What staff say of rows: it holds at once and over runs, can be undone, and every word of it stays."""

import asyncio
from datetime import timedelta

import pytest

from gateway.services.reconciliation import LinkOutcome, What, linking, writing
from tests.gateway.services.reconciliation.world import (
    BANK,
    DAY,
    MATCHED,
    OURS,
    STAFF,
    THEIRS,
    Book,
    World,
    names,
    row,
    three,
)
from wallet.reconciliation import Reason, Rule, Side, Verdict

L1, L2, B1, B2 = (Side.LEDGER, "l1"), (Side.LEDGER, "l2"), (Side.BANK, "b1"), (Side.BANK, "b2")
NEXT = DAY + timedelta(days=1)


def odd(world: World) -> None:
    """Rows that no rule joins."""
    world.add(
        row(Side.LEDGER, "l1", -60, railed=False),
        row(Side.LEDGER, "l2", -41, railed=False),
        row(Side.BANK, "b1", -101),
        row(Side.BANK, "b2", -70),
    )


async def test_a_link_holds_at_once_and_over_runs(each_world: World) -> None:
    world = each_world
    odd(world)
    await world.run()
    assert await world.open() == 4

    said = await world.recon.link(BANK, [L1, L2, B1], STAFF, "  one\ntransfer ")

    assert said.outcome is LinkOutcome.LINKED
    assert await world.open() == 1
    linked = names("l1", "l2", "b1")
    assert (await world.ids())[linked] == said.group_id
    group = await world.recon.group(said.group_id)
    assert group is not None
    assert (group.verdict, group.rule) == (Verdict.MATCHED, Rule.DECIDED)
    (told,) = await world.recon.decisions(said.group_id)
    assert (told.what, told.staff_id, told.reason, told.on) == (What.LINKED, STAFF, "one transfer", NEXT)
    mine = await world.recon.last_linked(BANK, STAFF)
    assert mine is not None
    assert mine.id == said.group_id
    assert await world.recon.last_linked(BANK, "stf_other") is None

    run = await world.run()
    assert await world.standing() == {linked: MATCHED, names("b2"): THEIRS}
    assert (await world.ids())[linked] == said.group_id
    assert await world.kinds(run) == []


async def test_sums_that_differ_are_linked_and_stay_open(world: World) -> None:
    odd(world)
    await world.run()

    said = await world.recon.link(BANK, [L1, B2], STAFF, "the bank took ten")

    assert said.outcome is LinkOutcome.DIFFERS
    group = await world.recon.group(said.group_id)
    assert group is not None
    assert (group.verdict, group.difference_minor) == (Verdict.DIFFERS, -10)
    assert await world.open() == 3


async def test_an_undone_link_is_open_again_and_no_rule_puts_it_together(world: World) -> None:
    world.add(*three("a"))
    await world.run()
    matched = (await world.ids())[names("la", "a", "s:a")]

    said = await world.recon.unlink(matched, STAFF, "another person's")

    assert said.outcome is LinkOutcome.UNLINKED
    parted = {names("la", "a"): OURS, names("s:a"): THEIRS}
    assert await world.standing() == parted
    old = await world.recon.group(matched)
    assert old is not None
    assert not old.stands
    await world.run()
    assert await world.standing() == parted

    again = await world.recon.link(BANK, [(Side.LEDGER, "la"), (Side.BANK, "s:a")], STAFF, "it was theirs")
    assert (again.outcome, await world.open()) == (LinkOutcome.LINKED, 0)
    await world.run()
    assert await world.open() == 0
    assert [one.what for one in await world.recon.decisions(again.group_id)] == [What.UNLINKED, What.LINKED]


async def test_a_link_that_is_undone_is_nobodys_last_one(world: World) -> None:
    odd(world)
    await world.run()
    said = await world.recon.link(BANK, [L1, L2, B1], STAFF, "one")

    assert (await world.recon.unlink(said.group_id, STAFF, "no")).outcome is LinkOutcome.UNLINKED

    assert await world.recon.last_linked(BANK, STAFF) is None
    assert (await world.recon.unlink(said.group_id, STAFF, "no")).outcome is LinkOutcome.UNKNOWN


REFUSED: list[tuple[list[tuple[Side, str]], str, LinkOutcome]] = [
    ([L1, B1], " ", LinkOutcome.REASON),
    ([L1], "why", LinkOutcome.TOO_FEW),
    ([L1, L1], "why", LinkOutcome.TOO_FEW),
    ([L1, L2, B1, B2], "why", LinkOutcome.TOO_MANY),
    ([(Side.BANK, f"b{n}") for n in range(5)], "why", LinkOutcome.TOO_MANY),
    ([L1, (Side.BANK, "nothing")], "why", LinkOutcome.UNKNOWN),
    ([(Side.LEDGER, "la"), (Side.BANK, "s:a")], "why", LinkOutcome.ALREADY),
    ([(Side.LEDGER, "la"), B1], "why", LinkOutcome.OPEN_ONLY),
]


async def test_links_that_are_refused_change_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linking, "ADDED_MAX", 2)
    odd(world)
    world.add(*three("a"))
    await world.run()
    before = await world.ids()

    found = [(await world.recon.link(BANK, keys, STAFF, reason)).outcome for keys, reason, _ in REFUSED]

    assert found == [outcome for _, _, outcome in REFUSED]
    assert await world.ids() == before
    assert [await world.recon.decisions(id_) for id_ in before.values()] == [[]] * len(before)


async def test_what_is_open_has_nothing_to_undo(world: World) -> None:
    odd(world)
    await world.run()
    (group, *_) = (await world.ids()).values()

    assert (await world.recon.unlink(group, STAFF, "why")).outcome is LinkOutcome.NOT_LINKED
    assert (await world.recon.unlink(group, STAFF, "")).outcome is LinkOutcome.REASON
    assert (await world.recon.unlink("rcg_none", STAFF, "why")).outcome is LinkOutcome.UNKNOWN


async def test_what_is_sealed_is_not_undone(world: World) -> None:
    world.add(*three("a"))
    await world.run()
    world.calendar.through = DAY
    (group,) = (await world.ids()).values()

    assert (await world.recon.unlink(group, STAFF, "why")).outcome is LinkOutcome.SEALED


async def test_what_is_open_of_a_closed_day_is_linked_and_undone_until_its_own_day_is_closed(world: World) -> None:
    odd(world)
    await world.run()
    world.calendar.through = DAY
    said = await world.recon.link(BANK, [L1, L2, B1], STAFF, "found out")
    assert said.outcome is LinkOutcome.LINKED
    await world.run(NEXT)
    assert (await world.standing())[names("l1", "l2", "b1")] == MATCHED

    assert (await world.recon.unlink(said.group_id, STAFF, "no")).outcome is LinkOutcome.UNLINKED


async def test_a_row_that_no_run_has_read_is_linked_at_once(world: World) -> None:
    world.add(row(Side.BANK, "b1", -9))
    await world.run()
    world.add(row(Side.LEDGER, "fee", -9, NEXT, railed=False, reference="brk_1"))

    said = await world.recon.link(BANK, [B1, (Side.LEDGER, "fee")], STAFF, "apr_1")

    assert (said.outcome, await world.open()) == (LinkOutcome.LINKED, 0)
    await world.run(NEXT)
    assert await world.standing() == {names("b1", "fee"): MATCHED}


async def test_a_parted_row_is_for_rules_again(world: World) -> None:
    odd(world)
    await world.run()
    await world.recon.link(BANK, [L1, L2, B1], STAFF, "one")

    assert (await world.recon.part(BANK, L2, STAFF, "reversed")).outcome is LinkOutcome.UNLINKED

    assert await world.open() == 4
    assert (await world.recon.part(BANK, L2, STAFF, "reversed")).outcome is LinkOutcome.UNKNOWN
    await world.run()
    assert await world.open() == 4


async def test_staff_wait_while_a_run_is_written_and_not_for_one_that_died(world: World) -> None:
    odd(world)
    await world.run()
    async with world.recon._turn(BANK) as turn:
        await world.recon._hold(turn)
        assert (await world.recon.link(BANK, [L1, L2, B1], STAFF, "one")).outcome is LinkOutcome.BUSY
        world.clock.advance(timedelta(minutes=2))
        assert (await world.recon.link(BANK, [L1, L2, B1], STAFF, "one")).outcome is LinkOutcome.LINKED
    assert await world.open() == 1


async def test_two_who_link_the_same_row_do_not_both_have_it(each_world: World) -> None:
    world = each_world
    odd(world)
    await world.run()
    other = world.another(world.store)

    results = await asyncio.gather(
        world.recon.link(BANK, [L1, B1], STAFF, "mine"), other.link(BANK, [L1, B2], "stf_other", "mine")
    )

    assert all(one.kept for one in results)
    found = [one.id for group in await world.recon.groups(BANK, limit=10) for one in group.rows]
    assert sorted(found) == ["b1", "b2", "l1", "l2"]
    assert (await world.recon.totals(BANK)).open == len(await world.recon.groups(BANK, open=True, limit=10))


async def test_suggestions_are_kept_until_something_of_them_is_linked(world: World) -> None:
    world.add(*three("a"), row(Side.LEDGER, "l", -60, railed=False), row(Side.BANK, "s", -71))
    await world.run()
    matched = (await world.ids())[names("la", "a", "s:a")]
    # Exactly each other's, and no rule may say so.
    await world.recon.unlink(matched, STAFF, "not hers")
    assert len(await world.recon.suggestions(BANK, limit=9)) == 1
    await world.run()
    ids = await world.ids()

    found = await world.recon.suggestions(BANK, limit=9)

    assert {id_ for one in found for id_ in one.group_ids} == set(ids.values())
    assert [one.score for one in found] == [60, 60]
    assert len(await world.recon.suggestions(BANK, limit=1)) == 1
    await world.recon.link(BANK, [(one.side, one.id) for one in found[0].rows], STAFF, "yes")
    left = await world.recon.suggestions(BANK, limit=9)
    assert [one.id for one in left] == [one.id for one in found[1:]]


async def test_only_what_explains_a_row_is_said_to(world: World) -> None:
    world.add(row(Side.LEDGER, "l1", -60, railed=False), row(Side.BANK, "b2", -60))
    world.reasons = (Reason.SAME_AMOUNT, Reason.SAME_DAY)
    await world.run()
    assert len(await world.recon.suggestions(BANK, limit=9)) == 1
    assert not await world.recon.explained(BANK, [L1])

    world.reasons = (Reason.SAME_AMOUNT, Reason.LIKE_NAME)
    await world.run()
    assert [await world.recon.explained(BANK, [key]) for key in (L1, B2, B1)] == [True, True, False]

    await world.recon.link(BANK, [L1, B2], STAFF, "yes")
    assert not await world.recon.explained(BANK, [L1])


async def test_one_row_names_its_whole_group_however_large(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    places = range(60)
    world.add(*(row(Side.LEDGER, f"l{n}", -1, own=f"i{n}") for n in places))
    world.add(*(row(Side.RAIL, f"i{n}", -1, own=f"i{n}", end_to_end_id=f"E{n}") for n in places))
    world.add(row(Side.BANK, "b", -305), row(Side.LEDGER, "fee", -5, railed=False))
    await world.run()
    all_of_it = [(Side.BANK, "b"), *((Side.LEDGER, f"l{n}") for n in places)]
    assert (await world.recon.link(BANK, all_of_it, STAFF, "one order")).outcome is LinkOutcome.DIFFERS

    # It is as large as one may become by one link, and what is booked for it fits in all the same.
    monkeypatch.setattr(linking, "ADDED_MAX", 1)
    monkeypatch.setattr(writing, "MEMBERS_AT_ONCE", 50)
    said = await world.recon.link(BANK, [(Side.BANK, "b"), (Side.LEDGER, "fee")], STAFF, "and its fee")

    group = await world.recon.group(said.group_id)
    assert group is not None
    assert len(group.rows) == 122
    await world.run()
    assert await world.ids() == {frozenset(one.id for one in group.rows): group.id}


async def test_what_breaks_have_posted_is_a_source_of_its_own(world: World) -> None:
    more = Book(Side.LEDGER)
    world.recon.also_reads(BANK, Side.LEDGER, more)
    world.add(row(Side.BANK, "b1", -9))
    more.all["fee"] = row(Side.LEDGER, "fee", -9, railed=False, reference="brk_1")

    await world.run()

    assert {one.id for group in await world.recon.groups(BANK, limit=9) for one in group.rows} == {"b1", "fee"}
    if await world.open():
        assert (await world.recon.link(BANK, [B1, (Side.LEDGER, "fee")], STAFF, "apr_1")).kept
    assert await world.open() == 0
