"""Many rows as one parameter: a statement reads them as a table, so it is made once whatever their number.

PostgreSQL takes an array a column, because asyncpg runs an executemany one round trip at a time; SQLite takes one JSON
text, which it reads faster than Python binds values one by one.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import ARRAY, FromClause, bindparam, column, func, select
from sqlalchemy.types import TypeEngine

Value = str | int | None
"""What both forms carry; moments go as microseconds (wallet.clock.to_us)."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows that a statement is given; `columns` are their names with Text or Int64."""

    name: str
    columns: Mapping[str, type[TypeEngine[str]] | TypeEngine[int]]

    def table(self, dialect: str) -> FromClause:
        """What a statement selects from, by name of SQLAlchemy's dialect."""
        if dialect == "postgresql":
            arrays = (bindparam(f"{self.name}_{name}", type_=ARRAY(kind)) for name, kind in self.columns.items())
            named = (column(name, kind) for name, kind in self.columns.items())
            return func.unnest(*arrays).table_valued(*named, name=self.name).render_derived()
        each = func.json_each(bindparam(self.name)).table_valued("value", name=f"{self.name}_each")
        values = (
            func.json_extract(each.c.value, f"$[{place}]", type_=kind).label(name)
            for place, (name, kind) in enumerate(self.columns.items())
        )
        return select(*values).subquery(self.name)

    def bind(self, dialect: str, rows: Iterable[tuple[Value, ...]]) -> dict[str, object]:
        """The parameters that carry `rows`, each a value a column in order."""
        listed = list(rows)
        if dialect != "postgresql":
            return {self.name: json.dumps(listed, separators=(",", ":"))}
        turned = zip(*listed, strict=True) if listed else ((),) * len(self.columns)
        return {f"{self.name}_{name}": list(values) for name, values in zip(self.columns, turned, strict=True)}
