"""Where ids and references stand in services' tables, said as data, and one looker over all of them.

All that a text may be is asked in one statement, each part of which has an index and a limit of its own. Parts are
compared with `=` and by ranges, never by LIKE, so no character of a text means anything but itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Row,
    Select,
    Text,
    bindparam,
    cast,
    func,
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
_NO_KIND = "-"
_STATEMENTS_MAX = 200
_FORMS_MAX = 6
_EMPTY: ColumnElement[str] = literal_column("''")


def _text(name: str) -> BindParameter[str]:
    return bindparam(name, type_=Text)


_ID, _TAIL, _TAIL_END, _PHONE = map(_text, ("an_id", "tail", "tail_end", "phone"))
_FORMS = [_text(f"form_{place}") for place in range(_FORMS_MAX)]


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

    def parts(self, shape: "Shape") -> Iterator[Select[Any]]:
        """The questions that a text of a shape is to this table."""
        mine = self.prefix and shape.kind in ("", self.prefix)
        if mine and shape.has_id:
            yield self._where(FoundBy.ID, shape, self.id == _ID)
        elif mine and (shape.has_start or (shape.kind and not shape.has_tail)):
            yield self._starting(shape)
        if mine and shape.has_tail and self.tails:
            whole = func.substr(self.id, func.length(self.id) - func.length(_TAIL) + 1) == _TAIL
            yield self._where(FoundBy.TAIL, shape, ending(self.id) == _TAIL_END, whole)
        for by, column in self.references.items():
            said = [column != _EMPTY] if by in self.sparse else []
            if by is not FoundBy.PHONE:
                yield self._where(by, shape, column.in_(_FORMS), *said)
            elif shape.has_phone:
                yield self._where(by, shape, column == _PHONE, *said)

    def _where(self, by: FoundBy, shape: "Shape", *conditions: ColumnElement[bool]) -> Select[Any]:
        # Sorted by a value that no index has, or a planner would walk down the ids and hope to meet a match soon.
        chosen = self._columns(by).where(*conditions).order_by(self.id.concat(_EMPTY).desc())
        return chosen.limit(shape.page)

    def _starting(self, shape: "Shape") -> Select[Any]:
        low, high, start = (_text(f"{name}_{self.prefix}") for name in ("low", "high", "start"))
        inside = (self.id >= low, self.id <= high, func.substr(self.id, 1, func.length(start)) == start)
        return self._columns(FoundBy.PREFIX).where(*inside).order_by(self.id.desc()).limit(shape.page)

    def _columns(self, by: FoundBy) -> Select[Any]:
        return select(
            _said(self.kind.value).label("kind"),
            _said(by.value).label("found_by"),
            self.id.label("id"),
            _or_null(self.number, Int64).label("number"),
            _or_null(self.at, Int64).label("at"),
            _or_null(self.on, Text).label("on_day"),
            _or_null(self.minor, Int64).label("minor"),
            (_said("IRR") if self.asset is None else self.asset).label("asset"),
            _or_null(self.name, Text).label("name"),
        )


def _said(word: str) -> ColumnElement[str]:
    """A word of ours as a text of the statement."""
    return cast(literal_column(f"'{word}'"), Text)


def _or_null(column: Column[Any] | None, kind: Any) -> ColumnElement[Any]:  # noqa: ANN401 - a column's type
    return cast(null(), kind) if column is None else type_coerce(column, kind)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a text may be, without the text: one statement answers all texts of a shape."""

    kind: str
    has_id: bool
    has_start: bool
    has_tail: bool
    has_phone: bool
    limit: int

    @property
    def page(self) -> ColumnElement[int]:
        """The limit, said in the statement itself so that a planner knows it."""
        return literal_column(str(self.limit), Int64)


class Tables:
    """Looks into the tables of the store."""

    def __init__(self, store: Store, looked: Sequence[Looked]) -> None:
        self._store = store
        self._looked = looked
        self._prefixes = frozenset(one.prefix for one in looked if one.prefix)
        # Made once each: to make one takes ten times as long as the database does.
        self._statements: dict[Shape, Select[Any]] = {}

    async def look(self, wanted: Wanted, limit: int) -> list[Found]:
        """What may be meant, `limit` of each way at most."""
        return [_found(row) for row in await self._store.find(*self.question(wanted, limit))]

    def question(self, wanted: Wanted, limit: int) -> tuple[Select[Any], Mapping[str, object]]:
        """The statement for a text, and its parameters."""
        kind = wanted.kind if wanted.kind in self._prefixes or not wanted.kind else _NO_KIND
        has = (bool(wanted.id), bool(wanted.start), bool(wanted.tail), bool(wanted.msisdn))
        shape = Shape(kind, *has, limit)
        query = self._statements.get(shape)
        if query is None:
            if len(self._statements) >= _STATEMENTS_MAX:
                self._statements.clear()
            parts = [part.subquery() for one in self._looked for part in one.parts(shape)]
            query = self._statements[shape] = select(union_all(*map(select, parts)).subquery())
        return query, self._values(wanted)

    def _values(self, wanted: Wanted) -> dict[str, object]:
        forms = wanted.references[:_FORMS_MAX]
        values: dict[str, object] = {f"form_{place}": forms[min(place, len(forms) - 1)] for place in range(_FORMS_MAX)}
        values |= {"an_id": wanted.id, "tail": wanted.tail, "tail_end": wanted.tail[-ENDING:], "phone": wanted.msisdn}
        for prefix in self._prefixes:
            low, high = wanted.bounds(prefix)
            values |= {f"low_{prefix}": low, f"high_{prefix}": high, f"start_{prefix}": f"{prefix}_{wanted.start}"}
        return values


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
