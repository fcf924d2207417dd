"""Whatever the bank says of payments, twice, late or in any order: money agrees with what is said to stand."""

import asyncio
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from gateway.services.banking.model import PaymentNews
from gateway.services.payouts import BatchState, Item, ItemState, Rail
from gateway.services.payouts.rules import Amounted, Manifest, cut, end_to_end_id, is_end_to_end_id, step
from tests.gateway.services.payouts.files import HEAD, to_bank
from tests.gateway.services.payouts.house import House, open_house
from wallet.clock import ManualClock

T = TypeVar("T")
SIZE = 4
PLACES = st.integers(0, SIZE - 1)
BALANCE = {
    ItemState.APPROVED: (1, 0, 0), ItemState.SENT: (1, 0, 0), ItemState.ACCEPTED: (1, 0, 0),
    ItemState.UNKNOWN: (1, 0, 0),
    ItemState.SETTLED: (0, 1, 0), ItemState.CONFIRMED: (0, 1, 0), ItemState.REJECTED: (0, 0, 0),
    ItemState.RETURNED: (0, 0, 1),
}  # fmt: skip
"""What an item adds to what is on its way, to what has left the bank's account, and to suspense."""


@dataclass(frozen=True)
class World:
    """One open house, which every run of the machine shares."""

    runner: asyncio.Runner
    house: House


class NewsMachine(RuleBasedStateMachine):
    """Each run has a batch of its own."""

    world: ClassVar[World]
    runs: ClassVar[int] = 0

    @initialize()
    def a_batch_is_with_the_bank(self) -> None:
        type(self).runs += 1
        rows = (to_bank(f"m{self.runs}r{place}", place + 1, 10 ** (place + 1)) for place in range(SIZE))
        self.before = self.do(self.sums())
        self.batch = self.do(self.world.house.released(HEAD + b"".join(rows))).id
        self.held = self.do(self.world.house.holds())

    @rule(news=st.lists(st.tuples(PLACES, st.sampled_from(PaymentNews)), min_size=1, max_size=6))
    def the_bank_says(self, news: list[tuple[int, PaymentNews]]) -> None:
        items = self.items()
        self.do(self.world.house.said(*((items[place], what) for place, what in news), reason="AC04"))

    @rule(place=PLACES, what=st.sampled_from(PaymentNews))
    def the_bank_names_another_amount(self, place: int, what: PaymentNews) -> None:
        items = self.items()
        self.do(self.world.house.said((items[place], what), minor=5))
        after = self.items()
        assert [one.state for one in after] == [one.state for one in items]
        assert after[place].flag

    @rule(hours=st.sampled_from([1, 25, 24 * 11]))
    def time_passes(self, hours: int) -> None:
        self.world.house.clock.advance(timedelta(hours=hours))
        self.do(self.world.house.work())

    @rule()
    def the_worker_works(self) -> None:
        self.do(self.world.house.work())

    @invariant()
    def money_agrees_with_what_is_said_to_stand(self) -> None:
        items = self.items()
        now = self.do(self.sums())
        for account in range(3):
            expected = sum(BALANCE[one.state][account] * one.amount.minor for one in items)
            assert now[account] - self.before[account] == expected, (account, [one.state for one in items])

    @invariant()
    def what_is_done_holds_nothing_and_what_is_open_holds(self) -> None:
        batch = self.do(self.world.house.batch(self.batch))
        total = batch.manifest_total.minor
        assert batch.state in {BatchState.RUNNING, BatchState.DONE}
        if batch.state is BatchState.DONE:
            assert self.do(self.world.house.holds()) == tuple(held - total for held in self.held)
        else:
            assert self.do(self.world.house.holds()) == self.held

    def teardown(self) -> None:
        """The bank settles what is open, so that the next run finds nothing held."""
        items = self.items()
        self.do(self.world.house.said(*((one, PaymentNews.SETTLED) for one in items)))
        self.do(self.world.house.work())

    def items(self) -> list[Item]:
        return self.do(self.world.house.items(self.batch))

    async def sums(self) -> tuple[int, int, int]:
        house = self.world.house
        return await house.net("rail_payable", "bank"), await house.net("trust_bank"), await house.net("suspense")

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.world.runner.run(work)


@pytest.fixture
def world(quick_url: str) -> Iterator[World]:
    """An open house on one loop."""
    with asyncio.Runner() as runner:
        clock = ManualClock(datetime(2026, 11, 22, 8, 0, tzinfo=UTC))
        opened = open_house(quick_url, clock, made=True, payout_hold_days=365)
        house = runner.run(opened.__aenter__())
        runner.run(house.money())
        yield World(runner, house)
        runner.run(opened.__aexit__(None, None, None))


def test_money_agrees_whatever_the_bank_says(world: World) -> None:
    NewsMachine.world = world
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        NewsMachine,
        settings=settings(max_examples=12, stateful_step_count=8, deadline=None, suppress_health_check=checks),
    )


@given(st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=8), st.data())
def test_any_changed_missing_or_added_line_changes_the_manifest(lines: list[str], data: st.DataObject) -> None:
    def digest(some: list[str]) -> bytes:
        manifest = Manifest("bat_1", "IRR")
        manifest.add(some, sum(map(len, some)))
        return manifest.digest()

    place = data.draw(st.integers(0, len(lines) - 1))
    other = data.draw(st.text(min_size=1, max_size=20).filter(lambda text: text != lines[place]))
    changed = [*lines[:place], other, *lines[place + 1 :]]
    assert len({digest(lines), digest(changed), digest(lines[:-1]), digest([*lines, other])}) == 4
    assert digest(lines) == digest(list(lines))


@given(st.lists(st.integers(1, 50), max_size=40), st.integers(1, 5), st.integers(1, 100))
def test_orders_have_every_payment_once_within_their_bounds(amounts: list[int], count: int, money: int) -> None:
    items = [Amounted(seq, minor) for seq, minor in enumerate(amounts)]
    orders = cut(items, count_max=count, minor_max=money)
    assert [one for order in orders for one in order] == items
    for order in orders:
        assert 0 < len(order) <= count
        assert len(order) == 1 or sum(one.minor for one in order) <= money


@given(st.integers(1, 999_999), st.integers(1, 9_999_999), st.integers(0, 15), st.integers(1, 9))
def test_a_wrong_character_of_an_end_to_end_id_is_seen(number: int, seq: int, place: int, more: int) -> None:
    name = end_to_end_id(number, seq)
    assert is_end_to_end_id(name)
    assert len(name) <= 35
    if name[place].isdigit():
        wrong = f"{name[:place]}{(int(name[place]) + more) % 10}{name[place + 1 :]}"
        assert not is_end_to_end_id(wrong)


@given(st.sampled_from(ItemState), st.sampled_from(Rail), st.sampled_from(PaymentNews))
def test_news_that_is_taken_changes_nothing_the_second_time(state: ItemState, rail: Rail, what: PaymentNews) -> None:
    once = step(state, rail, what)
    twice = step(once.state, rail, what, was_out=True)
    if once.state is not ItemState.APPROVED:
        assert (twice.state, twice.legs) == (once.state, ())
