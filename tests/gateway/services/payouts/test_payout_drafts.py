"""What staff are asked before a batch is locked, and every way in which it is refused before it is released."""

import io
from datetime import timedelta

import pytest
from sqlalchemy import update

from gateway.services.banking.model import PaymentNews
from gateway.services.payouts import BadRow, BatchState, Declared, PayoutOutcome, RowFault, Stop
from gateway.services.payouts.tables import ITEMS
from gateway.services.signing.model import ProofOutcome
from tests.gateway.services.payouts.files import HEAD, to_bank, to_wallet
from tests.gateway.services.payouts.house import LINE, MAKER, House, iban
from wallet.money import irr

TWO = HEAD + to_bank("r1", 1, 1000) + to_bank("r2", 2, 2000)


async def test_rows_that_are_doubled_paid_before_or_for_nobody_are_reported(each_house: House) -> None:
    house = each_house
    first = await house.draft(TWO)
    other = await house.draft(
        HEAD + to_bank("r2", 3, 5) + to_bank("r3", 3, 5) + to_bank("r3", 4, 6) + to_wallet("r4", 9, 7)
    )
    paid = (await house.items(first.id))[1]
    assert await house.payouts.bad_rows(other.id, limit=10) == [
        BadRow(2, "reference", RowFault.PAID_BEFORE, paid.id),
        BadRow(4, "reference", RowFault.DUPLICATE),
        BadRow(5, "msisdn", RowFault.NOBODY),
    ]
    assert (await house.payouts.lock(other.id, MAKER)).outcome is PayoutOutcome.BAD_ROWS
    assert (await house.payouts.lock(other.id, MAKER, without_bad=True)).outcome is PayoutOutcome.OK

    assert (await house.payouts.cancel(first.id, MAKER, "wrong month")).outcome is PayoutOutcome.OK
    again = await house.draft(HEAD + to_bank("r1", 1, 1000))
    assert again.bad == 0


async def test_the_same_file_again_names_the_first_unless_staff_say_why(house: House) -> None:
    first = await house.draft(TWO)
    batch = await house.payouts.create("again", line=LINE, staff_id=MAKER)
    result = await house.payouts.upload(batch.id, io.BytesIO(TWO))
    assert (result.outcome, result.about) == (PayoutOutcome.SAME_FILE, first.id)
    assert (await house.payouts.upload(batch.id, io.BytesIO(TWO), reason="tested it")).outcome is PayoutOutcome.OK
    # Its rows are still the first one's.
    assert (await house.payouts.load(batch.id)).bad == 2


@pytest.mark.parametrize(
    ("declared", "outcome"),
    [
        (Declared(2, 3000), PayoutOutcome.OK),
        (Declared(3, 3000), PayoutOutcome.COUNT_DIFFERS),
        (Declared(2, 3001), PayoutOutcome.TOTAL_DIFFERS),
        (Declared(sha256="0" * 64), PayoutOutcome.HASH_DIFFERS),
    ],
)
async def test_what_was_declared_must_come_out(house: House, declared: Declared, outcome: PayoutOutcome) -> None:
    batch = await house.payouts.create("declared", line=LINE, staff_id=MAKER, declared=declared)
    uploaded = await house.payouts.upload(batch.id, io.BytesIO(TWO))
    if uploaded.outcome is PayoutOutcome.OK:
        await house.payouts.load(batch.id)
        uploaded = await house.payouts.lock(batch.id, MAKER)
    assert uploaded.outcome is outcome


async def test_twins_are_held_until_staff_have_looked(each_house: House) -> None:
    house = each_house
    batch = await house.draft(HEAD + to_bank("r1", 1, 7) + to_bank("r2", 1, 7) + to_bank("r3", 1, 7))
    assert await house.states(batch.id) == ["received", "held", "held"]
    assert (await house.payouts.lock(batch.id, MAKER)).outcome is PayoutOutcome.HELD_ROWS
    assert (await house.payouts.keep(batch.id, [2], MAKER, "")).outcome is PayoutOutcome.REASON_MISSING
    assert (await house.payouts.keep(batch.id, [2], MAKER, "two children")).outcome is PayoutOutcome.OK
    assert (await house.payouts.drop(batch.id, [], MAKER, "typed twice")).outcome is PayoutOutcome.OK
    assert await house.states(batch.id) == ["received", "received", "cancelled"]
    assert (await house.payouts.lock(batch.id, MAKER)).outcome is PayoutOutcome.OK
    assert (await house.batch(batch.id)).manifest_count == 2


async def test_a_file_that_cannot_be_read_refuses_its_batch(house: House) -> None:
    batch = await house.draft(b"password,amount\n1,2\n")
    assert batch.state is BatchState.REFUSED
    assert "password" in (await house.payouts.history(batch.id))[-1].reason


async def test_who_says_no_after_the_signature_is_left_out_and_the_others_are_paid(each_house: House) -> None:
    house = each_house
    await house.money()
    robbed, calm, wallet = (house.people.add(house.clock, place) for place in (1, 2, 3))
    house.people.wants(robbed, iban(7))
    house.people.wants(calm, iban(8))
    rows = b"".join(to_wallet(f"r{place}", place, place * 1000) for place in (1, 2, 3))
    batch = await house.draft(HEAD + rows)
    await house.signed(batch.id)

    house.people.said_no |= {robbed.person_id, wallet.person_id}
    await house.work()

    assert await house.states(batch.id) == ["rejected", "sent", "rejected"]
    assert {one.reason for one in await house.items(batch.id)} == {"payee_frozen", ""}
    assert [one.iban for one in house.bank.payments] == [iban(8)]
    assert await house.net("wallet", wallet.person_id) == 0
    history = await house.payouts.item_history((await house.items(batch.id))[0])
    assert (history[-1].state, history[-1].source) == ("rejected", "payees")
    await house.said(((await house.items(batch.id))[1], PaymentNews.SETTLED))
    await house.work()
    assert (await house.batch(batch.id)).state is BatchState.DONE
    assert await house.holds() == (0, 0)


async def test_nothing_is_released_before_the_youngest_account_has_cooled(house: House) -> None:
    await house.money()
    person = house.people.add(house.clock, 1)
    cool = house.clock.now() + timedelta(hours=48)
    house.people.wants(person, iban(7), cool)
    batch = await house.draft(HEAD + to_wallet("r1", 1, 1000))
    await house.agreed(batch.id)
    assert house.approvals.proposed[f"apr_{batch.id}"]["not_before"] == cool
    await house.work()
    assert not house.signatures.documents
    house.clock.advance(timedelta(hours=49))
    await house.work()
    house.signatures.sign(batch.id)
    house.clock.advance(timedelta(minutes=1))
    await house.work()
    assert await house.states(batch.id) == ["sent"]


@pytest.mark.parametrize(("trust", "budget", "stop"), [(2999, 3000, Stop.NO_COVER), (3000, 2999, Stop.NO_BUDGET)])
async def test_without_cover_or_budget_nothing_is_held_until_it_came_in(
    house: House, trust: int, budget: int, stop: Stop
) -> None:
    await house.money(trust=trust, budget=budget)
    batch = await house.draft(TWO)
    await house.signed(batch.id)
    await house.work()
    assert (await house.batch(batch.id)).stopped == stop
    assert await house.holds() == (0, 0)
    await house.money(trust=1, budget=1)
    assert (await house.payouts.retry(batch.id, MAKER)).outcome is PayoutOutcome.OK
    await house.work()
    assert await house.states(batch.id) == ["sent", "sent"]


async def _edited(house: House, batch_id: str, **values: object) -> None:
    edit = update(ITEMS).where(ITEMS.c.batch_id == batch_id, ITEMS.c.seq == 1).values(**values)
    await house.store.write(lambda tx: tx.execute(edit).rowcount)


@pytest.mark.parametrize(
    "edit", [{"amount_minor": 1001}, {"iban": iban(9)}, {"name": "Other"}, {"frozen": False}, {"note": "x"}]
)
async def test_a_row_edited_after_signing_voids_the_signature(house: House, edit: dict[str, object]) -> None:
    await house.money()
    batch = await house.draft(TWO)
    await house.signed(batch.id)
    await _edited(house, batch.id, **edit)
    await house.work()
    batch = await house.batch(batch.id)
    assert (batch.state, batch.stopped) == (BatchState.REFUSED, Stop.SIGNATURE_DIFFERS)
    assert not house.bank.orders
    assert await house.holds() == (0, 0)


async def test_a_row_edited_after_the_release_stops_the_bank_s_file(house: House) -> None:
    await house.money()
    house.people.add(house.clock, 1)
    batch = await house.draft(TWO + to_wallet("r3", 1, 5))
    await house.signed(batch.id)
    await house.payouts.tick()
    await _edited(house, batch.id, iban=iban(9))
    await house.work()
    batch = await house.batch(batch.id)
    assert (batch.state, batch.stopped) == (BatchState.PAUSED, Stop.SIGNATURE_DIFFERS)
    assert not house.bank.orders
    assert (await house.payouts.resume(batch.id, MAKER)).outcome is PayoutOutcome.SIGNATURE_DIFFERS
    await _edited(house, batch.id, iban=iban(1))
    assert (await house.payouts.resume(batch.id, MAKER)).outcome is PayoutOutcome.OK
    await house.work()
    assert [one.iban for one in house.bank.payments] == [iban(1), iban(2)]


@pytest.mark.parametrize(
    ("proof", "state", "stop"),
    [
        (ProofOutcome.REFUSED, BatchState.REFUSED, Stop.SIGNATURE_REFUSED),
        (ProofOutcome.INVALID, BatchState.APPROVED, Stop.SIGNATURE_INVALID),
        (ProofOutcome.DIFFERS, BatchState.REFUSED, Stop.SIGNATURE_DIFFERS),
    ],
)
async def test_what_is_not_signed_is_not_paid(house: House, proof: ProofOutcome, state: BatchState, stop: Stop) -> None:
    await house.money()
    batch = await house.draft(TWO)
    await house.signed(batch.id)
    house.signatures.said[batch.id] = proof
    await house.work()
    batch = await house.batch(batch.id)
    assert (batch.state, batch.stopped) == (state, stop)
    assert await house.net("rail_payable", "bank") == 0


async def test_a_signature_that_expired_is_asked_for_anew(house: House) -> None:
    await house.money()
    batch = await house.draft(TWO)
    await house.signed(batch.id)
    house.signatures.said[batch.id] = ProofOutcome.EXPIRED
    await house.work()
    assert await house.states(batch.id) == ["sent", "sent"]


async def test_a_cancelled_batch_is_not_approved_any_more(house: House) -> None:
    await house.money(budget=0)
    batch = await house.draft(TWO)
    assert (await house.payouts.lock(batch.id, MAKER)).outcome is PayoutOutcome.OK
    assert (await house.payouts.cancel(batch.id, MAKER, "not this month")).outcome is PayoutOutcome.OK
    assert await house.payouts.approved(batch.id, f"apr_{batch.id}") == "cancelled"
    await house.work()
    assert await house.states(batch.id) == ["cancelled", "cancelled"]
    assert (await house.payouts.cover()) == irr(10**12)
