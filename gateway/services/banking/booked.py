"""Lines of statements by day, each movement of an account once: the bank's side of reconciliation."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from sqlalchemy import ColumnElement, func, select

from gateway.services.banking.book import line_of
from gateway.services.banking.effective import RANKS, Family, Sheet, Told, families, merged
from gateway.services.banking.tables import LINES, ORDERS, STATEMENTS, WHOLE
from gateway.store import Store
from wallet.reconciliation import StatementLine

PAGE = 1000
NUMBERS_AT_ONCE = 500
Known = Callable[[Collection[str]], Awaitable[set[str]]]
"""Those of these lines that somebody has read."""
_CLOSING = STATEMENTS.c.root.in_(sorted(RANKS)) & WHOLE


@dataclass(frozen=True, slots=True)
class BookedLine:
    """A movement: in which statement it stood first, on which day the bank has it, of which order it says it is."""

    statement_id: str
    on: date
    line: StatementLine = field(repr=False)
    order: str = ""

    @property
    def id(self) -> str:
        """`stm_…:4`."""
        return f"{self.statement_id}:{self.line.number}"


class BookedLines:
    """Reads them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def newest(self) -> tuple[str, date | None]:
        """A text that is another one when there is another statement, and the last day of any."""
        last = func.max(func.coalesce(STATEMENTS.c.to_on, STATEMENTS.c.order_on), type_=STATEMENTS.c.order_on.type)
        rows = await self._store.read(select(func.count(), func.max(STATEMENTS.c.id), last).where(_CLOSING))
        count, newest, day = rows[0]
        return f"{count}:{newest or ''}", day

    async def between(self, first: date, through: date) -> AsyncIterator[Sequence[BookedLine]]:
        """Lines of these days, in pages."""
        sheets = [sheet for sheet in await self._sheets(first) if sheet.first <= through and sheet.last >= first]
        for family in families(sheets):
            async for page in self._pages(family, lambda day: first <= day <= through):
                yield page

    async def late(self, first: date, known: Known) -> AsyncIterator[Sequence[BookedLine]]:
        """Lines of days before this one that nobody has read in time, in pages; `known` says which lines were.

        A statement whose first line is known was read as a whole. It holds its days against every other form that
        says the same later: a closed day stays as it was told first. What a twin, or another export, adds is late.
        """
        sheets = await self._sheets(None)
        earlier = [sheet for sheet in sheets if sheet.first < first and sheet.lines]
        read = await known([f"{sheet.id}:1" for sheet in earlier])
        told = Told(sheet for sheet in earlier if f"{sheet.id}:1" in read)
        late = {one.id: one for one in earlier if f"{one.id}:1" not in read and not told.whole(one)}
        for family in families(sheets) if late else ():
            if not any(sheet.id in late for sheet in family.sheets):
                continue
            async for page in self._pages(family, lambda day: day < first):
                mine = (one for one in page if (sheet := late.get(one.statement_id)) and not told.has(sheet, one.on))
                some = {one.id: one for one in mine}
                there = await known(list(some))
                yield [one for name, one in some.items() if name not in there]

    async def of(self, ids: Collection[str], *, closed_before: date = date.min) -> Sequence[BookedLine]:
        """Those of these lines that still count; for days before that one whatever richer form has come since."""
        numbers: dict[str, set[int]] = {}
        for name in ids:
            statement_id, _, number = name.rpartition(":")
            if statement_id and number.isdecimal():
                numbers.setdefault(statement_id, set()).add(int(number))
        found: list[BookedLine] = []
        for family in families(await self._sheets(None)) if numbers else ():
            if not numbers.keys() & {sheet.id for sheet in family.sheets}:
                continue
            if len(family.sheets) == 1:
                sheet = family.sheets[0]
                found += await self._numbered(family, sheet, numbers[sheet.id], closed_before)
                continue
            async for page in self._pages(family, lambda _day: True, closed_before):
                found += [one for one in page if one.line.number in numbers.get(one.statement_id, ())]
        return found

    async def _sheets(self, since: date | None) -> list[Sheet]:
        query = select(STATEMENTS).where(_CLOSING).order_by(STATEMENTS.c.id)
        if since is not None:
            query = query.where(STATEMENTS.c.order_on >= since)
        return [
            Sheet(
                row.id, row.account, row.asset, row.root, row.sequence, min(row.from_on or row.order_on, row.order_on),
                row.order_on, row._mapping["count"],  # noqa: SLF001 - public; a row's own `count` counts values
            )
            for row in await self._store.read(query)
        ]  # fmt: skip

    async def _pages(
        self, family: Family, wanted: Callable[[date], bool], closed_before: date = date.min
    ) -> AsyncIterator[Sequence[BookedLine]]:
        if len(family.sheets) == 1:
            sheet = family.sheets[0]
            async for lines in self._lines(sheet.id):
                yield await self._ordered(_counting(family, ((sheet, line) for line in lines), wanted, closed_before))
            return
        # Statements that repeat one another are few: they are read whole.
        texts = [[line async for page in self._lines(sheet.id) for line in page] for sheet in family.sheets]
        named = await asyncio.to_thread(merged, family, texts)
        for begin in range(0, len(named), PAGE):
            yield await self._ordered(_counting(family, named[begin : begin + PAGE], wanted, closed_before))

    async def _lines(self, statement_id: str) -> AsyncIterator[list[StatementLine]]:
        number = 0
        while page := await self._read(statement_id, LINES.c.number > number, PAGE):
            yield page
            number = page[-1].number

    async def _numbered(
        self, family: Family, sheet: Sheet, numbers: Collection[int], closed_before: date
    ) -> list[BookedLine]:
        found: list[BookedLine] = []
        wanted = sorted(numbers)
        for begin in range(0, len(wanted), NUMBERS_AT_ONCE):
            some = wanted[begin : begin + NUMBERS_AT_ONCE]
            lines = await self._read(sheet.id, LINES.c.number.in_(some), len(some))
            named = ((sheet, line) for line in lines)
            found += await self._ordered(_counting(family, named, lambda _day: True, closed_before))
        return found

    async def _ordered(self, page: Sequence[BookedLine]) -> list[BookedLine]:
        """With the order that each names: ours where it names one of ours, since a bank may have names of its own."""
        names = {name for one in page for name in _orders_of(one.line)}
        unsure = any(len(_orders_of(one.line)) > 1 for one in page)
        query = select(ORDERS.c.id).where(ORDERS.c.id.in_(sorted(names)))
        ours = {row.id for row in await self._store.read(query)} if unsure else set()
        return [replace(one, order=_order_of(one.line, ours)) for one in page]

    async def _read(self, statement_id: str, which: ColumnElement[bool], limit: int) -> list[StatementLine]:
        query = select(LINES, STATEMENTS.c.asset).join(STATEMENTS, STATEMENTS.c.id == LINES.c.statement_id)
        query = query.where(LINES.c.statement_id == statement_id, which).order_by(LINES.c.number)
        return [line_of(row) for row in await self._store.read(query.limit(limit))]


def _counting(
    family: Family, named: Iterable[tuple[Sheet, StatementLine]], wanted: Callable[[date], bool], closed_before: date
) -> list[BookedLine]:
    booked = (BookedLine(sheet.id, sheet.day_of(line), line) for sheet, line in named)
    return [one for one in booked if wanted(one.on) and (one.on < closed_before or family.counts(one.on))]


def _orders_of(line: StatementLine) -> list[str]:
    return [name for name in (line.payment_information_id, line.message_id) if name]


def _order_of(line: StatementLine, ours: Collection[str]) -> str:
    names = _orders_of(line)
    return next((name for name in names if name in ours), names[0] if names else "")
