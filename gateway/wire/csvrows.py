"""A CSV file of rows, read line by line in bounded memory.

RFC 4180 in UTF-8 with a heading; comma, semicolon or tab between cells. A line is a row: cells with line breaks are not
taken, so that one quotation mark that nobody closed costs its line and not the rest of the file.
"""

import csv
import re
from collections.abc import Iterator
from enum import StrEnum
from typing import BinaryIO

from gateway.errors import BadInput

LINE_BYTES_MAX = 8192
CELL_MAX = 200
COLUMNS_MAX = 30
_DELIMITERS = ",;\t"
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_CONTROL = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\ud800-\\udfff\\u202a-\\u202e\\u2066-\\u2069]")
_LEFT_BY_SHEETS = ("#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!")
_FORMULA = ("=", "@", "+", "-", "＝", "＠", "＋", "－", *_LEFT_BY_SHEETS)


class LineFault(StrEnum):
    """Why a line has no cells."""

    TOO_LONG = "too_long"
    """The line is longer than LINE_BYTES_MAX, or a cell longer than CELL_MAX."""
    ENCODING = "encoding"
    """Not UTF-8."""
    CONTROL = "control"
    """NUL or another character that no text has."""
    QUOTES = "quotes"
    """A quotation mark that is not closed on its line."""
    COLUMNS = "columns"
    """More or fewer cells than the heading has."""


Numbered = tuple[int, list[str] | LineFault]
"""The number of a line, the heading being 1, and its cells or why it has none."""


class CsvRows:
    """An open file. `columns` are known at once, as they are written but trimmed and in small letters."""

    def __init__(self, file: BinaryIO) -> None:
        """Reads the heading.

        Raises:
            BadInput: No heading, or not UTF-8.
        """
        self._file = file
        heading = file.readline(LINE_BYTES_MAX + 1)
        if heading.startswith(_UTF16):
            raise BadInput("the file is UTF-16; save it as CSV UTF-8")
        text = _text(heading.removeprefix(_BOM))
        if isinstance(text, LineFault) or len(heading) > LINE_BYTES_MAX:
            raise BadInput("the first line is no heading in UTF-8")
        self._delimiter = max(_DELIMITERS, key=text.count)
        cells = _cells(text, self._delimiter)
        self.columns = [] if isinstance(cells, LineFault) else [cell.strip().lower() for cell in cells]

    def rows(self, *, after: int = 1) -> Iterator[Numbered]:
        """Every line after line `after`; empty lines are skipped."""
        number, width = 1, len(self.columns)
        while line := self._file.readline(LINE_BYTES_MAX + 1):
            number += 1
            whole = len(line) <= LINE_BYTES_MAX
            while not line.endswith(b"\n") and (rest := self._file.readline(LINE_BYTES_MAX)):
                whole = False
                line = rest
            if number <= after:
                continue
            if not whole:
                yield number, LineFault.TOO_LONG
            elif line.strip(b" \t\r\n"):
                text = _text(line)
                cells = text if isinstance(text, LineFault) else _cells(text, self._delimiter)
                if isinstance(cells, list) and len(cells) != width:
                    cells = LineFault.COLUMNS
                yield number, cells


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet would take it for a formula, or has left an error in it. Source: OWASP, CSV injection."""
    return cell.startswith(_FORMULA)


def has_control(text: str) -> bool:
    """Whether it holds what no text has: controls, unpaired surrogates, marks that turn the direction of what follows.

    Zero-width joiners are fine: Persian needs them. Source: UAX #9 for the embeddings and isolates.
    """
    # All of them are unprintable, and hardly a text has any other unprintable.
    return not text.isprintable() and _CONTROL.search(text) is not None


def _text(line: bytes) -> str | LineFault:
    try:
        text = line.rstrip(b"\r\n").decode("utf-8")
    except UnicodeDecodeError:
        return LineFault.ENCODING
    return LineFault.CONTROL if has_control(text.replace("\t", " ")) else text


def _cells(text: str, delimiter: str) -> list[str] | LineFault:
    if '"' not in text:
        return text.split(delimiter)
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True))
    except (csv.Error, StopIteration):
        return LineFault.QUOTES
