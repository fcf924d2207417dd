"""A file of rows, read line by line in bounded memory: each line becomes a Draft or says why not.

The file is CSV (RFC 4180) in UTF-8 with a heading; comma, semicolon or tab between cells. A line is a row: cells with
line breaks are not taken, so that one quotation mark that nobody closed costs its line and not the rest of the file.
"""

import csv
from collections.abc import Collection, Iterator, Mapping
from typing import BinaryIO

from gateway.errors import BadInput
from gateway.services.campaigns import templates
from gateway.services.campaigns.model import BadRow, Draft, RowFault
from gateway.services.msisdn import normal_msisdn

LINE_BYTES_MAX = 8192
CELL_MAX = 200
COLUMNS_MAX = 30
PHONE, LANGUAGE = "phone", "language"
_DELIMITERS = ",;\t"
_LEFT_BY_SHEETS = ("#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!")
_FORMULA = ("=", "@", "+", "-", "＝", "＠", "＋", "－")
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class Intake:
    """An open file. `columns` are known at once; iterate for the rows from after line `after`."""

    def __init__(self, file: BinaryIO, *, needed: Collection[str], languages: Collection[str]) -> None:
        """Reads the heading. `needed` are columns that no row may leave empty.

        Raises:
            BadInput: No heading, not UTF-8, no column `phone`, a column twice or with a name that is none.
        """
        self._file = file
        self._languages = frozenset(languages)
        heading = file.readline(LINE_BYTES_MAX + 1)
        if heading.startswith(_UTF16):
            raise BadInput("the file is UTF-16; save it as CSV UTF-8")
        text = _text(heading.removeprefix(_BOM))
        if isinstance(text, RowFault) or len(heading) > LINE_BYTES_MAX:
            raise BadInput("the first line is no heading in UTF-8")
        self._delimiter = max(_DELIMITERS, key=text.count)
        cells = _cells(text, self._delimiter)
        self.columns = [] if isinstance(cells, RowFault) else [cell.strip().lower() for cell in cells]
        _check_heading(self.columns)
        self._needed = frozenset(needed) & set(self.columns)

    def rows(self, *, after: int = 1) -> Iterator[Draft | BadRow]:
        """Every line after line `after`, the heading being line 1; empty lines are skipped."""
        number = 1
        while line := self._file.readline(LINE_BYTES_MAX + 1):
            number += 1
            whole = len(line) <= LINE_BYTES_MAX
            while not line.endswith(b"\n") and (rest := self._file.readline(LINE_BYTES_MAX)):
                whole = False
                line = rest
            if number <= after:
                continue
            if not whole:
                yield BadRow(number, RowFault.TOO_LONG)
            elif line.strip(b" \t\r\n"):
                yield self._row(number, line)

    def _row(self, number: int, line: bytes) -> Draft | BadRow:
        text = _text(line)
        cells = text if isinstance(text, RowFault) else _cells(text, self._delimiter)
        if isinstance(cells, RowFault):
            return BadRow(number, cells)
        if len(cells) != len(self.columns):
            return BadRow(number, RowFault.COLUMNS)
        values: dict[str, str] = {}
        for column, cell in zip(self.columns, cells, strict=True):
            value = self._value(column, " ".join(cell.split()))
            if isinstance(value, RowFault):
                return BadRow(number, value, column)
            values[column] = value
        return Draft(number, values.pop(PHONE), values.pop(LANGUAGE, ""), values)

    def _value(self, column: str, cell: str) -> str | RowFault:
        if len(cell) > CELL_MAX:
            return RowFault.TOO_LONG
        if column == PHONE:
            return RowFault.PHONE if cell.startswith(("=", "@")) else normal_msisdn(cell) or RowFault.PHONE
        if cell.startswith((*_FORMULA, *_LEFT_BY_SHEETS)):
            return RowFault.FORMULA
        if column == LANGUAGE:
            return cell.lower() if not cell or cell.lower() in self._languages else RowFault.LANGUAGE
        return _typed(column, cell) if cell else (RowFault.EMPTY if column in self._needed else "")


def _typed(column: str, cell: str) -> str | RowFault:
    if column == templates.AMOUNT:
        return templates.amount_of(cell) or RowFault.AMOUNT
    if column == templates.DUE:
        return templates.day_of(cell) or RowFault.DAY
    return cell


def _text(line: bytes) -> str | RowFault:
    try:
        text = line.rstrip(b"\r\n").decode("utf-8")
    except UnicodeDecodeError:
        return RowFault.ENCODING
    return RowFault.CONTROL if templates.has_control(text.replace("\t", " ")) else text


def _cells(text: str, delimiter: str) -> list[str] | RowFault:
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True))
    except (csv.Error, StopIteration):
        return RowFault.QUOTES


def _check_heading(columns: list[str]) -> None:
    if PHONE not in columns:
        raise BadInput("the heading needs a column named phone")
    if len(columns) > COLUMNS_MAX or len(set(columns)) != len(columns):
        raise BadInput(f"a heading has at most {COLUMNS_MAX} columns, each once")
    if wrong := [name for name in columns if not templates.NAME.fullmatch(name) or name in templates.HOUSE]:
        raise BadInput(f"not the name of a column: {wrong[0]!a:.40}")


def needed_of(texts: Mapping[str, str]) -> frozenset[str]:
    """Columns that these texts need."""
    return frozenset().union(*(templates.placeholders(text) for text in texts.values())) - templates.HOUSE
