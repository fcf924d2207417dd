"""What of breaks is sealed with a day: rows that are only added, and how each break stood after them."""

import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, func, select, tuple_

from gateway.services.breaks.book import TOLD
from gateway.services.breaks.desk import Desk
from gateway.services.breaks.tables import BOOKED, BREAKS, EVIDENCE, HISTORY, POSTINGS
from gateway.store.octets import CONTRADICTS, Dated, octets, octets_of, row_leaf, text_of
from wallet.periods import ends_at, starts_at

PAGE = 500
SEALED = (
    Dated(HISTORY, HISTORY.c.at),
    Dated(EVIDENCE, EVIDENCE.c.at, page=4),
    # The sweep may have to link what was posted on a later day.
    Dated(POSTINGS, POSTINGS.c.finished_at, but=frozenset({"due_at"})),
)


class Sealing(Desk):
    """A day's leaves."""

    async def seal(self, through: date) -> AsyncIterator[tuple[str, bytes]]:
        """Name and leaf of each row of this business day: what happened, files, what was posted, how breaks stood.

        What happened says what the break was then: state, owner, reason, amount and due day. Asked again once the day
        is over, the same rows say the same.
        """
        begins, ends = starts_at(through, self._zone), ends_at(through, self._zone)
        for part in SEALED:
            async for leaf in part.leaves(self._store, begins, ends):
                yield leaf
        async for leaf in self._booked_in(begins, ends):
            yield leaf
        async for leaf in self._stood(begins, ends):
            yield leaf

    async def _booked_in(self, begins: datetime, ends: datetime) -> AsyncIterator[tuple[str, bytes]]:
        """What stands in the ledger, by the moment at which its posting was finished."""
        names, after = [column.name for column in BOOKED.columns], ""
        mine = octets_of(BOOKED).join(POSTINGS, POSTINGS.c.id == BOOKED.c.posting_id)
        mine = mine.where(POSTINGS.c.finished_at >= begins, POSTINGS.c.finished_at < ends)
        query = mine.order_by(BOOKED.c.transfer_id).limit(PAGE)
        while rows := await self._store.read(query.where(BOOKED.c.transfer_id > after)):
            for row in rows:
                yield f"{BOOKED.name}:{text_of(row.transfer_id)}", row_leaf(BOOKED.name, names, row)
            if (last := text_of(rows[-1].transfer_id)) == after:
                return
            after = last

    async def _stood(self, begins: datetime, ends: datetime) -> AsyncIterator[tuple[str, bytes]]:
        """Each break to which something happened, as it stood at the end; its own row, while nothing came since."""
        last = select(octets(HISTORY.c.break_id), func.max(HISTORY.c.seq).label("seq")).group_by(HISTORY.c.break_id)
        within = last.where(HISTORY.c.at >= begins, HISTORY.c.at < ends).order_by(HISTORY.c.break_id).limit(PAGE)
        after = ""
        while rows := await self._store.read(within.where(HISTORY.c.break_id > after)):
            ids = [text_of(row.break_id) for row in rows]
            newest = {row.break_id: row.seq for row in await self._store.read(last.where(HISTORY.c.break_id.in_(ids)))}
            said = await self._said([(id_, row.seq) for id_, row in zip(ids, rows, strict=True)])
            mine = octets_of(BREAKS, "id", *TOLD).where(BREAKS.c.id.in_(ids))
            own = {row.id: _columns(row) for row in await self._store.read(mine)}
            for row in rows:
                told = said.get(row.break_id, {})
                if row.break_id in own:
                    agrees = newest[row.break_id] != row.seq or own[row.break_id] == told
                    yield f"{BREAKS.name}:{text_of(row.break_id)}", _leaf(told) if agrees else CONTRADICTS
            if ids[-1] == after:
                return
            after = ids[-1]

    async def _said(self, places: Sequence[tuple[str, int]]) -> dict[bytes, dict[str, str]]:
        """What rows of the history tell, by the break; nothing of those that cannot be read any more."""
        mine = tuple_(HISTORY.c.break_id, HISTORY.c.seq).in_(places)
        found: dict[bytes, dict[str, str]] = {}
        for row in await self._store.read(octets_of(HISTORY, "break_id", "after").where(mine)):
            with suppress(ValueError):
                found[row.break_id] = {name: str(value) for name, value in dict(json.loads(row.after)).items()}
        return found


def _columns(row: Row[Any]) -> dict[str, str]:
    return {name: text_of(getattr(row, name)) for name in TOLD}


def _leaf(said: dict[str, str]) -> bytes:
    return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).digest()
