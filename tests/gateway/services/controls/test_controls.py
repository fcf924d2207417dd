"""Controls over both databases: set with history, held and counted exactly, whoever pays at the same time."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Connection, select

from gateway.errors import BadInput
from gateway.services.controls import ANY, Account, Control, Controls, Held, Party, Spending, Used, Windows
from gateway.services.controls.tables import used
from gateway.services.controls.windows import Weekday
from gateway.store import Store
from wallet.clock import ManualClock

PAR, TOKEN, SHOP = "TDPL" + "A" * 25, "tok_1", "mer_1"
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
DAY = date(2026, 11, 22)


def windows(day: date = DAY) -> Windows:
    return Windows.of(day, week_starts=Weekday.SATURDAY, jalali=True)


class Counter:
    """Pays under controls, as a tap does."""

    def __init__(self, store: Store, clock: ManualClock) -> None:
        self.store = store
        self.controls = Controls(store, clock)

    async def pay(self, minor: int, most: int, *, verified: bool = False, token: str = TOKEN) -> bool:
        """Count a payment unless the day's sum would go above `most`."""

        def unit(tx: Connection) -> bool:
            held, spending = self.held(tx, token)
            account = held.account(spending)
            if account.standing.day.minor + minor > most:
                return False
            held.count(account, minor, verified=verified)
            held.store()
            return True

        return await self.store.write(unit)

    def held(self, tx: Connection, token: str, at: datetime = NOW) -> tuple[Held, Spending]:
        spending = Spending(PAR, token, SHOP, windows(), at)
        return self.controls.held(tx, [spending]), spending

    async def give_back(self, paid: Used, day: date = DAY, made_at: datetime = NOW) -> None:
        await self.store.write(lambda tx: self.controls.give_back(tx, PAR, TOKEN, paid, windows(day), made_at))

    async def counted(self, subject: str = PAR) -> Used:
        rows = await self.store.read(select(used).where(used.c.subject == subject))
        return Used(rows[0].day_count, rows[0].day_minor) if rows else Used()


@pytest.fixture
async def counter(database_url: str, clock: ManualClock) -> AsyncIterator[Counter]:
    store = await Store.open(database_url)
    yield Counter(store, clock)
    await store.close()


async def test_holder_and_staff_set_their_own_and_each_change_is_kept_with_its_reason(counter: Counter) -> None:
    controls = counter.controls
    await controls.set(PAR, Party.HOLDER, Control(day_minor=100), actor="per_1", reason="")
    await controls.set(PAR, Party.STAFF, Control(on=False), actor="stf_1", reason="reported by a branch")
    await controls.change(PAR, Party.STAFF, lambda _: Control(on=True), actor="stf_2", reason="found again")
    await controls.change(PAR, Party.STAFF, lambda was: was, actor="stf_2", reason="nothing new")

    assert await controls.control(PAR, Party.HOLDER) == Control(day_minor=100)
    assert await controls.control(PAR, Party.STAFF) == ANY
    kept = {(one.party, one.version, one.actor, one.reason) for one in await controls.history(PAR)}
    assert kept == {
        (Party.HOLDER, 1, "per_1", ""),
        (Party.STAFF, 1, "stf_1", "reported by a branch"),
        (Party.STAFF, 2, "stf_2", "found again"),
    }


async def test_staff_give_a_reason_and_nobody_sets_what_is_no_control(counter: Counter) -> None:
    with pytest.raises(BadInput, match="reason"):
        await counter.controls.set(PAR, Party.STAFF, Control(on=False), actor="stf_1", reason="  ")
    with pytest.raises(BadInput, match="categories"):
        await counter.controls.set(PAR, Party.HOLDER, Control(categories=("x",)), actor="per_1", reason="")
    assert await counter.controls.history(PAR) == []


async def test_the_rules_over_a_payment_are_those_of_its_account_and_of_its_token(counter: Counter) -> None:
    controls = counter.controls
    await controls.set(PAR, Party.HOLDER, Control(day_minor=100), actor="per_1", reason="")
    await controls.set(TOKEN, Party.STAFF, Control(programme="bus"), actor="stf_1", reason="bus card")
    await controls.set("tok_2", Party.STAFF, Control(on=False), actor="stf_1", reason="another phone")
    await controls.put_into("bus", SHOP, actor="stf_1")
    await controls.put_into("bus", "mer_2", actor="stf_1")

    def account(tx: Connection) -> Account:
        held, spending = counter.held(tx, TOKEN)
        return held.account(spending)

    found = await counter.store.write(account)
    assert [(rule.who, rule.control.programme) for rule in found.rules] == [
        ("account, holder", ""),
        ("token, staff", "bus"),
    ]
    assert found.programmes == {"bus"}
    assert await controls.merchants_of("bus") == [SHOP, "mer_2"]
    await controls.take_out("bus", SHOP)
    assert await controls.merchants_of("bus") == ["mer_2"]


async def test_payments_at_once_never_go_above_the_limit_together(counter: Counter) -> None:
    done = await asyncio.gather(*(counter.pay(30, 100, token=f"tok_{n % 3}") for n in range(12)))
    assert sum(done) == 3
    assert await counter.counted() == Used(3, 90)


async def test_two_processes_at_once_never_go_above_the_limit_together(
    counter: Counter, clock: ManualClock, database_url: str
) -> None:
    other = await Store.open(database_url)
    try:
        beside = Counter(other, clock)
        done = await asyncio.gather(*(one.pay(30, 200) for one in (counter, beside) for _ in range(6)))
    finally:
        await other.close()
    assert sum(done) == 6
    assert await counter.counted() == Used(6, 180)


async def test_what_is_given_back_can_be_paid_again(counter: Counter) -> None:
    assert await counter.pay(80, 100)
    assert not await counter.pay(30, 100)
    await counter.give_back(Used(0, 20))
    assert await counter.counted() == Used(1, 60)
    await counter.give_back(Used(1, 60))
    assert await counter.counted() == Used()
    assert await counter.pay(100, 100)


async def test_what_was_paid_yesterday_is_not_given_back_to_today(counter: Counter) -> None:
    assert await counter.pay(80, 100)
    await counter.give_back(Used(1, 80), day=DAY - timedelta(1))
    assert await counter.counted() == Used(1, 80)


async def test_nothing_is_given_back_to_an_account_that_never_paid(counter: Counter) -> None:
    await counter.give_back(Used(1, 80))
    assert await counter.counted() == Used()


async def test_a_token_is_counted_from_when_a_sum_of_its_own_is_set(counter: Counter) -> None:
    assert await counter.pay(80, 100)
    assert await counter.counted(TOKEN) == Used()
    await counter.controls.set(TOKEN, Party.STAFF, Control(day_minor=50), actor="stf_1", reason="a child's phone")
    later = NOW + timedelta(minutes=1)

    def unit(tx: Connection) -> None:
        held, spending = counter.held(tx, TOKEN, later)
        held.count(held.account(spending), 10, verified=True)
        held.store()

    await counter.store.write(unit)
    assert (await counter.counted(TOKEN), await counter.counted()) == (Used(1, 10), Used(2, 90))
    # The first payment was made before the token was counted.
    await counter.give_back(Used(1, 80))
    assert (await counter.counted(TOKEN), await counter.counted()) == (Used(1, 10), Used(1, 10))


async def test_an_account_with_another_reference_is_bounded_as_before(counter: Counter) -> None:
    controls, other = counter.controls, "TDPL" + "B" * 25
    await controls.set(PAR, Party.STAFF, Control(on=False), actor="stf_1", reason="reported as stolen")
    await controls.set(PAR, Party.HOLDER, Control(day_minor=500), actor="per_1", reason="")
    assert await counter.pay(80, 100)

    await counter.store.write(lambda tx: controls.renumbered(tx, PAR, other))

    assert await controls.control(other, Party.STAFF) == Control(on=False)
    assert await controls.control(other, Party.HOLDER) == Control(day_minor=500)
    assert {change.actor for change in await controls.history(other)} == {"stf_1", "per_1"}
    assert (await counter.counted(other), await counter.counted()) == (Used(1, 80), Used())
    assert (await controls.control(PAR, Party.STAFF), await controls.history(PAR)) == (ANY, [])
