"""Taps and refunds as staff see them: live, one by one, and what waits for somebody."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select

from gateway.services.taps import refund_journal
from gateway.services.taps.checks import checks_of
from gateway.services.taps.model import Live, Refund, Tap
from gateway.services.taps.refund_rules import RefundState
from gateway.services.taps.rows import refund_of, tap_of
from gateway.services.taps.rules import TapState, Verdict
from gateway.services.taps.tables import attempts, refunds, taps
from gateway.store import Store
from wallet.money import irr

REFUSED = "refused"
"""State of what became no tap."""


class TapViews:
    """What staff ask."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def tap(self, tap_id: str) -> Tap | None:
        """The tap with this id."""
        rows = await self._store.read(select(taps).where(taps.c.id == tap_id))
        return tap_of(rows[0]) if rows else None

    async def refund(self, refund_id: str) -> Refund | None:
        """The refund with this id."""
        rows = await self._store.read(select(refunds).where(refunds.c.id == refund_id))
        return refund_of(rows[0]) if rows else None

    async def refunds_of(self, tap_id: str) -> list[Refund]:
        """All that goes back of a tap, oldest first."""
        query = select(refunds).where(refunds.c.tap_id == tap_id).order_by(refunds.c.id)
        return [refund_of(row) for row in await self._store.read(query)]

    async def recent(self, limit: int, before: str = "~") -> list[Tap]:
        """Taps with a good cryptogram, newest first, of ids below `before`."""
        query = select(taps).where(taps.c.id < before).order_by(taps.c.id.desc()).limit(limit)
        return [tap_of(row) for row in await self._store.read(query)]

    async def live(
        self, limit: int, before: str = "", *, verdict: Verdict | None = None, terminal_id: str = ""
    ) -> list[Live]:
        """Authorisations, approved and refused, newest first; `before` is the id of a line, to go on behind it."""
        digits = before.rpartition("_")[2] or "~"
        found: list[Live] = []
        for table, prefix in ((taps, "tap_"), (attempts, "att_")):
            query: Select[Any] = select(table).where(table.c.id < prefix + digits)
            if verdict is not None:
                query = query.where(table.c.verdict == verdict)
            if terminal_id:
                query = query.where(table.c.terminal_id == terminal_id)
            found += map(_live, await self._store.read(query.order_by(table.c.id.desc()).limit(limit)))
        return sorted(found, key=lambda one: one.id[4:], reverse=True)[:limit]

    async def unpaid(self, limit: int, before: str = "~") -> list[Tap]:
        """Taps whose goods are gone and whose money was not found, newest first."""
        mine = select(taps).where(taps.c.state == TapState.UNPAID, taps.c.id < before)
        return [tap_of(row) for row in await self._store.read(mine.order_by(taps.c.id.desc()).limit(limit))]

    async def owed(self, limit: int, before: str = "~") -> list[Refund]:
        """Refunds that were taken back and whose money was spent, newest first."""
        mine = select(refunds).where(refunds.c.state == RefundState.OWED, refunds.c.id < before)
        return [refund_of(row) for row in await self._store.read(mine.order_by(refunds.c.id.desc()).limit(limit))]

    async def unfinished(self, before: datetime, *, limit: int) -> list[tuple[str, int, datetime]]:
        """Taps and refunds that stand half done since before a moment, oldest first: id, minor units, since when."""
        found: list[tuple[str, int, datetime]] = []
        for table in (taps, refunds):
            waiting = (table.c.unfinished == True) & (table.c.changed_at < before)  # noqa: E712 - a column's comparison
            query = select(table.c.id, table.c.amount_minor, table.c.changed_at).where(waiting)
            rows = await self._store.read(query.order_by(table.c.changed_at, table.c.id).limit(limit))
            found += [(row.id, row.amount_minor, row.changed_at) for row in rows]
        return sorted(found, key=lambda one: one[2])[:limit]

    async def short(self, limit: int, before: str = "~") -> list[Refund]:
        """Money that goes back and that the ledger refused: the merchant's account has too little. Newest first.

        It is asked again by itself, ever more seldom.
        """
        mine = select(refunds).where(refund_journal.SHORT, refunds.c.id < before)
        return [refund_of(row) for row in await self._store.read(mine.order_by(refunds.c.id.desc()).limit(limit))]


def _live(row: Row[Any]) -> Live:
    fields = row._mapping  # noqa: SLF001 - SQLAlchemy's documented way to columns by name
    return Live(
        id=row.id,
        class_=fields["class"],
        terminal_id=row.terminal_id,
        stan=row.stan,
        rrn=row.rrn,
        amount=irr(row.amount_minor),
        last4=row.last4,
        verdict=Verdict(row.verdict) if row.verdict else None,
        state=fields.get("state", REFUSED),
        checks=checks_of(row.checks),
        at=fields["made_at"] if "made_at" in fields else fields["at"],
    )
