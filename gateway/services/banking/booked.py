"""Lines of statements by day, each movement of an account once: the bank's side of reconciliation."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from sqlalchemy import ColumnElement, func, select

from gateway.services.banking.book import line_of
from gateway.services.banking.effective import RANKS, Family, Sheet, families, merged
from gateway.services.banking.tables import LINES, ORDERS, STATEMENTS, WHOLE
from gateway.store import Store
from wallet.reconciliation import StatementLine

PAGE = 1000
LATE = timedelta(days=62)
"""How long after a day a statement of it is looked for."""
NUMBERS_AT_ONCE = 500
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

    async def before(self, first: date) -> Sequence[tuple[str, Sequence[str]]]:
        """Statements of the two months before a day that have lines, each with those of days that it shares.

        Each is named by its first line: who knows that line, or one of the others, has read the statement in time.
        """
        sheets = await self._sheets(first - LATE)
        earlier = [sheet for sheet in sheets if sheet.last < first and sheet.lines]
        named = []
        for one in earlier:
            of_account = (other for other in earlier if (other.account, other.asset) == (one.account, one.asset))
            shared = (other for other in of_account if other.first <= one.last and one.first <= other.last)
            named.append((f"{one.id}:1", [f"{other.id}:1" for other in shared if other.root != one.root]))
        return named

    async def of_statements(self, statement_ids: Collection[str]) -> AsyncIterator[Sequence[BookedLine]]:
        """Everything that these statements say first, whatever its day, in pages."""
        wanted = set(statement_ids)
        for family in families(await self._sheets(None)):
            if wanted & {sheet.id for sheet in family.sheets}:
                async for page in self._pages(family, lambda _day: True):
                    yield [one for one in page if one.statement_id in wanted]

    async def of(self, ids: Collection[str]) -> Sequence[BookedLine]:
        """Those of these lines that still count."""
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
                found += await self._numbered(family, sheet, numbers[sheet.id])
                continue
            async for page in self._pages(family, lambda _day: True):
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

    async def _pages(self, family: Family, wanted: Callable[[date], bool]) -> AsyncIterator[Sequence[BookedLine]]:
        if len(family.sheets) == 1:
            sheet = family.sheets[0]
            async for lines in self._lines(sheet.id):
                yield await self._ordered(_counting(family, ((sheet, line) for line in lines), wanted))
            return
        # Statements that repeat one another are few: they are read whole.
        texts = [[line async for page in self._lines(sheet.id) for line in page] for sheet in family.sheets]
        named = await asyncio.to_thread(merged, family, texts)
        for begin in range(0, len(named), PAGE):
            yield await self._ordered(_counting(family, named[begin : begin + PAGE], wanted))

    async def _lines(self, statement_id: str) -> AsyncIterator[list[StatementLine]]:
        number = 0
        while page := await self._read(statement_id, LINES.c.number > number, PAGE):
            yield page
            number = page[-1].number

    async def _numbered(self, family: Family, sheet: Sheet, numbers: Collection[int]) -> list[BookedLine]:
        found: list[BookedLine] = []
        wanted = sorted(numbers)
        for begin in range(0, len(wanted), NUMBERS_AT_ONCE):
            some = wanted[begin : begin + NUMBERS_AT_ONCE]
            lines = await self._read(sheet.id, LINES.c.number.in_(some), len(some))
            found += await self._ordered(_counting(family, ((sheet, line) for line in lines), lambda _day: True))
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
    family: Family, named: Iterable[tuple[Sheet, StatementLine]], wanted: Callable[[date], bool]
) -> list[BookedLine]:
    booked = (BookedLine(sheet.id, sheet.day_of(line), line) for sheet, line in named)
    return [one for one in booked if wanted(one.on) and family.counts(one.on)]


def _orders_of(line: StatementLine) -> list[str]:
    return [name for name in (line.payment_information_id, line.message_id) if name]


def _order_of(line: StatementLine, ours: Collection[str]) -> str:
    names = _orders_of(line)
    return next((name for name in names if name in ours), names[0] if names else "")
