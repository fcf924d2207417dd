"""What cycles have settled, by when: what reconciliation holds beside the ledger."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, Select, select

from gateway.services.clearing.model import Kind
from gateway.services.clearing.tables import CYCLES, ITEMS
from gateway.store import Store

PAGE = 2000


@dataclass(frozen=True, slots=True)
class SettledItem:
    """What a cycle has settled of one taking: `at` is when the cycle was opened, amounts in minor units."""

    taking_id: str
    kind: Kind
    business_on: date
    amount_minor: int
    fee_minor: int
    at: datetime


_POSTED = select(
    ITEMS.c.taking_id, ITEMS.c.kind, ITEMS.c.business_on, ITEMS.c.amount_minor, ITEMS.c.fee_minor, CYCLES.c.opened_at
).where(ITEMS.c.state == "posted", CYCLES.c.id == ITEMS.c.cycle_id)


class SettledItems:
    """Reads them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def between(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[SettledItem]]:
        """What cycles have settled that were opened from `start` on and before `end`, in pages."""
        opened = select(CYCLES.c.id).where(CYCLES.c.opened_at >= start, CYCLES.c.opened_at < end)
        for cycle in await self._store.read(opened.order_by(CYCLES.c.opened_at)):
            after = ""
            mine = _POSTED.where(ITEMS.c.cycle_id == cycle.id).order_by(ITEMS.c.taking_id).limit(PAGE)
            while page := await self._read(mine.where(ITEMS.c.taking_id > after)):
                yield page
                after = page[-1].taking_id

    async def of(self, taking_ids: Collection[str]) -> Sequence[SettledItem]:
        """What was settled of these."""
        return await self._read(_POSTED.where(ITEMS.c.taking_id.in_(sorted(taking_ids))))

    async def _read(self, query: Select[Any]) -> list[SettledItem]:
        return [_settled(row) for row in await self._store.read(query)]


def _settled(row: Row[Any]) -> SettledItem:
    kind = Kind(row.kind)
    return SettledItem(row.taking_id, kind, row.business_on, row.amount_minor, row.fee_minor, row.opened_at)
