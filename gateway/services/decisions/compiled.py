"""A table made fast: every input is cut where any test of it changes, and each piece knows which rows it allows.

To evaluate is then one lookup an input and an `and` of as many whole numbers, whose bits are the rows: no test is run,
and the proofs of `checks` look at the same pieces. Pure.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from gateway.services.decisions.model import (
    NUMBERS,
    ORDERED,
    Column,
    Found,
    Hit,
    InputRefused,
    Inputs,
    OneOf,
    Reason,
    Sort,
    Span,
    Spans,
    Table,
    Test,
    Value,
    shown,
)

Look = Callable[[Value], int]
OTHER = "other"
EVERYTHING = Span(None, None)
"""What a row allows that does not look at an input."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an input's values that all tests treat alike: one of its values, and the rows that it allows."""

    value: Value
    rows: int


def pieces_of(column: Column, tests: list[Test]) -> list[Piece]:
    """The pieces of one input, in order."""
    if column.sort in ORDERED:
        return [Piece(_value(column, low), rows) for low, rows in _parts(column.span, tests)]
    return [Piece(value, _rows_of_word(tests, value)) for value in _words(column, tests)]


class CompiledTable:
    """A table that can be asked."""

    def __init__(self, table: Table) -> None:
        self.table = table
        every = (1 << len(table.rows)) - 1
        columns = [[row.tests[at] for row in table.rows] for at in range(len(table.inputs))]
        self.pieces = [pieces_of(column, tests) for column, tests in zip(table.inputs, columns, strict=True)]
        self._looks = [(column.name, _look(column, tests)) for column, tests in zip(table.inputs, columns, strict=True)]
        self._every = every
        names = [column.name for column in table.outputs]
        self._first = [Found((row.number,), dict(zip(names, row.outputs, strict=True))) for row in table.rows]
        self._one = table.hit in {Hit.UNIQUE, Hit.FIRST}

    def evaluate(self, inputs: Inputs) -> Found:
        """What the table says.

        Raises:
            InputRefused: An input is missing or not allowed.
        """
        rows = self._every
        for name, look in self._looks:
            try:
                rows &= look(inputs[name])
            except (KeyError, TypeError) as bad:
                raise InputRefused(name) from bad
        if self._one and rows:
            # The lowest bit is the first row that fits; of U it is the only one.
            return self._first[(rows & -rows).bit_length() - 1]
        return self._found(rows)

    def reasons(self, row: int, inputs: Inputs) -> tuple[Reason, ...]:
        """Why the row with this number was hit."""
        words = self.table.rows[row - 1].words
        return tuple(
            Reason(column.name, word, shown(inputs[column.name]))
            for column, word in zip(self.table.inputs, words, strict=True)
        )

    def _found(self, rows: int) -> Found:
        hit = [row for row in self.table.rows if rows >> (row.number - 1) & 1]
        outputs: dict[str, Value | tuple[Value, ...]] = {}
        if self.table.hit is Hit.COLLECT or (self.table.hit is Hit.SUM and hit):
            for at, column in enumerate(self.table.outputs):
                values = tuple(row.outputs[at] for row in hit)
                outputs[column.name] = values if self.table.hit is Hit.COLLECT else _sum(values)
        return Found(tuple(row.number for row in hit), outputs)


def _sum(values: tuple[Value, ...]) -> int:
    return sum(value for value in values if isinstance(value, int))


def _look(column: Column, tests: list[Test]) -> Look:
    match column.sort:
        case Sort.TEXT | Sort.BOOL:
            return _look_word(column, tests)
        case Sort.DATE | Sort.INT | Sort.AMOUNT | Sort.DAYS:
            return _look_number(column, tests)


def _look_word(column: Column, tests: list[Test]) -> Look:
    known: Mapping[Value, int] = {value: _rows_of_word(tests, value) for value in _words(column, tests)}
    wanted = bool if column.sort is Sort.BOOL else str
    # A text that no test names is allowed where the column names no values; all such are alike.
    other = _rows_of_word(tests, "") if column.sort is Sort.TEXT and not column.values else None

    def look(value: Value) -> int:
        if type(value) is not wanted:
            raise TypeError
        return known[value] if other is None else known.get(value, other)

    return look


def _look_number(column: Column, tests: list[Test]) -> Look:
    parts = _parts(column.span, tests)
    cuts, rows = [begin for begin, _ in parts[1:]], [rows for _, rows in parts]
    low = column.span.low if column.span.low is not None else float("-inf")
    high = column.span.high if column.span.high is not None else float("inf")

    def number(value: Value) -> int:
        if type(value) is not int or not low <= value <= high:
            raise TypeError
        return rows[bisect_right(cuts, value)]

    def day(value: Value) -> int:
        if type(value) is not date:
            raise TypeError
        return number(value.toordinal())

    return number if column.sort in NUMBERS else day


def _parts(span: Span, tests: list[Test]) -> list[tuple[int, int]]:
    """Where each piece begins, and the rows that it allows.

    One walk over the places where tests begin and end to fit: to ask each test at each place would take minutes for a
    file of many values.
    """
    rows, flips = 0, defaultdict[int, int](int)
    for at, test in enumerate(tests):
        bit = 1 << at
        for one in test.spans if isinstance(test, Spans) else (EVERYTHING,):
            if one.low is None:
                rows ^= bit
            else:
                flips[one.low] ^= bit
            if one.high is not None:
                flips[one.high + 1] ^= bit
    cuts = [cut for cut in sorted(flips) if span.high is None or cut <= span.high]
    begin = span.low
    if begin is None:
        begin = cuts[0] - 1 if cuts else (span.high or 0)
    parts = [(begin, rows)]
    for cut in cuts:
        rows ^= flips[cut]
        if cut > begin:
            parts.append((cut, rows))
        else:
            parts = [(begin, rows)]
    return parts


def _value(column: Column, number: int) -> Value:
    return date.fromordinal(number) if column.sort is Sort.DATE else number


def _words(column: Column, tests: list[Test]) -> list[Value]:
    if column.sort is Sort.BOOL:
        return [False, True]
    if column.values:
        return list(column.values)
    named = sorted({str(value) for test in tests if isinstance(test, OneOf) for value in test.values})
    other = OTHER
    while other in named:
        other += "_"
    return [*named, other]


def _rows_of_word(tests: list[Test], value: Value) -> int:
    rows = 0
    for at, test in enumerate(tests):
        if test is None or (isinstance(test, OneOf) and (value in test.values) is not test.negated):
            rows |= 1 << at
    return rows
