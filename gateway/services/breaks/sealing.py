"""What of breaks is sealed with a day: rows that are only added, each by its name and the hash of all it says."""

import hashlib
import json
from collections.abc import AsyncIterator
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Row, Table, select, tuple_

from gateway.services.breaks.desk import Desk
from gateway.services.breaks.tables import BOOKED, EVIDENCE, HISTORY
from wallet.clock import to_us

PAGE = 500


class Sealing(Desk):
    """A day's leaves."""

    async def seal(self, through: date) -> AsyncIterator[tuple[str, bytes]]:
        """Name and SHA-256 of each row of this business day: what happened, files that came, what was posted.

        What happened says what the break was then: state, owner, reason, amount and due day. Asked again, no row is
        missing and none says anything else; there may be more, if the day was not over.
        """
        begins = datetime.combine(through, time(), self._zone)
        ends = datetime.combine(through + timedelta(days=1), time(), self._zone)
        for table, number in ((HISTORY, "seq"), (EVIDENCE, "number")):
            async for row in self._rows_of(table, number, begins, ends):
                yield f"{table.name}:{row.break_id}:{getattr(row, number)}", leaf(table, row)
        after = ""
        query = select(BOOKED).where(BOOKED.c.on == through).order_by(BOOKED.c.transfer_id).limit(PAGE)
        while rows := await self._store.read(query.where(BOOKED.c.transfer_id > after)):
            after = rows[-1].transfer_id
            for row in rows:
                yield f"{BOOKED.name}:{row.transfer_id}", leaf(BOOKED, row)

    async def _rows_of(self, table: Table, number: str, begins: datetime, ends: datetime) -> AsyncIterator[Row[Any]]:
        key = (table.c.at, table.c.break_id, table.c[number])
        query = select(table).where(table.c.at >= begins, table.c.at < ends).order_by(*key).limit(PAGE)
        # Files are large, so that few are held at once.
        query = query.limit(4) if table is EVIDENCE else query
        rows = await self._store.read(query)
        while rows:
            for row in rows:
                yield row
            last = rows[-1]
            kinds = [one.type for one in key]
            after = tuple_(*key) > tuple_(last.at, last.break_id, getattr(last, number), types=kinds)
            rows = await self._store.read(query.where(after))


def leaf(table: Table, row: Row[Any]) -> bytes:
    """The hash of everything that a row says, by the names of its columns; of a file, of its octets too."""
    told = {column.name: _told(getattr(row, column.name)) for column in table.c}
    return hashlib.sha256(json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).digest()


def _told(value: Any) -> Any:  # noqa: ANN401 - whatever a column holds
    if isinstance(value, datetime):
        return to_us(value)
    if isinstance(value, date):
        return value.isoformat()
    return hashlib.sha256(bytes(value)).hexdigest() if isinstance(value, bytes | memoryview) else value
