"""The real ledger against the auditor, step by step, on both databases."""

import asyncio
import itertools
from collections.abc import Coroutine, Iterator, Sequence
from datetime import timedelta
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.wallet.auditor import Answer, Auditor
from tests.wallet.books import close_periods
from tests.wallet.memory import asked_of, plain
from tests.wallet.strategies import CALLS, CLOSED_THROUGH, SOFT_THROUGH, START, Draw, Story, funding
from wallet.clock import ManualClock
from wallet.ids import AccountId, TransferId
from wallet.ledger import Ledger
from wallet.transfers import Transfer

T = TypeVar("T")
EXAMPLES = max(15, settings().max_examples // 20)


class LedgerMachine(RuleBasedStateMachine):
    """Every example has accounts and ids of its own in one database, whose clock jumps back and forth."""

    runner: ClassVar[asyncio.Runner]
    ledger: ClassVar[Ledger]
    clock: ClassVar[ManualClock]
    tags: ClassVar[Iterator[int]]

    def __init__(self) -> None:
        super().__init__()
        self.story = Story(str(next(self.tags)))
        self.asked: list[list[Transfer]] = []
        self.auditor = Auditor(self.story.accounts)
        self.auditor.closed_through, self.auditor.soft_through = CLOSED_THROUGH, SOFT_THROUGH
        self.run(self.ledger.open_accounts(*self.story.accounts))
        self.together([funding(self.story.accounts, self.story.tag)])

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def together(self, asked: Sequence[list[Transfer]]) -> None:
        """Calls that come at once, in this order."""
        self.asked += asked
        predicted = [self.auditor.ask(call, self.clock.now()) for call in asked]
        assert self.run(self._post(asked)) == predicted
        for name in {name for answers in predicted for name, _, _ in answers}:
            event(name)

    async def _post(self, asked: Sequence[Sequence[Transfer]]) -> list[list[Answer]]:
        async with asyncio.TaskGroup() as tasks:
            posts = [tasks.create_task(self.ledger.post(*call)) for call in asked]
        return [[plain(result) for result in post.result()] for post in posts]

    @rule(draws=CALLS)
    def one_call(self, draws: list[Draw]) -> None:
        self.together([self.story.call(draws, self.clock.now())])

    @rule(several=st.lists(CALLS, min_size=2, max_size=6))
    def calls_at_once(self, several: list[list[Draw]]) -> None:
        self.together([self.story.call(draws, self.clock.now()) for draws in several])

    @rule(which=st.lists(st.integers(0, 1000), min_size=1, max_size=3))
    def old_calls_again(self, which: list[int]) -> None:
        self.together([self.asked[number % len(self.asked)] for number in which])

    @rule(seconds=st.sampled_from([5, 40, 70, -20, -70]))
    def the_clock_jumps(self, seconds: int) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    @rule()
    def the_sweep_runs(self) -> None:
        assert self.run(self.ledger.expire_holds()) == self.auditor.lapse(self.clock.now())

    @rule(draws=CALLS)
    def an_account_changes(self, draws: list[Draw]) -> None:
        for draw in draws:
            change = self.story.change(draw)
            predicted = self.auditor.change(change)
            assert self.run(self.ledger.change(change)).name == predicted
            event(predicted)

    def teardown(self) -> None:
        self.clock.advance(timedelta(minutes=15))
        self.the_sweep_runs()
        world = self.auditor.world
        for account, sums in world.sums.items():
            found = self.run(self.ledger.balances(AccountId(account)))
            assert found is not None
            figures = [found.debits_posted, found.credits_posted, found.debits_held, found.credits_held, found.version]
            assert figures == sums
            assert self.run(self.ledger.state(AccountId(account))) == self.auditor.states[account]
            stored = self.run(self.ledger.account(AccountId(account)))
            assert stored is not None
            assert stored.limits == self.auditor.limits_of(account)
        for transfer_id, (transfer, answer, _, _) in world.asked.items():
            result = self.run(self.ledger.result(TransferId(transfer_id)))
            assert result is not None
            assert (asked_of(result.transfer), plain(result)[:2]) == (transfer, answer[:2])
            if transfer_id in world.amounts:
                assert result.transfer.amount.minor == world.amounts[transfer_id]


@pytest.mark.parametrize("group_max", [1000, 3], ids=["one group", "many groups"])
def test_the_ledger_answers_as_the_auditor_predicts(database_url: str, group_max: int) -> None:
    with asyncio.Runner() as runner:
        clock = ManualClock(START)
        runner.run(Ledger.upgrade(database_url))
        ledger = runner.run(Ledger.open(database_url, clock))
        # Small groups: calls that come at once are decided while the ones before them are still being written.
        ledger._writer._group_max = group_max
        runner.run(close_periods(ledger, CLOSED_THROUGH, SOFT_THROUGH))
        world_of = {"runner": runner, "ledger": ledger, "clock": clock, "tags": itertools.count()}
        machine = type("Machine", (LedgerMachine,), world_of)
        try:
            run_state_machine_as_test(machine, settings=settings(max_examples=EXAMPLES, stateful_step_count=20))

            verified = runner.run(ledger.verify())
            assert verified.finding is None, str(verified.finding)
            assert verified.transfers > 0
        finally:
            runner.run(ledger.close())
