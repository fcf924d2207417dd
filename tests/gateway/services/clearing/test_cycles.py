"""Cycles: what taps earned leaves clearing for payable, less a fee, once, whatever dies in between."""

import asyncio
import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.services.clearing import (
    CycleState,
    DueState,
    ExceptionType,
    LineKind,
    MerchantSource,
    csv_of,
    cycles,
    write_xlsx,
)
from gateway.services.clearing.money import Owed, netted
from gateway.services.clearing.sheets import HEADINGS
from tests.gateway.services.clearing.host import PERSON, ZONE, Killed, Took, World
from wallet.ids import new_id, transfer_id
from wallet.money import irr
from wallet.transfers import Transfer, TransferCode

FLOOR = 1_200


async def assert_whole(world: World, shop: str) -> None:
    """Dues that were not paid, less what is carried, are what the ledger owes the merchant."""
    views = world.clearing.views
    unpaid = {DueState.FREE, DueState.BATCHED, DueState.WAITING}
    owed = sum(due.amount.minor for due in await views.dues(shop) if due.state in unpaid)
    assert owed - (await views.carried(shop)).minor == await world.balance("merchant_payable", shop)


async def test_a_cycle_empties_clearing_and_owes_the_merchant_gross_less_fees(both: World) -> None:
    world = both
    shop, other = await world.shop(), await world.shop("Bakery")
    for n, minor in enumerate((100_000, 6_010_000, 300_000_000)):
        await world.host.buy(shop, minor, f"00000{n}")
    bought = await world.host.buy(other, 1_000, "000009")
    await world.day_ends()
    cycle, *_ = [one for one in await world.clearing.views.cycles() if one.count]
    gross, fees = 100_000 + 6_010_000 + 300_000_000 + 1_000, FLOOR + 1_202 + 40_000 + 1_000
    assert (cycle.state, cycle.count, cycle.gross.minor, cycle.fees.minor) == (CycleState.DONE, 4, gross, fees)
    assert await world.balance("merchant_clearing", shop) == await world.balance("merchant_clearing", other) == 0
    assert await world.balance("merchant_payable", shop) == gross - 1_000 - (fees - 1_000)
    assert await world.balance("merchant_payable", other) == 0
    assert await world.balance("fee_income") == fees
    (due,) = await world.clearing.views.dues(shop)
    assert due.id == f"mrc_{shop[4:]}:{cycle.business_on}:{cycle.number}"
    assert due.amount.minor == await world.balance("merchant_payable", shop)
    assert await world.clearing.views.dues(other) == []
    (item,) = await world.clearing.views.items(cycle.id, merchant_id=other)
    assert (item.id, item.fee.minor, item.state) == (bought.id, 1_000, "posted")
    await assert_whole(world, shop)


async def test_what_was_taken_just_before_midnight_of_the_house_is_of_the_old_day(world: World) -> None:
    shop = await world.shop()
    await world.clearing.tick()
    evening = datetime(2026, 11, 22, 23, 59, 59, tzinfo=ZONE)
    world.clock.advance(evening - world.clock.now())
    await world.host.buy(shop, 100_000, "000001")
    world.clock.advance(timedelta(seconds=2))
    await world.host.buy(shop, 100_000, "000002")
    await world.clearing.tick()
    (day_end,) = [one for one in await world.clearing.views.cycles() if one.count]
    assert (day_end.business_on, day_end.number, day_end.count) == (date(2026, 11, 22), 4, 1)
    world.clock.advance(timedelta(hours=11))
    await world.clearing.tick()
    assert [(one.business_on.day, one.number, one.count) for one in await world.clearing.views.cycles()][:2] == [
        (23, 1, 1), (22, 4, 1),
    ]  # fmt: skip


async def test_each_cut_is_opened_once_by_however_many_processes_and_a_house_that_was_away_catches_up(
    both: World,
) -> None:
    world = both
    shop = await world.shop()
    await world.clearing.tick()
    await world.host.buy(shop, 100_000, "000001")
    world.clock.advance(timedelta(days=2))
    first, second = world.clearing, world.reborn()
    await asyncio.gather(first.tick(), second.tick())
    await first.tick()
    await second.tick()
    made = await second.views.cycles()
    assert len({(one.business_on, one.number) for one in made}) == len(made) == 9
    assert {one.state for one in made} == {CycleState.DONE}
    assert sum(one.count for one in made) == 1
    assert await second.views.cycles(before=made[4].id) == made[5:]
    await assert_whole(world, shop)


async def test_staff_may_ask_for_a_cycle_that_cuts_now(world: World) -> None:
    shop = await world.shop()
    await world.host.buy(shop, 100_000, "000001")
    world.clock.advance(timedelta(seconds=1))
    told: list[tuple[str, int]] = []
    await world.clearing.run(extra=True, told=lambda step, count: told.append((step, count)))
    newest = (await world.clearing.views.cycles())[0]
    assert (newest.number, newest.count, newest.state) == (51, 1, CycleState.DONE)
    assert ("posted", 1) in told


async def test_a_refund_before_settlement_lowers_its_tap_and_one_after_it_gives_its_fee_share_back(
    both: World,
) -> None:
    world = both
    shop = await world.shop()
    bought = await world.host.buy(shop, 10_000_000, "000001")
    await world.host.refund(bought, 4_000_000, "000002")
    await world.day_ends()
    assert await world.balance("merchant_payable", shop) == 6_000_000 - FLOOR
    await world.host.refund(bought, 3_000_000, "000003")
    await world.day_ends()
    assert await world.balance("merchant_payable", shop) == 3_000_000 - FLOOR + FLOOR // 2
    dues = [due for due in await world.clearing.views.dues(shop) if due.state is DueState.FREE]
    assert [(due.id[-2:], due.amount.minor) for due in dues] == [("4r", 3_000_000 - FLOOR // 2)]
    await assert_whole(world, shop)
    await world.host.refund(bought, 3_000_000 - FLOOR // 2, "000004")
    await world.host.buy(shop, 50_000, "000005")
    await world.day_ends()
    await assert_whole(world, shop)
    assert await world.balance("merchant_clearing", shop) == 0


async def test_what_the_ledger_refuses_is_an_exception_and_the_next_cycle_asks_again_once_it_is_resolved(
    world: World,
) -> None:
    shop = await world.shop()
    bought = await world.host.buy(shop, 100_000, "000001")
    await world.host.buy(shop, 200_000, "000002")
    short = await world.host.refund(bought, 60_000, "000003")
    world.host.took[bought.id] = bought  # as if the refund had not been counted: clearing has too little
    await world.day_ends()
    (refused,) = await world.clearing.views.exceptions()
    assert refused.type is ExceptionType.NOT_POSTED
    left = await world.balance("merchant_clearing", shop)
    assert left in {40_000, 140_000}
    await assert_whole(world, shop)
    more = await world.host.buy(shop, 60_000, "000004")
    world.host.took.pop(more.id)
    await world.clearing.views.resolve(refused.id, "stf_1", "the refund was counted")
    await world.day_ends()
    assert await world.balance("merchant_clearing", shop) == 0
    assert short.settles_minor == 0
    await assert_whole(world, shop)


async def test_a_cycle_that_is_killed_at_any_step_goes_on_where_it_stopped_and_moves_everything_once(
    both: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = both
    monkeypatch.setattr(cycles, "CHUNK", 1)
    monkeypatch.setattr(cycles, "PAGE", 2)
    shop, owed = await world.shop(), 0
    steps: list[str | int] = ["mark", "settling", 0, 1, 2]
    for day, step in enumerate(steps):
        for n in range(3):
            await world.host.buy(shop, 10_000 + n, f"{day:03d}{n:03d}")
        owed += 30_003 - 3 * FLOOR
        if isinstance(step, str):
            world.host.kill = step
        else:
            world.ledger.kill_after = step
        world.clock.advance(timedelta(hours=24))
        with pytest.raises(Killed):
            await world.clearing.tick()
        world.clock.advance(timedelta(minutes=5))
        world.reborn()
        await world.clearing.tick()
        assert await world.balance("merchant_clearing", shop) == 0
        assert await world.balance("merchant_payable", shop) == owed
        await assert_whole(world, shop)


async def test_a_merchant_of_an_older_database_gets_its_accounts_and_what_it_was_owed_already(world: World) -> None:
    shop = await world.shop()
    old = await world.host.buy(shop, 100_000, "000001")
    await world.host.refund(old, 100_000, "000002")
    payable = world.chart.id("merchant_payable", shop)
    cause = new_id("tap", world.clock)
    before = Transfer(
        transfer_id(cause, "old"), world.chart.id("wallet", PERSON), payable, irr(77_000), TransferCode.TAP, cause
    )
    await world.ledger.inner.post(before)
    await world.day_ends()
    (due,) = await world.clearing.views.dues(shop)
    assert (due.id, due.amount.minor) == (f"mrc_{shop[4:]}:before", 77_000)
    await world.reborn().prepare()
    await assert_whole(world, shop)


async def test_a_statement_comes_to_the_ledgers_balance_and_can_be_taken_away_as_a_file(
    world: World, tmp_path: Path
) -> None:
    shop = await world.shop()
    bought = await world.host.buy(shop, 10_000_000, "000001")
    await world.day_ends()
    world.clock.advance(timedelta(hours=3))
    await world.host.refund(bought, 1_000_000, "000002")
    await world.day_ends()
    today = world.clock.now().astimezone(ZONE).date()
    statement = await world.clearing.statement(shop, today - timedelta(days=1), today)
    assert statement.opening.minor == 0
    assert statement.closing.minor == await world.balance("merchant_payable", shop)
    kinds = {line.kind for line in statement.lines}
    assert {LineKind.REFUND, LineKind.CYCLE} <= kinds
    whole = await world.clearing.statement(shop, today - timedelta(days=30), today + timedelta(days=1))
    assert whole.opening.minor == 0
    assert whole.total("gross").minor == 10_000_000
    assert whole.total("fees").minor == 2_000
    assert whole.total("fees_back").minor == 200
    assert whole.total("refunds").minor == 1_000_000
    lines = csv_of(whole).splitlines()
    assert lines[0] == ",".join(HEADINGS)
    assert lines[-1].endswith(f",{whole.closing.minor}")
    file = tmp_path / "statement.xlsx"
    await asyncio.to_thread(write_xlsx, whole, file)
    assert file.read_bytes()[:2] == b"PK"


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_whatever_is_bought_and_refunded_cycles_move_gross_less_fees_and_refunds(world: World, seed: int) -> None:
    chance, shop = random.Random(seed), await world.shop()  # noqa: S311 - no secret
    bought: list[tuple[Took, int]] = []
    for _day in range(4):
        for minor in [chance.randrange(1, 10**7) for _ in range(chance.randrange(8))]:
            bought += [(await world.host.buy(shop, minor, world.stan()), minor)]
        for place in range(len(bought)):
            one, left = bought[place]
            part = chance.randrange(1, left + 1) if left else 0
            role = "merchant_payable" if world.host.took[one.id].cycle_id else "merchant_clearing"
            there = await world.balance(role, shop)
            if part and part <= there and chance.random() < 0.4:
                await world.host.refund(one, part, world.stan())
                bought[place] = (one, left - part)
        await world.day_ends()
        made = await world.clearing.views.cycles()
        assert sum(one.net_minor for one in made) == await world.balance("merchant_payable", shop)
        assert sum(one.fees.minor - one.fees_back.minor for one in made) == await world.balance("fee_income")
        assert await world.balance("merchant_clearing", shop) == 0
        await assert_whole(world, shop)


owed = st.lists(st.integers(1, 1000), max_size=6).map(lambda many: [Owed(f"mrc_{n}", m) for n, m in enumerate(many)])


@given(st.integers(-3000, 3000), st.integers(0, 1000), owed)
def test_netting_keeps_what_is_owed_whole(net: int, carried: int, free: list[Owed]) -> None:
    result = netted(net, carried, free)
    eaten = dict(result.eaten)
    left = sum(eaten.get(due.id, due.minor) for due in free)
    assert left + result.due_minor - result.carried_minor == net + sum(due.minor for due in free) - carried
    assert result.due_minor >= 0
    assert result.carried_minor >= 0
    assert not (result.due_minor and result.carried_minor)
    assert all(minor >= 0 for minor in eaten.values())


async def test_a_process_that_lost_its_cycle_takes_nothing_more_for_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = await world.shop()
    monkeypatch.setattr(cycles, "PAGE", 1)
    await world.clearing.tick()
    late = []
    for _ in range(2):
        late.append(await world.host.buy(shop, 100_000, world.stan()))
        world.clock.advance(timedelta(seconds=1))
    slow, quick = world.clearing, world.reborn()
    mark, turns = world.host.mark, 0

    async def marked(ids: Sequence[str], cycle_id: str) -> Sequence[str]:
        nonlocal turns
        turns += 1
        if turns > 1:
            return await mark(ids, cycle_id)
        # The slow process falls silent here; meanwhile the other finishes the cycle without the second purchase.
        hidden = world.host.took.pop(late[1].id)
        world.clock.advance(timedelta(seconds=121))
        turns = 9
        await quick.run()
        world.host.took[hidden.id] = hidden
        return await mark(ids, cycle_id)

    monkeypatch.setattr(world.host, "mark", marked)
    assert await slow.run(extra=True) == 0
    assert [world.host.took[one.id].cycle_id != "" for one in late] == [True, False]
    world.clock.advance(timedelta(seconds=1))
    await quick.run(extra=True)
    assert await world.balance("merchant_clearing", shop) == 0
    await assert_whole(world, shop)


async def test_a_due_that_a_batch_gives_up_after_refunds_exceeded_sales_is_netted_by_the_next_cycle(
    world: World,
) -> None:
    shop = await world.shop()
    bought = await world.host.buy(shop, 10_000_000, world.stan())
    await world.day_ends()
    (due,) = await world.clearing.views.dues(shop)
    source = MerchantSource(world.store, world.clock, world.shops)
    assert await source.taken([due.id], "bat_1") == [due.id]
    await world.host.refund(bought, 4_000_000, world.stan())
    await world.day_ends()
    assert (await world.clearing.views.carried(shop)).minor == 4_000_000 - 800
    await source.left([due.id], "bat_1")
    await world.day_ends()
    await assert_whole(world, shop)
    free = [one.amount.minor for one in await world.clearing.views.dues(shop) if one.state is DueState.FREE]
    assert free == [await world.balance("merchant_payable", shop)] == [10_000_000 - 2_000 - 4_000_000 + 800]
