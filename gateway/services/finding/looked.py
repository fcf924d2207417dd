"""Where ids and references stand in services' tables, said as data, and one looker over all of them.

All that a text may be is asked in one statement, each part of which has an index and a limit of its own. Parts are
compared with `=` and by ranges, never by LIKE, so no character of a text means anything but itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Row,
    Select,
    Text,
    cast,
    func,
    literal,
    literal_column,
    null,
    select,
    type_coerce,
    union_all,
)

from gateway.services.finding.model import Found, FoundBy, FoundKind
from gateway.services.finding.wanted import SHORTEST, Wanted
from gateway.store import Store
from gateway.store.endings import ENDING, ending
from wallet.clock import from_us
from wallet.types import Int64

assert ENDING == SHORTEST, "the indexes have as many characters as a search must give"
_EMPTY: ColumnElement[str] = literal_column("''")


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """What may be found in a table.

    Attributes:
        kind: What its rows are.
        id: The column with the id that a hit has.
        prefix: Of business ids, as `clm`; '' where `id` is none, and is not looked for.
        tails: Whether there is an index on its last characters (store.endings).
        references: Columns that hold what people quote, each with an index.
        sparse: Of `references`, those whose index leaves '' out.
        number: The column of a place within `id`, or None.
        at: When it was made, or None.
        on: On which day, or None.
        minor: Its amount, or None.
        asset: The column of its asset; IRR where None.
        name: What it is called, or None.
    """

    kind: FoundKind
    id: Column[Any]
    prefix: str = ""
    tails: bool = False
    references: Mapping[FoundBy, Column[Any]] = field(default_factory=dict)
    sparse: frozenset[FoundBy] = frozenset()
    number: Column[Any] | None = None
    at: Column[Any] | None = None
    on: Column[Any] | None = None
    minor: Column[Any] | None = None
    asset: Column[Any] | None = None
    name: Column[Any] | None = None

    def parts(self, wanted: Wanted, limit: int) -> Iterator[Select[Any]]:
        """The questions that a text is to this table."""
        mine = self.prefix and wanted.kind in ("", self.prefix)
        if mine and wanted.id:
            yield self._where(FoundBy.ID, limit, self.id == wanted.id)
        elif mine and (wanted.start or (wanted.kind and not wanted.tail)):
            yield self._starting(wanted, limit)
        if mine and wanted.tail and self.tails:
            ends = ending(self.id) == wanted.tail[-ENDING:]
            whole = func.substr(self.id, func.length(self.id) - len(wanted.tail) + 1) == wanted.tail
            yield self._where(FoundBy.TAIL, limit, ends, whole)
        for by, column in self.references.items():
            forms = (wanted.msisdn,) if by is FoundBy.PHONE else wanted.references
            if forms != ("",):
                said = [column != _EMPTY] if by in self.sparse else []
                yield self._where(by, limit, column.in_(forms), *said)

    def _where(self, by: FoundBy, limit: int, *conditions: ColumnElement[bool]) -> Select[Any]:
        # Sorted by a value that no index has, or a planner would walk down the ids and hope to meet a match soon.
        return self._columns(by).where(*conditions).order_by(self.id.concat(_EMPTY).desc()).limit(limit)

    def _starting(self, wanted: Wanted, limit: int) -> Select[Any]:
        low, high = wanted.bounds(self.prefix)
        start = f"{self.prefix}_{wanted.start}"
        inside = (self.id >= low, self.id <= high, func.substr(self.id, 1, len(start)) == start)
        return self._columns(FoundBy.PREFIX).where(*inside).order_by(self.id.desc()).limit(limit)

    def _columns(self, by: FoundBy) -> Select[Any]:
        return select(
            literal(self.kind.value, Text).label("kind"),
            literal(by.value, Text).label("found_by"),
            self.id.label("id"),
            _or_null(self.number, Int64).label("number"),
            _or_null(self.at, Int64).label("at"),
            _or_null(self.on, Text).label("on_day"),
            _or_null(self.minor, Int64).label("minor"),
            (literal("IRR", Text) if self.asset is None else self.asset).label("asset"),
            _or_null(self.name, Text).label("name"),
        )


def _or_null(column: Column[Any] | None, kind: Any) -> ColumnElement[Any]:  # noqa: ANN401 - a column's type
    return cast(null(), kind) if column is None else type_coerce(column, kind)


class Tables:
    """Looks into the tables of the store."""

    def __init__(self, store: Store, looked: Sequence[Looked]) -> None:
        self._store = store
        self._looked = looked

    async def look(self, wanted: Wanted, limit: int) -> list[Found]:
        """What may be meant, `limit` of each way at most."""
        query = statement(self._looked, wanted, limit)
        return [] if query is None else [_found(row) for row in await self._store.read(query)]


def statement(looked: Sequence[Looked], wanted: Wanted, limit: int) -> Select[Any] | None:
    """All questions at once; None if there is none."""
    parts = [part.subquery() for one in looked for part in one.parts(wanted, limit)]
    return select(union_all(*map(select, parts)).subquery()) if parts else None


def _found(row: Row[Any]) -> Found:
    minor = None if row.minor is None else int(row.minor)
    return Found(
        kind=FoundKind(row.kind),
        id=row.id,
        by=FoundBy(row.found_by),
        at=None if row.at is None else from_us(row.at),
        on=None if row.on_day is None else date.fromisoformat(row.on_day),
        minor=minor,
        asset="" if minor is None else row.asset,
        number=row.number or 0,
        name=row.name or "",
    )
