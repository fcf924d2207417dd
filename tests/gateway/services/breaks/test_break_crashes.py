"""Between what was agreed to and what stands: runs that come first, crashes, sweeps of two processes, a busy reader."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from gateway.errors import Conflict
from gateway.services.approvals import StaffRef
from gateway.services.breaks import (
    KINDS,
    Action,
    Break,
    BreakOutcome,
    BreakState,
    Counter,
    Event,
    PostingState,
    Taken,
)
from tests.gateway.services.breaks.world import (
    BANK,
    CHECKER,
    MAKER,
    OPENING,
    Killed,
    World,
)
from wallet.periods import PeriodClose, PeriodOutcome, PeriodState

FINANCE = frozenset({"finance"})


async def test_what_a_run_changes_before_it_is_agreed_to_is_not_posted(world: World) -> None:
    world.banks(-30, "line", end_to_end_id="e2e")
    await world.run()
    found = await world.only()
    await world.breaks.propose_booking(found.id, Counter.BANK_CHARGES, "a charge", MAKER)
    await world.post("suspense", "trust_bank", 30, name="e2e")
    assert await world.run() == Taken(resolved=1)
    assert await world.agreed(found.id) is PostingState.STALE
    assert await world.net("bank_charges") == 0
    del world.books.bank["line"]
    await world.run()
    (posting,) = await world.breaks.postings(found.id)
    assert (posting.outcome, posting.transfers) == ("changed", ())


async def test_an_old_approval_that_a_run_has_overtaken_does_not_swallow_the_next_proposal(world: World) -> None:
    key = world.banks(-30, "line")
    await world.run()
    found = await world.only()
    await world.breaks.propose_booking(found.id, Counter.BANK_CHARGES, "a charge", MAKER)
    row = world.books.bank.pop(key[1])
    await world.run()
    world.books.bank["line"] = row
    await world.run()
    assert (await world.only()).id == found.id
    assert await world.breaks.propose_booking(found.id, Counter.SUSPENSE, "whose", MAKER) is BreakOutcome.OK
    old, new = await world.breaks.postings(found.id)
    assert old.approval_id != new.approval_id
    assert await world.agreed(found.id) is PostingState.POSTED
    await world.approvals.approve(old.approval_id, StaffRef(CHECKER, FINANCE))
    assert [one.state for one in await world.breaks.postings(found.id)] == [PostingState.STALE, PostingState.POSTED]
    assert (await world.net("suspense"), await world.net("bank_charges")) == (30, 0)


async def dies(world: World, when: str) -> Break:
    """A break whose booking was agreed to, by a process that died before or after it posted."""
    await world.run()
    found = await world.only()
    await world.breaks.propose_booking(found.id, Counter.BANK_CHARGES, "a charge", MAKER)
    world.till.kill = when
    with suppress(Killed):
        await world.agreed(found.id)
    return found


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_crash_around_the_post_is_finished_by_the_sweep_and_nothing_moves_twice(both: World, when: str) -> None:
    world = both
    world.banks(-30, "line")
    found = await dies(world, when)
    (posting,) = await world.breaks.postings(found.id)
    assert posting.state is PostingState.INTENDED
    # What is being posted is not resolved by a run that comes in between.
    row = world.books.bank.pop("line")
    assert await world.run() in {Taken(), Taken(opened=1)}
    world.books.bank["line"] = row
    assert (await world.breaks.by_id(found.id) or found).state is BreakState.PROPOSED
    world.clock.advance(timedelta(minutes=5))
    one, other = world.house()[0], world.house()[0]
    await asyncio.gather(one.sweep(), other.sweep(), world.approvals.sweep())
    (posting,) = await world.breaks.postings(found.id)
    assert posting.state is PostingState.POSTED
    assert (await world.net("trust_bank"), await world.net("bank_charges")) == (OPENING - 30, 30)
    history = [event.what for event in await world.breaks.history(found.id)]
    assert (history.count(Event.POSTED), history.count(Event.LINKED)) == (1, 1)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_crash_around_the_post_moves_nothing_twice_though_the_day_is_closed_meanwhile(
    world: World, when: str
) -> None:
    world.banks(-30, "line", days=-1)
    found = await dies(world, when)
    for state in PeriodState:
        assert await world.ledger.close_period(PeriodClose(world.today(-1), state, "dcl_1")) is PeriodOutcome.DONE
    world.clock.advance(timedelta(minutes=5))
    await world.breaks.sweep()
    (posting,) = await world.breaks.postings(found.id)
    (moved,) = posting.transfers
    row = await world.ledger.transfer(moved)
    assert row is not None
    assert row.transfer.effective_on == (world.today(-1) if when == "after" else None)
    assert (await world.net("trust_bank"), await world.net("bank_charges")) == (OPENING - 30, 30)


async def test_a_proposal_that_nobody_was_asked_about_is_asked_by_the_sweep(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.banks(-30, "line")
    await world.run()
    found = await world.only()

    async def dies(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched, suppress(Killed):
        patched.setattr(world.approvals, "propose", dies)
        await world.breaks.propose_booking(found.id, Counter.BANK_CHARGES, "a charge", MAKER)
    assert await world.breaks.sweep() == 0
    world.clock.advance(timedelta(minutes=5))
    assert await world.breaks.sweep() == 1
    assert await world.breaks.sweep() == 0
    (waiting,) = await world.approvals.list_pending(limit=9)
    assert (waiting.kind, waiting.payload["break"], waiting.payload["from"]) == (
        KINDS[Action.BOOKING], found.id, "bank_charges",
    )  # fmt: skip
    assert await world.agreed(found.id) is PostingState.POSTED


async def test_reconciliation_is_told_later_if_it_is_busy(world: World) -> None:
    world.banks(-30, "line")
    await world.run()
    found = await world.only()
    world.books.busy = 2
    await world.breaks.propose_booking(found.id, Counter.BANK_CHARGES, "a charge", MAKER)
    assert await world.agreed(found.id) is PostingState.POSTED
    assert world.books.said == []
    for _ in range(2):
        world.clock.advance(timedelta(minutes=5))
        await world.breaks.sweep()
    assert [said[0] for said in world.books.said] == ["link"]
    assert (await world.breaks.history(found.id))[-1].what is Event.LINKED


async def test_a_run_that_began_before_the_posting_does_not_reopen_the_break(world: World) -> None:
    world.banks(-30, "line")
    await world.run()
    found = await world.only()
    await world.breaks.propose_booking(found.id, Counter.BANK_CHARGES, "a charge", MAKER)
    stale = await world.groups()
    began = world.clock.now()
    await world.agreed(found.id)
    again = await world.taken_late(stale, began)
    assert again == Taken()
    assert (await world.breaks.by_id(found.id) or found).state is BreakState.RESOLVED
    world.books.decided[BANK].clear()
    assert await world.run() == Taken(reopened=1, opened=1)


async def test_a_break_that_changed_between_looking_and_proposing_is_a_conflict(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.banks(-30, "line", end_to_end_id="e2e")
    await world.run()
    found = await world.only()
    inner = world.rails.pending

    async def meanwhile(flow: str, rows: list) -> bool:  # type: ignore[type-arg]
        await world.post("suspense", "trust_bank", 29, name="e2e")
        await world.run()
        return await inner(flow, rows)

    monkeypatch.setattr(world.rails, "pending", meanwhile)
    with pytest.raises(Conflict):
        await world.breaks.propose_booking(found.id, Counter.BANK_CHARGES, "a charge", MAKER)
