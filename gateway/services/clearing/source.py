"""What cycles owe merchants, as a source of payout batches; satisfies services.payouts.ports.Source."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from gateway.services.clearing import book
from gateway.services.clearing.model import DueState, ExceptionType
from gateway.services.clearing.ports import Shops
from gateway.services.clearing.tables import DUES
from gateway.services.payouts.model import Debit, Due
from gateway.services.payouts.ports import Verdict
from gateway.store import Store
from wallet.clock import Clock
from wallet.money import irr
from wallet.transfers import TransferCode

SOURCE = "merchants"
"""What batches call this source."""
PURPOSE = "CBLK"
"""ISO 20022 external purpose code, card bulk clearing: settles many card transactions of a merchant at once."""
NAME_MAX = 70
_SCANNED = 10
"""Pages that are looked through for one that may be paid."""


class MerchantSource:
    """What is settled and not yet on its way."""

    def __init__(self, store: Store, clock: Clock, shops: Shops) -> None:
        self._store = store
        self._clock = clock
        self._shops = shops

    async def due(self, *, after: str, limit: int) -> Sequence[Due]:
        """Dues that no batch has, in order of their ids; those of a shop that has just changed its account wait."""
        now, found = self._clock.now(), list[Due]()
        for _ in range(_SCANNED):
            free = (DUES.c.state == DueState.FREE.value) & (DUES.c.id > after)
            rows = await self._store.read(select(DUES).where(free).order_by(DUES.c.id).limit(limit))
            if not rows:
                break
            shops = await self._shops.by_ids({row.merchant_id for row in rows})
            for row in rows:
                shop = shops[row.merchant_id]
                if shop.iban_cool_until is None or shop.iban_cool_until <= now:
                    to = "" if shop.iban else shop.owner_person_id
                    amount, debit = irr(row.amount_minor), Debit("merchant_payable", row.merchant_id)
                    code = TransferCode.MERCHANT_PAYOUT
                    found.append(Due(row.id, to, shop.name[:NAME_MAX], shop.iban, amount, debit, code, PURPOSE))
            after = rows[-1].id
            if found:
                break
        return found

    async def taken(self, source_ids: Sequence[str], batch_id: str) -> Sequence[str]:
        """Reserve for a batch; those that were free or are this batch's already."""

        def work(tx: Connection) -> Sequence[str]:
            named = DUES.c.id.in_(sorted(set(source_ids)))
            free = update(DUES).where(named, DUES.c.state == DueState.FREE.value)
            tx.execute(free.values(state=DueState.BATCHED.value, batch_id=batch_id))
            mine = named & (DUES.c.state == DueState.BATCHED.value) & (DUES.c.batch_id == batch_id)
            return list(tx.execute(select(DUES.c.id).where(mine).order_by(DUES.c.id)).scalars())

        return await self._store.write(work)

    async def left(self, source_ids: Sequence[str], batch_id: str) -> None:
        """The batch gives them up."""
        mine = DUES.c.id.in_(sorted(set(source_ids))) & (DUES.c.batch_id == batch_id)
        free = update(DUES).where(mine, DUES.c.state == DueState.BATCHED.value)
        free = free.values(state=DueState.FREE.value, batch_id="")
        await self._store.write(lambda tx: tx.execute(free).rowcount)

    async def ended(self, source_id: str, verdict: Verdict, item_id: str, at: datetime) -> None:
        """What came of it; told again it changes nothing."""
        heard = f"{item_id} {verdict.value}"

        def work(tx: Connection) -> None:
            row = tx.execute(select(DUES).where(DUES.c.id == source_id).with_for_update(key_share=True)).one_or_none()
            if row is None or row.heard == heard:
                return
            values = _after(row, verdict, item_id, at)
            if values is None:
                return
            tx.execute(update(DUES).where(DUES.c.id == source_id).values(heard=heard, **values))
            if verdict is Verdict.RETURNED:
                detail = {"item": item_id, "amount_minor": str(row.amount_minor)}
                type_ = ExceptionType.PAYOUT_RETURNED
                if not book.open_exception(tx, self._clock, type_, source_id, detail, merchant_id=row.merchant_id):
                    book.reopen_exception(tx, type_, source_id, detail)

        await self._store.write(work)


def _after(row: Row[Any], verdict: Verdict, item_id: str, at: datetime) -> dict[str, object] | None:
    """What a verdict does to a due; None if it is late, or says nothing new."""
    state = DueState(row.state)
    match verdict:
        case Verdict.PAID if state in {DueState.BATCHED, DueState.RETURNED}:
            return {"state": DueState.PAID.value, "paid_at": at, "item_id": item_id}
        case Verdict.RETURNED if state in {DueState.BATCHED, DueState.PAID, DueState.RETURNED}:
            back = {"returned_at": at, "item_id": item_id, "paid_at": None, "reason": ""}
            return {"state": DueState.RETURNED.value, **back}
        case Verdict.NOT_PAID if state is DueState.BATCHED:
            return {"state": DueState.FREE.value, "batch_id": ""}
        case Verdict.NOT_PAID if state is DueState.RETURNED:
            # The desk has put the money back into payable: paid again once there is another account.
            return {"state": DueState.WAITING.value, "batch_id": ""}
        case _:
            return None
