"""Breaks as people look at them: lists, ages, sums, and what has been posted for them."""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Column, Select, func, select

from gateway.services.breaks.book import Book, break_of
from gateway.services.breaks.model import AgeLine, Break, BreakState, TotalLine
from gateway.services.breaks.tables import BOOKED, BREAKS, OVERDUE, STANDING
from wallet.reconciliation import Bucket, bucket
from wallet.reconciliation.rows import BreakType, Row, Side

PAGE = 500
COUNTED_S = 30
STANDS = BREAKS.c.state != BreakState.RESOLVED.value


class Views(Book):
    """Reads over all of them."""

    async def breaks(
        self,
        *,
        flow: str = "",
        state: BreakState | None = None,
        standing: bool = False,
        bucket: Bucket | None = None,
        owner: str | None = None,
        type: BreakType | None = None,  # noqa: A002 - what the column is called everywhere
        limit: int,
        after: str = "",
    ) -> list[Break]:
        """Breaks, oldest first, from after id `after`; an empty `owner` asks for those that nobody looks after."""
        query = select(BREAKS).where(BREAKS.c.id > after)
        chosen = {"flow": flow, "state": state.value if state else "", "type": type.value if type else ""}
        for name, value in chosen.items():
            query = query.where(BREAKS.c[name] == value) if value else query
        query = query if owner is None else query.where(BREAKS.c.owner == owner)
        query = query.where(STANDS) if standing else query
        if bucket is not None:
            query = query.where(STANDS, BREAKS.c.opened_on.in_(await self._days_of(bucket)))
        return [break_of(row) for row in await self._store.read(query.order_by(BREAKS.c.id).limit(limit))]

    async def ageing(self, flow: str = "") -> list[AgeLine]:
        """What stands open by age and asset; each asset that has any has every age."""
        query = self._sums(BREAKS.c.asset, BREAKS.c.opened_on, flow=flow).where(STANDS)
        today, lines = self._today(), dict[tuple[str, Bucket], tuple[int, int]]()
        for row in await self._store.read(query):
            lines |= {(row.asset, one): (0, 0) for one in Bucket if (row.asset, one) not in lines}
            key = (row.asset, bucket(row.opened_on, today))
            count, minor = lines[key]
            lines[key] = count + row.count_, minor + int(row.minor_)
        order = list(Bucket)
        found = [AgeLine(step, asset, *sums) for (asset, step), sums in lines.items()]
        return sorted(found, key=lambda line: (line.asset, order.index(line.bucket)))

    async def unsigned(self, through: date, *, limit: int) -> list[Break]:
        """Breaks that were opened by a day and that nobody answers for, oldest first.

        They are not explained, and have no owner, or should have been dealt with by that day.
        """
        nobodys = (BREAKS.c.owner == "") | (BREAKS.c.due_on <= through)
        query = (
            select(BREAKS)
            .where(BREAKS.c.state == BreakState.OPEN.value, nobodys, BREAKS.c.opened_on <= through)
            .order_by(BREAKS.c.id)
            .limit(limit)
        )
        return [break_of(row) for row in await self._store.read(query)]

    async def totals(self, flow: str = "") -> list[TotalLine]:
        """All breaks by flow, type, state and asset."""
        columns = (BREAKS.c.flow, BREAKS.c.type, BREAKS.c.state, BREAKS.c.asset)
        query = self._sums(*columns, flow=flow).order_by(*columns)
        return [
            TotalLine(row.flow, BreakType(row.type), BreakState(row.state), row.asset, row.count_, int(row.minor_))
            for row in await self._store.read(query)
        ]

    async def booked(self, flow: str, side: Side, first: date, through: date) -> AsyncIterator[Sequence[Row]]:
        """What was posted for breaks of a flow on these days, in pages of rows of one side, as the flow counts it.

        The ledger's rows of the flow `bank` are also what moves the trust account: one of the two is read, never both.
        Rows of the rail say that its book counts as what two people have agreed to; no rail says so itself.
        """
        minor = _minor_of(side)
        days = (BOOKED.c.on >= first) & (BOOKED.c.on <= through) & (minor != 0)
        query = select(BOOKED).where(BOOKED.c.flow == flow, days).order_by(BOOKED.c.transfer_id).limit(PAGE)
        after = ""
        while rows := await self._store.read(query.where(BOOKED.c.transfer_id > after)):
            after = rows[-1].transfer_id
            yield [_row(row, side) for row in rows]

    async def booked_again(self, flow: str, side: Side, ids: Collection[str]) -> list[Row]:
        """Those of these transfers that were posted for breaks of a flow, in the same form."""
        wanted, found = sorted(set(ids)), list[Row]()
        for start in range(0, len(wanted), PAGE):
            mine = BOOKED.c.transfer_id.in_(wanted[start : start + PAGE])
            query = select(BOOKED).where(BOOKED.c.flow == flow, _minor_of(side) != 0, mine)
            found += [_row(row, side) for row in await self._store.read(query)]
        return found

    async def _days_of(self, step: Bucket) -> list[date]:
        today = self._today()
        rows = await self._store.read(select(BREAKS.c.opened_on).where(STANDS).distinct())
        return [row.opened_on for row in rows if bucket(row.opened_on, today) is step]

    def _sums(self, *columns: Any, flow: str) -> Select[Any]:  # noqa: ANN401 - SQLAlchemy's columns
        sums = (func.count().label("count_"), func.sum(func.abs(BREAKS.c.minor)).label("minor_"))
        query = select(*columns, *sums).group_by(*columns)
        return query.where(BREAKS.c.flow == flow) if flow else query

    async def _measure(self) -> None:
        """Tell the metrics, now and then."""
        now = self._clock.now()
        if self._measured_at is not None and now < self._measured_at + timedelta(seconds=COUNTED_S):
            return
        self._measured_at = now
        metrics, lines = self._parts.metrics, await self.ageing()
        metrics.breaks.clear()
        metrics.breaks_minor.clear()
        for line in lines:
            metrics.breaks.labels(line.bucket.value, line.asset).set(line.count)
            metrics.breaks_minor.labels(line.bucket.value, line.asset).set(line.minor)
        query = select(func.count()).select_from(BREAKS).where(STANDING, OVERDUE)
        metrics.breaks_overdue.set((await self._store.read(query))[0][0])


def _minor_of(side: Side) -> Column[int]:
    assert side is not Side.BANK, "no bank books for a break"
    return BOOKED.c.minor if side is Side.LEDGER else BOOKED.c.rail_minor


def _row(row: Any, side: Side) -> Row:  # noqa: ANN401 - SQLAlchemy's row
    minor = row.minor if side is Side.LEDGER else row.rail_minor
    return Row(
        side, row.transfer_id, minor, row.asset, row.on, row.on, reference=row.break_id, back=bool(row.undoes),
        undoes=row.undoes,
    )  # fmt: skip
