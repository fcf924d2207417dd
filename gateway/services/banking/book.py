"""What every verb of banking has at hand, and the lists that staff read."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, Select, literal, select, tuple_

from gateway.observe import Metrics
from gateway.services.banking import series
from gateway.services.banking.folder import OutFolder
from gateway.services.banking.model import (
    BankOrder,
    FileRow,
    FileState,
    Finding,
    Gap,
    OrderRow,
    OrderState,
    Scheme,
    StatementRow,
)
from gateway.services.banking.ports import Bank, NewsTaker, OrderBook
from gateway.services.banking.profile import BankProfile
from gateway.services.banking.tables import FILES, LINES, ORDERS, STATEMENTS, WHOLE
from gateway.store import Store
from gateway.wire.bankcsv import CsvProfile
from wallet.clock import Clock
from wallet.money import ASSETS, Money
from wallet.reconciliation import LineKind, StatementLine


@dataclass(frozen=True, slots=True)
class Parts:
    """What banking is made of.

    Attributes:
        store: Where everything but the orders' own files is kept.
        clock: The time.
        metrics: `bank_orders` and `bank_files` are counted.
        zone: Of business days.
        folder: Where orders' files are written, below `out`.
        profile: What the bank wants; None where nobody has said, and nothing can be ordered.
        csv: How the bank writes CSV, or None if it does not.
        bank: Its door; None where there is none, and files come and go by staff's hands.
    """

    store: Store
    clock: Clock
    metrics: Metrics
    zone: ZoneInfo
    folder: Path
    profile: BankProfile | None
    csv: CsvProfile | None
    bank: Bank | None


class Book:
    """Orders, files and statements by id and in lists."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._store = parts.store
        self._clock = parts.clock
        self._out = OutFolder(parts.folder / "out")
        self._ordered: OrderBook = self._out
        self._taker: NewsTaker | None = None
        self._watcher: Callable[[int], None] = lambda _lines: None

    def tells(self, taker: NewsTaker) -> None:
        """Say who takes news; until then it is kept."""
        self._taker = taker

    def watches(self, watcher: Callable[[int], None]) -> None:
        """Say who is told how many lines of a statement have been put, while it is taken."""
        self._watcher = watcher

    async def order_by_id(self, order_id: str) -> OrderRow | None:
        """The order with this id."""
        rows = await self._store.read(select(ORDERS).where(ORDERS.c.id == order_id))
        return order_of(rows[0]) if rows else None

    async def orders(self, *, limit: int, before: str = "") -> list[OrderRow]:
        """Orders, newest first, from before that one."""
        query = select(ORDERS).order_by(ORDERS.c.created_at.desc(), ORDERS.c.id.desc()).limit(limit)
        if before:
            edge = select(ORDERS.c.created_at).where(ORDERS.c.id == before).scalar_subquery()
            query = query.where(tuple_(ORDERS.c.created_at, ORDERS.c.id) < tuple_(edge, literal(before)))
        return [order_of(row) for row in await self._store.read(query)]

    async def files(self, *, limit: int, before: str = "", state: FileState | None = None) -> list[FileRow]:
        """Files as they came, newest first, from before that one."""
        query = select(*_SHOWN).order_by(FILES.c.position.desc()).limit(limit)
        if before:
            edge = select(FILES.c.position).where(FILES.c.id == before).scalar_subquery()
            query = query.where(FILES.c.position < edge)
        if state is not None:
            query = query.where(FILES.c.state == state.value)
        return [file_of(row) for row in await self._store.read(query)]

    async def statements(self, *, limit: int, before: str = "") -> list[StatementRow]:
        """Statements that are in whole, newest first, of ids before that one."""
        query = select(STATEMENTS).where(WHOLE).order_by(STATEMENTS.c.id.desc()).limit(limit)
        if before:
            query = query.where(STATEMENTS.c.id < before)
        return await self._statements(query)

    async def statement(self, statement_id: str) -> StatementRow | None:
        """The statement with this id."""
        found = await self._statements(select(STATEMENTS).where(STATEMENTS.c.id == statement_id, WHOLE))
        return found[0] if found else None

    async def gaps(self, statement_ids: Collection[str], *, followers: bool = False) -> list[Gap]:
        """What does not fit before these statements; with `followers` before those that come next, too."""
        found: list[Gap] = []
        wanted, known = list(dict.fromkeys(statement_ids)), set(statement_ids)
        for number, statement_id in enumerate(wanted):
            rows = await self._store.read(select(STATEMENTS).where(STATEMENTS.c.id == statement_id, WHOLE))
            if not rows:
                continue
            if followers and number < len(statement_ids):
                later = [row.id for row in await self._store.read(series.after(rows[0]))][:1]
                wanted += [one for one in later if one not in known]
                known |= set(later)
            earlier = await self._store.read(series.before(rows[0])) if rows[0].findings else []
            if earlier and (gap := series.gap(rows[0], earlier[0])) is not None:
                found.append(gap)
        return found

    async def lines(self, statement_id: str, *, limit: int, after: int = 0) -> list[StatementLine]:
        """Lines of a statement, from after that number."""
        query = select(LINES, STATEMENTS.c.asset).join(STATEMENTS, STATEMENTS.c.id == LINES.c.statement_id)
        query = query.where(LINES.c.statement_id == statement_id, LINES.c.number > after)
        rows = await self._store.read(query.order_by(LINES.c.number).limit(limit))
        return [line_of(row) for row in rows]

    async def _statements(self, query: Select[Any]) -> list[StatementRow]:
        return [statement_of(row) for row in await self._store.read(query)]


_SHOWN = [FILES.c[name] for name in FileRow.__dataclass_fields__]
"""Everything but the octets."""


def order_of(row: Row[Any]) -> OrderRow:
    """The order in a row."""
    total = Money(row.minor, ASSETS[row.asset])
    count = row._mapping["count"]  # noqa: SLF001 - public; a row's own `count` is how often a value is in it
    return OrderRow(
        order=BankOrder(row.id, row.cause, Scheme(row.scheme), row.execute_on, count, total),
        state=OrderState(row.state),
        sha256=row.sha256,
        status=row.status,
        reason=row.reason,
        attempts=row.attempts,
        created_at=row.created_at,
        changed_at=row.changed_at,
    )


def file_of(row: Row[Any]) -> FileRow:
    """The file in a row."""
    values = {name: getattr(row, name) for name in FileRow.__dataclass_fields__}
    return FileRow(**{**values, "state": FileState(row.state)})


def statement_of(row: Row[Any]) -> StatementRow:
    """The statement in a row."""
    values = {name: getattr(row, name) for name in StatementRow.__dataclass_fields__}
    findings = tuple(Finding(name) for name in row.findings)
    return StatementRow(**{**values, "count": row._mapping["count"], "findings": findings})  # noqa: SLF001 - public


def line_of(row: Row[Any]) -> StatementLine:
    """The line in a row that names its asset too."""
    same = set(StatementLine.__dataclass_fields__) - {"kind", "amount", "count"}
    values: dict[str, Any] = {name: getattr(row, name) for name in same}
    amount = Money(row.minor, ASSETS[row.asset])
    return StatementLine(**values, kind=LineKind(row.kind), amount=amount, count=row._mapping["count"])  # noqa: SLF001 - public
