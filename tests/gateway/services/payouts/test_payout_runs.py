"""A batch from its file to the day on which everything arrived, and everything that can go otherwise."""

from gateway.services.banking.model import PaymentNews
from gateway.services.payouts import BatchState, ItemState, Rail
from tests.gateway.services.payouts.house import CHECKER, LINE, MAKER, House, iban

HEAD = b"reference,msisdn,iban,name,amount\n"


def to_wallet(reference: str, place: int, minor: int) -> bytes:
    return b"%s,0912%07d,,,%d\n" % (reference.encode(), place, minor)


def to_bank(reference: str, place: int, minor: int) -> bytes:
    return b"%s,,%s,Ali Rezaei,%d\n" % (reference.encode(), iban(place).encode(), minor)


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
