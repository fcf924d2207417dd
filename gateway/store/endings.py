"""The last characters of a column as an index has them, so that ids are found by their last digits.

Alembic cannot compare such an index on SQLite, and its batch mode, which copies a table, would lose it: a revision that
copies one of these tables makes the index again. A test looks for every one of them.
"""

from typing import Any

from sqlalchemy import Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

ENDING = 4
"""How many characters the indexes have."""


class ending(FunctionElement[str]):  # noqa: N801 - it reads as a function of SQL
    """`ending(column)`: the last ENDING characters of a text."""

    name = "ending"
    type = Text()
    inherit_cache = True


@compiles(ending, "sqlite")
def _on_sqlite(element: ending, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's form
    return f"substr({compiler.process(element.clauses, **options)}, -{ENDING})"


@compiles(ending, "postgresql")
def _on_postgresql(element: ending, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - as above
    return f"right({compiler.process(element.clauses, **options)}, {ENDING})"
