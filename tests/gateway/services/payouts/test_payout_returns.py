"""Money that came back: who is asked, how it is paid again, and how it goes back to where it came from."""

from gateway.services.banking.model import PaymentNews
from gateway.services.payouts import Batch, BatchState, DeskState, Flag, Item, ItemState, PayoutOutcome
from tests.gateway.services.payouts.files import HEAD, to_bank, to_wallet
from tests.gateway.services.payouts.house import LINE, MAKER, House, iban


async def returned(house: House) -> tuple[Batch, list[Item]]:
    """A batch of three of which the bank has rejected one and sent back another."""
    await house.money(budget=10_000)
    person = house.people.add(house.clock, 1)
    house.people.wants(person, iban(5))
    batch = await house.released(HEAD + to_wallet("r1", 1, 1000) + to_bank("r2", 2, 2000) + to_bank("r3", 3, 3000))
    items = await house.items(batch.id)
    await house.said(
        (items[0], PaymentNews.RETURNED), (items[1], PaymentNews.REJECTED), (items[2], PaymentNews.SETTLED),
        reason="AC04",
    )  # fmt: skip
    await house.work()
    return await house.batch(batch.id), await house.items(batch.id)


async def test_a_person_whose_money_came_back_is_asked_once_and_paid_again_out_of_suspense(each_house: House) -> None:
    house = each_house
    batch, items = await returned(house)
    assert batch.state is BatchState.DONE
    assert [one.id for one in await house.payouts.returned(limit=10)] == [items[0].id]
    assert (await house.payouts.ask_account(items[0].id, MAKER)).outcome is PayoutOutcome.OK
    assert [class_ for class_, _, _ in house.teller.told] == ["payout_not_arrived", "payout_account_wanted"]

    bad = await house.payouts.pay_again([items[0].id], MAKER, iban="IR00")
    assert bad.outcome is PayoutOutcome.BAD_ACCOUNT
    result = await house.payouts.pay_again([items[0].id], MAKER, iban=iban(8))
    assert result.outcome is PayoutOutcome.OK
    assert (await house.payouts.pay_again([items[0].id], MAKER)).outcome is PayoutOutcome.NOT_RETURNED
    assert await house.payouts.returned(limit=10) == []

    await house.signed(result.about)
    await house.work()
    (again,) = await house.items(result.about)
    assert (again.iban, again.follows, again.debit.role) == (iban(8), items[0].id, "suspense")
    await house.said((again, PaymentNews.SETTLED))
    await house.work()
    assert await house.net("suspense") == 0
    assert (await house.batch(result.about)).state is BatchState.DONE
    budget = await house.payouts.budget(LINE)
    assert budget is not None
    assert (budget.spent.minor, budget.held.minor) == (4000, 0)


async def test_what_was_rejected_follows_in_one_click_and_is_owed_once(house: House) -> None:
    batch, items = await returned(house)
    result = await house.payouts.follow_up(batch.id, {ItemState.REJECTED}, staff_id=MAKER)
    assert result.outcome is PayoutOutcome.OK
    twice = await house.payouts.follow_up(batch.id, {ItemState.REJECTED}, staff_id=MAKER)
    assert [(one.bad, one.count) for one in [await house.batch(twice.about)]] == [(1, 0)]
    await house.signed(result.about)
    await house.work()
    (again,) = await house.items(result.about)
    assert (again.reference, again.follows, again.amount.minor) == ("r2", items[1].id, 2000)
    assert (await house.payouts.follow_up(batch.id, {ItemState.REJECTED}, ["AM04"], staff_id=MAKER)).outcome is (
        PayoutOutcome.EMPTY
    )


async def test_what_is_given_back_is_free_to_be_spent_and_owed_anew(house: House) -> None:
    _, items = await returned(house)
    before = await house.net("payout_expense", LINE)
    assert (await house.payouts.give_back(items[0].id, MAKER, "")).outcome is PayoutOutcome.REASON_MISSING
    assert (await house.payouts.give_back(items[0].id, MAKER, "has died")).outcome is PayoutOutcome.OK
    assert (await house.payouts.give_back(items[0].id, MAKER, "again")).outcome is PayoutOutcome.NOT_RETURNED
    assert await house.net("suspense") == 0
    assert await house.net("payout_expense", LINE) == before + 1000
    budget = await house.payouts.budget(LINE)
    assert budget is not None
    assert budget.left.minor == 10_000 - 3000
    item = await house.payouts.item(items[0].id)
    assert item is not None
    assert item.desk == DeskState.GIVEN_BACK
    assert (await house.draft(HEAD + to_wallet("r1", 1, 1))).bad == 0


async def test_what_the_bank_says_that_does_not_fit_moves_nothing_and_is_flagged(house: House) -> None:
    batch, items = await returned(house)
    moved = await house.net("trust_bank")
    await house.said((items[1], PaymentNews.SETTLED), (items[2], PaymentNews.REJECTED))
    wrong = await house.released(HEAD + to_bank("r9", 9, 9))
    (other,) = await house.items(wrong.id)
    await house.said((other, PaymentNews.SETTLED), minor=8)
    flagged = [one for id_ in (batch.id, wrong.id) for one in await house.payouts.items(id_, limit=9, flagged=True)]
    assert [one.flag for one in flagged] == [
        Flag.PAID_AFTER_REJECTED, Flag.REJECTED_AFTER_PAID, Flag.AMOUNT_DIFFERS,
    ]  # fmt: skip
    assert await house.net("trust_bank") == moved
