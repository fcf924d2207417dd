"""What clearing asks of taps: a terminal batch's items, and what waits for a cycle or is in one."""

from collections.abc import Collection
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, and_, exists, or_, select, update

from gateway.services.taps.model import Taking, TakingKind, Tap
from gateway.services.taps.refund_rules import RefundKind, RefundState, Source
from gateway.services.taps.rows import tap_of
from gateway.services.taps.rules import TapState
from gateway.services.taps.tables import refunds, taps
from gateway.store import Store


class Takings:
    """Taps and refunds as clearing counts them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def takings(self, terminal_id: str, batch_number: str) -> list[Taking]:
        """What a terminal's batch holds, as the terminal counts it: captured purchases and refunds, in order of time.

        Offline purchases that found no money are in it: their terminal was told that they are taken.
        """
        mine = and_(taps.c.terminal_id == terminal_id, taps.c.batch_number == batch_number)
        counted = or_(taps.c.captured_at != None, taps.c.capture_minor > 0)  # noqa: E711 - a column's comparison
        gone = taps.c.state.in_((TapState.DECLINED, TapState.VOIDED))
        bought = [_purchase(tap_of(row)) for row in await self._store.read(select(taps).where(mine, counted, ~gone))]
        own = and_(refunds.c.terminal_id == terminal_id, refunds.c.batch_number == batch_number)
        paid = and_(refunds.c.kind == RefundKind.REFUND, refunds.c.state != RefundState.REFUSED)
        back = [_refund(row) for row in await self._store.read(select(refunds).where(own, paid))]
        return sorted(bought + back, key=lambda one: one.id[4:])

    async def unsettled(
        self, cut: datetime, merchant_id: str = "", *, after: str = "", limit: int = 1000
    ) -> list[Taking]:
        """What was captured before `cut` and is in no cycle, purchases and then refunds, by id from behind `after`.

        A purchase of which nothing is left, or of which something is just going back, is not among them. Of refunds
        those that came out of the payable account: the others have lowered their purchases. A refund that was taken
        back after it was settled is a purchase anew, with its original.
        """
        found: list[Taking] = []
        if not after.startswith("tap_"):
            paid = and_(refunds.c.cycle_id == "", _goes_back(), refunds.c.changed_at < cut)
            counts = or_(refunds.c.source == Source.PAYABLE, refunds.c.kind == RefundKind.RESTORED)
            stands = refunds.c.reversal == False  # noqa: E712 - a column's comparison
            query = select(refunds).where(paid, counts, stands, _whose(refunds, merchant_id), refunds.c.id > after)
            found = [_refund(row) for row in await self._store.read(query.order_by(refunds.c.id).limit(limit))]
        if len(found) < limit:
            due = and_(taps.c.cycle_id == "", taps.c.captured_at < cut, _free())
            behind = after if after.startswith("tap_") else ""
            query = select(taps).where(due, _whose(taps, merchant_id), taps.c.id > behind)
            rows = await self._store.read(query.order_by(taps.c.id).limit(limit - len(found)))
            found += [_purchase(tap_of(row)) for row in rows]
        return found

    async def mark(self, ids: Collection[str], cycle_id: str) -> list[str]:
        """Take them for a cycle: those that were free, or are this cycle's already. From now on their amounts stand.

        `settling` has the amounts; one that was told before may have been lowered by a refund meanwhile.
        """
        return await self._store.write(partial(_mark, ids=sorted(ids), cycle_id=cycle_id))

    async def settling(self, cycle_id: str, *, after: str = "", limit: int = 1000) -> list[Taking]:
        """What a cycle took, with the amounts that it took, refunds and then purchases, by id from behind `after`."""
        back = select(refunds).where(refunds.c.cycle_id == cycle_id, refunds.c.id > after)
        found = [_refund(row) for row in await self._store.read(back.order_by(refunds.c.id).limit(limit))]
        if len(found) < limit:
            bought = select(taps).where(taps.c.cycle_id == cycle_id, taps.c.id > (after if after > "tap_" else ""))
            rows = await self._store.read(bought.order_by(taps.c.id).limit(limit - len(found)))
            found += [_purchase(tap_of(row)) for row in rows]
        return found


def _whose(of: Table, merchant_id: str) -> ColumnElement[bool]:
    return of.c.merchant_id == merchant_id if merchant_id else of.c.merchant_id != ""


def _free() -> Any:  # noqa: ANN401 - SQLAlchemy's expression type is private
    left = taps.c.capture_minor > taps.c.undone_minor + taps.c.refunded_minor
    going = and_(refunds.c.tap_id == taps.c.id, refunds.c.unfinished == True)  # noqa: E712 - a column's comparison
    settled = and_(taps.c.state == TapState.CAPTURED, taps.c.unfinished == False)  # noqa: E712 - a comparison
    return and_(settled, left, ~exists(select(refunds.c.id).where(going)))


def _goes_back() -> ColumnElement[bool]:
    """What was paid back, and what reversals promise: a cycle keeps that much, and its fee share helps to pay it."""
    promised = and_(refunds.c.kind == RefundKind.REVERSAL, refunds.c.state == RefundState.PENDING)
    return or_(refunds.c.state == RefundState.PAID, promised)


def _mark(tx: Connection, ids: list[str], cycle_id: str) -> list[str]:
    of = {prefix: [one for one in ids if one.startswith(prefix)] for prefix in ("tap_", "rfd_")}
    if of["tap_"]:
        _lock(tx, taps, of["tap_"])
        left = taps.c.capture_minor - taps.c.undone_minor - taps.c.refunded_minor
        free = update(taps).where(taps.c.id.in_(of["tap_"]), taps.c.cycle_id == "", _free())
        tx.execute(free.values(cycle_id=cycle_id, settled_minor=left))
    if of["rfd_"]:
        _lock(tx, refunds, of["rfd_"])
        paid = and_(_goes_back(), refunds.c.reversal == False)  # noqa: E712 - a column's comparison
        free = update(refunds).where(refunds.c.id.in_(of["rfd_"]), refunds.c.cycle_id == "", paid)
        tx.execute(free.values(cycle_id=cycle_id))
    taken: list[str] = []
    for table, prefix in ((taps, "tap_"), (refunds, "rfd_")):
        mine = select(table.c.id).where(table.c.id.in_(of[prefix]), table.c.cycle_id == cycle_id)
        taken += tx.execute(mine.order_by(table.c.id)).scalars()
    return taken


def _lock(tx: Connection, of: Table, ids: list[str]) -> None:
    tx.execute(select(of.c.id).where(of.c.id.in_(ids)).order_by(of.c.id).with_for_update(key_share=True)).all()


def _purchase(tap: Tap) -> Taking:
    whole = tap.capture_minor
    return Taking(
        id=tap.id,
        kind=TakingKind.PURCHASE,
        terminal_id=tap.terminal_id,
        merchant_id=tap.merchant_id,
        stan=tap.stan,
        rrn=tap.rrn,
        approval=tap.approval,
        batch_number=tap.batch_number,
        amount_minor=whole if tap.reversal else min(whole, tap.keep_minor),
        settles_minor=tap.settled_minor if tap.cycle_id else tap.net_minor,
        reversed=tap.reversal,
        state=tap.state,
        original_id="",
        cycle_id=tap.cycle_id,
        taken_at=tap.captured_at or tap.made_at,
    )


def _refund(row: Row[Any]) -> Taking:
    restored = row.kind == RefundKind.RESTORED
    return Taking(
        id=row.id,
        kind=TakingKind.PURCHASE if restored else TakingKind.REFUND,
        terminal_id=row.terminal_id,
        merchant_id=row.merchant_id,
        stan=row.stan,
        rrn=row.rrn,
        approval=row.approval,
        batch_number=row.batch_number if row.kind == RefundKind.REFUND else "",
        amount_minor=row.amount_minor,
        settles_minor=row.amount_minor if restored or row.source == Source.PAYABLE else 0,
        reversed=row.reversal,
        state=row.state,
        original_id=row.tap_id,
        cycle_id=row.cycle_id,
        taken_at=row.changed_at,
    )
