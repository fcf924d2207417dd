"""The real ledger against the auditor, step by step, on both databases."""

import asyncio
import itertools
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar, TypeVar
from uuid import uuid5

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.wallet.auditor import Answer, Auditor
from tests.wallet.memory import plain
from tests.wallet.strategies import START, calls, funding, ids, world
from wallet.accounts import AccountChange, AccountState
from wallet.clock import ManualClock
from wallet.ids import AccountId, TransferId
from wallet.ledger import Ledger
from wallet.transfers import Transfer

T = TypeVar("T")
CALLS = calls(world(""), ids(""))


class LedgerMachine(RuleBasedStateMachine):
    """Every example has accounts and ids of its own in one database, whose clock goes on."""

    runner: ClassVar[asyncio.Runner]
    ledger: ClassVar[Ledger]
    clock: ClassVar[ManualClock]
    tags: ClassVar[Iterator[int]]

    def __init__(self) -> None:
        super().__init__()
        self.tag = str(next(self.tags))
        self.accounts = world(self.tag)
        self.own = {old.id: new.id for old, new in zip(world(""), self.accounts, strict=True)}
        self.started = self.clock.now()
        self.asked: list[list[Transfer]] = []
        self.auditor = Auditor(self.accounts)
        self.run(self.ledger.open_accounts(*self.accounts))
        self.post(funding(world(""), ""))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def mine(self, transfer: Transfer) -> Transfer:
        """The same transfer in this example's world."""
        hold, expires_at = transfer.hold_id, transfer.expires_at
        return replace(
            transfer,
            id=TransferId(uuid5(transfer.id, self.tag)),
            debit=self.own.get(transfer.debit, transfer.debit),
            credit=self.own.get(transfer.credit, transfer.credit),
            hold_id=None if hold is None else TransferId(uuid5(hold, self.tag)),
            expires_at=None if expires_at is None else self.started + (expires_at - START),
        )

    def post(self, call: Sequence[Transfer]) -> None:
        self.together([call])

    def together(self, several: Sequence[Sequence[Transfer]]) -> None:
        asked = [[self.mine(transfer) for transfer in call] for call in several]
        self.asked += asked
        answers = self.run(self._post(asked))
        assert answers == [self.auditor.ask(call, self.clock.now()) for call in asked]

    async def _post(self, asked: Sequence[Sequence[Transfer]]) -> list[list[Answer]]:
        async with asyncio.TaskGroup() as tasks:
            posts = [tasks.create_task(self.ledger.post(*call)) for call in asked]
        return [[plain(result) for result in post.result()] for post in posts]

    @rule(call=CALLS)
    def one_call(self, call: list[Transfer]) -> None:
        self.post(call)

    @rule(several=st.lists(CALLS, min_size=2, max_size=6))
    def calls_at_once(self, several: list[list[Transfer]]) -> None:
        self.together(several)

    @rule(which=st.integers(0, 1000))
    def an_old_call_again(self, which: int) -> None:
        call = self.asked[which % len(self.asked)]
        answers = self.run(self._post([call]))
        assert answers == [self.auditor.ask(call, self.clock.now())]

    @rule(seconds=st.sampled_from([1, 20, 40]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    @rule()
    def the_sweep_runs(self) -> None:
        assert self.run(self.ledger.expire_holds()) == self.auditor.lapse(self.clock.now())

    @rule(which=st.integers(0, 3), state=st.sampled_from([*AccountState, AccountState.OPEN]))
    def an_account_changes_its_state(self, which: int, state: AccountState) -> None:
        change = AccountChange(self.accounts[which].id, "stf_1", state)
        assert self.run(self.ledger.change(change)).name == self.auditor.change(change)

    def teardown(self) -> None:
        self.clock.advance(timedelta(minutes=5))
        self.the_sweep_runs()
        for account, sums in self.auditor.world.sums.items():
            found = self.run(self.ledger.balances(AccountId(account)))
            assert found is not None
            figures = [found.debits_posted, found.credits_posted, found.debits_held, found.credits_held, found.version]
            assert figures == sums
        for transfer_id, (transfer, answer, _, _) in self.auditor.world.asked.items():
            result = self.run(self.ledger.result(TransferId(transfer_id)))
            assert result is not None
            assert (result.transfer, plain(result)[:2]) == (transfer, answer[:2])


def test_the_ledger_answers_as_the_auditor_predicts(database_url: str) -> None:
    with asyncio.Runner() as runner:
        clock = ManualClock(START)
        runner.run(Ledger.upgrade(database_url))
        ledger = runner.run(Ledger.open(database_url, clock))
        world_of = {"runner": runner, "ledger": ledger, "clock": clock, "tags": itertools.count()}
        machine = type("Machine", (LedgerMachine,), world_of)
        try:
            run_state_machine_as_test(machine, settings=settings(max_examples=15, stateful_step_count=15))

            verified = runner.run(ledger.verify())
            assert verified.finding is None, str(verified.finding)
            assert verified.transfers > 0
        finally:
            runner.run(ledger.close())
