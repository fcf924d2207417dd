"""Fees by when they came into the provider's account: what reconciliation holds beside the ledger."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, literal, select, tuple_

from gateway.services.providers.model import CoPayment, FeeState
from gateway.services.providers.tables import changes, fees
from gateway.store import Store
from wallet.types import Moment, Text

PAGE = 1000


@dataclass(frozen=True, slots=True)
class OwedFee:
    """A fee that stands, or stood, in the provider's account: the two shares in minor units, 0 for none of it."""

    fee_id: str
    asset: str
    covered_minor: int
    share_minor: int
    at: datetime


_OWED = select(
    fees.c.id, fees.c.asset, fees.c.covered_minor, fees.c.share_minor, fees.c.co_payment, changes.c.at
).where(changes.c.subject_id == fees.c.id, changes.c.what == FeeState.OWED.value, changes.c.note == "")


class OwedFees:
    """Reads them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def between(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[OwedFee]]:
        """Those that came in from `start` on and before `end`, in pages."""
        query = _OWED.where(changes.c.at >= start, changes.c.at < end).order_by(changes.c.at, changes.c.subject_id)
        place = (start, "")
        while page := await self._read(
            query.where(
                tuple_(changes.c.at, changes.c.subject_id)
                > tuple_(literal(place[0], Moment()), literal(place[1], Text))
            ).limit(PAGE)
        ):
            yield page
            place = (page[-1].at, page[-1].fee_id)

    async def of(self, fee_ids: Collection[str]) -> Sequence[OwedFee]:
        """Those of these."""
        return await self._read(_OWED.where(fees.c.id.in_(sorted(fee_ids))))

    async def _read(self, query: Select[Any]) -> list[OwedFee]:
        return [_owed(row) for row in await self._store.read(query)]


def _owed(row: Row[Any]) -> OwedFee:
    share = row.share_minor if row.co_payment == CoPayment.WALLET.value else 0
    return OwedFee(row.id, row.asset, row.covered_minor, share, row.at)
