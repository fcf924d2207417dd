"""Batches as they are stored, and what every verb needs at hand."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, func, insert, or_, select, update

from gateway.observe import Metrics
from gateway.services.payouts.answers import PayoutOutcome, RowFault
from gateway.services.payouts.model import (
    OPEN_STATES,
    PAID_STATES,
    BadRow,
    Batch,
    BatchState,
    Change,
    Debit,
    Declared,
    Item,
    ItemState,
    PayoutResult,
    Progress,
    Rail,
    Tally,
)
from gateway.services.payouts.ports import Banking, Directory, Ledger, Mapper, Proposals, Signing, Source
from gateway.services.payouts.tables import BAD_ROWS, BATCHES, BY_BANK, CHANGES, ITEMS
from gateway.services.telling import Teller
from gateway.settings import Settings
from gateway.store import Store
from wallet.accounts import Chart
from wallet.clock import Clock
from wallet.money import ASSETS, Asset, Money
from wallet.transfers import TransferCode

FILE = "file"
STAFF, LEDGER, SWEEP = "staff", "ledger", "sweep"
"""Sources of a change that need no more words."""
SHOWN_MAX = 1000
MAY_BE_PAID = OPEN_STATES | {ItemState.RECEIVED, ItemState.HELD}


@dataclass(frozen=True, slots=True)
class Parts:
    """What payouts are made of; `sources` by the name that a batch has in `source`."""

    store: Store
    clock: Clock
    ledger: Ledger
    chart: Chart
    directory: Directory
    mapper: Mapper
    proposals: Proposals
    signing: Signing
    banking: Banking
    teller: Teller
    sources: Mapping[str, Source]
    settings: Settings
    metrics: Metrics


class Book:
    """Batches, items and what happened to them."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._store = parts.store
        self._clock = parts.clock
        self._ledger = parts.ledger
        self._chart = parts.chart
        self._settings = parts.settings
        self._zone = ZoneInfo(parts.settings.zone)

    async def by_id(self, batch_id: str) -> Batch | None:
        """The batch with this id."""
        rows = await self._store.read(select(BATCHES).where(BATCHES.c.id == batch_id))
        return batch_of(rows[0]) if rows else None

    async def by_number(self, number: int) -> Batch | None:
        """The batch that people call B and this number."""
        rows = await self._store.read(select(BATCHES).where(BATCHES.c.number == number))
        return batch_of(rows[0]) if rows else None

    async def list_batches(self, *, limit: int, before: str = "", state: BatchState | None = None) -> list[Batch]:
        """Batches, newest first, of ids before `before`; in one state, or in any."""
        query = select(BATCHES).order_by(BATCHES.c.id.desc()).limit(limit)
        if before:
            query = query.where(BATCHES.c.id < before)
        if state is not None:
            query = query.where(BATCHES.c.state == state.value)
        return [batch_of(row) for row in await self._store.read(query)]

    async def item(self, item_id: str) -> Item | None:
        """The item with this id."""
        rows = await self._items(ITEMS.c.id == item_id, 1)
        return rows[0] if rows else None

    async def items(
        self,
        batch_id: str,
        *,
        limit: int,
        after: int = 0,
        states: frozenset[ItemState] = frozenset(),
        flagged: bool = False,
        text: str = "",
    ) -> list[Item]:
        """Items in order of their places, from after place `after`; in some states, or in all; flagged ones alone.

        `text` is how a reference or a payee's name begins, or a whole EndToEndId.
        """
        which = (ITEMS.c.batch_id == batch_id) & (ITEMS.c.seq > after)
        if states:
            which &= ITEMS.c.state.in_(sorted(states))
        if flagged:
            which &= ITEMS.c.flag != ""
        if text:
            begins = [column.startswith(text, autoescape=True) for column in (ITEMS.c.reference, ITEMS.c.name)]
            which &= or_(*begins, ITEMS.c.end_to_end_id == text)
        return await self._items(which, limit)

    async def are_open(self, ids: Collection[str], end_to_end_ids: Collection[str], orders: Collection[str]) -> bool:
        """Whether one of these items may still be paid: by id, by EndToEndId, or by the order that it went out with."""
        asked = ((ITEMS.c.id, ids), (ITEMS.c.end_to_end_id, end_to_end_ids), (ITEMS.c.order_id, orders))
        for column, names in asked:
            wanted = sorted(set(names))
            for start in range(0, len(wanted), SHOWN_MAX):
                mine = column.in_(wanted[start : start + SHOWN_MAX]) & ITEMS.c.state.in_(sorted(MAY_BE_PAID))
                mine = mine & BY_BANK if column is ITEMS.c.order_id else mine
                if await self._store.read(select(ITEMS.c.id).where(mine).limit(1)):
                    return True
        return False

    async def paid_to(self, person_id: str, *, limit: int = 20) -> list[Item]:
        """What was paid or is to be paid to a person, newest first."""
        query = select(ITEMS, BATCHES.c.asset).join(BATCHES, BATCHES.c.id == ITEMS.c.batch_id)
        query = query.where(ITEMS.c.person_id == person_id).order_by(ITEMS.c.id.desc()).limit(limit)
        return [item_of(row) for row in await self._store.read(query)]

    async def bad_rows(self, batch_id: str, *, limit: int, after: int = 0) -> list[BadRow]:
        """Lines that were not taken, from after line `after`."""
        query = select(BAD_ROWS).where(BAD_ROWS.c.batch_id == batch_id, BAD_ROWS.c.line > after)
        rows = await self._store.read(query.order_by(BAD_ROWS.c.line).limit(limit))
        return [BadRow(row.line, row.column, RowFault(row.fault), row.about) for row in rows]

    async def history(self, batch_id: str) -> list[Change]:
        """Everything that happened to the batch itself, oldest first."""
        query = select(CHANGES).where(CHANGES.c.batch_id == batch_id, CHANGES.c.first == 0)
        return [_change_of(row) for row in await self._store.read(query.order_by(CHANGES.c.number))]

    async def item_history(self, item: Item) -> list[Change]:
        """Everything that happened to an item since it was loaded, oldest first."""
        span = (CHANGES.c.first <= item.seq) & (CHANGES.c.last >= item.seq) & (CHANGES.c.first > 0)
        query = select(CHANGES).where(CHANGES.c.batch_id == item.batch_id, span, CHANGES.c.rail.in_(("", item.rail)))
        told: list[Change] = []
        state = ""
        for row in await self._store.read(query.order_by(CHANGES.c.number)):
            if row.was == state:
                told.append(_change_of(row))
                state = row.state
        return told

    async def progress(self, batch_id: str) -> Progress | None:
        """How far it is."""
        batch = await self.by_id(batch_id)
        if batch is None:
            return None
        sums = select(ITEMS.c.state, ITEMS.c.rail, func.count(), func.sum(ITEMS.c.amount_minor))
        rows = await self._store.read(
            sums.where(ITEMS.c.batch_id == batch_id).group_by(ITEMS.c.state, ITEMS.c.rail).order_by(ITEMS.c.state)
        )
        asset = batch.total.asset
        tallies = tuple(Tally(ItemState(row[0]), Rail(row[1]), row[2], Money(int(row[3]), asset)) for row in rows)
        paid = sum(one.total.minor for one in tallies if one.state in PAID_STATES)
        still = OPEN_STATES | {ItemState.RECEIVED, ItemState.HELD}
        done = sum(one.count for one in tallies if one.state not in still)
        return Progress(tallies, sum(one.count for one in tallies), done, Money(paid, asset), batch.count + batch.bad)

    async def _items(self, which: Any, limit: int) -> list[Item]:  # noqa: ANN401 - SQLAlchemy's condition
        query = select(ITEMS, BATCHES.c.asset).join(BATCHES, BATCHES.c.id == ITEMS.c.batch_id).where(which)
        return [item_of(row) for row in await self._store.read(query.order_by(ITEMS.c.id).limit(limit))]

    async def _row(self, batch_id: str) -> Row[Any] | None:
        rows = await self._store.read(select(BATCHES).where(BATCHES.c.id == batch_id))
        return rows[0] if rows else None

    async def _move(
        self,
        batch_id: str,
        allowed: frozenset[BatchState],
        state: BatchState,
        *,
        reason: str = "",
        source: str = STAFF,
        staff_id: str = "",
        **values: object,
    ) -> PayoutResult:
        """Bring a batch into `state` from one of the allowed ones, and write that down."""
        now = self._clock.now()

        def work(tx: Connection) -> PayoutResult:
            row = held(tx, batch_id)
            if row is None:
                return PayoutResult(PayoutOutcome.UNKNOWN)
            if row.state not in allowed:
                return PayoutResult(PayoutOutcome.WRONG_STATE)
            log = Log(tx, row, source, now, staff_id)
            log.batch(state, reason, **values)
            return PayoutResult(PayoutOutcome.OK)

        return await self._store.write(work)


Moved = tuple[int, int, str, str, str, str]
"""First and last place, rail, what it was, what it is, why."""


class Log:
    """Writes changes of a batch and its items inside a unit of work that holds the batch's row."""

    def __init__(self, tx: Connection, row: Row[Any], source: str, at: datetime, staff_id: str = "") -> None:
        self._tx = tx
        self._row = row
        self._state = str(row.state)
        self._number = int(row.changes)
        self._same = {"batch_id": row.id, "source": source, "staff_id": staff_id, "at": at}

    def batch(self, state: BatchState, reason: str = "", **values: object) -> None:
        """The batch comes into `state`, with these columns."""
        self.items(0, 0, "", self._state, state.value, reason)
        self._state = state.value
        self._tx.execute(update(BATCHES).where(BATCHES.c.id == self._row.id).values(state=state.value, **values))

    def items(self, first: int, last: int, rail: str, was: str, state: str, reason: str = "") -> None:
        """Items `first` to `last` on this rail that stood in `was` come into `state`; the caller changes their rows."""
        self.many([(first, last, rail, was, state, reason)])

    def many(self, changes: Sequence[Moved], sources: Sequence[str] = ()) -> None:
        """The same, many at once; each with a source of its own, if they are given."""
        if not changes:
            return
        names = ("first", "last", "rail", "was", "state", "reason")
        rows: list[dict[str, object]] = [
            {**self._same, "number": number, **dict(zip(names, change, strict=True))}
            for number, change in enumerate(changes, start=self._number + 1)
        ]
        for row, source in zip(rows, sources, strict=False):
            row["source"] = source
        self._tx.execute(insert(CHANGES), rows)
        self._number += len(rows)
        self._tx.execute(update(BATCHES).where(BATCHES.c.id == self._row.id).values(changes=self._number))


def held(tx: Connection, batch_id: str) -> Row[Any] | None:
    """The batch's row, held until the unit of work is over: whatever moves a batch or its items holds it."""
    return tx.execute(select(BATCHES).where(BATCHES.c.id == batch_id).with_for_update(key_share=True)).one_or_none()


def change(tx: Connection, batch_id: str, **values: object) -> None:
    """Write these columns; the caller holds the row."""
    tx.execute(update(BATCHES).where(BATCHES.c.id == batch_id).values(**values))


def asset_of(row: Row[Any]) -> Asset:
    """The asset of a batch's row."""
    return ASSETS[row.asset]


def batch_of(row: Row[Any]) -> Batch:
    """The batch in a row."""
    asset = asset_of(row)
    special: dict[str, Any] = {
        "state": BatchState(row.state),
        "debit": Debit(row.debit_role, row.debit_owner),
        "declared": Declared(**row.declared),
        "count": row.item_count,
        "total": Money(row.total_minor, asset),
        "manifest_total": Money(row.manifest_minor, asset),
    }
    plain = {name: getattr(row, name) for name in Batch.__dataclass_fields__ if name not in special}
    return Batch(**plain, **special)


def item_of(row: Row[Any]) -> Item:
    """The item in a row, which has its batch's asset besides."""
    special: dict[str, Any] = {
        "rail": Rail(row.rail),
        "amount": Money(row.amount_minor, ASSETS[row.asset]),
        "debit": Debit(row.debit_role, row.debit_owner),
        "code": TransferCode(row.code),
        "state": ItemState(row.state),
        "end_to_end_id": row.end_to_end_id or "",
    }
    plain = {name: getattr(row, name) for name in Item.__dataclass_fields__ if name not in special}
    return Item(**plain, **special)


def _change_of(row: Row[Any]) -> Change:
    return Change(**{name: getattr(row, name) for name in Change.__dataclass_fields__})
