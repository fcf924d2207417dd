"""Staff, signer and bank who bring a batch to its end from wherever it stands, and what must then be true of it."""

import io
from datetime import timedelta

from sqlalchemy import select

from gateway.services.banking.model import PaymentNews
from gateway.services.payouts import Batch, BatchState, ItemState, PayoutOutcome, Payouts
from gateway.services.payouts.tables import ITEMS, ORDERS
from tests.gateway.services.payouts.house import CHECKER, LINE, MAKER, House
from wallet.ids import transfer_id

ROUNDS_MAX = 2000
_SAID_AT_ONCE = 500


async def drive(house: House, payouts: Payouts, name: str, file: bytes, *, to_the_end: bool = True) -> Batch:
    """Do what is next until the batch is done, or, not `to_the_end`, until everything is handed over."""
    for _ in range(ROUNDS_MAX):
        batch = next((one for one in await payouts.list_batches(limit=20) if one.name == name), None)
        if batch is not None and batch.state is BatchState.DONE:
            return batch
        if batch is None:
            await payouts.create(name, line=LINE, staff_id=MAKER)
        else:
            await _decide(house, payouts, batch, file)
        house.clock.advance(timedelta(seconds=1))
        if await payouts.tick() or batch is None or batch.state is not BatchState.RUNNING:
            continue
        if not to_the_end:
            return batch
        sent = await payouts.items(batch.id, limit=_SAID_AT_ONCE, states=frozenset({ItemState.SENT}))
        await house.say(payouts, *((one, PaymentNews.SETTLED) for one in sent))
    raise AssertionError("the batch never ends")


async def _decide(house: House, payouts: Payouts, batch: Batch, file: bytes) -> None:
    """What people do about a batch."""
    if batch.state is BatchState.LOADING and not batch.content_sha256:
        await payouts.upload(batch.id, io.BytesIO(file))
    elif batch.state is BatchState.DRAFT:
        assert (await payouts.lock(batch.id, MAKER)).outcome in {PayoutOutcome.OK, PayoutOutcome.WRONG_STATE}
    elif batch.state is BatchState.LOCKED and batch.approval_id:
        await payouts.approved(batch.id, batch.approval_id)
    elif batch.state is BatchState.APPROVED:
        await payouts.tick()
        if batch.id in house.signatures.documents:
            house.signatures.sign(batch.id)
            await payouts.signed(batch.id, "doc")


async def check(house: House, batch: Batch, people: dict[str, str]) -> None:
    """Each item is paid once, totals equal the manifest, nothing is held any more, and the signature verifies."""
    rows = await house.store.read(select(ITEMS).where(ITEMS.c.batch_id == batch.id).order_by(ITEMS.c.seq))
    paid = {one.end_to_end_id: one.amount.minor for one in house.bank.payments}
    assert len(paid) == len(house.bank.payments), "a payment was ordered twice"
    sums = {"settled": 0, "sent": 0}
    for row in rows:
        log = await house.ledger.transfer(transfer_id(row.id, "pay"))
        assert log is not None, "an item was not posted"
        assert log.transfer.amount.minor == row.amount_minor
        sums[row.state] += row.amount_minor
        if row.rail == "bank":
            assert paid[row.end_to_end_id] == row.amount_minor
    assert sum(sums.values()) == batch.manifest_total.minor
    orders = await house.store.read(select(ORDERS).where(ORDERS.c.batch_id == batch.id))
    assert all(order.state == "handed" for order in orders)
    assert {one.end_to_end_id for one in rows if one.rail == "bank"} <= paid.keys()
    for person_id, name in people.items():
        due = sum(row.amount_minor for row in rows if row.person_id == person_id)
        assert await house.net("wallet", person_id) == due, f"{name} was paid otherwise"
    manifest = await house.payouts.digest(batch.id, "IRR")
    assert manifest.digest() == batch.manifest == house.signatures.signed[batch.id]
    assert CHECKER in house.signatures.documents[batch.id].made_by
