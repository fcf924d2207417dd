"""A CSV file into a table, bounded in every direction; what is wrong is said with its line and column. Pure.

The first cell of a line says what the line is. `table`, `hit`, `from` and `until` head the file; `column`, `name` and
`type` describe the columns, inputs first; then each `row` is a rule and each `example` a case that must come out as it
says. Lines that begin with `note` or `#` and empty lines are for people. An example of C names several values with `|`;
`none` in all outputs of an example says that no row may fit.
"""

import csv
import hashlib
import io
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from itertools import zip_longest
from typing import NoReturn, TypeVar

from gateway.services.decisions.cells import CellRefused, column_of, day_of, name_of, test_of, value_of
from gateway.services.decisions.model import (
    NUMBERS,
    Column,
    Example,
    Finding,
    Hit,
    Problem,
    Row,
    Table,
    TableRefused,
    Value,
)

T = TypeVar("T")
BYTES_MAX = 256 * 1024
ROWS_MAX = 1000
COLUMNS_MAX = 32
CELL_MAX = 500
HEADS = ("table", "hit", "from", "until")
NONE = "none"


def fingerprint(body: bytes) -> str:
    """What names a version: the first twelve digits of the SHA-256 of its file."""
    return hashlib.sha256(body).hexdigest()[:12]


def read_table(body: bytes) -> Table:
    """The table in a file.

    Raises:
        TableRefused: It is none; says where.
    """
    if len(body) > BYTES_MAX:
        raise TableRefused(Finding(Problem.TOO_LARGE, 0, 0, f"at most {BYTES_MAX} bytes"))
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as bad:
        raise TableRefused(Finding(Problem.NOT_TEXT, body.count(b"\n", 0, bad.start) + 1, 0)) from bad
    if "\0" in text:
        raise TableRefused(Finding(Problem.NOT_TEXT, text.count("\n", 0, text.index("\0")) + 1, 0))
    return _Reader(text).table()


class _Reader:
    """The lines of one file, in order."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._line = 0
        self._heads: dict[str, str] = {}
        self._described: dict[str, list[str]] = {}
        self._described_at: dict[str, int] = {}
        self._columns: tuple[tuple[Column, ...], tuple[Column, ...]] | None = None
        self._rows: list[Row] = []
        self._examples: list[Example] = []

    def table(self) -> Table:
        """Read all lines."""
        lines = csv.reader(io.StringIO(self._text, newline=""), strict=True)
        while True:
            try:
                cells = next(lines)
            except StopIteration:
                break
            except csv.Error as bad:
                self._refuse(Problem.NOT_TEXT, detail=str(bad), line=lines.line_num)
            self._line = lines.line_num
            self._take([cell.strip() for cell in cells])
        self._line = 0
        return self._whole()

    def _take(self, cells: list[str]) -> None:
        while cells and not cells[-1]:
            cells.pop()
        if not cells or cells[0] == "note" or cells[0].startswith("#"):
            return
        if len(cells) > COLUMNS_MAX + 1:
            self._refuse(Problem.TOO_MANY_COLUMNS, COLUMNS_MAX + 2)
        long = next((at for at, cell in enumerate(cells, 1) if len(cell) > CELL_MAX), None)
        if long is not None:
            self._refuse(Problem.TOO_LARGE, long)
        word = cells[0]
        if word in HEADS:
            self._head(word, cells)
        elif word in {"column", "name", "type"}:
            self._describe(word, cells)
        elif word in {"row", "example"}:
            self._rule(word, cells)
        else:
            self._refuse(Problem.UNKNOWN_LINE, 1, word[:40])

    def _head(self, word: str, cells: list[str]) -> None:
        if word in self._heads:
            self._refuse(Problem.TWICE, 1, word)
        if len(cells) > 2:
            self._refuse(Problem.CELLS, 3)
        self._heads[word] = cells[1] if len(cells) > 1 else ""
        check: dict[str, Callable[[str], object]] = {"table": name_of, "hit": _hit_of, "from": day_of, "until": day_of}
        if self._heads[word] or word != "until":
            self._cell(2, check[word], self._heads[word])

    def _describe(self, word: str, cells: list[str]) -> None:
        if word in self._described:
            self._refuse(Problem.TWICE, 1, word)
        if self._columns is not None:
            self._refuse(Problem.ORDER, 1, word)
        self._described[word], self._described_at[word] = cells[1:], self._line

    def _rule(self, word: str, cells: list[str]) -> None:
        if self._columns is None:
            self._columns = self._read_columns()
        inputs, outputs = self._columns
        wanted = 1 + len(inputs) + len(outputs)
        if len(cells) != wanted:
            self._refuse(Problem.CELLS, min(len(cells), wanted) + 1, f"{len(cells)} instead of {wanted}")
        if len(self._rows) + len(self._examples) >= ROWS_MAX:
            self._refuse(Problem.TOO_MANY_ROWS, 1, f"at most {ROWS_MAX}")
        tested, said = cells[1 : 1 + len(inputs)], cells[1 + len(inputs) :]
        begin = 2 + len(inputs)
        if word == "row":
            tests = tuple(
                self._cell(at, partial(test_of, column), cell)
                for at, (column, cell) in enumerate(zip(inputs, tested, strict=True), 2)
            )
            values = tuple(self._values(outputs, said, begin))
            self._rows.append(Row(len(self._rows) + 1, self._line, tests, tuple(tested), values))
            return
        given = {column.name: value for column, value in zip(inputs, self._values(inputs, tested, 2), strict=True)}
        self._examples.append(Example(self._line, given, self._expected(outputs, said, begin)))

    def _expected(self, outputs: Sequence[Column], said: list[str], begin: int) -> tuple[tuple[Value, ...], ...]:
        if all(cell == NONE for cell in said):
            return tuple(() for _ in outputs)
        several = self._heads["hit"] == Hit.COLLECT
        columns = [cell.split("|") if several else [cell] for cell in said]
        rows = list(zip_longest(*columns, fillvalue=""))
        read = [self._values(outputs, [cell.strip() for cell in row], begin) for row in rows]
        return tuple(zip(*read, strict=True))

    def _values(self, columns: Sequence[Column], cells: Sequence[str], begin: int) -> list[Value]:
        return [
            self._cell(at, partial(value_of, column), cell)
            for at, (column, cell) in enumerate(zip(columns, cells, strict=True), begin)
        ]

    def _read_columns(self) -> tuple[tuple[Column, ...], tuple[Column, ...]]:
        known = {**self._heads, **self._described}
        missing = next((word for word in ("table", "hit", "from", "column", "name", "type") if word not in known), None)
        if missing is not None:
            self._refuse(Problem.MISSING, detail=missing)
        ways, names, types = (self._described[word] for word in ("column", "name", "type"))
        if not len(ways) == len(names) == len(types):
            self._refuse(Problem.CELLS, detail="column, name and type differ in length")
        columns: dict[str, list[Column]] = {"input": [], "output": []}
        for at, (way, name, type_) in enumerate(zip(ways, names, types, strict=True), 2):
            if way not in columns or (way == "input" and columns["output"]):
                self._refuse(Problem.ORDER, at, way[:40], line=self._described_at["column"])
            if name in names[: at - 2]:
                self._refuse(Problem.TWICE, at, name[:40], line=self._described_at["name"])
            self._cell(at, name_of, name, line=self._described_at["name"])
            column = self._cell(at, partial(column_of, name), type_, line=self._described_at["type"])
            if way == "output" and self._heads["hit"] == Hit.SUM and column.sort not in NUMBERS:
                self._refuse(Problem.NOT_A_NUMBER, at, name, line=self._described_at["type"])
            columns[way].append(column)
        if not columns["input"] or not columns["output"]:
            self._refuse(Problem.MISSING, detail="input" if not columns["input"] else "output")
        return tuple(columns["input"]), tuple(columns["output"])

    def _whole(self) -> Table:
        columns = self._columns or self._read_columns()
        if not self._rows:
            self._refuse(Problem.NO_ROWS)
        first, until = day_of(self._heads["from"]), self._heads.get("until", "")
        last = day_of(until) if until else None
        if last is not None and last < first:
            self._refuse(Problem.ORDER, detail="until before from")
        name, hit = self._heads["table"], Hit(self._heads["hit"])
        return Table(name, hit, first, last, *columns, tuple(self._rows), tuple(self._examples))

    def _cell(self, at: int, read: Callable[[str], T], cell: str, *, line: int | None = None) -> T:
        try:
            return read(cell)
        except CellRefused as bad:
            self._refuse(bad.problem, at, bad.detail, line=line)

    def _refuse(self, problem: Problem, column: int = 0, detail: str = "", *, line: int | None = None) -> NoReturn:
        raise TableRefused(Finding(problem, self._line if line is None else line, column, detail))


def _hit_of(cell: str) -> Hit:
    try:
        return Hit(cell)
    except ValueError as bad:
        raise CellRefused(Problem.BAD_HIT, cell[:40]) from bad


def is_valid(table: Table, on: date) -> bool:
    """Whether a table holds on a day."""
    return table.first_day <= on and (table.last_day is None or on <= table.last_day)
