"""Any order of cash-in, sending, claim codes, redeeming, crashes, repeated calls and time: no money is lost or made."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar, TypeVar

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

from gateway.services.payments import PayOutcome, RedeemOutcome
from tests.gateway.services.payments.bank import CrashAt, FakePerson, PowerCut
from tests.gateway.services.payments.conftest import Till, open_till
from wallet.clock import ManualClock
from wallet.ids import new_id
from wallet.money import irr

AMOUNTS = st.integers(1, 300)
WHO = st.integers(0, 1)
CRASHES = st.sampled_from([CrashAt.NOWHERE, CrashAt.NOWHERE, CrashAt.BEFORE_POST, CrashAt.AFTER_POST])
WEEK = timedelta(days=7)
Answer = TypeVar("Answer")


@dataclass
class Model:
    """What the wallets should hold, and the codes that wait: a dict instead of a ledger."""

    wallets: list[int] = field(default_factory=lambda: [0, 0, 0])
    codes: list[tuple[str, int, int, datetime]] = field(default_factory=list)
    """Code, payer, amount, expiry."""
    paid_in: int = 0


async def money_of(till: Till, people: list[FakePerson]) -> list[int]:
    return [await till.bank.wallet(person.id) for person in people]


@dataclass(frozen=True)
class World:
    """One open bank, which every run of the machine shares."""

    runner: asyncio.Runner
    till: Till
    clock: ManualClock


class MoneyMachine(RuleBasedStateMachine):
    """Each run uses people of its own."""

    world: ClassVar[World]

    @initialize()
    def people_come(self) -> None:
        self.model = Model()
        self.calls: list[Callable[[], Awaitable[object]]] = []
        # A number of its own for the one who is not enrolled, so that runs do not share claim codes.
        self.numbers = [f"+98913{self.world.clock.now().microsecond:06d}{last}" for last in range(3)]
        self.world.clock.advance(timedelta(microseconds=1))
        self.people = [self.world.till.bank.people.add(self.world.clock, number) for number in self.numbers[:2]]
        self.before = self.world.runner.run(self.world.till.bank.net("claim_codes"))

    @rule(who=WHO, minor=AMOUNTS, crash=CRASHES)
    def cash_in(self, who: int, minor: int, crash: CrashAt) -> None:
        key = new_id("form", self.world.clock)
        self.do(lambda: self.world.till.cash_in(self.people[who], minor, key), crash)
        self.model.wallets[who] += minor
        self.model.paid_in += minor

    @rule(who=WHO, minor=AMOUNTS, crash=CRASHES)
    def send(self, who: int, minor: int, crash: CrashAt) -> None:
        key, to = new_id("ses", self.world.clock), self.numbers[1 - who]
        result = self.do(lambda: self.world.till.payments.send(self.people[who].id, to, irr(minor), key), crash)
        enough = self.model.wallets[who] >= minor
        assert result.outcome is (PayOutcome.OK if enough else PayOutcome.NO_FUNDS)
        if enough:
            self.model.wallets[who] -= minor
            self.model.wallets[1 - who] += minor

    @precondition(lambda self: len(self.people) == 2)
    @rule(who=WHO, minor=AMOUNTS, crash=CRASHES)
    def send_code(self, who: int, minor: int, crash: CrashAt) -> None:
        key, to, told = (
            new_id("ses", self.world.clock),
            self.numbers[2],
            len(self.world.till.bank.teller.of("claim_code")),
        )
        begun = self.world.clock.now()
        result = self.do(lambda: self.world.till.payments.send_code(self.people[who].id, to, irr(minor), key), crash)
        enough = self.model.wallets[who] >= minor
        assert result.outcome is (PayOutcome.OK if enough else PayOutcome.NO_FUNDS)
        assert len(self.world.till.bank.teller.of("claim_code")) == told + enough
        if enough:
            self.model.wallets[who] -= minor
            self.model.codes.append((self.world.till.bank.teller.last_code("claim_code"), who, minor, begun + WEEK))

    @precondition(lambda self: len(self.people) == 2)
    @rule()
    def the_unknown_enrols(self) -> None:
        self.people.append(self.world.till.bank.people.add(self.world.clock, self.numbers[2]))

    @precondition(lambda self: len(self.people) == 3 and self.model.codes)
    @rule(crash=CRASHES, data=st.data())
    def redeem(self, crash: CrashAt, data: st.DataObject) -> None:
        place = data.draw(st.integers(0, len(self.model.codes) - 1))
        code, _, minor, expires_at = self.model.codes[place]
        key, in_time = new_id("ses", self.world.clock), expires_at > self.world.clock.now()
        result = self.do(lambda: self.world.till.payments.redeem(self.people[2].id, code, key), crash)
        assert result.outcome is (RedeemOutcome.OK if in_time else RedeemOutcome.EXPIRED)
        if in_time:
            del self.model.codes[place]
            self.model.wallets[2] += minor

    @rule(days=st.integers(1, 8), crash=CRASHES)
    def time_passes(self, days: int, crash: CrashAt) -> None:
        self.world.clock.advance(timedelta(days=days))
        self.do(self.world.till.payments.sweep, crash)
        for code in [code for code in self.model.codes if code[3] <= self.world.clock.now()]:
            self.model.wallets[code[1]] += code[2]
            self.model.codes.remove(code)

    @precondition(lambda self: self.calls)
    @rule(data=st.data())
    def a_call_comes_again(self, data: st.DataObject) -> None:
        self.world.runner.run(_once(data.draw(st.sampled_from(self.calls))))

    @invariant()
    def wallets_and_codes_are_as_the_model_says(self) -> None:
        model = self.model
        assert self.world.runner.run(money_of(self.world.till, self.people)) == model.wallets[: len(self.people)]
        waiting = self.world.runner.run(self.world.till.bank.net("claim_codes")) - self.before
        assert waiting == sum(code[2] for code in model.codes)
        assert sum(model.wallets) + waiting == model.paid_in

    def teardown(self) -> None:
        self.world.clock.advance(WEEK)
        self.world.runner.run(self.world.till.payments.sweep())

    def do(self, call: Callable[[], Awaitable[Answer]], crash: CrashAt) -> Answer:
        """Make a call; if it crashes, the sweep comes by and the same call is made again."""
        self.calls.append(call)
        return self.world.runner.run(_through_a_crash(self.world.till, self.world.clock, call, crash))


async def _once(call: Callable[[], Awaitable[object]]) -> None:
    await call()


async def _through_a_crash(
    till: Till, clock: ManualClock, call: Callable[[], Awaitable[Answer]], crash: CrashAt
) -> Answer:
    till.bank.ledger.crash_at = crash
    try:
        return await call()
    except PowerCut:
        clock.advance(timedelta(seconds=6))
        await till.payments.sweep()
        return await call()
    finally:
        till.bank.ledger.crash_at = CrashAt.NOWHERE


def test_money_is_neither_lost_nor_made(tmp_path: Path) -> None:
    clock = ManualClock(datetime(2026, 11, 22, 8, 0, tzinfo=UTC))
    with asyncio.Runner() as runner:
        opened = open_till(f"sqlite:///{tmp_path / 'machine.db'}", clock)
        till = runner.run(opened.__aenter__())

        class OverThisBank(MoneyMachine):
            world = World(runner, till, clock)

        try:
            run_state_machine_as_test(
                OverThisBank,
                settings=settings(
                    max_examples=12, stateful_step_count=20, suppress_health_check=list(HealthCheck), deadline=None
                ),
            )
        finally:
            runner.run(opened.__aexit__(None, None, None))
