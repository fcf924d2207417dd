"""All books of a flow, read anew: rows of the days that are not closed, and those of groups that are still open."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, literal, select, tuple_

from gateway.services.reconciliation.content import rows_of
from gateway.services.reconciliation.model import BEGINNING, FlowName, Key, Run
from gateway.services.reconciliation.tables import GROUPS, MEMBERS, OPEN
from gateway.services.reconciliation.turns import Turn, Turns
from wallet.reconciliation import Row as BookRow
from wallet.reconciliation import Side, Verdict

PAGE = 2000
AGAIN_AT_ONCE = 500
_LIGHT = (GROUPS.c.id, GROUPS.c.digest, GROUPS.c.sealed_on, GROUPS.c.first_on, GROUPS.c.last_on)
Told = Callable[[int], None]


def untold(_lines: int) -> None:
    """Nobody looks."""


@dataclass(slots=True)
class Books:
    """What was read: rows by book and id, so that none counts twice.

    Attributes:
        first: From this day on.
        through: What lies after it stands only with rows up to it, or if it stood before.
        until: Up to this day.
        rows: Theirs.
    """

    first: date
    through: date
    until: date
    rows: dict[Side, dict[str, BookRow]] = field(default_factory=lambda: {side: {} for side in Side})

    def add(self, page: Collection[BookRow]) -> None:
        """Rows of any book."""
        for row in page:
            self.rows[row.side][row.id] = row

    @property
    def count(self) -> int:
        """Of all books."""
        return sum(map(len, self.rows.values()))

    @property
    def lines(self) -> dict[str, int]:
        """By side."""
        return {side.value: len(rows) for side, rows in self.rows.items()}


@dataclass(slots=True)
class Live:
    """Standing groups that a run may replace.

    Attributes:
        ids: Theirs, by digest.
        outside: Rows of them that lie outside the days that are read.
        after: Rows of them that lie after the run's last day.
    """

    ids: dict[str, str] = field(default_factory=dict)
    outside: set[Key] = field(default_factory=set)
    after: set[Key] = field(default_factory=set)


class Reading(Turns):
    """Reads."""

    async def open_from(self) -> date:
        """The first day that is not closed, BEGINNING where none is."""
        closed = await self._sealed.closed_through() if self._sealed else None
        return closed + timedelta(days=1) if closed else BEGINNING

    async def _read(self, run: Run, told: Told) -> Books:
        """Every book, some days longer than the run is: what was paid at 23:59 was booked after midnight."""
        until = run.through + timedelta(days=self.terms(run.flow).days)
        books = Books(await self.open_from(), run.through, until)
        for side in Side:
            for source in self._sources(run.flow, side):
                async for page in source.rows(books.first, until):
                    books.add(page)
                    told(books.count)
        return books

    async def _live(self, turn: Turn, books: Books) -> Live:
        live, first = Live(), books.first
        generation, closed = turn.generation, first - timedelta(days=1)
        is_open = GROUPS.c.flow == turn.flow.value, OPEN, GROUPS.c.ended > generation, GROUPS.c.made <= generation
        later = GROUPS.c.sealed_on > closed if first > BEGINNING else literal(1) == literal(1)
        matched = (
            GROUPS.c.flow == turn.flow.value,
            GROUPS.c.verdict == Verdict.MATCHED.value,
            GROUPS.c.made <= generation,
            GROUPS.c.ended > generation,
            later,
        )
        for which in (is_open, matched):
            async for page in self._pages(select(*_LIGHT).where(*which)):
                live.ids.update((row.digest, row.id) for row in page)
                apart = [row.id for row in page if row.first_on < first or row.last_on > books.through]
                await self._apart(live, apart, books)
        return live

    async def _pages(self, query: Select[Any]) -> AsyncIterator[Sequence[Row[Any]]]:
        place: tuple[date, str] = (date(1, 1, 1), "")
        ordered = query.order_by(GROUPS.c.sealed_on, GROUPS.c.id).limit(PAGE)
        where = tuple_(GROUPS.c.sealed_on, GROUPS.c.id)
        while page := await self._store.read(ordered.where(where > _edge(place))):
            yield page
            place = (page[-1].sealed_on, page[-1].id)

    async def _apart(self, live: Live, ids: Sequence[str], books: Books) -> None:
        """Rows of these groups that no book is asked for by day, and those after the run's last day."""
        for begin in range(0, len(ids), AGAIN_AT_ONCE):
            query = select(GROUPS.c.content).where(GROUPS.c.id.in_(ids[begin : begin + AGAIN_AT_ONCE]))
            for stored in await self._store.read(query):
                for row in await asyncio.to_thread(rows_of, stored.content):
                    key = (row.side, row.id)
                    if not books.first <= row.on <= books.until:
                        live.outside.add(key)
                    if row.on > books.through:
                        live.after.add(key)

    async def _again(self, flow: FlowName, keys: Collection[Key]) -> list[BookRow]:
        """These rows as their books have them now; one that is gone is not among them."""
        found: list[BookRow] = []
        for side in Side:
            ids = sorted(id_ for of, id_ in keys if of is side)
            for begin in range(0, len(ids), AGAIN_AT_ONCE):
                for source in self._sources(flow, side):
                    found += await source.again(ids[begin : begin + AGAIN_AT_ONCE])
        return found

    async def _settled(self, turn: Turn, first: date) -> set[Key]:
        """Rows of these days that matched groups of closed days have already: they are not looked at again."""
        if first == BEGINNING:
            return set()
        matched = (GROUPS.c.flow == turn.flow.value, GROUPS.c.verdict == Verdict.MATCHED.value)
        stands = (GROUPS.c.made <= turn.generation, GROUPS.c.ended > turn.generation)
        closed = (GROUPS.c.sealed_on < first, GROUPS.c.last_on >= first)
        query = select(MEMBERS.c.side, MEMBERS.c.row_id).join(GROUPS, GROUPS.c.id == MEMBERS.c.group_id)
        rows = await self._store.read(query.where(*matched, *stands, *closed))
        return {(Side(row.side), row.row_id) for row in rows}


def _edge(place: tuple[date, str]) -> ColumnElement[Any]:
    return tuple_(literal(place[0], GROUPS.c.sealed_on.type), literal(place[1], GROUPS.c.id.type))
