"""Any order of right and wrong PINs, crashes, sweeps and unlocks: the counter is never ahead of the guesses."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from gateway.keys.software import SoftwareKeyStore
from gateway.services.people import PersonStatus, PinCheck, PinOutcome, PinRepeat
from tests.gateway.services.people.fakes import MARYAM
from tests.gateway.services.people.house import PIN, House, open_house
from tests.gateway.services.people.test_people_pins import WRONG, CountingKeys
from wallet.clock import ManualClock
from wallet.ids import new_id

TRIES_MAX = 3


@dataclass(frozen=True)
class World:
    """One person in one open self.world.house, whom every run of the machine shares."""

    runner: asyncio.Runner
    house: House
    keys: CountingKeys
    clock: ManualClock
    person_id: str


class PinMachine(RuleBasedStateMachine):
    """Each run begins with an unlock."""

    world: ClassVar[World]

    @initialize()
    def begins_unlocked(self) -> None:
        self.world.runner.run(self.world.house.people.unlock(self.world.person_id, new_id("apr", self.world.clock)))
        self.failures, self.locked, self.choosing = 0, False, True
        self.told = len(self.world.house.teller.of("pin_locked"))
        self.locks = 0

    @precondition(lambda self: self.choosing)
    @rule()
    def chooses(self) -> None:
        self.world.runner.run(self.world.house.people.offer_pin(self.world.person_id, PIN))
        assert self.world.runner.run(self.world.house.people.repeat_pin(self.world.person_id, PIN)) is PinRepeat.OK
        self.choosing = False

    @rule()
    def tries_rightly(self) -> None:
        if self.tries_are_over():
            assert self.checks(PIN) == PinCheck(PinOutcome.LOCKED, 0)
            return
        assert self.checks(PIN) == PinCheck(PinOutcome.OK, TRIES_MAX)
        self.failures = 0

    @rule()
    def tries_wrongly(self) -> None:
        if self.tries_are_over():
            assert self.checks(WRONG) == PinCheck(PinOutcome.LOCKED, 0)
            return
        self.failures += 1
        left = TRIES_MAX - self.failures
        assert self.checks(WRONG) == PinCheck(PinOutcome.WRONG if left else PinOutcome.LOCKED, left)
        self.lock_if_used_up()

    @precondition(lambda self: not self.tries_are_over())
    @rule()
    def crashes_before_the_comparison(self) -> None:
        self.world.keys.broken = True
        with pytest.raises(ConnectionError):
            self.checks(PIN)
        self.world.keys.broken = False
        self.failures += 1

    @rule()
    def time_passes_and_the_sweep_comes_by(self) -> None:
        self.world.clock.advance(timedelta(seconds=6))
        self.world.runner.run(self.world.house.people.sweep())
        if not self.choosing:
            self.lock_if_used_up()

    @rule()
    def staff_unlock(self) -> None:
        assert (
            self.world.runner.run(self.world.house.people.unlock(self.world.person_id, new_id("apr", self.world.clock)))
            == "unlocked"
        )
        self.failures, self.locked, self.choosing = 0, False, True

    @invariant()
    def status_and_notices_are_as_the_model_says(self) -> None:
        expected = PersonStatus.LOCKED if self.locked else PersonStatus.ACTIVE
        if self.choosing:
            expected = PersonStatus.CHOOSE_PIN
        assert self.world.runner.run(self.world.house.people.status(MARYAM[0])) is expected
        assert len(self.world.house.teller.of("pin_locked")) - self.told == self.locks

    def tries_are_over(self) -> bool:
        return self.choosing or self.failures >= TRIES_MAX

    def lock_if_used_up(self) -> None:
        if self.failures >= TRIES_MAX and not self.locked:
            self.locked = True
            self.locks += 1

    def checks(self, pin: str) -> PinCheck:
        return self.world.runner.run(self.world.house.people.check_pin(self.world.person_id, pin))


def test_no_order_of_events_gives_a_free_guess(tmp_path: Path) -> None:
    clock = ManualClock(datetime(2026, 11, 22, 8, 0, tzinfo=UTC))
    keys = CountingKeys(SoftwareKeyStore.for_tests()._keys)
    with asyncio.Runner() as runner:
        opened = open_house(f"sqlite:///{tmp_path / 'machine.db'}", clock, keys)
        house = runner.run(opened.__aenter__())
        try:
            person_id = runner.run(house.enrolled())

            class OverThisHouse(PinMachine):
                world = World(runner, house, keys, clock, person_id)

            run_state_machine_as_test(
                OverThisHouse,
                settings=settings(
                    max_examples=12, stateful_step_count=20, suppress_health_check=list(HealthCheck), deadline=None
                ),
            )
        finally:
            runner.run(opened.__aexit__(None, None, None))
