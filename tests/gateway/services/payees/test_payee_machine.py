"""Any order of changes, answers NO, thaws and hours: what must wait waits, and what was put back stays so."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from gateway.services.payees import PayeeOutcome, PayeeResult
from gateway.services.payees.payees import CHANGES_A_DAY_MAX, DAY, DISOWN_WITHIN
from tests.gateway.services.payees.office import COOL, IBAN, OTHER, Office, open_office
from wallet.clock import ManualClock


@dataclass(frozen=True)
class World:
    runner: asyncio.Runner
    office: Office
    clock: ManualClock


@dataclass
class Change:
    id: str
    at: datetime
    before: str


class PayeeMachine(RuleBasedStateMachine):
    """A person of each run's own."""

    world: ClassVar[World]
    count: ClassVar[int] = 0

    @initialize()
    def begins(self) -> None:
        type(self).count += 1
        self.person = self.world.office.person(f"+98912{self.count:07d}")
        self.iban, self.frozen, self.calls = "", False, 0
        self.changes: list[Change] = []
        self.disowned: set[str] = set()
        self.cool_until: datetime | None = None

    @rule(iban=st.sampled_from([IBAN, OTHER, ""]))
    def somebody_chooses(self, iban: str) -> None:
        self.calls += 1
        now, key = self.world.clock.now(), f"{self.person}:{self.calls}"
        payees = self.world.office.payees
        if iban:
            result = self.does(payees.link(self.person, iban, by="phone", call_key=key))
        else:
            result = self.does(payees.unlink(self.person, by="phone", call_key=key))
        today = [one for one in self.changes if one.at > now - DAY]
        expected = PayeeOutcome.OK
        if self.frozen:
            expected = PayeeOutcome.FROZEN
        elif not iban and not self.iban:
            expected = PayeeOutcome.NOT_LINKED
        elif iban == self.iban:
            expected = PayeeOutcome.SAME
        elif len(today) >= CHANGES_A_DAY_MAX:
            expected = PayeeOutcome.TOO_MANY
        assert result.outcome is expected
        if expected is PayeeOutcome.OK:
            self.changes.append(Change(result.change_id, now, self.iban))
            self.iban, self.cool_until = iban, now + COOL

    @rule(back=st.integers(0, 2))
    def the_person_says_no(self, back: int) -> None:
        if back >= len(self.changes):
            return
        change, now = self.changes[-1 - back], self.world.clock.now()
        self.world.runner.run(self.world.office.payees.answered_no(self.person, change.id))
        if change.at > now - DISOWN_WITHIN and change.id not in self.disowned:
            self.disowned.add(change.id)
            place = self.changes.index(change)
            while place and self.changes[place - 1].id in self.disowned:
                place -= 1
            self.iban, self.frozen, self.cool_until = self.changes[place].before, True, now + COOL

    @rule()
    def staff_let_it_go_on(self) -> None:
        self.calls += 1
        result = self.does(self.world.office.payees.thaw(self.person, "stf_1", f"{self.person}:t{self.calls}"))
        assert result.outcome is (PayeeOutcome.OK if self.frozen else PayeeOutcome.NOTHING)
        if self.frozen:
            self.frozen, self.cool_until = False, None

    @rule(hours=st.sampled_from([1, 25, 49, 24 * 31]))
    def time_passes(self, hours: int) -> None:
        self.world.clock.advance(timedelta(hours=hours))

    @invariant()
    def the_account_is_as_the_model_says(self) -> None:
        account = self.world.runner.run(self.world.office.payees.resolve(self.person))
        assert account is not None
        assert (account.iban, account.frozen) == (self.iban, self.frozen)
        now = self.world.clock.now()
        waits = self.frozen or (self.cool_until is not None and self.cool_until > now)
        assert (account.cool_until is not None) == waits
        assert sum(key.startswith("payee:") for key in self.world.office.desk.tickets) >= len(self.disowned)

    def does(self, verb: Coroutine[Any, Any, PayeeResult]) -> PayeeResult:
        result = self.world.runner.run(verb)
        self.world.clock.advance(timedelta(milliseconds=2))
        return result


def test_no_order_of_events_pays_an_account_that_should_wait(tmp_path: Path) -> None:
    clock = ManualClock(datetime(2026, 11, 22, 8, 0, tzinfo=UTC))
    with asyncio.Runner() as runner:
        opened = open_office(f"sqlite:///{tmp_path / 'machine.db'}", clock)
        office = runner.run(opened.__aenter__())
        try:

            class OverThisOffice(PayeeMachine):
                world = World(runner, office, clock)

            run_state_machine_as_test(
                OverThisOffice,
                settings=settings(
                    max_examples=12, stateful_step_count=15, suppress_health_check=list(HealthCheck), deadline=None
                ),
            )
        finally:
            runner.run(opened.__aexit__(None, None, None))
