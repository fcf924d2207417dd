"""A batch from its file to the day on which everything arrived, and everything that can go otherwise."""

from datetime import timedelta

from gateway.services.banking.model import PaymentNews, Scheme
from gateway.services.payouts import BatchState, Debit, Due, ItemState, PayoutOutcome, Rail, Verdict
from gateway.services.payouts.rules import is_end_to_end_id
from tests.gateway.services.payouts.files import HEAD, to_bank, to_wallet
from tests.gateway.services.payouts.house import CHECKER, LINE, MAKER, House, iban, open_house
from wallet.clock import ManualClock
from wallet.money import irr
from wallet.transfers import TransferCode


async def test_a_batch_is_paid_by_both_rails_and_ends_when_the_bank_has_booked(each_house: House) -> None:
    house = each_house
    await house.money(budget=10_000)
    person, other = house.people.add(house.clock, 1), house.people.add(house.clock, 2)
    house.people.wants(other, iban(9))
    batch = await house.released(HEAD + to_wallet("r1", 1, 1000) + to_wallet("r2", 2, 2000) + to_bank("r3", 3, 3000))

    assert batch.state is BatchState.RUNNING
    assert await house.states(batch.id) == ["settled", "sent", "sent"]
    assert await house.net("wallet", person.person_id) == 1000
    assert await house.net("rail_payable", "bank") == 5000
    assert await house.holds() == (6000, 6000)
    items = await house.items(batch.id)
    assert [(one.rail, one.name) for one in items] == [
        (Rail.WALLET, person.name), (Rail.BANK, "Registered Name"), (Rail.BANK, "Ali Rezaei"),
    ]  # fmt: skip
    assert [(one.amount.minor, one.iban) for one in house.bank.payments] == [(2000, iban(9)), (3000, iban(3))]
    assert house.signatures.documents[batch.id].made_by == {MAKER, CHECKER}

    await house.said((items[1], PaymentNews.ACCEPTED), (items[2], PaymentNews.SETTLED))
    await house.said((items[1], PaymentNews.SETTLED))
    await house.work()

    batch = await house.batch(batch.id)
    assert batch.state is BatchState.DONE
    assert await house.holds() == (0, 0)
    budget = await house.payouts.budget(LINE)
    assert budget is not None
    assert (budget.spent.minor, budget.left.minor) == (6000, 4000)
    assert await house.net("rail_payable", "bank") == 0
    assert [(class_, cause) for class_, cause, _ in house.teller.told] == [("payout_to_bank", items[1].id)]
    told = await house.payouts.item_history((await house.items(batch.id))[1])
    assert [change.state for change in told] == ["received", "approved", "sent", "accepted", "settled"]
    assert told[-1].source == "bank camt.053 S1 line 1"


async def test_what_came_back_is_confirmed_by_nobody_and_the_rest_in_time(house: House) -> None:
    await house.money()
    house.people.add(house.clock, 1)
    batch = await house.released(HEAD + to_wallet("r1", 1, 1000) + to_bank("r2", 2, 2000))
    items = await house.items(batch.id)
    await house.said((items[1], PaymentNews.SETTLED), (items[1], PaymentNews.RETURNED), reason="AC04")
    await house.work()
    assert (await house.batch(batch.id)).state is BatchState.DONE
    assert await house.net("suspense") == 2000
    assert [one.state for one in await house.items(batch.id)] == [ItemState.SETTLED, ItemState.RETURNED]


async def test_payments_are_split_by_number_money_and_size(quick_url: str, clock: ManualClock) -> None:
    limits = {"payout_order_items_max": 3, "payout_order_minor_max": 100, "payout_single_minor": 80}
    async with open_house(quick_url, clock, made=True, **limits) as house:
        await house.money()
        amounts = [10, 10, 10, 10, 90, 60, 60, 5]
        rows = (to_bank(f"r{place}", place, minor) for place, minor in enumerate(amounts))
        batch = await house.released(HEAD + b"".join(rows))
        split = [(order.scheme, [one.amount.minor for one in paid]) for order, paid in house.bank.orders.values()]
        assert split == [
            (Scheme.GROUP, [10, 10, 10]),
            (Scheme.GROUP, [10, 60]),
            (Scheme.SINGLE, [90]),
            (Scheme.GROUP, [60, 5]),
        ]
        ids = [one.end_to_end_id for one in await house.items(batch.id)]
        assert len(set(ids)) == len(amounts)
        assert all(len(one) <= 35 and is_end_to_end_id(one) for one in ids)


async def test_a_source_is_told_what_came_of_what_it_offered(house: House) -> None:
    await house.money()
    person = house.people.add(house.clock, 1)
    for place, (who, account) in enumerate([(person.person_id, ""), ("", iban(1)), ("", iban(2))]):
        name = f"clm_{place}"
        debit = Debit("benefit_expense", "sickness")
        house.claims.dues[name] = Due(name, who, "Ali Rezaei", account, irr(100), debit, TransferCode.BENEFIT)
    batch = await house.payouts.create("claims", line=LINE, staff_id=MAKER, source="benefits")
    await house.work()
    await house.signed(batch.id)
    await house.work()
    items = await house.items(batch.id)
    await house.said((items[1], PaymentNews.REJECTED), (items[2], PaymentNews.RETURNED), reason="AC04")
    await house.work()
    assert house.claims.verdicts == {"clm_0": Verdict.PAID, "clm_1": Verdict.NOT_PAID, "clm_2": Verdict.RETURNED}
    assert await house.net("benefit_expense", "sickness") == -200
    assert (await house.batch(batch.id)).state is BatchState.DONE


async def test_paused_nothing_more_is_handed_over_and_resumed_it_goes_on(house: House) -> None:
    await house.money()
    house.people.add(house.clock, 1)
    batch = await house.draft(HEAD + to_wallet("r1", 1, 1000) + to_bank("r2", 2, 2000))
    await house.signed(batch.id)
    await house.payouts.tick()
    assert (await house.payouts.pause(batch.id, MAKER, "a call from the bank")).outcome is PayoutOutcome.OK
    await house.work()
    assert not house.bank.orders
    assert (await house.payouts.cancel(batch.id, MAKER, "too late")).outcome is PayoutOutcome.WRONG_STATE
    assert (await house.payouts.resume(batch.id, MAKER)).outcome is PayoutOutcome.OK
    await house.work()
    assert await house.states(batch.id) == ["settled", "sent"]


async def test_a_payment_of_which_nothing_is_heard_is_unknown_and_asked_for_before_it_goes_again(house: House) -> None:
    await house.money()
    batch = await house.released(HEAD + to_bank("r1", 1, 1000) + to_bank("r2", 2, 2000))
    house.clock.advance(timedelta(hours=25))
    await house.work()
    assert await house.states(batch.id) == ["unknown", "unknown"]
    first, second = await house.items(batch.id)
    assert await house.payouts.unknown(house.clock.now(), limit=9) == []
    house.clock.advance(timedelta(seconds=1))
    assert await house.payouts.unknown(house.clock.now(), limit=9) == [first, second]
    assert await house.payouts.unknown(house.clock.now(), limit=1) == [first]
    assert house.bank.enquiries == [first.end_to_end_id, second.end_to_end_id]
    await house.said((first, PaymentNews.UNKNOWN_THERE), (second, PaymentNews.SETTLED))
    await house.work()
    assert await house.states(batch.id) == ["sent", "settled"]
    again = [one.end_to_end_id for one in house.bank.payments]
    assert again.count(first.end_to_end_id) == 2
    assert again.count(second.end_to_end_id) == 1
    assert await house.net("rail_payable", "bank") == 1000


async def test_the_hold_of_a_long_batch_is_renewed_and_settled_in_time(house: House) -> None:
    await house.money()
    batch = await house.released(HEAD + to_bank("r1", 1, 1000))
    for _ in range(3):
        house.clock.advance(timedelta(days=56))
        await house.work()
        await house.ledger.expire_holds()
        assert await house.holds() == (1000, 1000)
    (item,) = await house.items(batch.id)
    await house.said((item, PaymentNews.SETTLED))
    await house.work()
    house.clock.advance(timedelta(days=11))
    await house.work()
    assert await house.states(batch.id) == ["confirmed"]
    assert await house.holds() == (0, 0)
