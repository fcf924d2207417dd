"""A decision table as a value: its columns, rows and examples, and what one of its rows says. Pure.

The vocabulary is that of DMN 1.5 (§8, decision table): unary tests, hit policies, input and output clauses.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

Value = int | str | bool | date
"""What an input or an output may be: numbers, amounts in minor units and days are ints."""
Inputs = Mapping[str, Value]


class Hit(StrEnum):
    """What happens where several rows fit (DMN 1.5 §8.2.8)."""

    UNIQUE = "U"
    FIRST = "F"
    COLLECT = "C"
    SUM = "C+"
    """Outputs of all rows that fit, added up."""


class Sort(StrEnum):
    """The sort of a column's values."""

    INT = "int"
    AMOUNT = "amount"
    """Minor units, zero or more."""
    DAYS = "days"
    """Zero or more."""
    DATE = "date"
    TEXT = "text"
    BOOL = "bool"


NUMBERS = frozenset({Sort.INT, Sort.AMOUNT, Sort.DAYS})
ORDERED = NUMBERS | {Sort.DATE}


@dataclass(frozen=True, slots=True)
class Span:
    """Whole numbers from `low` to `high`, both included; None where there is no end. Dates are their ordinals."""

    low: int | None
    high: int | None

    def holds(self, number: int) -> bool:
        """Whether it lies in it."""
        return (self.low is None or number >= self.low) and (self.high is None or number <= self.high)


@dataclass(frozen=True, slots=True)
class Spans:
    """A test of an ordered column: any of these; in order and apart."""

    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class OneOf:
    """A test of a text or a yes-or-no: one of these, or with `negated` none of them."""

    values: frozenset[str | bool]
    negated: bool = False


Test = Spans | OneOf | None
"""None is `-`: the row does not look at this input."""


@dataclass(frozen=True, slots=True)
class Column:
    """An input or an output: its name, its sort, and what its values are limited to.

    Attributes:
        name: As `days`.
        sort: See Sort.
        span: Of an ordered one; without ends for an unlimited one.
        values: The only ones that a text may have; empty for any.
    """

    name: str
    sort: Sort
    span: Span = Span(None, None)
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A rule; `number` counts from 1, `line` is that of the file, `words` the tests as they were written."""

    number: int
    line: int
    tests: tuple[Test, ...]
    words: tuple[str, ...]
    outputs: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """Inputs and what must come out of them: one value an output, of C each row's."""

    line: int
    inputs: Inputs
    outputs: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A whole table, as its file says it; valid from its first to its last day, both included."""

    name: str
    hit: Hit
    first_day: date
    last_day: date | None
    inputs: tuple[Column, ...]
    outputs: tuple[Column, ...]
    rows: tuple[Row, ...]
    examples: tuple[Example, ...]


class Problem(StrEnum):
    """What can be wrong with a file or a table."""

    NOT_TEXT = "not_text"
    TOO_LARGE = "too_large"
    TOO_MANY_ROWS = "too_many_rows"
    TOO_MANY_COLUMNS = "too_many_columns"
    UNKNOWN_LINE = "unknown_line"
    """The first cell is none of the words that a line may begin with."""
    TWICE = "twice"
    """A heading line, a name or a column stands twice."""
    MISSING = "missing"
    ORDER = "order"
    """A row before the headings, or a last day before the first."""
    BAD_NAME = "bad_name"
    BAD_HIT = "bad_hit"
    BAD_DATE = "bad_date"
    BAD_TYPE = "bad_type"
    BAD_TEST = "bad_test"
    BAD_VALUE = "bad_value"
    OUTSIDE = "outside"
    """A value that the column's type does not allow."""
    CELLS = "cells"
    """More or fewer cells than the table has columns."""
    NO_ROWS = "no_rows"
    NO_EXAMPLES = "no_examples"
    NOT_A_NUMBER = "not_a_number"
    """C+ adds up; this output is none that can be added."""
    OVERLAP = "overlap"
    GAP = "gap"
    TOO_INTRICATE = "too_intricate"
    """The proof that there is no gap would take too long."""
    EXAMPLE = "example"
    """It does not come out as the example says."""
    UNKNOWN_INPUT = "unknown_input"
    """Whoever asks this table does not know such an input."""
    MISSING_OUTPUT = "missing_output"
    """Whoever asks this table needs an output that it does not have."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, with the line of the file and the column, both from 1; 0 for the whole file."""

    problem: Problem
    line: int
    column: int
    detail: str = ""

    def __str__(self) -> str:
        """As a command prints it."""
        where = f"line {self.line}" + (f", column {self.column}" if self.column else "") if self.line else "file"
        return f"{where}: {self.problem.value.replace('_', ' ')}" + (f": {self.detail}" if self.detail else "")


class TableRefused(ValueError):
    """A file is no table; says where and why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


class InputRefused(ValueError):
    """An input is missing, of the wrong sort, or outside what its column allows."""

    def __init__(self, name: str) -> None:
        super().__init__(f"input {name} is missing or not allowed")
        self.name = name


@dataclass(frozen=True, slots=True)
class Reason:
    """One test of the row that was hit, and the value that it met."""

    name: str
    test: str
    value: str

    def __str__(self) -> str:
        """In words."""
        return f"{self.name} is {self.value}" + ("" if self.test == "-" else f", which {self.test} allows")


@dataclass(frozen=True, slots=True)
class Found:
    """What a table says.

    Attributes:
        rows: Numbers of the rows that were hit; none where no row fits.
        outputs: By name. Of C each is a tuple, one value a row.
    """

    rows: tuple[int, ...]
    outputs: Mapping[str, Value | tuple[Value, ...]]


def shown(value: Value) -> str:
    """A value as a file writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)
