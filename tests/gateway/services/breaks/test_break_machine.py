"""Runs, staff and two people in any order: no break is lost, no history changes, and the money adds up."""

import asyncio
import shutil
import tempfile
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from gateway.services.approvals import StaffRef
from gateway.services.breaks import Break, BreakOutcome, BreakReason, BreakState, Counter, Happening, PostingState
from gateway.services.breaks.book import happening_of
from gateway.services.breaks.tables import BOOKED, BREAKS, HISTORY, POSTINGS
from gateway.store import Store
from tests.gateway.services.breaks.world import CHECKER, MAKER, OPENING, Killed, World
from wallet.clock import ManualClock
from wallet.ledger import Ledger

FINANCE = frozenset({"finance"})


class BreakMachine(RuleBasedStateMachine):
    """A bank that books this and that, a ledger that does too, and staff."""

    templates: tuple[Path, Path]
    now: ManualClock

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.next = 0
        self.services = 0
        """What services have posted over the trust account."""
        self.seen: dict[str, list[Happening]] = {}
        self.fresh = False
        """Whether nothing has happened since the last run."""

    @initialize()
    def opens(self) -> None:
        for source, name in zip(self.templates, ("gateway.db", "wallet.db"), strict=True):
            shutil.copy(source, Path(self.folder.name) / name)
        self.loop.run_until_complete(self._open())

    async def _open(self) -> None:
        self.clock = ManualClock(self.now.now())
        self.store = await Store.open(f"sqlite:///{self.folder.name}/gateway.db")
        self.ledger = await Ledger.open(f"sqlite:///{self.folder.name}/wallet.db", self.clock)
        self.world = World(self.store, self.ledger, self.clock)
        await self.world.fund()
        # A charge, a payment of another amount, one that the bank never made, and money of nobody.
        for place, minor in enumerate((-3, -5, 8)):
            self.world.banks(minor, f"first{place}", end_to_end_id=f"f{place}")
        for name in ("f1", "f4"):
            await self.world.post("suspense", "trust_bank", 6, name=name)
            self.services -= 6
        await self.world.run()

    @rule(minor=st.integers(-9, 9).filter(bool), name=st.integers(0, 3), size=st.integers(0, 3))
    def bank_books(self, minor: int, name: int, size: int) -> None:
        self.next += 1
        self.world.banks(minor, f"line{self.next}", end_to_end_id=f"e{name}")
        self.fresh = False
        if size:
            self.runs(size)

    @rule(minor=st.integers(-9, 9).filter(bool), name=st.integers(0, 3))
    def ledger_books(self, minor: int, name: int) -> None:
        accounts = ("trust_bank", "suspense") if minor > 0 else ("suspense", "trust_bank")
        self.loop.run_until_complete(self.world.post(*accounts, abs(minor), name=f"e{name}"))
        self.services += minor
        self.fresh = False

    @rule(place=st.integers(0, 9))
    def bank_takes_a_line_away(self, place: int) -> None:
        lines = [line for line in self.world.books.bank if line != "opening"]
        if lines:
            del self.world.books.bank[lines[place % len(lines)]]
            self.fresh = False

    @rule()
    def reconciliation_runs(self) -> None:
        self.runs(2)

    def runs(self, size: int) -> None:
        """A run, a page of so many groups at a time."""
        self.loop.run_until_complete(self.world.run(size=size))
        self.fresh = True

    @rule(place=st.integers(0, 9), verb=st.sampled_from(["assign", "comment", "explain", "reopen", "due"]))
    def staff_do(self, place: int, verb: str) -> None:
        found = self._one(place)
        if found is not None:
            said = self.loop.run_until_complete(self._do(verb, found.id))
            self.fresh = self.fresh and not (verb == "reopen" and said is BreakOutcome.OK)

    async def _do(self, verb: str, break_id: str) -> BreakOutcome:
        breaks = self.world.breaks
        match verb:
            case "assign":
                return await breaks.assign(break_id, MAKER, MAKER)
            case "comment":
                return await breaks.comment(break_id, "looked", MAKER)
            case "explain":
                return await breaks.explain(break_id, BreakReason.OTHER, "so", MAKER)
            case "reopen":
                return await breaks.reopen(break_id, "no", MAKER)
            case _:
                return await breaks.due(break_id, self.world.today(5), MAKER)

    @rule(place=st.integers(0, 9), how=st.sampled_from(["write_off", "booking", "correction", "undo"]))
    def maker_proposes(self, place: int, how: str) -> None:
        found = self._one(place)
        if found is not None:
            self.loop.run_until_complete(self._propose(found, how))

    @rule(place=st.integers(0, 9), which=st.integers(0, 9), kill=st.sampled_from(["", "", "before", "after"]))
    def two_people_put_one_right(self, place: int, which: int, kill: str) -> None:
        found = self._one(place)
        if found is None:
            return
        may = self.loop.run_until_complete(self.world.breaks.may(found.id))
        fits = {
            "write_off": may.write_off is BreakOutcome.OK,
            "booking": may.booking is BreakOutcome.OK,
            "correction": bool(may.corrections),
            "undo": may.undo is BreakOutcome.OK,
        }
        ways = [how for how, fit in fits.items() if fit]
        if ways:
            self.maker_proposes(place, ways[which % len(ways)])
            self.checker_decides(-1, agree=True, kill=kill)

    async def _propose(self, found: Break, how: str) -> None:
        breaks = self.world.breaks
        may = await breaks.may(found.id)
        if how == "write_off":
            said, expected = await breaks.propose_write_off(found.id, "x", MAKER), may.write_off
        elif how == "booking":
            counter = may.counters[-1] if may.counters else Counter.SUSPENSE
            said, expected = await breaks.propose_booking(found.id, counter, "x", MAKER), may.booking
        elif how == "undo":
            said, expected = await breaks.propose_undo(found.id, "x", MAKER), may.undo
        elif may.corrections:
            said = await breaks.propose_correction(found.id, may.corrections[0], None, "x", MAKER)
            # A reversal is no transfer that can be taken back.
            expected = said if said is BreakOutcome.TRANSFER else BreakOutcome.OK
        else:
            return
        assert said is expected, (how, said, expected)

    @rule(place=st.integers(0, 9), agree=st.booleans(), kill=st.sampled_from(["", "", "before", "after"]))
    def checker_decides(self, place: int, agree: bool, kill: str) -> None:  # noqa: FBT001 - hypothesis calls it by name
        waiting = self.loop.run_until_complete(self.world.approvals.list_pending(limit=20))
        if not waiting:
            return
        one, checker = waiting[-1 if place < 0 else place % len(waiting)], StaffRef(CHECKER, FINANCE)
        self.clock.advance(timedelta(seconds=1))
        self.world.till.kill = kill
        with suppress(Killed):
            decided = self.world.approvals.approve(one.id, checker) if agree else None
            self.loop.run_until_complete(decided or self.world.approvals.reject(one.id, checker, "no"))
        self.world.till.kill = ""
        self.fresh = False

    @rule()
    def time_passes_and_the_sweep_comes(self) -> None:
        self.clock.advance(timedelta(minutes=10))
        self.loop.run_until_complete(self._sweep())
        self.fresh = False

    async def _sweep(self) -> None:
        await asyncio.gather(self.world.breaks.sweep(), self.world.house()[0].sweep())

    def _one(self, place: int) -> Break | None:
        found = self.loop.run_until_complete(self.world.breaks.breaks(limit=30))
        return found[place % len(found)] if found else None

    @invariant()
    def history_never_changes(self) -> None:
        if hasattr(self, "world"):
            self.loop.run_until_complete(self._only_longer())

    async def _only_longer(self) -> None:
        now: dict[str, list[Happening]] = {}
        for row in await self.store.read(select(HISTORY).order_by(HISTORY.c.break_id, HISTORY.c.seq)):
            now.setdefault(row.break_id, []).append(happening_of(row))
        for break_id, told in now.items():
            before = self.seen.get(break_id, [])
            assert told[: len(before)] == before
            assert [each.seq for each in told] == list(range(1, len(told) + 1))
        assert now.keys() >= self.seen.keys()
        assert now.keys() == {row.id for row in await self.store.read(select(BREAKS.c.id))}
        self.seen = now

    @invariant()
    def right_after_a_run_each_open_group_has_exactly_one_break(self) -> None:
        if hasattr(self, "world") and self.fresh:
            self.loop.run_until_complete(self._each_group_has_one())

    async def _each_group_has_one(self) -> None:
        groups = await self.world.groups()
        posting = {
            one.id
            for one in await self.world.breaks.breaks(state=BreakState.PROPOSED, limit=99)
            if (await self.world.breaks.postings(one.id))[-1].state is PostingState.INTENDED
        }
        for group in groups:
            found = await self.world.breaks.of_group(group.id)
            assert found is not None
            assert set(found.keys) == {(row.side, row.id) for row in group.rows}
        standing = await self.world.breaks.breaks(standing=True, limit=99)
        undoing = {one.id for one in standing if one.state is BreakState.PROPOSED and one.resolution is not None}
        assert {one.group_id for one in standing if one.id not in posting | undoing} <= {one.id for one in groups}

    @invariant()
    def trust_moved_by_what_was_posted_and_nothing_else(self) -> None:
        if hasattr(self, "world"):
            self.loop.run_until_complete(self._adds_up())

    async def _adds_up(self) -> None:
        rows = await self.ledger.trial_balance()
        assert sum(row.debits_posted - row.credits_posted for row in rows) == 0
        trust, ours = self.world.chart.id("trust_bank"), 0
        booked = {row.transfer_id for row in await self.store.read(select(BOOKED.c.transfer_id))}
        posting = POSTINGS.c.state == PostingState.INTENDED.value
        intended = {row.break_id for row in await self.store.read(select(POSTINGS.c.break_id).where(posting))}
        for row in await self.ledger.follow(after=0):
            moved = row.transfer
            if moved.cause.startswith("brk_"):
                ours += moved.amount.minor * ((moved.debit == trust) - (moved.credit == trust))
                assert str(moved.id) in booked or moved.cause in intended
        assert await self.world.net("trust_bank") == OPENING + self.services + ours

    async def _intended(self, break_id: str) -> bool:
        return any(one.state is PostingState.INTENDED for one in await self.world.breaks.postings(break_id))

    def teardown(self) -> None:
        self.loop.run_until_complete(self._close())
        self.loop.close()
        self.folder.cleanup()

    async def _close(self) -> None:
        if hasattr(self, "world"):
            # Whatever was agreed to is posted in the end, and what was posted is linked.
            for _ in range(3):
                self.clock.advance(timedelta(minutes=10))
                await self._sweep()
            for one in await self.world.breaks.breaks(limit=99):
                assert not await self._intended(one.id)
            await self.world.run()
            await self._each_group_has_one()
            await self.store.close()
            await self.ledger.close()


def test_whatever_happens_no_break_is_lost_no_history_changes_and_the_money_adds_up(
    sqlite_template: Path, sqlite_wallet: Path, clock: ManualClock
) -> None:
    machine = type("Machine", (BreakMachine,), {"templates": (sqlite_template, sqlite_wallet), "now": clock})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=6, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
