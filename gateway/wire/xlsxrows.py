"""A sheet of an XLSX file, read row by row in bounded memory, after its directory was looked at.

An XLSX is a ZIP of XML (ECMA-376): what it unpacks to is declared in its directory and checked before anything is
unpacked, and again while it is. Macros, links to other files and document types are refused as a whole; formulas are
left to the caller, cell by cell.
"""

import datetime
import re
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import openpyxl

from gateway.errors import BadInput
from gateway.wire.csvrows import CELL_MAX, COLUMNS_MAX, LineFault, has_control

ENTRIES_MAX = 200
UNPACKED_MAX = 256 * 1024 * 1024
RATIO_MAX = 200
"""XML of rows packs to a tenth or twentieth; bombs to a thousandth."""
RATIO_FREE = 1024 * 1024
"""Below this size nothing is a bomb."""
_PROLOG = 2048
_REFUSED = re.compile(r"vbaproject|externallink|activex|embeddings/|macrosheets|customui", re.IGNORECASE)
_PART = re.compile(r"[A-Za-z0-9_./\[\] -]{1,200}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Formula:
    """A cell that a spreadsheet would compute."""


@dataclass(frozen=True, slots=True)
class Strange:
    """A cell with a date, a truth value or an error."""


SheetCell = str | Formula | Strange
SheetRow = tuple[int, list[SheetCell] | LineFault]


class XlsxRows:
    """The first sheet of a workbook; numbers come as they are written in digits, without a needless `.0`."""

    def __init__(self, file: BinaryIO) -> None:
        """Looks at the directory and reads the heading.

        Raises:
            BadInput: Not an XLSX, or one that is not let in; says why.
        """
        _check(file)
        file.seek(0)
        try:
            with warnings.catch_warnings(action="ignore"):
                # Never links; `data_only` would show a formula's last value, and somebody else's idea of it.
                book = openpyxl.load_workbook(file, read_only=True, keep_links=False, data_only=False)
            sheet = book.worksheets[0]
            sheet.reset_dimensions()
            self._rows = iter(sheet.iter_rows(max_col=COLUMNS_MAX + 1))
            heading = [_cell(cell) for cell in next(self._rows)]
        except Exception as problem:
            raise BadInput(f"the workbook cannot be read: {type(problem).__name__}") from problem
        while heading and heading[-1] == "":
            heading.pop()
        if len(heading) > COLUMNS_MAX or not all(isinstance(cell, str) for cell in heading):
            raise BadInput("the first row is no heading")
        self.columns = [str(cell).strip().lower() for cell in heading]

    def rows(self, *, after: int = 1) -> Iterator[SheetRow]:
        """Every row after row `after`, the heading being row 1; empty rows are skipped.

        Raises:
            BadInput: The sheet breaks off.
        """
        width, number = len(self.columns), 1
        while (row := self._next()) is not None:
            number += 1
            if number <= after:
                continue
            cells = [_cell(cell) for cell in row]
            while len(cells) > width and cells[-1] == "":
                cells.pop()
            if not any(cells):
                continue
            yield number, _checked([*cells, *[""] * (width - len(cells))], width)

    def _next(self) -> tuple[Any, ...] | None:
        try:
            return next(self._rows, None)
        except Exception as problem:
            raise BadInput(f"the sheet breaks off: {type(problem).__name__}") from problem


def _checked(cells: list[SheetCell], width: int) -> list[SheetCell] | LineFault:
    if len(cells) != width:
        return LineFault.COLUMNS
    for cell in cells:
        if isinstance(cell, str):
            if len(cell) > CELL_MAX:
                return LineFault.TOO_LONG
            if has_control(cell):
                return LineFault.CONTROL
    return cells


def _cell(cell: Any) -> SheetCell:  # noqa: ANN401 - openpyxl has no types
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "f":
        return Formula()
    if cell.data_type == "e" or isinstance(value, bool | datetime.date | datetime.time | datetime.timedelta):
        return Strange()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else str(value)
    return str(value)


def _check(file: BinaryIO) -> None:
    """Look at the directory and the beginning of each part.

    Raises:
        BadInput: What is not let in.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            _check_directory(archive.infolist())
            for entry in archive.infolist():
                if entry.filename.lower().endswith((".xml", ".rels", ".vml")):
                    _check_part(archive, entry)
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError) as problem:
        raise BadInput("the file is no XLSX") from problem


def _check_directory(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > ENTRIES_MAX:
        raise BadInput(f"a workbook has at most {ENTRIES_MAX} parts")
    if len({entry.filename.lower() for entry in entries}) != len(entries):
        raise BadInput("a workbook has each part once")
    for entry in entries:
        if not _PART.fullmatch(entry.filename) or ".." in entry.filename or entry.flag_bits & 1:
            raise BadInput("a part of the workbook has a name that is none, or is locked")
        if _REFUSED.search(entry.filename):
            raise BadInput("the workbook has macros, links to other files or embedded files; save it as plain XLSX")
        if entry.file_size > RATIO_FREE and entry.file_size > RATIO_MAX * max(1, entry.compress_size):
            raise BadInput("a part of the workbook unpacks to far more than its size")
    if sum(entry.file_size for entry in entries) > UNPACKED_MAX:
        raise BadInput(f"a workbook unpacks to at most {UNPACKED_MAX // 2**20} MiB")


def _check_part(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    # zipfile itself reads no more than the directory declares, and raises where the two differ.
    with archive.open(entry) as part:
        begin = part.read(_PROLOG)
        if begin.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in begin:
            raise BadInput("a part of the workbook is not UTF-8")
        # A document type stands before the first element, which in a workbook is within the first octets.
        while b"<!" in begin or not re.search(rb"<[A-Za-z]", begin):
            if re.search(rb"<!(DOCTYPE|ENTITY)", begin, re.IGNORECASE):
                raise BadInput("a part of the workbook has a document type")
            if re.search(rb"<[A-Za-z]", begin) or len(begin) > 64 * _PROLOG or not (more := part.read(_PROLOG)):
                break
            begin += more
