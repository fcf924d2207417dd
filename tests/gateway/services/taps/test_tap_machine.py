"""Two processes, kills, faults and cycles in any order: every approval is cleared, reversed or held with an owner."""

import asyncio
import os
import tempfile
from collections.abc import Coroutine
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from gateway.services.taps import TapState
from gateway.services.taps.refund_rules import RefundKind
from gateway.store import Store
from gateway.wire import iso8583
from tests.gateway.channels.nfc.test_taps_any_order import BOUGHT, Counter, Sent, check_sale, held, paid
from tests.gateway.channels.nfc.world import FUNDS, Killed
from tests.gateway.services.taps.house import House, copied
from wallet.clock import ManualClock
from wallet.errors import LedgerUnavailable
from wallet.ledger import Ledger

T = TypeVar("T")
SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
AMOUNTS = st.sampled_from([1, 1000, 90_000, 400_000, FUNDS])
PLACES = st.integers(0, 9)
LATER = st.sampled_from(["repeat", "complete", "reverse", "lower", "void", "refund", "unrefund"])
LAPSES_MAX = 6
"""The phone signs one day only."""
FAULTS = st.sampled_from(["down", "lost", "kill", "stop"])


class TwoProcesses(Counter):
    """A terminal whose messages reach one process or the other."""

    def __init__(self, house: House) -> None:
        super().__init__(house, house.hands)
        self.house, self.process = house, 0

    async def send(self, sent: Sent) -> None:
        self.process = 1 - self.process
        try:
            body = await self.house.answer(sent.mti, sent.fields, self.process)
        except Killed:
            return
        code = iso8583.decode(body).text(39)
        if sent.code in {"", "91", "96"}:
            sent.code, sent.body = code, body
        else:
            assert body == sent.body, "the same message got another answer"

    async def cycle(self) -> None:
        with suppress(Killed, LedgerUnavailable):
            await self.house.cycle(self.process)

    async def settle(self) -> None:
        """Terminals ask again, processes sweep and cycles run, until nothing is on its way."""
        self.heal()
        self.house.slow.before = self.house.slow.meanwhile = None
        for seconds in (90, 90, 3600):
            for sale in self.sales:
                for sent in sale.sent:
                    if sent.code in {"", "91", "96"}:
                        await self.send(sent)
            await self.house.cycle()
            self.clock.advance(timedelta(seconds=seconds))
            await self.house.processes[1][0].sweep()
            if not await self.house.on_their_way():
                break
        await self.house.assert_settled()

    async def check(self) -> None:
        taps = {tap.stan: tap for tap in await self.house.taps.recent(1000)}
        for sale in self.sales:
            tap = taps.get(str(sale.purchase.fields[11]))
            if tap is None:
                assert sale.purchase.code not in {"00", "10"}
                continue
            if tap.state in {TapState.EXPIRED, TapState.UNPAID}:
                assert (paid(tap), held(tap)) == (0, 0)
                continue
            if tap.owner:
                # Staff collected it: goods were gone, whatever its terminal was told of the money.
                assert paid(tap) <= tap.keep_minor
                continue
            back = await self.house.taps.refunds_of(tap.id)
            check_sale(sale, tap, [one for one in back if one.kind is not RefundKind.RESTORED])
        owns = FUNDS - sum(paid(tap) for tap in taps.values())
        assert await self.house.wallet() == (owns, owns - sum(held(tap) for tap in taps.values()))


class TapMachine(RuleBasedStateMachine):
    """One terminal and one phone; each run has databases of its own."""

    templates: ClassVar[tuple[Path, Path]]
    now: ClassVar[ManualClock]

    def __init__(self) -> None:
        super().__init__()
        self.lapses = 0
        self.runner, self.folder = asyncio.Runner(), tempfile.TemporaryDirectory()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize()
    def begins(self) -> None:
        self.run(self._begins())

    async def _begins(self) -> None:
        store_url, wallet_url = copied(self.templates, Path(self.folder.name))
        clock = ManualClock(self.now.now())
        self.store, self.ledger = await Store.open(store_url), await Ledger.open(wallet_url, clock)
        self.house = House(self.store, self.ledger, clock)
        await self.house.seed()
        self.terminal = TwoProcesses(self.house)

    @rule(name=st.sampled_from(sorted(BOUGHT)), minor=AMOUNTS)
    def buys(self, name: str, minor: int) -> None:
        self.run(self.terminal.step(name, minor))

    @rule(name=LATER, place=PLACES)
    def goes_on(self, name: str, place: int) -> None:
        self.run(self.terminal.step(name, place))

    @rule(name=LATER, place=PLACES, after=st.booleans())
    def goes_on_while_the_next_is_posted(self, name: str, place: int, *, after: bool) -> None:
        """The other process serves it between this one's reading and its ledger's answer."""
        slow, terminal = self.house.slow, self.terminal

        async def happens() -> None:
            await terminal.step(name, place)

        if after:
            slow.meanwhile = happens
        else:
            slow.before = happens

    @rule(fault=FAULTS)
    def the_ledger_fails(self, fault: str) -> None:
        self.house.ledger.fault = fault

    @rule(commits=st.integers(1, 4))
    def a_process_will_die(self, commits: int) -> None:
        self.house.store.commits_left = commits

    @rule()
    def both_processes_begin_anew(self) -> None:
        self.run(self.terminal.step("rebuild", 0))

    @rule(name=st.sampled_from(["sweep", "collect"]))
    def the_house_works(self, name: str) -> None:
        self.run(self.terminal.step(name, 0))

    @precondition(lambda self: self.lapses < LAPSES_MAX)
    @rule()
    def holds_lapse(self) -> None:
        self.lapses += 1
        self.house.hands.advance(timedelta(seconds=self.house.settings.tap_hold_s))

    @rule()
    def a_cycle_runs(self) -> None:
        self.run(self.terminal.cycle())

    @rule()
    def all_is_finished(self) -> None:
        self.run(self.terminal.settle())
        self.run(self.terminal.check())

    @invariant()
    def no_rial_is_made_or_lost(self) -> None:
        self.run(self.house.assert_money_is_whole())

    def teardown(self) -> None:
        try:
            if hasattr(self, "terminal"):
                self.all_is_finished()
        finally:
            if hasattr(self, "store"):
                self.run(self.store.close())
                self.run(self.ledger.close())
            self.runner.close()
            self.folder.cleanup()


def test_whatever_two_processes_are_asked_every_rial_is_where_the_answers_say(
    both_templates: tuple[Path, Path], clock: ManualClock
) -> None:
    class Machine(TapMachine):
        pass

    Machine.templates, Machine.now = both_templates, clock
    runs, steps = (400, 60) if SOAK else (5, 15)
    steady = settings(
        max_examples=runs, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(Machine, settings=steady)
