"""What is held after the release, what is given up, and who may be faster meanwhile."""

import asyncio
import io
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from gateway.errors import Conflict
from gateway.services.banking.model import PaymentNews
from gateway.services.payouts import Batch, BatchState, HeldReason, ItemState, PayoutOutcome, Payouts, Stop
from gateway.services.payouts.tables import BATCHES, FILES, ITEMS
from gateway.store import Store
from tests.gateway.services.payouts.files import HEAD, packed, sheet, to_bank, to_wallet
from tests.gateway.services.payouts.house import LINE, MAKER, House, iban
from tests.gateway.services.payouts.test_payout_kills import Fuse, fused, killed
from wallet.ledger import Ledger
from wallet.transfers import PostResult, Transfer

OK = PayoutOutcome.OK


async def reasons(house: House, batch_id: str) -> list[tuple[str, str]]:
    return [(one.state.value, one.reason) for one in await house.items(batch_id)]


async def test_a_payee_who_froze_the_account_is_held_at_the_lock_and_signed_by_nobody(each_house: House) -> None:
    house = each_house
    await house.money()
    one = house.people.add(house.clock, 1)
    house.people.add(house.clock, 2)
    house.people.wants(one, iban(7), house.clock.now() + timedelta(hours=48), frozen=True)
    batch = await house.released(HEAD + to_wallet("r1", 1, 1000) + to_wallet("r2", 2, 2000))
    assert await reasons(house, batch.id) == [("held", HeldReason.PAYEE_FROZEN), ("settled", "")]
    assert (batch.state, batch.manifest_count) == (BatchState.RUNNING, 1)
    house.people.wants(one, iban(7))
    assert (await house.payouts.keep(batch.id, [1], MAKER, "thawed")).outcome is PayoutOutcome.EMPTY
    assert (await house.payouts.drop(batch.id, [], MAKER, "thawed")).outcome is OK
    await house.work()
    assert (await house.batch(batch.id)).state is BatchState.DONE
    assert await house.holds() == (0, 0)
    follow = await house.payouts.follow_up(batch.id, {ItemState.CANCELLED}, staff_id=MAKER)
    assert [item.reference for item in await house.items(follow.about)] == ["r1"]


async def test_a_batch_of_nobody_but_frozen_payees_is_refused(house: House) -> None:
    one = house.people.add(house.clock, 1)
    house.people.wants(one, "", frozen=True)
    batch = await house.draft(HEAD + to_wallet("r1", 1, 1000))
    await house.payouts.lock(batch.id, MAKER)
    assert (await house.batch(batch.id)).state is BatchState.REFUSED
    assert await house.states(batch.id) == ["cancelled"]


@pytest.mark.parametrize(
    ("account", "to", "frozen", "why"),
    [
        (iban(5), iban(5), True, HeldReason.PAYEE_FROZEN),
        ("", "", True, HeldReason.PAYEE_FROZEN),
        (iban(5), iban(6), False, HeldReason.PAYEE_CHANGED),
        ("", iban(6), False, HeldReason.PAYEE_CHANGED),
        (iban(5), "", False, HeldReason.PAYEE_CHANGED),
    ],
)
async def test_a_payee_who_froze_or_changed_the_account_after_the_lock_is_held_not_paid(
    house: House, account: str, to: str, *, frozen: bool, why: HeldReason
) -> None:
    await house.money()
    one = house.people.add(house.clock, 1)
    house.people.wants(one, account)
    batch = await house.draft(HEAD + to_wallet("r1", 1, 1000) + to_bank("r2", 2, 2000))
    await house.signed(batch.id)
    house.clock.advance(timedelta(minutes=1))
    house.people.wants(one, to, since=house.clock.now(), frozen=frozen)
    await house.work()
    assert await reasons(house, batch.id) == [("held", why), ("sent", "")]
    assert await house.net("wallet", one.person_id) == 0
    (_, other) = await house.items(batch.id)
    await house.said((other, PaymentNews.SETTLED))
    await house.payouts.sweep()
    gauge = house.metrics.registry.get_sample_value
    assert gauge("tapdial_payout_items", {"state": "held"}) == 1
    # Kept while it is still so, it is held again; once the account is the one that was signed, it is paid.
    assert (await house.payouts.keep(batch.id, [1], MAKER, "pay")).outcome is OK
    await house.work()
    assert (await reasons(house, batch.id))[0] == ("held", why)
    house.people.wants(one, account, since=house.clock.now())
    assert (await house.payouts.keep(batch.id, [1], MAKER, "spoke with the person")).outcome is OK
    await house.work()
    assert (await house.states(batch.id))[0] == ("sent" if account else "settled")
    told = await house.payouts.item_history((await house.items(batch.id))[0])
    assert [change.state for change in told][2:5] == ["held", "approved", "held"]


async def stopped(house: House, rows: bytes) -> Batch:
    """A released batch whose wallets are paid, whose order is posted, and which stopped since a row was changed."""
    house.people.add(house.clock, 1)
    batch = await house.draft(HEAD + rows)
    await house.signed(batch.id)
    await house.payouts.tick()
    edit = update(ITEMS).where(ITEMS.c.batch_id == batch.id, ITEMS.c.seq == 2).values(name="Somebody Else")
    await house.store.write(lambda tx: tx.execute(edit).rowcount)
    await house.work()
    found = await house.batch(batch.id)
    assert (found.state, found.stopped) == (BatchState.PAUSED, Stop.SIGNATURE_DIFFERS)
    return found


async def test_the_rest_of_a_batch_whose_rows_were_changed_is_given_up(each_house: House) -> None:
    house = each_house
    await house.money()
    batch = await stopped(house, to_wallet("r1", 1, 1000) + to_bank("r2", 2, 2000) + to_bank("r3", 3, 3000))
    assert await house.net("rail_payable", "bank") == 5000
    assert (await house.payouts.abandon(batch.id, MAKER, " ")).outcome is PayoutOutcome.REASON_MISSING
    assert (await house.payouts.abandon(batch.id, MAKER, "a row was changed")).outcome is OK
    assert (await house.payouts.abandon(batch.id, MAKER, "again")).outcome is PayoutOutcome.WRONG_STATE
    await house.work()
    batch = await house.batch(batch.id)
    assert (batch.state, batch.stopped) == (BatchState.DONE, Stop.ABANDONED)
    assert await house.states(batch.id) == ["settled", "cancelled", "cancelled"]
    assert (await house.holds(), await house.net("rail_payable", "bank"), house.bank.orders) == ((0, 0), 0, {})
    budget = await house.payouts.budget(LINE)
    assert budget is not None
    assert budget.spent.minor == 1000
    follow = await house.payouts.follow_up(batch.id, {ItemState.CANCELLED}, staff_id=MAKER)
    assert (await house.batch(follow.about)).count == 2


async def test_what_the_bank_has_already_is_followed_to_its_end(house: House) -> None:
    await house.money()
    house.people.add(house.clock, 1)
    batch = await house.released(HEAD + to_bank("r1", 1, 1000) + to_bank("r2", 2, 2000))
    first, second = await house.items(batch.id)
    await house.said((first, PaymentNews.UNKNOWN_THERE))
    assert (await house.payouts.pause(batch.id, MAKER)).outcome is OK
    assert (await house.payouts.abandon(batch.id, MAKER, "enough")).outcome is OK
    await house.work()
    assert await house.states(batch.id) == ["cancelled", "sent"]
    assert await house.net("rail_payable", "bank") == 2000
    await house.said((second, PaymentNews.SETTLED))
    await house.work()
    assert ((await house.batch(batch.id)).state, await house.holds()) == (BatchState.DONE, (0, 0))


async def test_an_agreed_batch_that_stopped_in_the_middle_of_its_hold_is_given_up(house: House) -> None:
    await house.money()
    batch = await house.draft(HEAD + to_bank("r1", 1, 1000))
    await house.signed(batch.id)
    asked = {"hold": "asked", "hold_try": 1, "hold_budget": 1000, "hold_cover": 1000, "stopped": "signature_differs"}
    until = house.clock.now() + timedelta(days=60)
    edit = update(BATCHES).where(BATCHES.c.id == batch.id).values(**asked, hold_until=until, due_at=None)
    await house.store.write(lambda tx: tx.execute(edit).rowcount)
    assert (await house.payouts.cancel(batch.id, MAKER, "why")).outcome is PayoutOutcome.WRONG_STATE
    assert (await house.payouts.abandon(batch.id, MAKER, "why")).outcome is OK
    await house.work()
    assert await house.states(batch.id) == ["cancelled"]
    assert ((await house.batch(batch.id)).state, await house.holds()) == (BatchState.DONE, (0, 0))


class Racing:
    """A ledger before which, or after which, another process does something once."""

    def __init__(self, real: Ledger, other: Any, *, before: bool) -> None:  # noqa: ANN401 - a coroutine function
        self._real, self._other, self._before = real, other, before

    async def post(self, *transfers: Transfer) -> Sequence[PostResult]:
        other, self._other = self._other, None
        if other and self._before:
            await other()
        results = await self._real.post(*transfers)
        if other and not self._before:
            await other()
        return results

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever else a ledger has
        return getattr(self._real, name)


@pytest.mark.parametrize(("before", "state"), [(True, "cancelled"), (False, "settled")])
async def test_a_batch_given_up_while_another_process_pays_it_is_paid_or_cancelled_never_both(
    house: House, *, before: bool, state: str
) -> None:
    await house.money()
    person = house.people.add(house.clock, 1)
    batch = await house.draft(HEAD + to_wallet("r1", 1, 1000))
    await house.signed(batch.id)
    # Released, and nothing paid yet.
    row = await house.payouts._row(batch.id)
    assert row is not None
    assert await house.payouts._release(row) == 1
    calm = house.payouts

    async def gives_up() -> None:
        assert (await calm.pause(batch.id, MAKER)).outcome is OK
        assert (await calm.abandon(batch.id, MAKER, "enough")).outcome is OK
        await house.work()

    real = house.ledger
    house.ledger = cast("Ledger", Racing(real, gives_up, before=before))
    paying = house.another()
    house.ledger = real
    await paying.tick()
    await house.work()
    assert await house.states(batch.id) == [state]
    assert await house.net("wallet", person.person_id) == (1000 if state == "settled" else 0)
    assert await house.holds() == (0, 0)


async def test_killed_while_it_is_given_up_nothing_is_left_over(house: House) -> None:
    await house.money()
    house.people.add(house.clock, 1)
    point, died = 0, True
    while died:
        rows = to_wallet(f"w{point}", 1, 10 + point) + to_bank(f"b{point}", 2, 2000 + point)
        batch = await stopped(house, rows)
        died = await dies(house, fused(house, Fuse(point)), batch.id)
        await house.payouts.abandon(batch.id, MAKER, "changed")
        await house.work()
        assert await house.states(batch.id) == ["settled", "cancelled"]
        assert (await house.holds(), await house.net("rail_payable", "bank")) == ((0, 0), 0)
        point += 3
    assert point > 12


async def dies(house: House, payouts: Payouts, batch_id: str) -> bool:
    try:
        await payouts.abandon(batch_id, MAKER, "changed")
        while await payouts.tick():
            pass
    except BaseException as problem:
        if not killed(problem):
            raise
        return True
    return False


async def returned(house: House) -> str:
    """An item that came back."""
    await house.money()
    batch = await house.released(HEAD + to_bank("r1", 1, 1000))
    (item,) = await house.items(batch.id)
    await house.said((item, PaymentNews.RETURNED), reason="AC04")
    await house.work()
    return item.id


async def test_money_that_is_given_back_while_it_is_paid_again_goes_one_way(each_house: House) -> None:
    house = each_house
    item_id = await returned(house)
    done = await asyncio.gather(
        house.payouts.pay_again([item_id], MAKER, iban=iban(8)),
        house.another().pay_again([item_id], MAKER, iban=iban(9)),
        house.another().give_back(item_id, MAKER, "died"),
        house.another().give_back(item_id, MAKER, "died"),
        return_exceptions=True,
    )
    await house.work()
    await house.payouts.sweep()
    item = await house.payouts.item(item_id)
    assert item is not None
    again = [
        one
        for batch in await house.payouts.list_batches(limit=9)
        for one in await house.items(batch.id)
        if one.follows == item_id
    ]
    owed = {"again": 1, "given_back": 0}[item.desk]
    assert (len(again), await house.net("suspense")) == (owed, 1000 * owed), done


class Late:
    """A store before whose second write another process does something."""

    def __init__(self, real: Store, other: Any) -> None:  # noqa: ANN401 - a coroutine function
        self._real, self._other, self._writes = real, other, 0

    async def write(self, work: Any) -> Any:  # noqa: ANN401 - whatever it answers
        self._writes += 1
        if self._writes == 2:
            await self._other()
        return await self._real.write(work)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever else a store has
        return getattr(self._real, name)


async def test_what_is_given_back_in_the_middle_of_paying_it_again_is_not_paid_again(house: House) -> None:
    item_id = await returned(house)
    calm, real = house.payouts, house.store

    async def gives_back() -> None:
        assert (await calm.give_back(item_id, MAKER, "died")).outcome is OK

    house.store = cast("Store", Late(real, gives_back))
    racing = house.another()
    house.store = real
    with pytest.raises(Conflict):
        await racing.pay_again([item_id], MAKER, iban=iban(8))
    house.clock.advance(timedelta(minutes=1))
    await house.work()
    (again,) = [one for one in await house.payouts.list_batches(limit=9) if one.follows]
    assert (again.count, again.state, await house.net("suspense")) == (0, BatchState.DRAFT, 0)


async def test_a_batch_that_would_have_paid_again_and_is_cancelled_gives_back_to_the_desk(house: House) -> None:
    item_id = await returned(house)
    result = await house.payouts.pay_again([item_id], MAKER, iban=iban(8))
    assert await house.payouts.returned(limit=9) == []
    assert (await house.payouts.cancel(result.about, MAKER, "wrong account")).outcome is OK
    assert [one.id for one in await house.payouts.returned(limit=9)] == [item_id]
    assert (await house.payouts.pay_again([item_id], MAKER, iban=iban(9))).outcome is OK


BOMB = packed(sheet([["reference"]]), {"xl/worksheets/sheet1.xml": b"<worksheet>" + b" " * 40_000_000})
SHEET = sheet([["reference", "iban", "name", "amount"], ["r1", iban(1), "=1+1", 1000]])


@pytest.mark.parametrize(
    ("file", "event", "state"),
    [
        (HEAD + b"r1,," + iban(1).encode() + b",=cmd,1000\n", "payout_rows_refused", BatchState.DRAFT),
        (SHEET, "payout_rows_refused", BatchState.DRAFT),
        (BOMB, "payout_file_refused", BatchState.REFUSED),
    ],
    ids=["formula", "formula in a sheet", "bomb"],
)
async def test_a_hostile_file_is_refused_logged_and_shown(
    house: House, file: bytes, event: str, state: BatchState
) -> None:
    with capture_logs() as logs:
        batch = await house.draft(file)
    assert (batch.state, batch.count, event in [line["event"] for line in logs]) == (state, 0, True)
    assert await house.payouts.bad_rows(batch.id, limit=9) or (await house.payouts.history(batch.id))[-1].reason
    assert (await house.payouts.lock(batch.id, MAKER)).outcome is not OK


async def test_a_follow_up_made_twice_at_once_owes_once(each_house: House) -> None:
    house = each_house
    await house.money()
    batch = await house.released(HEAD + to_bank("r1", 1, 1000))
    (item,) = await house.items(batch.id)
    await house.said((item, PaymentNews.REJECTED), reason="AC01")
    await house.work()
    made = await asyncio.gather(
        *(one.follow_up(batch.id, {ItemState.REJECTED}, staff_id=MAKER) for one in (house.payouts, house.another()))
    )
    await house.work()
    assert sorted([(await house.batch(one.about)).count for one in made]) == [0, 1]


async def test_what_is_kept_must_be_the_file_whose_hash_was_taken(house: House) -> None:
    batch = await house.payouts.create("two at once", line=LINE, staff_id=MAKER)
    await house.payouts.upload(batch.id, io.BytesIO(HEAD + to_bank("r1", 1, 1000)))
    other = update(FILES).where(FILES.c.batch_id == batch.id).values(octets=HEAD + to_bank("r1", 9, 1000))
    await house.store.write(lambda tx: tx.execute(other).rowcount)
    assert (await house.payouts.load(batch.id)).state is BatchState.REFUSED
    assert "hash" in (await house.payouts.history(batch.id))[-1].reason
