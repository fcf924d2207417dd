"""Queries by parts of causes and ids, and sums over a stretch of the log; each is bounded, and an index answers it.

Last digits have no index here, for to keep one costs a quarter of all posting: who wants to find by them keeps a sparse
one beside the book, made from `references`, and asks here only for what that does not have yet.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Row, Select, Text, bindparam, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wallet.ids import AccountId, TransferId
from wallet.ledger import rows
from wallet.ledger.asof import halves, whole
from wallet.ledger.reads import READ_S, SUMS_S, Reads
from wallet.ledger.schema import account, transfer
from wallet.transfers import LogRow, TransferCode, TransferKind
from wallet.types import Int64

_PAGE = 200
_FEW = 8
_MOVING = tuple(kind.value for kind in TransferKind if kind.moves)


class Reference(NamedTuple):
    """A row of the log by its names."""

    position: int
    id: TransferId
    cause: str


class Span(NamedTuple):
    """Causes that begin with `start`, between two whole ones of the same form.

    Those bound the range of the index however a database orders texts.
    """

    low: str
    high: str
    start: str


class Moved(NamedTuple):
    """What transfers of one code and kind added to the two sums of an account, in minor units."""

    account: AccountId
    code: TransferCode
    kind: TransferKind
    transfers: int
    debits: int
    credits: int


class Lookups:
    """What may be asked by parts of names, and about stretches of the log."""

    def __init__(self, reads: Reads, dialect: str) -> None:
        self._reads = reads
        self._dialect = dialect

    async def references(self, after: int, limit: int) -> list[Reference]:
        """The log from after a position on, by names only."""
        return [Reference(*row) for row in await self._all(_references(), {"after": after, "page": limit})]

    async def references_at(self, positions: Sequence[int]) -> list[Reference]:
        """The rows at these positions, some thousands at most, by names only; in no order."""
        return [Reference(*row) for row in await self._all(_references_at(positions))]

    async def ending(self, tail: str, *, of_ids: bool, after: int, limit: int) -> list[Reference]:
        """Rows after a position whose cause, or whose id as 32 hexadecimal digits, ends so in either case.

        Newest first. They are read one by one, so `after` should not be long ago.
        """
        values = {"tail": tail.lower(), "after": after, "page": limit}
        query = _ending(self._dialect, of_ids=of_ids, length=len(tail))
        return [Reference(*row) for row in await self._all(query, values)]

    async def causes_between(self, spans: Sequence[Span], limit: int) -> list[str]:
        """Different causes in each of some spans of the index, `limit` of each, the last first."""
        found: list[str] = []
        async with self._reads.connection() as connection:
            for span in spans:
                found += await _causes_in(connection, span, limit)
        return found

    async def ids_between(self, low: UUID, high: UUID, limit: int) -> list[LogRow]:
        """Rows with ids in a range, the last first."""
        return _log(await self._all(_ids_between(low, high, limit)))

    async def some_caused_by(self, causes: Sequence[str], limit: int) -> dict[str, list[LogRow]]:
        """By cause, for those that have any: `limit` rows at most, the earlier of them first."""
        page = limit + _FEW * len(causes)
        async with self._reads.connection() as connection:
            # Most causes have a few rows, so one question answers all; a busy one would leave no room for the others.
            rows_ = _log((await connection.execute(_of_causes(causes, page))).all())
            if len(rows_) == page:
                values = [{"a_cause": cause, "page": limit} for cause in causes]
                rows_ = [row for each in values for row in _log((await connection.execute(_of_cause(), each)).all())]
        found: defaultdict[str, list[LogRow]] = defaultdict(list)
        for row in sorted(rows_, key=lambda row: row.position):
            found[row.transfer.cause].append(row)
        return {cause: mine[:limit] for cause, mine in found.items()}

    async def rows_at(self, positions: Sequence[int]) -> list[LogRow]:
        """The rows at these positions, some hundreds at most, in no order."""
        return _log(await self._all(select(transfer).where(transfer.c.position.in_(positions))))

    async def moved(self, role: str, *, after: int, through: int) -> list[Moved]:
        """What moved on the accounts of a role at positions above `after` and up to `through`, side by side."""
        found: list[Moved] = []
        for side in ("debit", "credit"):
            values = {"role": role, "after": after, "through": through}
            sums = await self._all(_moved(side), values, timeout_s=SUMS_S)
            found += [_moved_of(row, side) for row in sums]
        return found

    async def _all(
        self, query: Select[Any], values: Mapping[str, object] | None = None, *, timeout_s: float = READ_S
    ) -> Sequence[Row[Any]]:
        async with self._reads.connection(timeout_s=timeout_s) as connection:
            return (await connection.execute(query, values)).all()


def _references() -> Select[Any]:
    """The log from after the parameter `after` on, `page` rows of it."""
    after, page = bindparam("after", type_=Int64), bindparam("page", type_=Int64)
    query = select(transfer.c.position, transfer.c.id, transfer.c.cause).where(transfer.c.position > after)
    return query.order_by(transfer.c.position).limit(page)


@cache
def _ending(dialect: str, *, of_ids: bool, length: int) -> Select[Any]:
    """The newest `page` rows after `after` whose cause, or id as 32 hexadecimal digits, ends in `tail`."""
    text: ColumnElement[str] = transfer.c.cause
    if of_ids:
        text = func.replace(cast(transfer.c.id, Text), "-", "") if dialect == "postgresql" else func.hex(transfer.c.id)
    end = func.lower(func.right(text, length) if dialect == "postgresql" else func.substr(text, -length))
    after, page = bindparam("after", type_=Int64), bindparam("page", type_=Int64)
    query = select(transfer.c.position, transfer.c.id, transfer.c.cause)
    query = query.where(transfer.c.position > after, end == bindparam("tail", type_=Text))
    return query.order_by(transfer.c.position.desc()).limit(page)


async def _causes_in(connection: AsyncConnection, span: Span, limit: int) -> list[str]:
    found: dict[str, None] = {}
    values = {**span._asdict(), "length": len(span.start), "page": _PAGE}
    below = False
    while len(found) < limit:
        page = (await connection.execute(_causes(below=below), values)).scalars().all()
        found |= dict.fromkeys(page)
        if len(page) < _PAGE:
            break
        # A cause may have any number of rows: the next page begins below it.
        values["high"], below = page[-1], True
    return list(found)[:limit]


@cache
def _causes(*, below: bool) -> Select[Any]:
    cause, low, high = transfer.c.cause, bindparam("low", type_=Text), bindparam("high", type_=Text)
    begins = func.substr(cause, 1, bindparam("length", type_=Integer)) == bindparam("start", type_=Text)
    bounded = select(cause).where(cause >= low, cause < high if below else cause <= high, begins)
    return bounded.order_by(cause.desc()).limit(bindparam("page", type_=Int64))


def _ids_between(low: UUID, high: UUID, limit: int) -> Select[Any]:
    """Rows whose ids lie in a range, the last first."""
    own = transfer.c.id
    return select(transfer).where(own >= low, own <= high).order_by(own.desc()).limit(limit)


@cache
def _of_cause() -> Select[Any]:
    """Rows with a cause, not put in order: PostgreSQL might walk along the positions to do so."""
    mine = select(transfer).where(transfer.c.cause == bindparam("a_cause", type_=Text))
    return mine.limit(bindparam("page", type_=Int64))


def _of_causes(causes: Sequence[str], page: int) -> Select[Any]:
    return select(transfer).where(transfer.c.cause.in_(causes)).limit(page)


def _references_at(positions: Sequence[int]) -> Select[Any]:
    """The rows at these positions by their names, in no order."""
    return select(transfer.c.position, transfer.c.id, transfer.c.cause).where(transfer.c.position.in_(positions))


@cache
def _moved(side: str) -> Select[Any]:
    """What moved on one side of the accounts of `role` above `after` and up to `through`; see `_moved_of`."""
    own, position = transfer.c[f"{side}_id"], transfer.c.position
    after, through = bindparam("after", type_=Int64), bindparam("through", type_=Int64)
    parts = [func.sum(part) for part in halves(transfer.c.amount)]
    keys = (own, transfer.c.code, transfer.c.kind)
    query = select(*keys, func.count(), *parts).select_from(transfer.join(account, account.c.id == own))
    query = query.where(account.c.role == bindparam("role", type_=Text), position > after, position <= through)
    return query.where(transfer.c.kind.in_(_MOVING)).group_by(*keys)


def _log(found: Sequence[Row[Any]]) -> list[LogRow]:
    return [rows.log_row_of(rows.booked_of(row)) for row in found]


def _moved_of(row: Row[Any], side: str) -> Moved:
    """A row of `moved`."""
    own, code, kind, count, high, low = row
    sums = (whole(high, low), 0) if side == "debit" else (0, whole(high, low))
    return Moved(AccountId(own), TransferCode(code), TransferKind(kind), count, *sums)
