"""Cells of a table: types, values and unary tests, from text to values. Pure; no cell is ever run as code.

    test  = "-" | part { "," part }
    part  = "not(" part { "," part } ")" | "in (" part … ")" | "between" V "and" V | ("<" | "<=" | ">" | ">=" | "=") V
          | ("[" | "(") V ".." V ("]" | ")") | V

`V` is a number, a day as 2026-11-27, true or false, a word, or a text in quotes (after DMN 1.5 §9, the unary tests of
S-FEEL).
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date

from gateway.services.decisions.model import (
    ORDERED,
    Column,
    InputRefused,
    Inputs,
    OneOf,
    Problem,
    Sort,
    Span,
    Spans,
    Table,
    Test,
    Value,
)

PARTS_MAX = 64
NUMBER_MAX = 10**15
TEXT_MAX = 100
_ENDS: Mapping[Sort, tuple[int | None, int | None]] = {
    Sort.AMOUNT: (0, None),
    Sort.DAYS: (0, None),
    Sort.DATE: (date.min.toordinal(), date.max.toordinal()),
}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_TYPE = re.compile(r"(int|amount|days|date|text|bool)(?:\[(.+)\])?")
_SPAN = re.compile(r"([\[(])\s*(\S+?)\s*\.\.\s*(\S+?)\s*([\])])")
_BETWEEN = re.compile(r"between\s+(\S+)\s+and\s+(\S+)")
_COMPARED = re.compile(r"(<=|>=|<|>|=)\s*(\S.*)")
_LISTED = re.compile(r"(not|in)\s*\((.*)\)")
_NUMBER = re.compile(r"-?[0-9]{1,16}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_PIECE = re.compile(r'"[^"]*"|[(\[]|[)\]]|,|[^"(\[)\],]+')


class CellRefused(ValueError):
    """A cell cannot be read; the reader adds where it stands."""

    def __init__(self, problem: Problem, detail: str = "") -> None:
        super().__init__(problem.value)
        self.problem = problem
        self.detail = detail


def name_of(cell: str) -> str:
    """A name of a table or a column."""
    if not _NAME.fullmatch(cell):
        raise CellRefused(Problem.BAD_NAME, cell[:40])
    return cell


def day_of(cell: str) -> date:
    """A day as 2026-11-27."""
    if _DAY.fullmatch(cell):
        try:
            return date.fromisoformat(cell)
        except ValueError:
            pass
    raise CellRefused(Problem.BAD_DATE, cell[:40])


def column_of(name: str, cell: str) -> Column:
    """`int`, `int[0..120]`, `amount`, `days[1..]`, `date`, `bool`, `text`, `text[yes|no]`."""
    match = _TYPE.fullmatch(cell)
    if match is None:
        raise CellRefused(Problem.BAD_TYPE, cell[:40])
    sort, limit = Sort(match[1]), match[2]
    if sort is Sort.TEXT:
        values = tuple(part.strip() for part in limit.split("|")) if limit else ()
        if not all(values) or len(set(values)) != len(values) or len(values) > PARTS_MAX:
            raise CellRefused(Problem.BAD_TYPE, cell[:40])
        return Column(name, sort, values=values)
    least, most = _ENDS.get(sort, (None, None))
    if limit is None:
        return Column(name, sort, Span(least, most))
    low, dots, high = limit.partition("..")
    if sort not in ORDERED or not dots:
        raise CellRefused(Problem.BAD_TYPE, cell[:40])
    span = Span(_ordinal(sort, low) if low else least, _ordinal(sort, high) if high else most)
    if _is_empty(span) or (least is not None and span.low is not None and span.low < least):
        raise CellRefused(Problem.BAD_TYPE, cell[:40])
    return Column(name, sort, span)


def value_of(column: Column, cell: str) -> Value:
    """One value of a column."""
    match column.sort:
        case Sort.BOOL:
            if cell not in {"true", "false"}:
                raise CellRefused(Problem.BAD_VALUE, cell[:40])
            return cell == "true"
        case Sort.TEXT:
            quoted = len(cell) > 1 and cell[0] == cell[-1] == '"' and '"' not in cell[1:-1]
            text = cell[1:-1] if quoted else cell
            if len(text) > TEXT_MAX or (not quoted and not _WORD.fullmatch(text)):
                raise CellRefused(Problem.BAD_VALUE, cell[:40])
            if column.values and text not in column.values:
                raise CellRefused(Problem.OUTSIDE, cell[:40])
            return text
        case Sort.DATE | Sort.INT | Sort.AMOUNT | Sort.DAYS:
            number = _ordinal(column.sort, cell)
            if not column.span.holds(number):
                raise CellRefused(Problem.OUTSIDE, cell[:40])
            return date.fromordinal(number) if column.sort is Sort.DATE else number


def test_of(column: Column, cell: str) -> Test:
    """A unary test."""
    if cell == "-":
        return None
    parts = _parts(cell)
    if column.sort in ORDERED:
        spans = _joined(span for part in parts for span in _spans(column.sort, part))
        if not spans:
            raise CellRefused(Problem.BAD_TEST, cell[:40])
        return Spans(spans)
    return _one_of(column, parts)


def _one_of(column: Column, parts: list[str]) -> OneOf:
    listed = _LISTED.fullmatch(parts[0]) if len(parts) == 1 else None
    inner = _parts(listed[2]) if listed else parts
    values = [value_of(column, part) for part in inner]
    return OneOf(
        frozenset(value for value in values if isinstance(value, str | bool)), bool(listed and listed[1] == "not")
    )


def _spans(sort: Sort, part: str) -> list[Span]:
    if listed := _LISTED.fullmatch(part):
        inner = _joined(span for piece in _parts(listed[2]) for span in _spans(sort, piece))
        return _outside(inner) if listed[1] == "not" else list(inner)
    if part.startswith("in ") and _SPAN.fullmatch(part[3:].strip()):
        part = part[3:].strip()
    if match := _SPAN.fullmatch(part):
        low, high = _ordinal(sort, match[2]), _ordinal(sort, match[3])
        return _sound(Span(low + (match[1] == "("), high - (match[4] == ")")), part)
    if match := _BETWEEN.fullmatch(part):
        return _sound(Span(_ordinal(sort, match[1]), _ordinal(sort, match[2])), part)
    if match := _COMPARED.fullmatch(part):
        return [_compared(match[1], _ordinal(sort, match[2]))]
    number = _ordinal(sort, part)
    return [Span(number, number)]


def _compared(sign: str, number: int) -> Span:
    match sign:
        case "<":
            return Span(None, number - 1)
        case "<=":
            return Span(None, number)
        case ">":
            return Span(number + 1, None)
        case ">=":
            return Span(number, None)
        case _:
            return Span(number, number)


def _sound(span: Span, part: str) -> list[Span]:
    if _is_empty(span):
        raise CellRefused(Problem.BAD_TEST, part[:40])
    return [span]


def _is_empty(span: Span) -> bool:
    return span.low is not None and span.high is not None and span.low > span.high


def _joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """In order, and joined where they touch."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda one: (one.low is not None, one.low or 0)):
        last = merged[-1] if merged else None
        if last and (last.high is None or span.low is None or span.low <= last.high + 1):
            high = None if last.high is None or span.high is None else max(last.high, span.high)
            merged[-1] = Span(last.low, high)
        else:
            merged.append(span)
    return tuple(merged)


def _outside(spans: tuple[Span, ...]) -> list[Span]:
    """All that is in none of them."""
    out: list[Span] = []
    low: int | None = None
    for span in spans:
        if span.low is not None:
            out.append(Span(low, span.low - 1))
        if span.high is None:
            return [one for one in out if not _is_empty(one)]
        low = span.high + 1
    return [one for one in [*out, Span(low, None)] if not _is_empty(one)]


def _ordinal(sort: Sort, cell: str) -> int:
    if sort is Sort.DATE:
        return day_of(cell).toordinal()
    if not _NUMBER.fullmatch(cell) or abs(int(cell)) > NUMBER_MAX:
        raise CellRefused(Problem.BAD_VALUE, cell[:40])
    return int(cell)


def _parts(cell: str) -> list[str]:
    """The alternatives, split at commas that stand in no brackets and no quotes."""
    parts, depth = [""], 0
    for piece in _PIECE.findall(cell):
        if piece == "," and depth == 0:
            parts.append("")
            continue
        depth += (piece in {"(", "["}) - (piece in {")", "]"})
        parts[-1] += piece
    stripped = [part.strip() for part in parts]
    if not all(stripped) or len(stripped) > PARTS_MAX or depth != 0 or cell.count('"') % 2:
        raise CellRefused(Problem.BAD_TEST, cell[:40])
    return stripped


def read_inputs(table: Table, cells: Mapping[str, str]) -> Inputs:
    """Inputs as people type them.

    Raises:
        InputRefused: One is missing, or not allowed.
    """
    inputs: dict[str, Value] = {}
    for column in table.inputs:
        try:
            inputs[column.name] = value_of(column, cells.get(column.name, "").strip())
        except CellRefused as bad:
            raise InputRefused(column.name) from bad
    return inputs
