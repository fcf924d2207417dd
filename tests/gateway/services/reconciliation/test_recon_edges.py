"""Runs at their edges: days that are closed or to come, rows far away, texts and amounts that nobody expects."""

import contextlib
import gc
from datetime import timedelta

import pytest

from gateway.errors import BadInput, PeerUnavailable
from gateway.services.reconciliation import Decision, FlowName, LinkOutcome, RunState
from gateway.services.reconciliation.rounds import ROUNDS
from tests.gateway.services.reconciliation.world import BANK, DAY, MATCHED, STAFF, World, changed, names, row, three
from wallet.reconciliation import Side

NEXT = DAY + timedelta(days=1)


async def test_a_day_that_has_not_come_yet_is_not_run_through(world: World) -> None:
    with pytest.raises(BadInput, match="has not come"):
        await world.run(NEXT + timedelta(days=1))
    assert (await world.run(NEXT)).through == NEXT


async def test_a_day_that_is_closed_while_a_run_reads_it_stays_as_it_was_signed(world: World) -> None:
    world.add(*three("a"), *three("b")[:2])
    await world.run()
    ids = await world.ids()
    world.add(three("b")[2])
    late = await world.recon.start(BANK, DAY)
    decisions = world.recon._all_decisions

    async def closes(flow: FlowName) -> list[Decision]:
        world.calendar.through = DAY
        return await decisions(flow)

    world.recon._all_decisions = closes  # type: ignore[method-assign]  # somebody signs in this moment

    assert (await world.recon.run(late.id)).state is RunState.STOPPED
    assert await world.ids() == ids
    world.clock.advance(timedelta(days=1))
    assert await world.recon.tick() == 1
    assert await world.ids() == ids


async def test_what_stands_is_read_again_however_far_after_the_run_it_lies(each_world: World) -> None:
    world, far = each_world, DAY + timedelta(days=9)
    world.add(row(Side.BANK, "b1", -9))
    await world.run()
    world.clock.advance(timedelta(days=9))
    # What is booked for the break today, and two rows that no run has come to.
    world.add(row(Side.LEDGER, "fee", -9, far, railed=False), row(Side.LEDGER, "x", -7, far, railed=False))
    world.add(row(Side.BANK, "y", -7, far), row(Side.BANK, "z", -1, far))
    for ours, theirs in (("fee", "b1"), ("x", "y")):
        assert (await world.recon.link(BANK, [(Side.LEDGER, ours), (Side.BANK, theirs)], STAFF, "why")).kept
    standing = {names("b1", "fee"): MATCHED, names("x", "y"): MATCHED}
    assert await world.standing() == standing

    run = await world.run()

    assert (await world.standing(), await world.kinds(run)) == (standing, [])


SAID_ANEW: list[dict[str, object]] = [{"minor": 6}, {"text": "another"}, {"on": DAY - timedelta(days=1)}, {"count": 0}]


async def test_a_row_of_which_its_book_says_something_else_is_amended_and_no_more(world: World) -> None:
    rows = [row(Side.BANK, f"s:{n}", 5 + n) for n in range(len(SAID_ANEW) + 1)]
    world.add(*rows)
    await world.run()
    world.add(*(changed(one, **told) for one, told in zip(rows, SAID_ANEW, strict=False)))

    run = await world.run()

    assert await world.kinds(run) == [("amended", f"s:{n}") for n in range(len(SAID_ANEW))]
    assert await world.kinds(await world.run()) == []


async def test_changes_are_read_from_the_beginning_after_what_is_none(world: World) -> None:
    world.add(row(Side.BANK, "s:x", 5))
    run = await world.run()

    for after in ("", "rcn_1:", "x", "rcn_1:-1", f"rcn_1:{'9' * 40}", "rcn_1:1.5"):
        assert len(await world.recon.changes(run.id, limit=5, after=after)) == 1, after


HOSTILE = (
    "\x00",
    "\u202egnp.exe\u2066",
    "\x1b[2J",
    "'; DROP TABLE x; --",
    '{"$":[1]}',
    "é" * 50_000,
    "\ufffe\U0010ffff",
)


async def test_whatever_a_book_says_of_a_row_is_kept_as_it_is(each_world: World) -> None:
    world = each_world
    texts = {f"s:{n}": text for n, text in enumerate(HOSTILE)}
    world.add(*(row(Side.BANK, name, 5, party=text, text=text, reference=text) for name, text in texts.items()))

    for _ in range(2):
        await world.run()
        groups = await world.recon.groups(BANK, limit=99)
        assert {group.rows[0].id: group.rows[0].text for group in groups} == texts
    assert await world.kinds(await world.run()) == []
    said = await world.recon.link(BANK, [(Side.BANK, "s:0"), (Side.BANK, "s:1")], STAFF, f"a\x00b\n{HOSTILE[1]}\x07c")
    assert said.kept
    ((reason,),) = [(one.reason,) for one in await world.recon.decisions(said.group_id)]
    assert reason == "a b gnp.exe c"


async def test_amounts_beyond_what_a_column_holds_are_matched_and_shown(each_world: World) -> None:
    world, most = each_world, 2**62
    world.add(*(row(Side.BANK, f"s:{n}", most) for n in range(3)), row(Side.LEDGER, "l", -most, railed=False))
    await world.run()

    said = await world.recon.link(
        BANK, [(Side.LEDGER, "l"), *((Side.BANK, f"s:{n}") for n in range(3))], STAFF, "all of it"
    )

    assert said.outcome is LinkOutcome.DIFFERS
    for _ in range(2):
        (group,) = await world.recon.groups(BANK, limit=9)
        assert (group.id, group.difference_minor) == (said.group_id, 2**63 - 1)
        (line, _) = sorted((await world.recon.totals(BANK)).lines, key=lambda line: line.side)
        assert line.minor == 3 * most
        await world.run()


@pytest.mark.parametrize("fails", [None, PeerUnavailable("away")])
async def test_full_rounds_of_the_collector_are_as_before_after_a_run(
    world: World, fails: BaseException | None
) -> None:
    before = gc.get_threshold()
    seen: list[tuple[int, int, int]] = []
    world.add(*three("a"))
    world.books[Side.BANK].fails = fails
    run = await world.recon.start(BANK, DAY)

    with ROUNDS.none(), contextlib.suppress(PeerUnavailable):
        await world.recon.run(run.id, lambda _: seen.append(gc.get_threshold()))

    assert seen
    assert min(full for _, _, full in seen) > 10**6
    assert gc.get_threshold() == before
