"""Any order of taps, bad cryptograms, reversals and days: what is counted is what stands, and no limit is passed."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import Connection, select

from gateway.services.controls import Controls
from gateway.services.controls.tables import used
from gateway.services.taps import decision
from gateway.services.taps.checks import Decision
from gateway.services.taps.deciding import Decider, Used
from gateway.services.taps.decision import Case
from gateway.services.taps.rules import Verdict
from gateway.store import Store
from tests.gateway.services.taps.casework import AT, POLICY, TOKEN, ZONE, Message
from wallet.clock import ManualClock

T = TypeVar("T")
TIGHT = replace(POLICY, day_max_minor=10_000_000, day_max_count=6, no_cvm_count_max=3, no_cvm_sum_max_minor=9_000_000)


@dataclass
class Paid:
    """A tap that stands."""

    at: datetime
    minor: int


@dataclass(frozen=True)
class World:
    runner: asyncio.Runner
    store: Store
    decider: Decider


class DeciderMachine(RuleBasedStateMachine):
    """An account of each run's own."""

    world: ClassVar[World]
    count: ClassVar[int] = 0

    @initialize()
    def begins(self) -> None:
        type(self).count += 1
        self.token = replace(TOKEN, id=f"tok_{self.count}", par=f"TDPL{self.count:025d}")
        self.at = AT
        self.paid: list[Paid] = []
        self.unverified: list[int] = []

    @rule(minor=st.integers(1, 6_000_000), unlocked=st.booleans())
    def somebody_taps(self, minor: int, *, unlocked: bool) -> None:
        decided = self.decides(self.case(minor, unlocked=unlocked), good=True)
        today = [one.minor for one in self.paid if one.at.date() == self.at.date()]
        expected = Verdict.APPROVED
        if not unlocked and (minor > TIGHT.no_cvm_max_minor or self.tired(minor)):
            expected = Verdict.CVM_REQUIRED
        elif sum(today) + minor > TIGHT.day_max_minor:
            expected = Verdict.AMOUNT_LIMIT
        elif len(today) >= TIGHT.day_max_count:
            expected = Verdict.COUNT_LIMIT
        assert decided.verdict is expected
        if not decided.refused:
            self.paid.append(Paid(self.at, minor))
            self.unverified = [] if unlocked else [*self.unverified, minor]

    @rule(minor=st.integers(1, 6_000_000))
    def somebody_guesses_a_cryptogram(self, minor: int) -> None:
        assert self.decides(self.case(minor, unlocked=True), good=False).verdict is Verdict.BAD_CRYPTOGRAM

    @rule(minor=st.integers(1, 6_000_000), use=st.sampled_from(["replayed", "not_active", "key_used_up"]))
    def the_token_says_no(self, minor: int, use: str) -> None:
        assert self.decides(self.case(minor, unlocked=True), good=True, use=use).refused

    @rule(which=st.integers(0, 20), part=st.booleans())
    def a_tap_is_taken_back(self, which: int, *, part: bool) -> None:
        if which >= len(self.paid):
            return
        one = self.paid[which]
        minor = one.minor // 2 if part else one.minor
        give_back, token = self.world.decider.give_back, self.token
        self.does(self.world.store.write(lambda tx: give_back(tx, token.par, token.id, one.at, minor, whole=not part)))
        one.minor -= minor
        if not part:
            self.paid.remove(one)

    @rule(hours=st.integers(1, 40))
    def time_goes_by(self, hours: int) -> None:
        self.at += timedelta(hours=hours)

    @invariant()
    def what_is_counted_is_what_stands(self) -> None:
        if not hasattr(self, "token"):
            return
        rows = self.does(self.world.store.read(select(used).where(used.c.subject == self.token.par)))
        if not rows:
            assert not self.paid
            return
        row = rows[0]
        for name in ("day", "week", "month"):
            mine = [one.minor for one in self.paid if self.window(one.at.date(), name) == getattr(row, name)]
            assert (getattr(row, f"{name}_count"), getattr(row, f"{name}_minor")) == (len(mine), sum(mine)), name

    def window(self, day: date, name: str) -> date:
        return getattr(TIGHT.windows(day), name)  # type: ignore[no-any-return]

    def tired(self, minor: int) -> bool:
        return len(self.unverified) >= TIGHT.no_cvm_count_max or (
            sum(self.unverified) + minor > TIGHT.no_cvm_sum_max_minor
        )

    def case(self, minor: int, *, unlocked: bool) -> Case:
        return Message(
            minor, unlocked=unlocked, day=f"{self.at:%y%m%d}", at=self.at.astimezone(ZONE), token=self.token
        ).case()

    def decides(self, case: Case, *, good: bool, use: str = "ok") -> Decision:
        decider = self.world.decider
        decided = decider.before_cryptogram(case)
        assert not decided.refused
        decided = decision.with_cryptogram(decided, good=good)
        if decided.refused:
            return decided

        def unit(tx: Connection) -> Decision:
            (then,) = decider.after_use(tx, [Used(decided, case, use)])
            return then

        return self.does(self.world.store.write(unit))

    def does(self, work: Coroutine[Any, Any, T]) -> T:
        return self.world.runner.run(work)


def test_any_order_of_taps_is_counted_exactly(sqlite_both_url: str) -> None:
    with asyncio.Runner() as runner:
        store = runner.run(Store.open(sqlite_both_url))
        DeciderMachine.world = World(runner, store, Decider(TIGHT, Controls(store, ManualClock(AT)), ZONE))
        often = settings(
            max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        )
        try:
            run_state_machine_as_test(DeciderMachine, settings=often)
        finally:
            runner.run(store.close())
