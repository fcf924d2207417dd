"""Payments by when they came to a state: what reconciliation holds beside the ledger and the bank."""

from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, literal, select, tuple_

from gateway.services.payouts.answers import Flag
from gateway.services.payouts.model import ItemState, Rail
from gateway.services.payouts.tables import BATCHES, CHANGES, ITEMS
from gateway.store import Store
from wallet.types import Int64, Moment, Text

CHANGES_AT_ONCE = 500
ITEMS_AT_ONCE = 5000
"""Most payments of one answer: one change may speak of a thousand."""


@dataclass(frozen=True, slots=True)
class Reached:
    """A payment that came to a state, and as it is now.

    Attributes:
        id: `itm_…`.
        was: Where it stood before, None for what begins so.
        state: Where it came to.
        at: When.
        now: Where it stands now.
        minor: What is paid, in minor units.
        asset: Code.
        debit_role: Which account pays.
        end_to_end_id: Of a payment by bank, or ''.
        order_id: Of the order that it went with, or ''.
        desk: What the returns desk has done, or ''.
        flag: What the bank says that does not fit, a value of Flag, or ''.
        name: Of the payee.
        iban: Where it goes, or ''.
        note: What the payee reads.
    """

    id: str
    was: ItemState | None
    state: ItemState
    at: datetime
    now: ItemState
    minor: int
    asset: str
    debit_role: str
    end_to_end_id: str
    order_id: str
    desk: str
    flag: str
    name: str = field(repr=False)
    iban: str = field(repr=False)
    note: str = field(repr=False)


_COLUMNS = (
    ITEMS.c.id, ITEMS.c.state.label("now"), ITEMS.c.amount_minor, ITEMS.c.debit_role, ITEMS.c.end_to_end_id,
    ITEMS.c.order_id, ITEMS.c.desk, ITEMS.c.flag, ITEMS.c.name, ITEMS.c.iban, ITEMS.c.note, BATCHES.c.asset,
    CHANGES.c.was, CHANGES.c.state.label("reached"), CHANGES.c.at,
)  # fmt: skip
_SPOKEN_OF = and_(ITEMS.c.batch_id == CHANGES.c.batch_id, ITEMS.c.seq >= CHANGES.c.first, ITEMS.c.seq <= CHANGES.c.last)
_PLACE = (CHANGES.c.at, CHANGES.c.batch_id, CHANGES.c.number)


class ReachedItems:
    """Reads them out of what happened to batches."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def between(
        self,
        state: ItemState,
        rail: Rail,
        start: datetime,
        end: datetime,
        *,
        debit_role: str = "",
        flags: Collection[Flag] = (),
    ) -> AsyncIterator[Sequence[Reached]]:
        """Payments by a rail that came to a state from `start` on and before `end`, in pages.

        All of them, or those of one account, or those that have one of these flags now. One that came to the state
        twice is there twice.
        """
        which = ITEMS.c.rail == rail.value
        if debit_role:
            which &= ITEMS.c.debit_role == debit_role
        if flags:
            which &= ITEMS.c.flag.in_([flag.value for flag in flags])
        said = (CHANGES.c.state == state.value) & (CHANGES.c.first > 0) & CHANGES.c.rail.in_(("", rail.value))
        columns = (CHANGES.c.batch_id, CHANGES.c.number, CHANGES.c.first, CHANGES.c.last, CHANGES.c.at)
        query = select(*columns).where(said, CHANGES.c.at >= start, CHANGES.c.at < end).order_by(*_PLACE)
        edge: tuple[Any, ...] | None = None
        while page := await self._store.read(_from(query, edge).limit(CHANGES_AT_ONCE)):
            for some in _portions(page):
                found = await self._named(some, which)
                if found:
                    yield found
            edge = (page[-1].at, page[-1].batch_id, page[-1].number)

    async def of(self, state: ItemState, rail: Rail, ids: Collection[str]) -> Sequence[Reached]:
        """When these payments last came to a state; those that never did are left out."""
        same = (CHANGES.c.batch_id == ITEMS.c.batch_id) & (CHANGES.c.state == state.value)
        begins = select(func.max(CHANGES.c.first)).where(same, CHANGES.c.first <= ITEMS.c.seq, CHANGES.c.first > 0)
        begins = begins.where(CHANGES.c.rail.in_(("", ITEMS.c.rail))).correlate(ITEMS)
        said = _SPOKEN_OF & (CHANGES.c.state == state.value) & (CHANGES.c.first == begins.scalar_subquery())
        said &= CHANGES.c.rail.in_(("", rail.value)) & (ITEMS.c.rail == rail.value)
        query = select(*_COLUMNS).join(CHANGES, said).join(BATCHES, BATCHES.c.id == ITEMS.c.batch_id)
        rows = await self._store.read(query.where(ITEMS.c.id.in_(sorted(ids))).order_by(CHANGES.c.number))
        return [_reached(row) for row in rows]

    async def _named(self, changes: Sequence[Row[Any]], which: ColumnElement[bool]) -> list[Reached]:
        names = [(one.batch_id, one.number) for one in changes]
        query = select(*_COLUMNS).join(CHANGES, _SPOKEN_OF).join(BATCHES, BATCHES.c.id == ITEMS.c.batch_id)
        query = query.where(tuple_(CHANGES.c.batch_id, CHANGES.c.number).in_(names), which)
        return [_reached(row) for row in await self._store.read(query)]


def _from(query: Select[Any], edge: tuple[Any, ...] | None) -> Select[Any]:
    if edge is None:
        return query
    at, batch_id, number = edge
    place = (literal(at, Moment()), literal(batch_id, Text()), literal(number, Int64))
    return query.where(CHANGES.c.at >= at, tuple_(*_PLACE) > tuple_(*place))


def _portions(page: Sequence[Row[Any]]) -> Iterator[Sequence[Row[Any]]]:
    """Changes that together speak of no more payments than one answer takes."""
    portion: list[Row[Any]] = []
    spoken_of = 0
    for one in page:
        portion.append(one)
        spoken_of += one.last - one.first + 1
        if spoken_of >= ITEMS_AT_ONCE:
            yield portion
            portion, spoken_of = [], 0
    if portion:
        yield portion


def _reached(row: Row[Any]) -> Reached:
    was = ItemState(row.was) if row.was else None
    return Reached(
        row.id, was, ItemState(row.reached), row.at, ItemState(row.now), row.amount_minor, row.asset, row.debit_role,
        row.end_to_end_id or "", row.order_id, row.desk, row.flag, row.name, row.iban, row.note,
    )  # fmt: skip
