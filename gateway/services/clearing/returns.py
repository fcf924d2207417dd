"""Merchants' money that the bank sent back: it goes from suspense into payable, and out again to another account."""

from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, select, update

from gateway.services.clearing import book
from gateway.services.clearing.model import HOUSE, DueState, ExceptionType
from gateway.services.clearing.ports import ReturnsDesk, Shop, Shops
from gateway.services.clearing.tables import DUES
from gateway.store import Store
from wallet.clock import Clock

PAGE = 100
UNSAID = "no reason was given"


class Returns:
    """A worker's work: what came back is put back, what may be paid again is freed."""

    def __init__(self, store: Store, clock: Clock, shops: Shops, desk: ReturnsDesk) -> None:
        self._store = store
        self._clock = clock
        self._shops = shops
        self._desk = desk

    async def tick(self) -> int:
        """How many dues were moved on. Whatever a crash has left is done again, and is harmless."""
        return await self._put_back() + await self._free()

    async def _put_back(self) -> int:
        """Returned money goes from suspense into the merchant's payable; its reason stands with the due.

        Until the desk has told that, the due stays RETURNED. Where staff pay it again from the desk, it stays as well.
        """
        rows = await self._in_state(DueState.RETURNED, reason="")
        for row in rows:
            item = await self._desk.item(row.item_id)
            reason = (item.reason if item is not None else "") or UNSAID
            await self._desk.give_back(row.item_id, "", f"merchant's payout was returned: {reason}")
            told = update(DUES).where(DUES.c.id == row.id, DUES.c.item_id == row.item_id).values(reason=reason)
            await self._store.write(partial(_run, statement=told))
        return len(rows)

    async def _free(self) -> int:
        """What waits is due again where the account is another one than that which it came back from."""
        freed, after = 0, ""
        while rows := await self._in_state(DueState.WAITING, after=after):
            shops = await self._shops.by_ids({row.merchant_id for row in rows})
            for row in rows:
                if await self._banks_elsewhere(shops[row.merchant_id], row):
                    freed += await self._store.write(partial(self._freed, row=row))
            after = rows[-1].id
        return freed

    async def _banks_elsewhere(self, shop: Shop, row: Row[Any]) -> bool:
        """Whether the account was changed after the money came back, or while it was on its way to the old one."""
        if shop.iban_since is not None and row.returned_at is not None and shop.iban_since > row.returned_at:
            return True
        item = await self._desk.item(row.item_id) if shop.iban else None
        return item is not None and item.iban not in {"", shop.iban}

    def _freed(self, tx: Connection, *, row: Row[Any]) -> int:
        free_due(tx, row.id)
        reason = "the merchant has another account"
        book.resolve_exception(tx, ExceptionType.PAYOUT_RETURNED, row.id, HOUSE, reason, self._clock.now())
        return 1

    async def _in_state(self, state: DueState, *, after: str = "", reason: str | None = None) -> list[Row[Any]]:
        query = select(DUES).where(DUES.c.state == state.value, DUES.c.id > after)
        query = query if reason is None else query.where(DUES.c.reason == reason)
        return list(await self._store.read(query.order_by(DUES.c.id).limit(PAGE)))


def free_due(tx: Connection, due_id: str) -> None:
    """A due that waits may be paid again."""
    waits = update(DUES).where(DUES.c.id == due_id, DUES.c.state == DueState.WAITING.value)
    tx.execute(waits.values(state=DueState.FREE.value, reason=""))


def _run(tx: Connection, *, statement: Any) -> int:  # noqa: ANN401 - an update
    return tx.execute(statement).rowcount
