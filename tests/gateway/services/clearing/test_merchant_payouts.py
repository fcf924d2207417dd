"""What cycles owe goes out by the rails of payouts to the merchant's bank, and comes back with a reason."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.services.banking.model import PaymentNews
from gateway.services.clearing import DueState, ExceptionState, ExceptionType, LineKind, MerchantSource, Returns
from gateway.services.payouts import Batch, ItemState, Parts, Payouts, Verdict
from gateway.settings import Settings
from tests.gateway.services.clearing.host import ZONE, World
from tests.gateway.services.payouts.house import MAKER, House, iban
from wallet.transfers import TransferCode


class Counter:
    """Payouts with cycles as their source, beside a world of clearing."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.house = House(world.store, world.ledger.inner, world.clock, Settings())
        self.source = MerchantSource(world.store, world.clock, world.shops)
        house = self.house
        house.payouts = Payouts(
            Parts(
                world.store, world.clock, world.ledger.inner, house.chart, house.people, house.people,
                house.approvals, house.signatures, house.bank, house.teller, {"merchants": self.source},
                house.settings, house.metrics,
            )
        )  # fmt: skip
        self.returns = Returns(world.store, world.clock, world.shops, house.payouts)

    async def paid_out(self) -> Batch:
        """A batch of all that is due, signed and handed over."""
        made = await self.house.payouts.create("Merchants", line="merchants", staff_id=MAKER, source="merchants")
        await self.house.payouts.load(made.id)
        await self.house.signed(made.id)
        await self.house.work()
        return await self.house.batch(made.id)

    async def state(self, shop: str) -> list[DueState]:
        return [due.state for due in await self.world.clearing.views.dues(shop)]

    def banks_at(self, shop: str, account: str) -> None:
        """As set_iban of merchants does it."""
        shops = self.world.shops.all
        shops[shop] = replace(shops[shop], iban=account, iban_since=self.world.clock.now())


@pytest.fixture
async def counter(both: World) -> Counter:
    made = Counter(both)
    await made.house.money(trust=10**13, budget=0)
    return made


@pytest.fixture
async def quick(world: World) -> Counter:
    """One on SQLite alone, for what the database does not change."""
    made = Counter(world)
    await made.house.money(trust=10**13, budget=0)
    return made


async def settled(counter: Counter, minor: int = 10_000_000) -> str:
    world = counter.world
    shop = await world.shop()
    counter.banks_at(shop, iban(1))
    await world.host.buy(shop, minor, world.stan())
    await world.day_ends()
    return shop


async def test_what_a_cycle_owes_is_paid_to_the_merchants_account_out_of_payable_and_of_no_budget(
    counter: Counter,
) -> None:
    world, shop = counter.world, await settled(counter)
    batch = await counter.paid_out()
    (item,) = await counter.house.items(batch.id)
    assert (item.iban, item.amount.minor, item.purpose) == (iban(1), 9_998_000, "CBLK")
    assert (item.debit.role, item.debit.owner, item.code) == ("merchant_payable", shop, TransferCode.MERCHANT_PAYOUT)
    assert await world.balance("merchant_payable", shop) == 0
    await counter.house.said((item, PaymentNews.SETTLED))
    await counter.house.work()
    assert await counter.state(shop) == [DueState.PAID]
    assert await world.balance("rail_payable", "bank") == 0
    today = world.clock.now().astimezone(ZONE).date()
    statement = await world.clearing.statement(shop, today - timedelta(days=9), today)
    assert [line.kind for line in statement.lines] == [LineKind.CYCLE, LineKind.PAYOUT]
    assert (statement.total("payouts").minor, statement.closing.minor) == (9_998_000, 0)


async def test_money_that_came_back_lies_in_payable_with_its_reason_and_goes_to_the_corrected_account(
    counter: Counter,
) -> None:
    world, shop = counter.world, await settled(counter)
    batch = await counter.paid_out()
    (item,) = await counter.house.items(batch.id)
    await counter.house.said((item, PaymentNews.SETTLED), (item, PaymentNews.RETURNED), reason="AC04")
    await counter.house.work()
    assert await counter.state(shop) == [DueState.RETURNED]
    await counter.returns.tick()
    await counter.house.work()
    (due,) = await world.clearing.views.dues(shop)
    assert (due.state, due.reason) == (DueState.WAITING, "AC04")
    assert await world.balance("merchant_payable", shop) == 9_998_000
    assert await world.balance("suspense") == 0
    (look,) = await world.clearing.views.exceptions()
    assert (look.type, look.subject, look.merchant_id) == (ExceptionType.PAYOUT_RETURNED, due.id, shop)
    assert await counter.returns.tick() == 0, "nothing goes out to the account that refused it"
    world.clock.advance(timedelta(minutes=1))
    counter.banks_at(shop, iban(2))
    assert await counter.returns.tick() == 1
    (done,) = await world.clearing.views.exceptions(state=ExceptionState.RESOLVED)
    assert done.resolved_by == "house"
    again = await counter.paid_out()
    (item,) = await counter.house.items(again.id)
    assert (item.iban, item.state) == (iban(2), ItemState.SENT)
    assert await world.balance("merchant_payable", shop) == 0
    today = world.clock.now().astimezone(ZONE).date()
    statement = await world.clearing.statement(shop, today - timedelta(days=9), today)
    assert (statement.total("returns").minor, statement.total("payouts").minor) == (9_998_000, 2 * 9_998_000)


async def test_refunds_beyond_sales_are_carried_and_paid_by_the_next_sales_first(quick: Counter) -> None:
    counter = quick
    world = counter.world
    shop = await world.shop()
    counter.banks_at(shop, iban(1))
    bought = await world.host.buy(shop, 10_000_000, world.stan())
    await world.day_ends()
    first = await counter.paid_out()
    (item,) = await counter.house.items(first.id)
    more = await world.host.buy(shop, 20_000_000, world.stan())
    await world.day_ends()
    await world.host.refund(bought, 4_000_000, world.stan())
    await world.day_ends()
    dues = [due.amount.minor for due in await world.clearing.views.dues(shop) if due.state is DueState.FREE]
    assert dues == [20_000_000 - 4_000 - 4_000_000 + 800]
    assert sum(dues) == await world.balance("merchant_payable", shop)
    await world.host.refund(more, 15_000_000, world.stan())
    await world.day_ends()
    assert item.amount.minor == 9_998_000
    assert sum(d.amount.minor for d in await world.clearing.views.dues(shop) if d.state is DueState.FREE) == (
        await world.balance("merchant_payable", shop)
    )


async def test_a_shop_that_has_just_changed_its_account_waits_and_one_without_is_paid_as_its_owner_is(
    quick: Counter,
) -> None:
    counter = quick
    world, shop = counter.world, await settled(counter)
    until = world.clock.now() + timedelta(hours=24)
    world.shops.all[shop] = replace(world.shops.all[shop], iban_cool_until=until)
    assert await counter.source.due(after="", limit=10) == []
    world.clock.advance(timedelta(hours=24))
    world.shops.all[shop] = replace(world.shops.all[shop], iban="")
    (due,) = await counter.source.due(after="", limit=10)
    assert (due.iban, due.person_id) == ("", "per_2")


async def test_a_batch_reserves_a_due_once_and_news_that_is_told_twice_changes_nothing(quick: Counter) -> None:
    counter = quick
    world, shop = counter.world, await settled(counter)
    (due,) = await counter.source.due(after="", limit=10)
    assert await counter.source.taken([due.source_id, "mrc_0"], "bat_1") == [due.source_id]
    assert await counter.source.taken([due.source_id], "bat_2") == []
    assert await counter.source.taken([due.source_id], "bat_1") == [due.source_id]
    await counter.source.left([due.source_id], "bat_2")
    assert await counter.state(shop) == [DueState.BATCHED]
    now = world.clock.now()
    for _ in range(2):
        await counter.source.ended(due.source_id, Verdict.NOT_PAID, "itm_1", now)
        assert await counter.state(shop) == [DueState.FREE]
    assert await counter.source.taken([due.source_id], "bat_2") == [due.source_id]
    await counter.source.ended(due.source_id, Verdict.NOT_PAID, "itm_1", now)
    assert await counter.state(shop) == [DueState.BATCHED], "what an earlier batch says is late"
    await counter.source.ended(due.source_id, Verdict.PAID, "itm_2", now)
    await counter.source.ended("mrc_0", Verdict.PAID, "itm_3", now)
    assert await counter.state(shop) == [DueState.PAID]


async def test_money_that_came_back_from_an_account_which_was_changed_meanwhile_goes_to_the_new_one(
    quick: Counter,
) -> None:
    counter, shop = quick, await settled(quick)
    batch = await counter.paid_out()
    (item,) = await counter.house.items(batch.id)
    counter.banks_at(shop, iban(2))
    counter.world.clock.advance(timedelta(minutes=1))
    await counter.house.said((item, PaymentNews.SETTLED), (item, PaymentNews.RETURNED), reason="AC04")
    await counter.house.work()
    await counter.returns.tick()
    await counter.house.work()
    assert await counter.returns.tick() == 1
    (again,) = await counter.source.due(after="", limit=10)
    assert again.iban == iban(2)
